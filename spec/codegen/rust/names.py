"""names.rs: a test that each number of the declaration has its name."""

from __future__ import annotations

from .. import ir
from ..naming import pascal
from ..numbers import named
from ..template import fill
from .printing import limit

PATH = "peers/rust/tests/names.rs"
TEMPLATE = """
    //! Each number of the declaration has its name.

    use dirty::gd::messages::{«kinds»};
    use dirty::gd::{limits, MessageType};

    #[test]
    fn every_number_has_its_name() {
        let numbers = [
            «rows»
        ];
        for (name, is, declared) in numbers {
            assert_eq!(is, declared, "{name}");
        }
    }
"""


def files(spec: ir.Spec) -> dict[str, str]:
    """The file's text by its path below the root, without its mark."""
    numbers = named(
        spec,
        lambda kind, name: f"i64::from({kind}::{pascal(name)})",
        lambda name: f"i64::from(MessageType::{pascal(name)}.code())",
        lambda one: f"limits::{limit(one)} as i64",
    )
    rows = [f'("{said}", {said}, {number}),' for said, number in numbers]
    kinds = ", ".join(sorted(kind for kind, _ in spec.enumerations))
    return {PATH: fill(TEMPLATE, kinds=kinds, rows=rows)}
