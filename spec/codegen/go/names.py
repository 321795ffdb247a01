"""names_test.go: a test that each number of the declaration has its name."""

from __future__ import annotations

from .. import ir
from ..numbers import named
from .printing import exported, filled, limit, message_type

PATH = "peers/go/names_test.go"
TEMPLATE = """
    // Code generated from the declaration of GD/«version». DO NOT EDIT.

    package gdproto_test

    import (
        "testing"

        "gdproto/gd"
    )

    func TestEveryNumberHasItsName(t *testing.T) {
        for _, one := range []struct {
            name         string
            is, declared int64
        }{
            «rows»
        } {
            if one.is != one.declared {
                t.Errorf("%s is %d, not %d", one.name, one.is, one.declared)
            }
        }
    }
"""


def files(spec: ir.Spec) -> dict[str, str]:
    """The file's text by its path below the root, without its mark."""
    numbers = named(spec, lambda kind, name: kind + exported(name), message_type, limit)
    rows = [f'{{"{name}", int64(gd.{name}), {number}}},' for name, number in numbers]
    return {PATH: filled(TEMPLATE, version=str(spec.version), rows=rows)}
