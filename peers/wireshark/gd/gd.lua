-- @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
-- GD/1 in Wireshark: frames, values and messages with names, what is wrong with them by its
-- portable code, and which frame answers which. `wireshark -X lua_script:gd.lua`, or a copy
-- of this file in the folder of personal Lua plugins.
--
-- A TCP connection is known by its first frame. Other streams, a Unix socket's bytes among them,
-- are shown where a capture wraps them in TCP, as `gdproto conformance record` does.

local limits = {
  max_payload_bytes = 67108864,
  max_blob_bytes = 67108864,
  max_items = 1048576,
  max_depth = 512,
}
local header_bytes = 16
local header = {
  {name = "magic", at = 0, bytes = 2, form = "string", meaning = "the letters GD", fault = "bad_magic", constant = "GD"},
  {name = "version", at = 2, bytes = 1, form = "uint8", meaning = "protocol version", fault = "unsupported_version", constant = 1},
  {name = "type", at = 3, bytes = 1, form = "uint8", meaning = "message type", fault = "unknown_message_type"},
  {name = "length", at = 4, bytes = 4, form = "uint32", meaning = "payload bytes that follow", fault = "payload_too_large", limit = limits.max_payload_bytes},
  {name = "request_id", at = 8, bytes = 8, form = "uint64", meaning = "chosen by the side that opens the exchange"},
}
local codes = {
  [1] = "REQUEST",
  [2] = "RESPONSE",
  [3] = "ERROR",
  [4] = "CHUNK",
  [5] = "END",
  [16] = "STASH",
  [17] = "STATUS",
  [18] = "MANAGE",
  [128] = "CANCEL",
  [129] = "PAUSE",
  [130] = "RESUME",
}
local values = {
  [0] = {name = "none", kind = "none",
    body = "empty"},
  [1] = {name = "bool", kind = "bool",
    body = "choice", bytes = 1, form = "uint8", choices = {[0] = "false", [1] = "true"}, fault = "invalid_bool"},
  [5] = {name = "int64", kind = "integer",
    body = "number", bytes = 8, form = "int64"},
  [6] = {name = "float64", kind = "float",
    body = "number", bytes = 8, form = "double"},
  [16] = {name = "bytes", kind = "bytes",
    body = "bytes", bytes = 4, limit = limits.max_blob_bytes, fault = "length_too_large"},
  [17] = {name = "string", kind = "string",
    body = "text", bytes = 4, limit = limits.max_blob_bytes, fault = "length_too_large"},
  [32] = {name = "list", kind = "list",
    body = "list", bytes = 4, limit = limits.max_items, fault = "too_many_items", each = 1},
  [33] = {name = "dict", kind = "dict",
    body = "dict", bytes = 4, limit = limits.max_items, fault = "too_many_items", each = 6, key_fault = "key_not_string"},
}
local messages = {
  REQUEST = {
    {name = "app_path", full = "request.app_path", meaning = "the app, as module:Class", required = true, kinds = {string = true}, form = "string"},
    {name = "action", full = "request.action", meaning = "what to call on it", required = true, kinds = {string = true}, form = "string"},
    {name = "timeout", full = "request.timeout", meaning = "seconds from arrival at the arbiter, queueing included", required = false, kinds = {float = true, integer = true}, form = "", minimum = 0, finite = true},
    {name = "priority", full = "request.priority", meaning = "0 is usual; of requests that wait, the higher goes first", required = false, kinds = {integer = true}, form = "int64", minimum = -10, maximum = 10},
    {name = "trace", full = "request.trace", meaning = "the trace that the caller takes part in, as headers of HTTP would tell it", required = false, kinds = {dict = true}, form = ""},
    {name = "extensions", full = "request.extensions", meaning = "the extensions that the caller takes in the answer", required = false, kinds = {list = true}, form = ""},
    {name = "args", full = "request.args", meaning = "positional arguments", required = false, kinds = {list = true}, form = ""},
    {name = "kwargs", full = "request.kwargs", meaning = "keyword arguments", required = false, kinds = {dict = true}, form = ""},
  },
  RESPONSE = {
    {name = "result", full = "response.result", meaning = "the result", required = true},
  },
  ERROR = {
    {name = "error", full = "error.error", meaning = "what failed", required = true, kinds = {dict = true}, form = "", fields = {
      {name = "error_type", full = "error.error.error_type", meaning = "a name from the table of error types", required = true, kinds = {string = true}, form = "string"},
      {name = "message", full = "error.error.message", meaning = "one line for a person", required = true, kinds = {string = true}, form = "string"},
      {name = "details", full = "error.error.details", meaning = "facts by name", required = false, kinds = {dict = true}, form = ""},
    }},
  },
  CHUNK = {
    {name = "data", full = "chunk.data", meaning = "one piece", required = true},
  },
  END = false,
  STASH = {
    {name = "op", full = "stash.op", meaning = "the operation", required = true, kinds = {integer = true}, form = "int64", choices = {[1] = "put", [2] = "get", [3] = "delete", [4] = "keys", [5] = "clear", [6] = "info", [7] = "ensure", [8] = "delete_table", [9] = "tables", [10] = "exists", [11] = "put_if_absent", [12] = "pop", [13] = "incr", [14] = "touch", [15] = "ttl", [16] = "entry", [17] = "swap", [18] = "get_many", [19] = "put_many", [20] = "page", [21] = "push_left", [22] = "push_right", [23] = "pop_left", [24] = "pop_right", [25] = "length", [26] = "changes"}},
    {name = "table", full = "stash.table", meaning = "the table's name", required = true, kinds = {string = true}, form = "string"},
    {name = "key", full = "stash.key", meaning = "the key", required = false, scalar = true},
    {name = "value", full = "stash.value", meaning = "the value", required = false},
    {name = "pattern", full = "stash.pattern", meaning = "a glob over string keys", required = false, kinds = {string = true}, form = "string"},
    {name = "ttl", full = "stash.ttl", meaning = "seconds that the key lives", required = false, kinds = {float = true, integer = true}, form = "", minimum = 0, finite = true},
    {name = "initial", full = "stash.initial", meaning = "the number to begin with", required = false, kinds = {float = true, integer = true}, form = "", finite = true},
    {name = "version", full = "stash.version", meaning = "the version that is expected", required = false, kinds = {integer = true}, form = "int64", minimum = 0},
    {name = "count", full = "stash.count", meaning = "how many keys at most", required = false, kinds = {integer = true}, form = "int64", minimum = 1},
    {name = "after", full = "stash.after", meaning = "where a page ended", required = false, scalar = true},
    {name = "wait", full = "stash.wait", meaning = "seconds to wait for what is asked for", required = false, kinds = {float = true, integer = true}, form = "", minimum = 0, finite = true},
  },
  STATUS = false,
  MANAGE = {
    {name = "op", full = "manage.op", meaning = "the operation", required = true, kinds = {integer = true}, form = "int64", choices = {[1] = "add", [2] = "remove", [3] = "reload", [4] = "set", [5] = "calls", [6] = "stacks", [7] = "kill", [8] = "recycle"}},
    {name = "count", full = "manage.count", meaning = "how many workers", required = false, kinds = {integer = true}, form = "int64"},
    {name = "slot", full = "manage.slot", meaning = "the place of one worker", required = false, kinds = {integer = true}, form = "int64", minimum = 0},
    {name = "call", full = "manage.call", meaning = "the arbiter's number of one request", required = false, kinds = {integer = true}, form = "int64", minimum = 1},
  },
  CANCEL = false,
  PAUSE = false,
  RESUME = false,
}
-- What a frame does to its exchange, by state and sender.
local moves = {
  ["idle opener"] = {
    REQUEST = {next = "calling"},
    RESPONSE = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    ERROR = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    CHUNK = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    END = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    STASH = {next = "asking"},
    STATUS = {next = "asking"},
    MANAGE = {next = "asking"},
    CANCEL = {next = "idle", outcome = "discard"},
    PAUSE = {next = "idle", outcome = "discard"},
    RESUME = {next = "idle", outcome = "discard"},
  },
  ["idle answerer"] = {
    REQUEST = {fault = "unexpected_message", scope = "connection"},
    RESPONSE = {fault = "unexpected_message", scope = "connection"},
    ERROR = {fault = "unexpected_message", scope = "connection"},
    CHUNK = {fault = "unexpected_message", scope = "connection"},
    END = {fault = "unexpected_message", scope = "connection"},
    STASH = {fault = "unexpected_message", scope = "connection"},
    STATUS = {fault = "unexpected_message", scope = "connection"},
    MANAGE = {fault = "unexpected_message", scope = "connection"},
    CANCEL = {fault = "unexpected_message", scope = "connection"},
    PAUSE = {fault = "unexpected_message", scope = "connection"},
    RESUME = {fault = "unexpected_message", scope = "connection"},
  },
  ["calling opener"] = {
    REQUEST = {fault = "duplicate_request_id", scope = "connection"},
    RESPONSE = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    ERROR = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    CHUNK = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    END = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    STASH = {fault = "duplicate_request_id", scope = "connection"},
    STATUS = {fault = "duplicate_request_id", scope = "connection"},
    MANAGE = {fault = "duplicate_request_id", scope = "connection"},
    CANCEL = {next = "abandoned"},
    PAUSE = {next = "calling"},
    RESUME = {next = "calling"},
  },
  ["calling answerer"] = {
    REQUEST = {fault = "unexpected_message", scope = "connection"},
    RESPONSE = {next = "idle"},
    ERROR = {next = "idle"},
    CHUNK = {next = "streaming"},
    END = {next = "idle"},
    STASH = {fault = "unexpected_message", scope = "connection"},
    STATUS = {fault = "unexpected_message", scope = "connection"},
    MANAGE = {fault = "unexpected_message", scope = "connection"},
    CANCEL = {fault = "unexpected_message", scope = "connection"},
    PAUSE = {fault = "unexpected_message", scope = "connection"},
    RESUME = {fault = "unexpected_message", scope = "connection"},
  },
  ["streaming opener"] = {
    REQUEST = {fault = "duplicate_request_id", scope = "connection"},
    RESPONSE = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    ERROR = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    CHUNK = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    END = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    STASH = {fault = "duplicate_request_id", scope = "connection"},
    STATUS = {fault = "duplicate_request_id", scope = "connection"},
    MANAGE = {fault = "duplicate_request_id", scope = "connection"},
    CANCEL = {next = "abandoned"},
    PAUSE = {next = "streaming"},
    RESUME = {next = "streaming"},
  },
  ["streaming answerer"] = {
    REQUEST = {fault = "unexpected_message", scope = "connection"},
    RESPONSE = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    ERROR = {next = "idle"},
    CHUNK = {next = "streaming"},
    END = {next = "idle"},
    STASH = {fault = "unexpected_message", scope = "connection"},
    STATUS = {fault = "unexpected_message", scope = "connection"},
    MANAGE = {fault = "unexpected_message", scope = "connection"},
    CANCEL = {fault = "unexpected_message", scope = "connection"},
    PAUSE = {fault = "unexpected_message", scope = "connection"},
    RESUME = {fault = "unexpected_message", scope = "connection"},
  },
  ["asking opener"] = {
    REQUEST = {fault = "duplicate_request_id", scope = "connection"},
    RESPONSE = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    ERROR = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    CHUNK = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    END = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    STASH = {fault = "duplicate_request_id", scope = "connection"},
    STATUS = {fault = "duplicate_request_id", scope = "connection"},
    MANAGE = {fault = "duplicate_request_id", scope = "connection"},
    CANCEL = {next = "abandoned"},
    PAUSE = {next = "asking", outcome = "discard"},
    RESUME = {next = "asking", outcome = "discard"},
  },
  ["asking answerer"] = {
    REQUEST = {fault = "unexpected_message", scope = "connection"},
    RESPONSE = {next = "idle"},
    ERROR = {next = "idle"},
    CHUNK = {next = "abandoned", fault = "unexpected_message", scope = "exchange"},
    END = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    STASH = {fault = "unexpected_message", scope = "connection"},
    STATUS = {fault = "unexpected_message", scope = "connection"},
    MANAGE = {fault = "unexpected_message", scope = "connection"},
    CANCEL = {fault = "unexpected_message", scope = "connection"},
    PAUSE = {fault = "unexpected_message", scope = "connection"},
    RESUME = {fault = "unexpected_message", scope = "connection"},
  },
  ["abandoned opener"] = {
    REQUEST = {fault = "duplicate_request_id", scope = "connection"},
    RESPONSE = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    ERROR = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    CHUNK = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    END = {next = "idle", fault = "unexpected_message", scope = "exchange"},
    STASH = {fault = "duplicate_request_id", scope = "connection"},
    STATUS = {fault = "duplicate_request_id", scope = "connection"},
    MANAGE = {fault = "duplicate_request_id", scope = "connection"},
    CANCEL = {next = "abandoned"},
    PAUSE = {next = "abandoned", outcome = "discard"},
    RESUME = {next = "abandoned", outcome = "discard"},
  },
  ["abandoned answerer"] = {
    REQUEST = {fault = "unexpected_message", scope = "connection"},
    RESPONSE = {next = "idle", outcome = "discard"},
    ERROR = {next = "idle", outcome = "discard"},
    CHUNK = {next = "abandoned", outcome = "discard"},
    END = {next = "idle", outcome = "discard"},
    STASH = {fault = "unexpected_message", scope = "connection"},
    STATUS = {fault = "unexpected_message", scope = "connection"},
    MANAGE = {fault = "unexpected_message", scope = "connection"},
    CANCEL = {fault = "unexpected_message", scope = "connection"},
    PAUSE = {fault = "unexpected_message", scope = "connection"},
    RESUME = {fault = "unexpected_message", scope = "connection"},
  },
}
-- The state after a payload at fault.
local after_fault = {
  ["opener goes on"] = "idle",
  ["opener ends"] = "idle",
  ["answerer goes on"] = "abandoned",
  ["answerer ends"] = "idle",
}
local faults = {
  "bad_magic", "The frame does not begin with the magic bytes.",
  "unsupported_version", "The version byte is not one we speak.",
  "unknown_message_type", "The type byte names no message.",
  "payload_too_large", "The payload exceeds its limit.",
  "truncated", "All bytes were promised and some are missing, or a declared size cannot fit.",
  "trailing_data", "Bytes remain after the value or frame.",
  "unknown_tlv_type", "The type byte names no value type.",
  "invalid_bool", "A bool's byte is neither 00 nor 01.",
  "invalid_utf8", "A string's bytes are not valid UTF-8.",
  "length_too_large", "A bytes or string exceeds its limit.",
  "too_many_items", "A list or dict exceeds its limit.",
  "nesting_too_deep", "Too many containers are open at once.",
  "key_not_string", "A dict key is not a string.",
  "duplicate_key", "A dict holds the same key twice.",
  "unexpected_payload", "A message without payload carries one.",
  "payload_not_dict", "The payload's value is not a dict.",
  "missing_field", "A required field is absent.",
  "wrong_field_type", "A field's value has another type.",
  "invalid_field_value", "A field has its type but an impossible value.",
  "unexpected_message", "The message is not legal in this state or role.",
  "duplicate_request_id", "An exchange with this id is still open.",
}

local place_of = {}
for _, field in ipairs(header) do
  place_of[field.name] = field
end

local gd = Proto("gd", "GD/1")
local shown, told = {}, {}

local function declare(name, form, title, meaning, strings)
  local made
  if form == "bytes" or form == "string" or form == "float" or form == "double" then
    made = ProtoField[form]("gd." .. name, title, nil, meaning)
  elseif form == "" then
    made = ProtoField.none("gd." .. name, title, nil, meaning)
  else
    made = ProtoField[form]("gd." .. name, title, base.DEC, strings, nil, meaning)
  end
  shown[name] = made
end

for _, field in ipairs(header) do
  declare(field.name, field.form, field.name, field.meaning, field.name == "type" and codes or nil)
end
for _, value in pairs(values) do
  declare("value." .. value.name, value.form or (value.body == "text" and "string" or
    value.body == "bytes" and "bytes" or ""), value.name, "a value of this type")
end
local function declare_all(fields)
  for _, field in ipairs(fields) do
    declare(field.full, field.form or "", field.name, field.meaning, field.choices)
    declare_all(field.fields or {})
  end
end
for _, fields in pairs(messages) do
  declare_all(fields or {})
end
local function declare_link(name, title, kind)
  shown[name] = ProtoField.framenum("gd." .. name, title, base.NONE, kind)
end
declare_link("answered_in", "Answered in", frametype.RESPONSE)
declare_link("answers", "Answers", frametype.REQUEST)
shown.after = ProtoField.relative_time("gd.time", "Time since it was asked")
shown.state = ProtoField.string("gd.state", "State after it")
local all_fields = {}
for _, field in pairs(shown) do
  all_fields[#all_fields + 1] = field
end
gd.fields = all_fields

local experts = {}
for i = 1, #faults, 2 do
  local name, meaning = faults[i], faults[i + 1]
  local group, severity = expert.group.PROTOCOL, expert.severity.ERROR
  told[name] = ProtoExpert.new("gd." .. name, meaning, group, severity)
  experts[#experts + 1] = told[name]
end
gd.experts = experts

-- Judging stops at the first fault, which is told where it stands.
local function refuse(walk, code, at, count)
  if not walk.fault then
    walk.fault = code
    local rest = walk.tvb:len() - at
    local range = walk.tvb(math.min(at, walk.tvb:len()), math.max(0, math.min(count or 1, rest)))
    walk.tree:add_proto_expert_info(told[code], code .. " at offset " .. at)
    walk.tree:add(gd, range, "At fault: " .. code)
  end
  return nil
end

local readers = {
  uint8 = "uint", uint16 = "uint", uint32 = "uint", uint64 = "uint64",
  int8 = "int", int16 = "int", int32 = "int", int64 = "int64", float = "float", double = "float",
}

local function number_at(walk, form, at, bytes)
  local range = walk.tvb(at, bytes)
  return range[readers[form]](range)
end

-- Whether the bytes are UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
local wholes = {
  "^[\0-\127]+", "^[\194-\223][\128-\191]", "^\224[\160-\191][\128-\191]",
  "^[\225-\236\238\239][\128-\191][\128-\191]", "^\237[\128-\159][\128-\191]",
  "^\240[\144-\191][\128-\191][\128-\191]",
  "^[\241-\243][\128-\191][\128-\191][\128-\191]",
  "^\244[\128-\143][\128-\191][\128-\191]",
}
local function is_utf8(raw)
  local at = 1
  while at <= #raw do
    local stop
    for _, whole in ipairs(wholes) do
      local _, found = raw:find(whole, at)
      if found then
        stop = found
        break
      end
    end
    if not stop then
      return false
    end
    at = stop + 1
  end
  return true
end

-- A tree deeper than this is cut by Wireshark; what is below is judged and not shown.
local most_shown = 64
local read_value

-- The size of the value at hand, or nil where it is at fault. `each` is what one of it needs.
local function size_at(walk, value, at, each)
  if at + value.bytes > walk.stop then
    return refuse(walk, "truncated", walk.stop, 0)
  end
  local size = walk.tvb(at, value.bytes):uint()
  if size > value.limit then
    return refuse(walk, value.fault, at, value.bytes)
  end
  if size * each + walk.owed > walk.stop - at - value.bytes then
    return refuse(walk, "truncated", at, value.bytes)
  end
  return size
end

-- A key and where it ends, or nil.
local function read_key(walk, key_fault, at)
  if at >= walk.stop then
    return refuse(walk, "truncated", walk.stop, 0)
  end
  local code = walk.tvb(at, 1):uint()
  if not values[code] then
    return refuse(walk, "unknown_tlv_type", at)
  end
  if code ~= 17 then
    return refuse(walk, key_fault, at)
  end
  local text = values[code]
  local size = size_at(walk, text, at + 1, 1)
  if not size then
    return nil
  end
  local begin = at + 1 + text.bytes
  local raw = size == 0 and "" or walk.tvb:raw(begin, size)
  if not is_utf8(raw) then
    return refuse(walk, "invalid_utf8", begin, size)
  end
  return raw, begin + size
end

local function read_items(walk, value, at, tree, depth, count)
  local node = {kind = value.kind, at = at, items = count}
  local inside = at + 1 + value.bytes
  for i = 0, count - 1 do
    walk.owed = walk.owed - value.each
    local item = read_value(walk, inside, tree, "[" .. i .. "]", depth + 1)
    if not item then
      return nil
    end
    inside = item.stop
  end
  node.stop = inside
  return node
end

local function read_pairs(walk, value, at, tree, depth, count)
  local node = {kind = value.kind, at = at, pairs = {}}
  local inside = at + 1 + value.bytes
  local seen = {}
  for _ = 1, count do
    walk.owed = walk.owed - value.each
    local raw, stop = read_key(walk, value.key_fault, inside)
    if not raw then
      return nil
    end
    if seen[raw] then
      return refuse(walk, "duplicate_key", inside, stop - inside)
    end
    seen[raw] = true
    local item = read_value(walk, stop, tree, raw, depth + 1)
    if not item then
      return nil
    end
    node.pairs[raw] = depth < 2 and item or true
    inside = item.stop
  end
  node.stop = inside
  return node
end

-- Read the value at `at` and show it under the tree: what it is and where it stops, or nil.
function read_value(walk, at, tree, name, depth)
  if at >= walk.stop then
    return refuse(walk, "truncated", walk.stop, 0)
  end
  local value = values[walk.tvb(at, 1):uint()]
  if not value then
    return refuse(walk, "unknown_tlv_type", at)
  end
  local title = name and name .. ": " or ""
  if value.body == "list" or value.body == "dict" then
    if depth >= limits.max_depth then
      return refuse(walk, "nesting_too_deep", at)
    end
    local count = size_at(walk, value, at + 1, value.each)
    if not count then
      return nil
    end
    walk.owed = walk.owed + count * value.each
    local below = tree
    if tree and depth < most_shown then
      below = tree:add(shown["value." .. value.name], walk.tvb(at, 1 + value.bytes))
      below:set_text(title .. value.name .. " of " .. count)
    end
    local read = value.body == "list" and read_items or read_pairs
    local node = read(walk, value, at, depth < most_shown and below or nil, depth, count)
    if node and below and depth < most_shown then
      below:set_len(node.stop - at)
    end
    return node
  end
  local node = {kind = value.kind, at = at, code = value, stop = at + 1}
  if value.body == "text" or value.body == "bytes" then
    local size = size_at(walk, value, at + 1, 1)
    if not size then
      return nil
    end
    local begin = at + 1 + value.bytes
    node.begin, node.size, node.stop = begin, size, begin + size
    if value.body == "text" then
      node.value = size == 0 and "" or walk.tvb:raw(begin, size)
      if not is_utf8(node.value) then
        return refuse(walk, "invalid_utf8", begin, size)
      end
    end
  elseif value.body ~= "empty" then
    if at + 1 + value.bytes > walk.stop then
      return refuse(walk, "truncated", walk.stop, 0)
    end
    node.begin, node.size, node.stop = at + 1, value.bytes, at + 1 + value.bytes
    node.value = number_at(walk, value.form, at + 1, value.bytes)
    if value.body == "choice" and not value.choices[node.value] then
      return refuse(walk, value.fault, at + 1)
    end
  end
  if tree and depth <= most_shown then
    local field, range = shown["value." .. value.name], walk.tvb(at, node.stop - at)
    if node.size and node.size > 0 then
      local item = tree:add(field, walk.tvb(node.begin, node.size))
      if value.body == "choice" then
        item:set_text(title .. value.choices[node.value])
      else
        item:prepend_text(title)
      end
    else
      local empty = value.body == "empty" and value.name or value.name .. " of 0"
      tree:add(field, range):set_text(title .. empty)
    end
  end
  return node
end

local function is_finite(value)
  return value == value and value ~= math.huge and value ~= -math.huge
end

local function plain(value)
  return type(value) == "userdata" and value:tonumber() or value
end

local function is_permitted(field, node)
  local value = plain(node.value)
  if field.scalar and (node.kind == "list" or node.kind == "dict") then
    return false
  end
  if type(value) ~= "number" then
    return true
  end
  return (not field.choices or field.choices[value] ~= nil)
    and (not field.finite or is_finite(value))
    and (not field.minimum or value >= field.minimum)
    and (not field.maximum or value <= field.maximum)
end

-- Judge the fields of a dict, and show each by its name.
local function read_fields(walk, fields, node, tree)
  for _, field in ipairs(fields) do
    local found = node.pairs[field.name]
    if field.required and not found then
      return refuse(walk, "missing_field", node.at)
    end
    if found and (field.required or found.kind ~= "none") then
      if field.kinds and not field.kinds[found.kind] then
        return refuse(walk, "wrong_field_type", found.at)
      end
      if not is_permitted(field, found) then
        return refuse(walk, "invalid_field_value", found.at)
      end
      if found.size and found.size > 0 and field.form and field.form ~= "" then
        local item = tree:add(shown[field.full], walk.tvb(found.begin, found.size))
        item:set_generated(true)
      end
      walk.found[field.name] = found
      if field.fields and not read_fields(walk, field.fields, found, tree) then
        return nil
      end
    end
  end
  return true
end

local function read_payload(walk, name, at)
  local node = read_value(walk, at, walk.tree, "payload", 0)
  if not node then
    return
  end
  if node.stop < walk.stop then
    refuse(walk, "trailing_data", node.stop, walk.stop - node.stop)
  elseif node.kind ~= "dict" then
    refuse(walk, "payload_not_dict", at)
  else
    read_fields(walk, messages[name], node, walk.tree)
  end
end

-- --- exchanges ---

local stream_of = Field.new("tcp.stream")
-- By stream: who opens, the state of each id, and the frame that asked. By place: what was found.
local streams, found_at = {}, {}

function gd.init()
  streams, found_at = {}, {}
end

local function exchange_of(walk, pinfo)
  local field = stream_of()
  if not field then
    return nil
  end
  local stream = streams[field.value]
  if not stream then
    stream = {opener = tostring(pinfo.src) .. ":" .. pinfo.src_port, states = {}, asked = {}}
    streams[field.value] = stream
  end
  return stream
end

local function sender_of(stream, pinfo)
  return stream.opener == tostring(pinfo.src) .. ":" .. pinfo.src_port and "opener" or "answerer"
end

local function move(stream, pinfo, place, name, id)
  local sender = sender_of(stream, pinfo)
  local state = stream.states[id] or "idle"
  local note = {state = state}
  found_at[place] = note
  if stream.is_lost then
    return
  end
  if id == "0" and name == "ERROR" and sender == "answerer" and state == "idle" then
    return
  end
  local step = moves[state .. " " .. sender][name]
  if step.fault then
    note.fault = step.fault
    stream.is_lost = step.scope == "connection"
  end
  note.state, note.is_discarded = step.next or state, step.outcome ~= nil
  stream.states[id] = note.state
  if state == "idle" and note.state ~= "idle" then
    stream.asked[id] = {place = place, frame = pinfo.number, at = pinfo.abs_ts}
  elseif stream.asked[id] and sender == "answerer" then
    local asked = stream.asked[id]
    note.answers, note.after = asked.frame, pinfo.abs_ts - asked.at
    if note.state == "idle" then
      found_at[asked.place].answered_in = pinfo.number
      stream.asked[id] = nil
    end
  end
end

-- A payload at fault leaves its exchange in another state, where its frame was delivered.
local function move_after_fault(stream, pinfo, place, id)
  local note = found_at[place]
  if note and not note.fault and not note.is_discarded and not stream.is_lost then
    local ends = note.state == "idle" and "ends" or "goes on"
    note.state = after_fault[sender_of(stream, pinfo) .. " " .. ends]
    stream.states[id] = note.state
  end
end

local function show_exchange(walk, place, tree)
  local note = found_at[place]
  if not note then
    return
  end
  tree:add(shown.state, note.state):set_generated(true)
  if note.answered_in then
    tree:add(shown.answered_in, note.answered_in):set_generated(true)
  end
  if note.answers then
    tree:add(shown.answers, note.answers):set_generated(true)
    local whole = math.floor(note.after)
    tree:add(shown.after, NSTime(whole, math.floor((note.after - whole) * 1e9))):set_generated(true)
  end
  if note.fault then
    tree:add_proto_expert_info(told[note.fault], note.fault)
  end
end

-- --- frames ---

-- Judge and show the header; whether the rest of the frame means anything.
local function read_header(walk, tree)
  for _, field in ipairs(header) do
    local range = walk.tvb(field.at, field.bytes)
    tree:add(shown[field.name], range)
    local value = field.form == "string" and range:string()
      or plain(number_at(walk, field.form, field.at, field.bytes))
    walk.header[field.name] = value
    if field.constant and value ~= field.constant
      or field.name == "type" and not codes[value]
      or field.limit and value > field.limit then
      return refuse(walk, field.fault, field.at, field.bytes)
    end
  end
  return true
end

local function dissect_frame(tvb, pinfo, root)
  local tree = root:add(gd, tvb())
  local walk = {tvb = tvb, stop = tvb:len(), owed = 0, tree = tree, header = {}, found = {}}
  pinfo.cols.protocol = "GD"
  if tvb:len() < header_bytes then
    return refuse(walk, "truncated", tvb:len(), 0)
  end
  if not read_header(walk, tree) then
    pinfo.cols.info = "at fault: " .. walk.fault
    return
  end
  local name, id_at = codes[walk.header.type], place_of.request_id
  local id = tostring(tvb(id_at.at, id_at.bytes):uint64())
  tree:set_text("GD " .. name .. " " .. id)
  local place = pinfo.number .. " " .. tvb:offset()
  local stream = exchange_of(walk, pinfo)
  if not pinfo.visited and stream then
    move(stream, pinfo, place, name, id)
  end
  if not messages[name] then
    if walk.header.length > 0 then
      refuse(walk, "unexpected_payload", place_of.length.at, place_of.length.bytes)
    end
  elseif header_bytes + walk.header.length > tvb:len() then
    refuse(walk, "truncated", tvb:len(), 0)
  else
    read_payload(walk, name, header_bytes)
  end
  if walk.fault and not pinfo.visited and stream then
    move_after_fault(stream, pinfo, place, id)
  end
  show_exchange(walk, place, tree)
  local about = walk.found.app_path and walk.found.action
    and " " .. walk.found.app_path.value .. " " .. walk.found.action.value
    or walk.found.error_type and " " .. walk.found.error_type.value or ""
  local fault = walk.fault and ", at fault: " .. walk.fault or ""
  pinfo.cols.info = name .. " " .. id .. about .. fault
end

local function starts_with_magic(tvb, offset)
  return tvb(offset + place_of.magic.at, place_of.magic.bytes):string() == place_of.magic.constant
end

local function frame_bytes(tvb, pinfo, offset)
  local length = tvb(offset + place_of.length.at, place_of.length.bytes):uint()
  -- Behind a header at fault there is no next frame.
  if length > place_of.length.limit or not starts_with_magic(tvb, offset) then
    return tvb:len() - offset
  end
  return header_bytes + length
end

function gd.dissector(tvb, pinfo, root)
  if tvb:len() == 0 then
    return 0
  end
  dissect_tcp_pdus(tvb, root, header_bytes, frame_bytes, function(frame, about, tree)
    dissect_frame(frame, about, tree)
    return frame:len()
  end)
  return tvb:len()
end

gd:register_heuristic("tcp", function(tvb, pinfo, root)
  if tvb:len() < header_bytes or not starts_with_magic(tvb, 0) then
    return false
  end
  pinfo.conversation = gd
  gd.dissector(tvb, pinfo, root)
  return true
end)
DissectorTable.get("tcp.port"):add_for_decode_as(gd)
