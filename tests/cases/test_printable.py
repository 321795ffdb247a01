"""What a caller, an app or a file says is one line of printable text wherever it is shown."""

from __future__ import annotations

import json
import unicodedata
from itertools import chain

import pytest

from dirty_runtime.printable import printable

FORGED = {
    "a line": ("a\nb\r\nc", r"a\nb\r\nc"),
    "other ends of lines": ("\x0b\x0c\x1c\x85\u2028\u2029", r"\u000b\f\u001c\u0085\u2028\u2029"),
    "an order to a terminal": ("\x1b[2J\x9b2J\x07\x7f", r"\u001b[2J\u009b2J\u0007\u007f"),
    "text from right to left": ("\u202eevil\u2066\u200f", r"\u202eevil\u2066\u200f"),
    "half a character": ("\udc80", r"\udc80"),
    "an invisible tag": ("\U000e0041", r"\udb40\udc41"),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_no_text_is_written_out(name: str) -> None:
    said, shown = FORGED[name]
    assert printable(said) == shown


def test_words_of_any_language_stay() -> None:
    words = "naïve 日本語 עברית 🙂 [red]:bomb:[/] C:\\path"
    assert printable(words) == words


def test_no_character_gets_through_that_a_terminal_obeys() -> None:
    # Where there are any: the rest is words, or nothing yet.
    spans = (range(0x3100), range(0xD800, 0x10000), range(0xE0000, 0xE1000))
    shown = printable("".join(map(chr, chain(*spans))))
    assert shown.isprintable()
    assert not {unicodedata.category(one) for one in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_json_stays_the_same_json() -> None:
    value = {"said": "".join(said for said, _ in FORGED.values()), "b\n": ["\x7f", "\U000e0041"]}
    assert json.loads(printable(json.dumps(value, ensure_ascii=False))) == value


def test_it_is_cut_before_it_costs() -> None:
    assert printable("\n" * 10**6, at_most=2) == r"\n\n…"
