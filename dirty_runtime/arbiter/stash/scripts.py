"""What the server of a shared stash does in one step, in its own language.

Rules: a script is one operation, and nothing comes between what it does. It goes by the server's
clock, which all arbiters share. Keys and values are TLV; a value is kept behind its version and its
end, in microseconds, 0 for none. All that a script takes is in `ARGV`: the table, the limit in
bytes, then what the operation is about. What it changes it publishes on the table's channel: a
letter for the kind of change, then the key.

What the server has of a table ``T``, all beginning with ``dirty:``:

* ``v:T`` a hash, the values by their keys; ``k:T`` a sorted set, the keys in order
* ``l:T`` with the length of T before it, and a name behind it: a list; ``n:T`` a set of their names
* ``e:T`` a sorted set, the keys that have an end, by that; ``due`` one of tables, by when to look
* ``tables`` a hash, what each table takes in bytes; ``bytes`` what all take; ``version`` the last
"""

from __future__ import annotations

import hashlib
import re

import gdproto

# What a key takes, beside itself and its value; and a table, beside its name. About.
ENTRY_BYTES, TABLE_BYTES = 120, 300
# What an item of a list takes, beside itself; and a list, beside its name.
ITEM_BYTES, LIST_BYTES = 10, 200
# The version and the end of a key, before its value.
HEAD_BYTES = 16
# Keys that one sweep removes: it stops the server for so long.
SWEPT = 500
CHANNEL = b"dirty:c:"
# What a script that refuses begins its reason with.
FULL, NO_NUMBER, TOO_MUCH = "FULL", "NONUMBER", "TOOMUCH"
INT, FLOAT = gdproto.encode(0)[0], gdproto.encode(0.0)[0]

# A version is above all that this or another server has given: one that has lost its tables, too.
LEAST_VERSION = 10**15
COMMON = """
local T, MOST, call = ARGV[1], tonumber(ARGV[2]), redis.call
local VALUES, NAMES = 'dirty:v:' .. T, 'dirty:k:' .. T
"""
# What scripts are made of; each has those that it names, and those that these name.
PARTS = {
    "exact": """
local function exact(number) return string.format('%.0f', number) end
""",
    "now": """
local function now()
  local time = call('TIME')
  return time[1] * 1000000 + time[2]
end
""",
    "tell": """
local function tell(kind, key) call('PUBLISH', 'dirty:c:' .. T, kind .. key) end
""",
    "found": f"""
local function found(key)
  local all = call('HGET', VALUES, key)
  if not all then return nil end
  local version, ends = struct.unpack('>dd', all)
  if ends ~= 0 and ends <= now() then return nil end
  return string.sub(all, {HEAD_BYTES + 1}), version, ends
end
""",
    "grow": f"""
local function grow(bytes)
  if call('HINCRBY', 'dirty:tables', T, bytes) == bytes then
    call('HINCRBY', 'dirty:tables', T, #T + {TABLE_BYTES})
    bytes = bytes + #T + {TABLE_BYTES}
  end
  call('INCRBY', 'dirty:bytes', bytes)
end
""",
    "make": """
local function make()
  if call('HEXISTS', 'dirty:tables', T) == 0 then grow(0) end
end
""",
    "refused": f"""
local function refused(bytes)
  if MOST == 0 or bytes <= 0 then return nil end
  local taken = tonumber(call('GET', 'dirty:bytes') or 0)
  if taken + bytes + #T + {TABLE_BYTES} <= MOST then return nil end
  if call('HEXISTS', 'dirty:tables', T) == 0 then bytes = bytes + #T + {TABLE_BYTES} end
  if taken + bytes <= MOST then return nil end
  return {{err = string.format('{FULL} %.0f %.0f', taken, bytes)}}
end
""",
    "size": f"""
local function size(key)
  local length = call('HSTRLEN', VALUES, key)
  if length == 0 then return 0 end
  return length + #key + {ENTRY_BYTES}
end
""",
    "remove": """
local function remove(key, kind)
  local bytes = size(key)
  if bytes == 0 then return end
  call('HDEL', VALUES, key)
  call('ZREM', NAMES, key)
  call('ZREM', 'dirty:e:' .. T, key)
  grow(-bytes)
  tell(kind, key)
end
""",
    "end_at": """
local function end_at(key, ends)
  if ends == 0 then
    call('ZREM', 'dirty:e:' .. T, key)
    return
  end
  call('ZADD', 'dirty:e:' .. T, ends, key)
  call('ZADD', 'dirty:due', 'LT', ends, T)
end
""",
    "end_of": """
local function end_of(ttl)
  if ttl == '' then return 0 end
  return now() + tonumber(ttl)
end
""",
    "needed": f"""
local function needed(key, value) return {HEAD_BYTES} + #value + #key + {ENTRY_BYTES} end
""",
    "new_version": f"""
local function new_version()
  local version = call('INCR', 'dirty:version')
  if version >= {LEAST_VERSION} then return version end
  version = now()
  call('SET', 'dirty:version', exact(version))
  return version
end
""",
    "store": """
local function store(key, value, ends, before)
  local version = new_version()
  if ends ~= 0 and ends <= now() then
    make()
    remove(key, 'd')
    return version
  end
  call('HSET', VALUES, key, struct.pack('>dd', version, ends) .. value)
  if before == 0 then call('ZADD', NAMES, 0, key) end
  if ends ~= 0 or before ~= 0 then end_at(key, ends) end
  local after = needed(key, value)
  if after ~= before then grow(after - before) end
  tell('p', key)
  return version
end
""",
    "put": """
local function put(key, value, ends)
  local before = size(key)
  local refusal = refused(needed(key, value) - before)
  if refusal then return nil, refusal end
  return store(key, value, ends, before)
end
""",
    "list_of": """
local function list_of(name) return 'dirty:l:' .. #T .. ':' .. T .. ':' .. name end
""",
    "push": f"""
local function push(how, name, item)
  local place = list_of(name)
  local bytes = #item + {ITEM_BYTES}
  if call('EXISTS', place) == 0 then bytes = bytes + #name + {LIST_BYTES} end
  local refusal = refused(bytes)
  if refusal then return refusal end
  local count = call(how, place, item)
  if count == 1 then call('SADD', 'dirty:n:' .. T, name) end
  grow(bytes)
  tell('l', name)
  return count
end
""",
    "take": f"""
local function take(how, name)
  local place = list_of(name)
  local item = call(how, place)
  if not item then return false end
  local bytes = #item + {ITEM_BYTES}
  if call('EXISTS', place) == 0 then
    bytes = bytes + #name + {LIST_BYTES}
    call('SREM', 'dirty:n:' .. T, name)
  end
  grow(-bytes)
  tell('t', name)
  return item
end
""",
    "forget": """
local function forget()
  local bytes = call('HGET', 'dirty:tables', T)
  for _, name in ipairs(call('SMEMBERS', 'dirty:n:' .. T)) do call('UNLINK', list_of(name)) end
  call('DEL', 'dirty:n:' .. T)
  call('UNLINK', VALUES, NAMES, 'dirty:e:' .. T)
  call('ZREM', 'dirty:due', T)
  if bytes then call('DECRBY', 'dirty:bytes', bytes) end
  call('HDEL', 'dirty:tables', T)
  tell('c', '')
end
""",
    "sweep": f"""
local function sweep()
  local asked, left, time = T, {SWEPT}, exact(now())
  local function turn_to(name) T, VALUES, NAMES = name, 'dirty:v:' .. name, 'dirty:k:' .. name end
  for _, name in ipairs(call('ZRANGEBYSCORE', 'dirty:due', '-inf', time, 'LIMIT', 0, 50)) do
    turn_to(name)
    local ended = 'dirty:e:' .. name
    for _, key in ipairs(call('ZRANGEBYSCORE', ended, '-inf', time, 'LIMIT', 0, left)) do
      remove(key, 'e')
      left = left - 1
    end
    local first = call('ZRANGE', ended, 0, 0, 'WITHSCORES')
    if first[2] then call('ZADD', 'dirty:due', first[2], T) else call('ZREM', 'dirty:due', T) end
  end
  turn_to(asked)
  return #call('ZRANGEBYSCORE', 'dirty:due', '-inf', time, 'LIMIT', 0, 1) > 0
end
""",
}

# Adds int64s byte by byte: a number of this language is a float64.
INCR = (
    f"local INT, FLOAT = {INT}, {FLOAT}\n"
    + """local key, added, initial, ttl = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local old, _, ends = found(key)
if not old then old, ends = initial, end_of(ttl) end

local function as_float(number)
  if string.byte(number) == FLOAT then return (struct.unpack('>d', string.sub(number, 2))) end
  local high, low = struct.unpack('>i4I4', string.sub(number, 2))
  return high * 4294967296 + low
end

local function sum_of_ints(one, other)
  local bytes, carry = {}, 0
  for place = 9, 2, -1 do
    local sum = string.byte(one, place) + string.byte(other, place) + carry
    carry = sum >= 256 and 1 or 0
    bytes[place - 1] = string.char(sum % 256)
  end
  local sum = table.concat(bytes)
  local negative = string.byte(sum) >= 128
  local first, second = string.byte(one, 2) >= 128, string.byte(other, 2) >= 128
  if first == second and first ~= negative then return nil end
  return string.char(INT) .. sum
end

local function is_number(value)
  local kind = string.byte(value)
  return #value == 9 and (kind == INT or kind == FLOAT)
end

if not is_number(old) then return {err = 'NONUMBER'} end
local sum
if string.byte(old) == INT and string.byte(added) == INT then sum = sum_of_ints(old, added)
else
  local total = as_float(old) + as_float(added)
  if total - total == 0 then sum = string.char(FLOAT) .. struct.pack('>d', total) end
end
if not sum then return {err = 'TOOMUCH'} end
local version, refusal = put(key, sum, ends)
return refusal or sum
"""
)

BODIES = {
    "put": """
local _, refusal = put(ARGV[3], ARGV[4], end_of(ARGV[5]))
return refusal or 1
""",
    "put_if_absent": """
if found(ARGV[3]) then return 0 end
local _, refusal = put(ARGV[3], ARGV[4], end_of(ARGV[5]))
return refusal or 1
""",
    "put_many": """
local bytes = 0
for at = 4, #ARGV, 2 do
  bytes = bytes + math.max(0, needed(ARGV[at], ARGV[at + 1]) - size(ARGV[at]))
end
local refusal = refused(bytes)
if refusal then return refusal end
make()
for at = 4, #ARGV, 2 do store(ARGV[at], ARGV[at + 1], end_of(ARGV[3]), size(ARGV[at])) end
return 1
""",
    "swap": """
local _, version = found(ARGV[3])
if (version or 0) ~= tonumber(ARGV[5]) then return '0' end
local made, refusal = put(ARGV[3], ARGV[4], end_of(ARGV[6]))
return refusal or exact(made)
""",
    "get": "return (found(ARGV[3]))",
    "get_many": """
local values = {}
for at = 3, #ARGV do values[at - 2] = found(ARGV[at]) or false end
return values
""",
    "entry": """
local value, version, ends = found(ARGV[3])
if not value then return false end
return {value, exact(version), ends ~= 0 and exact(math.max(0, ends - now())) or ''}
""",
    "exists": "return found(ARGV[3]) and 1 or 0",
    "exists_table": "return call('HEXISTS', 'dirty:tables', T)",
    "delete": """
local there = found(ARGV[3])
remove(ARGV[3], there and 'd' or 'e')
return there and 1 or 0
""",
    "pop": """
local value = found(ARGV[3])
if value then remove(ARGV[3], 'd') end
return value
""",
    "touch": """
local value, version = found(ARGV[3])
if not value then return 0 end
local ends = end_of(ARGV[4])
if ends ~= 0 and ends <= now() then
  remove(ARGV[3], 'd')
  return 1
end
call('HSET', VALUES, ARGV[3], struct.pack('>dd', version, ends) .. value)
end_at(ARGV[3], ends)
return 1
""",
    "incr": INCR,
    "clear": """
if call('HEXISTS', 'dirty:tables', T) == 1 then
  forget()
  make()
end
return 1
""",
    "delete_table": """
if call('HEXISTS', 'dirty:tables', T) == 0 then return 0 end
forget()
return 1
""",
    "ensure": """
if call('HEXISTS', 'dirty:tables', T) == 1 then return 1 end
local refusal = refused(1)
if refusal then return refusal end
make()
return 1
""",
    "push_left": "return push('LPUSH', ARGV[3], ARGV[4])",
    "push_right": "return push('RPUSH', ARGV[3], ARGV[4])",
    "pop_left": "return take('LPOP', ARGV[3])",
    "pop_right": "return take('RPOP', ARGV[3])",
    "length": "return call('LLEN', list_of(ARGV[3]))",
    "info": """
if sweep() then return 'more' end
if call('HEXISTS', 'dirty:tables', T) == 0 then return false end
return call('ZCARD', NAMES)
""",
    "page": """
if sweep() then return 'more' end
return call('ZRANGEBYLEX', NAMES, ARGV[3], '+', 'LIMIT', 0, ARGV[4])
""",
    "sweep": "return {sweep() and 1 or 0, call('GET', 'dirty:bytes') or '0'}",
}


def _script(body: str) -> str:
    """The body behind all that it uses: what it does not use costs time in each call."""
    needed, text = set[str](), body
    for name, part in reversed(PARTS.items()):
        if re.search(rf"\b{name}\(", text):
            needed.add(name)
            text += part
    return COMMON + "".join(part for name, part in PARTS.items() if name in needed) + body


SCRIPTS = {name: _script(body).encode() for name, body in BODIES.items()}
DIGESTS = {
    name: hashlib.sha1(text, usedforsecurity=False).hexdigest() for name, text in SCRIPTS.items()
}
