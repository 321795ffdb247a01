"""What TypeScript cannot carry is refused by its name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gdproto.spec.codegen import ir
from gdproto.spec.codegen.errors import CompileError
from gdproto.spec.codegen.typescript import files
from gdproto.spec.codegen.walk import walk


def with_fields(*names: str) -> ir.Spec:
    """The declaration with other names for the first fields of REQUEST."""
    spec = walk()
    request = spec.messages[0]
    assert request.fields is not None
    renamed = [
        replace(field, name=name) for field, name in zip(request.fields, names, strict=False)
    ]
    fields = (*renamed, *request.fields[len(names) :])
    messages = (replace(request, fields=fields, arguments=()), *spec.messages[1:])
    return replace(spec, messages=messages)


@pytest.mark.parametrize("name", ["new", "instanceof", "writer", "request_id"])
def test_a_name_that_the_code_needs_is_refused(name: str) -> None:
    with pytest.raises(CompileError, match=f"^spec.messages: REQUEST: field '{name}': "):
        files(with_fields(name), "gd")


def test_names_that_would_be_one_are_refused() -> None:
    with pytest.raises(CompileError, match=r"^spec\.messages: REQUEST: field 'one_two': "):
        files(with_fields("one_two", "oneTwo"), "gd")


def test_other_names_are_carried() -> None:
    assert "readonly count: string" in files(with_fields("count"), "gd")["messages.ts"]
