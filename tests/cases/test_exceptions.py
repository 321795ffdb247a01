"""Whatever an app's exception does when it is told, its call alone fails, and says what it was.

To tell an exception runs code of the app: `__str__`, `__repr__` and notes may raise anything, and
texts may be of any size.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dirty_runtime import DirtyApp, DirtyAppError
from dirty_runtime.errors import MAX_TEXT_BYTES, from_message
from dirty_runtime.failure import describe, place, tell
from tests.cases.lanes import Caller, lane_to


class NoText(Exception):
    def __str__(self) -> str:
        raise self.args[0]


class OddText(str):
    """A text that can do nothing."""

    def fails(self, *args: object, **kwargs: object) -> Any:
        raise SystemExit("odd")

    __str__ = __len__ = splitlines = encode = fails


class SaysOddText(Exception):
    def __str__(self) -> str:
        return OddText("odd")


class Evasive(type):
    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError(name)


class Hidden(Exception, metaclass=Evasive):
    """Tells nothing of itself."""

    __module__: Any = property(lambda self: 1 / 0)
    __class__: Any = property(lambda self: 1 / 0)  # type: ignore[assignment]
    __traceback__: Any = property(lambda self: 1 / 0)
    __cause__: Any = property(lambda self: 1 / 0)


class Base(LookupError):
    pass


class Refusal:
    def __repr__(self) -> str:
        raise KeyboardInterrupt


class Outer:
    class Inner(Base):
        pass


def with_notes() -> ValueError:
    error = ValueError("n")
    error.__notes__ = Refusal()  # type: ignore[assignment]
    return error


def caused_by_itself() -> ValueError:
    error = ValueError("circle")
    error.__cause__ = error
    return error


MADE: dict[str, Callable[[], BaseException]] = {
    "no text": lambda: NoText(RuntimeError()),
    "text that leaves": lambda: NoText(SystemExit(3)),
    "text that interrupts": lambda: NoText(KeyboardInterrupt()),
    "text without end": lambda: NoText(RecursionError()),
    "odd text": lambda: SaysOddText(),
    "hidden": lambda: Hidden(),
    "refused repr": lambda: ValueError(Refusal()),
    "notes": with_notes,
    "circle": caused_by_itself,
    "half a character": lambda: ValueError("\ud800 half"),
    "huge": lambda: ValueError("x" * 5_000_000),
    "syntax": lambda: SyntaxError("odd", ("f", "x", [], object())),  # type: ignore[arg-type]
    "group": lambda: BaseExceptionGroup("g", [KeyboardInterrupt(), NoText(SystemExit())]),
    "exit": lambda: SystemExit(4),
    "interrupt": KeyboardInterrupt,
    "generator's exit": GeneratorExit,
    "cancelled": asyncio.CancelledError,
    "stop": lambda: StopIteration(1),
    "recursion": RecursionError,
    "memory": MemoryError,
    "timeout": TimeoutError,
}
WAYS = ("fail", "fail_later", "fail_behind_an_item", "fail_behind_an_item_later")


class Failing(DirtyApp):
    def ping(self) -> int:
        return 1

    async def ping_later(self) -> int:
        return 2

    def fail(self, name: str) -> None:
        raise MADE[name]()

    async def fail_later(self, name: str) -> None:
        raise MADE[name]()

    def fail_behind_an_item(self, name: str) -> Iterator[int]:
        yield 1
        raise MADE[name]()

    async def fail_behind_an_item_later(self, name: str) -> Any:
        yield 1
        raise MADE[name]()

    def fail_nested(self) -> None:
        raise Outer.Inner("deep")

    def unsendable(self) -> Any:
        return Refusal()


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with lane_to(Failing()) as caller:
        yield caller


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MADE)
def test_the_call_fails_and_nothing_else(caller: Caller, name: str, way: str) -> None:
    error = caller.error(way, name)
    assert error.error_type == "DirtyAppError"
    for text in (error.message, error.details["traceback"], error.details["exception_type"]):
        assert 0 < len(text.encode()) <= MAX_TEXT_BYTES
    assert caller.call("ping") == 1
    assert caller.call("ping_later") == 2


@pytest.mark.parametrize("name", MADE)
def test_nothing_that_tells_raises(name: str) -> None:
    error = MADE[name]()
    told = tell(error)
    assert all(type(text) is str for text in (told.kind, *told.bases, told.message, told.traceback))
    assert "\n" not in describe(error)
    assert place(error) == ""


def test_a_class_that_hides_is_named() -> None:
    assert tell(Hidden()).kind == "?.Hidden"
    assert tell(SaysOddText()).message == "odd"


def test_what_cannot_be_told_is_named() -> None:
    assert describe(NoText(SystemExit())) == "NoText: NoText, whose text cannot be made: SystemExit"


@pytest.mark.parametrize("tracebacks", [True, False])
def test_the_error_says_which_class_it_was(tracebacks: bool) -> None:
    with lane_to(Failing(), tracebacks=tracebacks) as caller:
        error = from_message(caller.error("fail_nested"))
    assert isinstance(error, DirtyAppError)
    assert error.exception_type == f"{__name__}.Outer.Inner"
    assert (error.traceback is not None) == tracebacks
    for kind in (Outer.Inner, Base, LookupError, Exception, "LookupError", f"{__name__}.Base"):
        assert error.is_a(kind), kind
    for other in (KeyError, DirtyAppError, "Inner", "Base"):
        assert not error.is_a(other), other
    assert error.is_a(KeyError, LookupError)


def test_a_result_that_cannot_be_sent_is_no_exception_of_the_app(caller: Caller) -> None:
    error = from_message(caller.error("unsendable"))
    assert isinstance(error, DirtyAppError)
    assert error.exception_type is None
    assert not error.is_a(Exception)


@pytest.mark.parametrize("found", [None, 3, "text", [3], {"a": 1}])
def test_details_of_any_kind_are_survived(found: object) -> None:
    error = DirtyAppError()
    error.details = {"exception_type": found, "exception_bases": found}
    assert not error.is_a(ValueError)
