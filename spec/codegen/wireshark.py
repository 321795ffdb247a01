"""The Wireshark backend: a dissector in Lua, which also judges what it shows.

Rules: what the declaration says becomes tables at the head of the file; the code behind them reads
these and nothing else. A fault is an expert info by the name of its portable code. It knows of a
connection what its frames tell: the side that sends the first one opens exchanges.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import ir
from .errors import CompileError
from .language import Language
from .layout import (
    Number,
    after_fault,
    check_number,
    idle,
    max_depth,
    sides,
    text_type,
    transition_table,
    value_type,
)
from .template import fill, indented


def files(spec: ir.Spec, package: str) -> dict[str, str]:
    """The dissector, as one file named after the protocol in Wireshark."""
    code, _ = text_type(spec)
    text = fill(
        DISSECTOR,
        package=package,
        limits=(f"{one.name} = {one.value}," for one in spec.limits),
        header=_header(spec),
        header_bytes=str(spec.header_bytes),
        codes=_table((one.code, one.name) for one in spec.messages),
        values=(line for one in spec.values for line in _value(one)),
        unknown_type=_quoted(spec.value_error),
        key_code=str(code),
        depth=max_depth(spec).name,
        too_deep=_quoted(max_depth(spec).error),
        fields=(line for one in spec.messages for line in _message(one, spec)),
        faults=(f"{_quoted(one.name)}, {_quoted(one.meaning)}," for one in _told(spec)),
        moves=_moves(spec),
        after_fault=(
            f'["{sender} {"ends" if ends else "goes on"}"] = {_quoted(state)},'
            for (sender, ends), state in after_fault(spec).items()
        ),
        idle=_quoted(idle(spec)),
        no_exchange=str(spec.connection_request_id),
        notice=_quoted(spec.notice.message),
        opener=_quoted(sides(spec)[0]),
        answerer=_quoted(sides(spec)[1]),
    )
    return {f"{package}.lua": text}


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _table(pairs: Iterable[tuple[int, str]]) -> list[str]:
    return [f"[{number}] = {_quoted(name)}," for number, name in pairs]


def _told(spec: ir.Spec) -> list[ir.ErrorCode]:
    """The codes of faults that bytes can have; others are found in writing alone."""
    return [one for one in spec.error_codes if any(phase != "encode" for phase, _ in one.scopes)]


def _number(form: Number, where: str) -> str:
    """A number as Wireshark names it: uint8, int64, double."""
    check_number(form, where, "Wireshark")
    if form.number == ir.FLOAT:
        return "float" if form.size == 4 else "double"
    return f"{'int' if form.number == ir.SIGNED else 'uint'}{8 * form.size}"


def _header(spec: ir.Spec) -> list[str]:
    """Each field: its name, place, form and what is wrong with it."""
    lines = []
    for field in spec.header:
        where = f"spec.header: field '{field.name}'"
        form = "string" if field.number == ir.RAW else _number(field, where)
        parts = [
            f"name = {_quoted(field.name)}, at = {field.offset}, bytes = {field.size}",
            f"form = {_quoted(form)}, meaning = {_quoted(field.meaning)}",
        ]
        if field.error:
            parts.append(f"fault = {_quoted(field.error)}")
        if isinstance(field.constant, bytes):
            parts.append(f"constant = {_quoted(field.constant.decode('ascii'))}")
        elif field.constant is not None:
            parts.append(f"constant = {field.constant}")
        if field.limit is not None:
            parts.append(f"limit = limits.{field.limit.name}")
        lines.append(f"{{{', '.join(parts)}}},")
    return lines


def _value(one: ir.ValueType) -> list[str]:
    where = f"spec.tlv: value type '{one.name}'"
    parts = [f"name = {_quoted(one.name)}, kind = {_quoted(one.kind)}"]
    match one.body:
        case ir.Empty():
            parts.append('body = "empty"')
        case ir.Fixed(_, size):
            form = _number(one.body, where)
            parts.append(f'body = "number", bytes = {size}, form = {_quoted(form)}')
        case ir.Mapped(_, size, choices, error):
            known = ", ".join(f"[{raw}] = {_quoted(str(held).lower())}" for raw, held in choices)
            parts.append(
                f'body = "choice", bytes = {size}, form = {_quoted(_number(one.body, where))}'
            )
            parts.append(f"choices = {{{known}}}, fault = {_quoted(error)}")
        case ir.Blob(length, text):
            parts.append(f'body = "{"text" if text else "bytes"}", {_size(length, where)}')
        case ir.Container(count, _, each, key_error):
            parts.append(f'body = "{"dict" if key_error else "list"}", {_size(count, where)}')
            parts.append(f"each = {each}")
            if key_error:
                parts.append(f"key_fault = {_quoted(key_error)}")
    return [f"[{one.code}] = {{{parts[0]},", *indented([f"{', '.join(parts[1:])}}},"], "  ")]


def _size(field: ir.SizeField, where: str) -> str:
    if _number(field, where) not in ("uint8", "uint16", "uint32"):
        raise CompileError(f"{where}: the dissector reads sizes of 1, 2 or 4 bytes without a sign")
    limit = f"limits.{field.limit.name}"
    return f"bytes = {field.size}, limit = {limit}, fault = {_quoted(field.limit.error)}"


def _message(one: ir.Message, spec: ir.Spec) -> list[str]:
    if one.fields is None:
        return [f"{one.name} = false,"]
    rules = [line for field in one.fields for line in _field(field, one.name.lower(), spec)]
    return [f"{one.name} = {{", *indented(rules, "  "), "},"]


def _field(field: ir.Field, above: str, spec: ir.Spec) -> list[str]:
    name = f"{above}.{field.name}"
    parts = [
        f"name = {_quoted(field.name)}, full = {_quoted(name)}",
        f"meaning = {_quoted(field.meaning)}, required = {str(field.required).lower()}",
    ]
    if field.types:
        kinds = ", ".join(f"{kind} = true" for kind in field.types)
        parts.append(f"kinds = {{{kinds}}}, form = {_quoted(_form(field, spec))}")
    if field.minimum is not None:
        parts.append(f"minimum = {field.minimum}")
    if field.maximum is not None:
        parts.append(f"maximum = {field.maximum}")
    if field.finite:
        parts.append("finite = true")
    if field.scalar:
        parts.append("scalar = true")
    if field.choices:
        choices = ", ".join(f"[{number}] = {_quoted(known)}" for known, number in field.choices)
        parts.append(f"choices = {{{choices}}}")
    if not field.fields:
        return [f"{{{', '.join(parts)}}},"]
    inner = [line for one in field.fields for line in _field(one, name, spec)]
    return [f"{{{', '.join(parts)}, fields = {{", *indented(inner, "  "), "}},"]


def _form(field: ir.Field, spec: ir.Spec) -> str:
    """How Wireshark filters by the field; empty where its values are of several kinds."""
    kinds = [kind for kind in field.types if kind not in ("list", "dict")]
    if len(field.types) != 1 or not kinds:
        return ""
    value = value_type(kinds[0], spec)
    if isinstance(value.body, ir.Blob):
        return "string" if value.body.text else "bytes"
    if isinstance(value.body, ir.Fixed):
        return _number(value.body, f"spec.tlv: value type '{value.name}'")
    return ""


def _moves(spec: ir.Spec) -> list[str]:
    """What each message does, by state and sender; refusals name their code and scope."""
    table = transition_table(spec)
    lines = []
    for state, _ in spec.states:
        for side in sides(spec):
            rows = []
            for message in spec.messages:
                row = table[state, side, message.name]
                # After a fault of the connection there is no next state.
                is_lost = row.scope == "connection"
                parts = [] if is_lost else [f"next = {_quoted(row.next)}"]
                if row.scope:
                    parts.append(f"fault = {_quoted(row.outcome)}, scope = {_quoted(row.scope)}")
                elif row.outcome != "deliver":
                    parts.append(f"outcome = {_quoted(row.outcome)}")
                rows.append(f"{message.name} = {{{', '.join(parts)}}},")
            lines += [f'["{state} {side}"] = {{', *indented(rows, "  "), "},"]
    return lines


DISSECTOR = """
-- GD/1 in Wireshark: frames, values and messages with names, what is wrong with them by its
-- portable code, and which frame answers which. `wireshark -X lua_script:«package».lua`, or a copy
-- of this file in the folder of personal Lua plugins.
--
-- A TCP connection is known by its first frame. Other streams, a Unix socket's bytes among them,
-- are shown where a capture wraps them in TCP, as `gdproto conformance record` does.

local limits = {
  «limits»
}
local header_bytes = «header_bytes»
local header = {
  «header»
}
local codes = {
  «codes»
}
local values = {
  «values»
}
local messages = {
  «fields»
}
-- What a frame does to its exchange, by state and sender.
local moves = {
  «moves»
}
-- The state after a payload at fault.
local after_fault = {
  «after_fault»
}
local faults = {
  «faults»
}

local place_of = {}
for _, field in ipairs(header) do
  place_of[field.name] = field
end

local gd = Proto("«package»", "GD/1")
local shown, told = {}, {}

local function declare(name, form, title, meaning, strings)
  local made
  if form == "bytes" or form == "string" or form == "float" or form == "double" then
    made = ProtoField[form]("«package»." .. name, title, nil, meaning)
  elseif form == "" then
    made = ProtoField.none("«package»." .. name, title, nil, meaning)
  else
    made = ProtoField[form]("«package»." .. name, title, base.DEC, strings, nil, meaning)
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
  shown[name] = ProtoField.framenum("«package»." .. name, title, base.NONE, kind)
end
declare_link("answered_in", "Answered in", frametype.RESPONSE)
declare_link("answers", "Answers", frametype.REQUEST)
shown.after = ProtoField.relative_time("«package».time", "Time since it was asked")
shown.state = ProtoField.string("«package».state", "State after it")
local all_fields = {}
for _, field in pairs(shown) do
  all_fields[#all_fields + 1] = field
end
gd.fields = all_fields

local experts = {}
for i = 1, #faults, 2 do
  local name, meaning = faults[i], faults[i + 1]
  local group, severity = expert.group.PROTOCOL, expert.severity.ERROR
  told[name] = ProtoExpert.new("«package»." .. name, meaning, group, severity)
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
  "^[\\0-\\127]+", "^[\\194-\\223][\\128-\\191]", "^\\224[\\160-\\191][\\128-\\191]",
  "^[\\225-\\236\\238\\239][\\128-\\191][\\128-\\191]", "^\\237[\\128-\\159][\\128-\\191]",
  "^\\240[\\144-\\191][\\128-\\191][\\128-\\191]",
  "^[\\241-\\243][\\128-\\191][\\128-\\191][\\128-\\191]",
  "^\\244[\\128-\\143][\\128-\\191][\\128-\\191]",
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
    return refuse(walk, «unknown_type», at)
  end
  if code ~= «key_code» then
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
    return refuse(walk, «unknown_type», at)
  end
  local title = name and name .. ": " or ""
  if value.body == "list" or value.body == "dict" then
    if depth >= limits.«depth» then
      return refuse(walk, «too_deep», at)
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
  return stream.opener == tostring(pinfo.src) .. ":" .. pinfo.src_port and «opener» or «answerer»
end

local function move(stream, pinfo, place, name, id)
  local sender = sender_of(stream, pinfo)
  local state = stream.states[id] or «idle»
  local note = {state = state}
  found_at[place] = note
  if stream.is_lost then
    return
  end
  if id == "«no_exchange»" and name == «notice» and sender == «answerer» and state == «idle» then
    return
  end
  local step = moves[state .. " " .. sender][name]
  if step.fault then
    note.fault = step.fault
    stream.is_lost = step.scope == "connection"
  end
  note.state, note.is_discarded = step.next or state, step.outcome ~= nil
  stream.states[id] = note.state
  if state == «idle» and note.state ~= «idle» then
    stream.asked[id] = {place = place, frame = pinfo.number, at = pinfo.abs_ts}
  elseif stream.asked[id] and sender == «answerer» then
    local asked = stream.asked[id]
    note.answers, note.after = asked.frame, pinfo.abs_ts - asked.at
    if note.state == «idle» then
      found_at[asked.place].answered_in = pinfo.number
      stream.asked[id] = nil
    end
  end
end

-- A payload at fault leaves its exchange in another state, where its frame was delivered.
local function move_after_fault(stream, pinfo, place, id)
  local note = found_at[place]
  if note and not note.fault and not note.is_discarded and not stream.is_lost then
    local ends = note.state == «idle» and "ends" or "goes on"
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
"""

LANGUAGE = Language(
    name="wireshark",
    title="Wireshark",
    folder="peers/wireshark/gd",
    package="gd",
    comment="-- {}",
    formatter=(),
    files=files,
)
