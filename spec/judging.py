"""What is judged, in which order, and how each fault is reported.

A receiver goes through the stages in their order, and through the checks of a stage in theirs; the
first check that fails is the fault that it reports, and nothing after it is judged (GD-TLV-019). A
sender goes through the last stage alone. A code that no check and no transition has is a mistake.
"""

from __future__ import annotations

from dataclasses import dataclass

# Where a fault is told to be: bytes from the first byte of the frame, or of a value that stands
# alone. A fault of state, and one that is found in writing, has no offset.
# GD-ERR-004 GD-ERR-005
OFFSETS = {
    "none": "no offset is told",
    "field": "the first byte of the header's field",
    "end": "the end of the input",
    "type": "the type byte of the value",
    "size": "the first byte of the value's length or count",
    "content": "the first byte after the type, and for a string after its length",
    "after": "the first byte after what was judged",
    "container": "the type byte of the dict that lacks the field",
}

# Which place in a payload a fault names.
PATHS = {
    "none": "the path is empty",  # GD-ERR-009
    "value": "the path of the value; for a key, that of its dict",
    "key": "the path that the value of the key has",
    "field": "the path that the field has, or would have",  # GD-ERR-022
    "request_id": "request_id",
}


@dataclass(frozen=True)
class Check:
    """One thing that is judged.

    Attributes:
        code: the portable code of the fault.
        fault: when it is reported, as a phrase.
        offset: one of OFFSETS.
        path: one of PATHS.
    """

    code: str
    fault: str
    offset: str = "none"
    path: str = "none"


@dataclass(frozen=True)
class Stage:
    """Checks that are made at one moment.

    Attributes:
        name: what is judged.
        phase: that of errors.SCOPE_OF_PHASE, which says how much dies of a fault.
        meaning: when it is judged, and what for, as a sentence.
        checks: in their order; empty for that of state, whose faults the transition table has.
    """

    name: str
    phase: str
    meaning: str
    checks: tuple[Check, ...]


STAGES = (
    Stage(
        "header",
        "header",
        "When all bytes of a header are there, its fields are judged.",
        (
            Check("bad_magic", "the magic bytes are others", "field"),
            Check("unsupported_version", "the version is another", "field"),
            Check("unknown_message_type", "no message has this code", "field"),
            Check("payload_too_large", "the length is above max_payload_bytes", "field"),
        ),
    ),
    # GD-FRAME-022 GD-FRAME-023
    Stage(
        "presence",
        "payload",
        "Right after the header, before any byte of the payload is there.",
        (Check("unexpected_payload", "a message without payload has a length", "field"),),
    ),
    # GD-FRAME-009
    Stage(
        "delimiting",
        "stream",
        "When nothing more comes: the stream has ended, or the bytes of one frame are given.",
        (Check("truncated", "the header or the payload is not whole", "end"),),
    ),
    Stage(
        "surplus",
        "payload",
        "When the bytes of one frame are given, and it is whole.",
        (Check("trailing_data", "bytes follow the frame", "after"),),
    ),
    # GD-EXCH-023 GD-EXCH-024
    Stage(
        "state",
        "state",
        "When the frame is whole, on a connection: by the transition table. The payload of a "
        "frame that is refused or discarded is not judged.",
        (),
    ),
    # GD-TLV-020
    Stage(
        "value",
        "payload",
        "Each value and each key of the payload, from left to right.",
        (
            Check("truncated", "no byte is left for the type", "end", "value"),
            Check("unknown_tlv_type", "no type has this code", "type", "value"),
            Check("key_not_string", "a key is of another type", "type", "value"),
            Check("nesting_too_deep", "max_depth containers are open", "type", "value"),
            Check("truncated", "no bytes are left for the length or count", "end", "value"),
            Check("length_too_large", "the length is above max_blob_bytes", "size", "value"),
            Check("too_many_items", "the count is above max_items", "size", "value"),
            Check("truncated", "the size cannot fit beside what is owed", "size", "value"),
            Check("truncated", "no bytes are left for the number", "end", "value"),
            Check("invalid_bool", "the byte stands for no bool", "content", "value"),
            Check("invalid_utf8", "the bytes are no UTF-8", "content", "value"),
            Check("duplicate_key", "the dict has the key already", "type", "key"),
        ),
    ),
    Stage(
        "payload",
        "payload",
        "When the first value has been read whole.",
        (
            Check("trailing_data", "bytes follow the value", "after"),
            Check("payload_not_dict", "the value of a payload is no dict", "type"),
        ),
    ),
    # GD-MSG-010
    Stage(
        "fields",
        "payload",
        "Each field in the order of the table, and then those inside of it.",
        (
            Check("missing_field", "a required field is absent", "container", "field"),
            Check("wrong_field_type", "its value is of another type", "type", "field"),
            Check("invalid_field_value", "its value is impossible", "type", "field"),
        ),
    ),
    # GD-TLV-032, GD-MSG-094
    Stage(
        "writing",
        "encode",
        "Before a message or a value is sent: its id, its fields in the order of the table, then "
        "each value and key from left to right, and last the whole.",
        (
            Check("int_out_of_range", "the id does not fit its field", path="request_id"),
            # GD-MSG-036
            Check("wrong_field_type", "a field's value is of another type", path="field"),
            Check("invalid_field_value", "a field's value is impossible", path="field"),
            Check("unsupported_type", "the value has no encoding", path="value"),
            Check("int_out_of_range", "no type holds the integer", path="value"),
            Check("nesting_too_deep", "max_depth containers are open", path="value"),
            Check("too_many_items", "there are more than max_items", path="value"),
            # GD-TLV-030, of which GD-TLV-033 says the text
            Check("key_not_string", "a key has no text", path="value"),
            Check("duplicate_key", "two keys have the same text", path="key"),
            Check("invalid_text", "a text has no UTF-8 form", path="value"),
            Check("length_too_large", "there are more bytes than max_blob_bytes", path="value"),
            Check("payload_too_large", "there are more bytes than max_payload_bytes"),
        ),
    ),
)

# A size is refused, at the size, when it cannot fit into the bytes that remain: GD-TLV-016.
FITTING = (
    "size * unit + owed <= bytes that remain after the size; `unit` is 1 for bytes and strings, "
    "and else the smallest_element_bytes of the list or dict; `owed` is the sum, over all open "
    "lists and dicts, of smallest_element_bytes for each item or pair not yet begun. An item or "
    "pair has begun when its first type byte is looked for."
)
