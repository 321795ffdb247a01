"""The forms of the rows that say what can be asked, and what is answered.

Rules: annotations are evaluated here, as in `rows`.
"""

from typing import NamedTuple


class ResultType(NamedTuple):
    """What a value of an answer is.

    Attributes:
        kind: none, bool, integer, float, bytes, string, list or dict; or any, scalar, number or
            form.
        of: what a list, or a dict of any keys, holds.
        form: the form's name; empty for what is none.
    """

    kind: str
    of: "ResultType | None"
    form: str


class FormField(NamedTuple):
    """A field of a form; one that is not `core` may be missing, `unit` is empty for counts."""

    name: str
    type: ResultType
    core: bool
    nullable: bool
    unit: str
    meaning: str


class Form(NamedTuple):
    """A dict with fields."""

    name: str
    fields: tuple[FormField, ...]
    meaning: str


class Parameter(NamedTuple):
    """A field of a message that an operation takes.

    Attributes:
        kind: string, integer, scalar or any.
        max_bytes: how long its text or bytes may be; 0 for as long as the frame permits.
    """

    name: str
    kind: str
    required: bool
    max_bytes: int


class Operation(NamedTuple):
    """What can be asked.

    Attributes:
        name: lower case.
        code: the message's `op`.
        parameters: what it takes, optional ones last.
        result: what comes back.
        errors: error types that it may be answered with, and in which case.
        meaning: one sentence.
    """

    name: str
    code: int
    parameters: tuple[Parameter, ...]
    result: ResultType
    errors: dict[str, str]
    meaning: str
