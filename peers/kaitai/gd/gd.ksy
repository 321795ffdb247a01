# @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
meta:
  id: gd
  title: GD/1, a binary worker protocol
  license: MIT
  endian: be
doc: One direction of a connection, which is frames one after the other.
seq:
  - id: frames
    type: frame
    repeat: eos
types:
  frame:
    seq:
      - id: header
        type: header
      - id: payload
        type: payload
        size: header.length
        if: header.length != 0
  header:
    seq:
      - id: magic
        contents: [71, 68]
        doc: the letters GD
      - id: version
        type: u1
        valid: 1
        doc: protocol version
      - id: type
        type: u1
        enum: message
        valid:
          in-enum: true
        doc: message type
      - id: length
        type: u4
        valid:
          max: 67108864
        doc: payload bytes that follow
      - id: request_id
        type: u8
        doc: chosen by the side that opens the exchange
  payload:
    doc: Nothing follows the value.
    seq:
      - id: value
        type: value
      - id: surplus
        size-eos: true
        valid:
          expr: _.length == 0
  value:
    seq:
      - id: code
        type: u1
        enum: value_type
        valid:
          in-enum: true
      - id: body
        type:
          switch-on: code
          cases:
            value_type::none: none_body
            value_type::bool: bool_body
            value_type::int64: s8
            value_type::float64: f8
            value_type::bytes: bytes_body
            value_type::string: string_body
            value_type::list: list_body
            value_type::dict: dict_body
  pair:
    seq:
      - id: key
        type: key
      - id: value
        type: value
  key:
    seq:
      - id: code
        type: u1
        valid: 17
      - id: text
        type: string_body
  none_body:
    doc: 'no body'
    seq: []
  bool_body:
    doc: '1 byte, 00 or 01'
    seq:
      - id: number
        type: u1
        valid:
          any-of: [0, 1]
  bytes_body:
    doc: 'u32 length, raw bytes'
    seq:
      - id: size
        type: u4
        valid:
          max: 67108864
      - id: content
        size: size
  string_body:
    doc: 'u32 length, UTF-8'
    seq:
      - id: size
        type: u4
        valid:
          max: 67108864
      - id: content
        size: size
        type: str
        encoding: UTF-8
  list_body:
    doc: 'u32 count, that many values'
    seq:
      - id: size
        type: u4
        valid:
          max: 1048576
      - id: items
        type: value
        repeat: expr
        repeat-expr: size
  dict_body:
    doc: 'u32 count, that many pairs of a string value and a value'
    seq:
      - id: size
        type: u4
        valid:
          max: 1048576
      - id: pairs
        type: pair
        repeat: expr
        repeat-expr: size
enums:
  value_type:
    0: none
    1: bool
    5: int64
    6: float64
    16: bytes
    17: string
    32: list
    33: dict
  message:
    1: request
    2: response
    3: error
    4: chunk
    5: end
    16: stash
    17: status
    18: manage
    128: cancel
    129: pause
    130: resume
  stashop:
    1: put
    2: get
    3: delete
    4: keys
    5: clear
    6: info
    7: ensure
    8: delete_table
    9: tables
    10: exists
    11: put_if_absent
    12: pop
    13: incr
    14: touch
    15: ttl
    16: entry
    17: swap
    18: get_many
    19: put_many
    20: page
    21: push_left
    22: push_right
    23: pop_left
    24: pop_right
    25: length
    26: changes
  manageop:
    1: add
    2: remove
    3: reload
    4: set
    5: calls
    6: stacks
    7: kill
    8: recycle
