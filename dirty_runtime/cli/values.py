"""Values as words of a command line, and as lines that are printed: JSON both ways.

Rules: what is read is JSON to the letter: no NaN, no key twice, no number that no value holds. What
JSON has no form for is printed as what comes nearest, and where that loses something a line on
standard error says so: bytes as hex, NaN and the infinities as null. What is printed is one line
that can be shown, in whatever the output is written in.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

import click

from ..printable import printable, shown
from .failing import usage

NO_NUMBERS = "numbers that JSON has no form for, NaN or infinite, are printed as null"


class NoJSON(ValueError):
    """Why a text is not JSON, or not a value; to be shown."""


def arguments_of(
    arguments: Iterable[str], keywords: Iterable[str]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call, by position and by name. Raises ClickException."""
    kwargs: dict[str, Any] = {}
    for keyword in keywords:
        name, equals, value = keyword.partition("=")
        if not equals:
            raise usage(f"--kw {shown(keyword)} is not of the form NAME=JSON")
        if name in kwargs:
            raise usage(f"--kw gives {shown(name)} twice")
        kwargs[name] = from_json(value)
    return [from_json(argument) for argument in arguments], kwargs


def from_json(argument: str) -> Any:
    """The value. Raises ClickException, with one line."""
    try:
        return _decoder.decode(argument)
    except NoJSON as error:
        reason = str(error)
    except RecursionError:
        reason = "is nested too deeply"
    except ValueError:
        reason = "is not JSON; a string needs quotes of its own, as in '\"text\"'"
    raise usage(f"argument {shown(argument)} {reason}") from None


def _refuse(word: str) -> NoReturn:
    raise NoJSON(f"is not JSON, which has no {word}")


def _integer(digits: str) -> int:
    # More are no integer of 64 bits, nor one that Python reads.
    if len(digits) > 20:
        raise NoJSON("has an integer that is too large")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise NoJSON("has a number that is too large")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NoJSON(f"has the key {shown(twice)} twice")
    return found


_decoder = json.JSONDecoder(
    parse_constant=_refuse, parse_int=_integer, parse_float=_float, object_pairs_hook=_once
)


def print_json(value: Any) -> None:
    """Print the value on one line. Raises OSError when it cannot be written."""
    # What the output cannot write itself, JSON can.
    in_ascii = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    try:
        text = json.dumps(value, ensure_ascii=in_ascii, allow_nan=False, default=bytes.hex)
    except ValueError:
        text = json.dumps(value, default=bytes.hex)
        less = json.loads(text, parse_constant=lambda _: None)
        text = json.dumps(less, ensure_ascii=in_ascii)
        _say_once(NO_NUMBERS)
    click.echo(printable(text))


_said: set[str] = set()


def _say_once(what: str) -> None:
    if what not in _said:
        _said.add(what)
        click.echo(f"Note: {what}", err=True)
