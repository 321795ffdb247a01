"""Which cases tell a mutant from the codec.

Rules: a mutant is a testee like any other, in this process. It dies of the first case that it does
not pass as the codec does; a recommendation that it misses counts too. The cases that killed last
are asked first. Large cases are not asked: for what is about limits, a codec of low ones is tried
near them. Deadlines are of the processor's time: a busy machine kills nobody.

A change that an operator made in a function is asked the cases alone in which the codec calls it. It
is asked more of these: it is told, too, by a case for which the fast codec
leaves more to the strict one, or less, than the codec's does, and by what its other doors say.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from types import CodeType, FrameType, ModuleType
from typing import Any, NoReturn

from gdproto.conformance.cases import Case, is_large
from gdproto.conformance.judging import Question, judge, questions
from gdproto.conformance.judging.outcomes import Outcome
from gdproto.conformance.running.runner import introduced
from gdproto.conformance.running.testee import Json
from gdproto.conformance.testees.python import GdprotoTestee

from . import beside_c, careful, conveniences, doors, inside, walked
from .loading import loaded
from .mutant import LOW_LIMITS, Mutant, MutantError, Sources, limited, original
from .operated import Operated
from .wrapped import Wrapped

Broken = Mutant | Operated | Wrapped
Through = Callable[[ModuleType], Any]
# A name, what is done, what the codec says to it, and the functions that it calls for it.
Door = tuple[str, Through, Any, frozenset[str]]

# For one answer, in seconds of the processor.
DEADLINE_S = 0.5
DOOR_S = 3.0
# The package of a codec with low limits, which may stand beside another.
LIMITED = "gdproto_limited"
MAX_MEMORY_BYTES = 8 * 1024**3


class Late(BaseException):
    """The deadline of a case passed; no codec catches this."""


@dataclass(frozen=True)
class Asked:
    """A case, what is asked for it, and what the codec itself does.

    Attributes:
        answers: its answers.
        strict: how often its strict half was asked.
        calls: the functions that it called, as file and name.
    """

    case: Case
    questions: tuple[Question, ...]
    answers: tuple[Json, ...]
    strict: tuple[int, ...]
    calls: frozenset[str]


@dataclass(frozen=True)
class Score:
    """What became of one mutant.

    Attributes:
        killer: id of the case that told it from the codec, or what else did; empty if it lives.
        outcome: what that says of it.
    """

    mutant: str
    killer: str = ""
    outcome: str = ""


class Suite:
    """The cases, with the codec's own answers.

    Args:
        cases: by id.
        with_doors: whether it judges what operators made too.

    Raises:
        ValueError: the codec itself does not pass a case that is not large, or a door.
    """

    def __init__(self, cases: Mapping[str, Case], with_doors: bool = True) -> None:
        self._small: list[Asked] = []
        importing = Calls()
        with ExitStack() as stack:
            with importing:
                testee = stack.enter_context(codec(original()))
            self._declaration = introduced(testee.declaration()).declaration
            strict = StrictUse(testee.codec)
            for case in cases.values():
                self._add(case, testee, strict)
            self._doors = list(self._open_doors(testee, strict)) if with_doors else []
        self._imported = frozenset(importing.names)
        with codec(limited(), LIMITED) as testee:
            self._limits = _limits(testee)
        for told in self._limits[0]:
            _refuse_ended("low limits", told)

    def _add(self, case: Case, testee: GdprotoTestee, strict: StrictUse) -> None:
        asked = tuple(questions(case))
        if is_large(case):
            return
        answers, uses, calls = [], [], Calls()
        for question in asked:
            before = strict.count
            with calls:
                answers.append(answered(testee, question, DOOR_S))
            uses.append(strict.count - before)
            wrong = self._wrong(case, question, answers[-1])
            if wrong:
                raise ValueError(f"{case.id}: of this the codec itself makes: {wrong}")
        self._small.append(Asked(case, asked, tuple(answers), tuple(uses), frozenset(calls.names)))

    def score(self, mutant: Broken) -> Score:
        """Judge one mutant. Raises MutantError."""
        sources = mutant.sources()
        with ExitStack() as stack:
            try:
                testee = stack.enter_context(codec(sources))
            except SyntaxError as error:
                raise MutantError(f"{mutant.name}: it is no Python: {error}") from None
            except Exception as error:
                return Score(mutant.name, "import", type(error).__name__)
            if isinstance(mutant, Wrapped):
                mutant.wrap(testee.codec)
            return self._score(mutant, testee)

    def _score(self, mutant: Broken, testee: GdprotoTestee) -> Score:
        if not isinstance(mutant, Operated):
            killer = next(self._killers(testee), None)
        else:
            strict = StrictUse(testee.codec)
            # What is called when the codec is imported shows in any case.
            functions = mutant.functions
            functions = functions if functions.isdisjoint(self._imported) else frozenset()
            killer = (
                next(self._killers(testee, strict, functions), None)
                or self._door(testee, strict, functions)
                or (self._near_limits(mutant) if mutant.is_about_limits else None)
            )
        return Score(mutant.name, *(killer or ()))

    def _killers(
        self,
        testee: GdprotoTestee,
        strict: StrictUse | None = None,
        functions: frozenset[str] = frozenset(),
    ) -> Iterator[tuple[str, str]]:
        """The cases that the testee fails, and how."""
        for place, one in enumerate(self._small):
            if functions and functions.isdisjoint(one.calls):
                continue
            wrong = self._fails(one, testee, DEADLINE_S, strict)
            if wrong:
                self._small.insert(0, self._small.pop(place))
                yield one.case.id, wrong

    def _near_limits(self, mutant: Operated) -> tuple[str, str] | None:
        with codec(mutant.limited(), LIMITED) as testee:
            return None if _limits(testee) == self._limits else ("low limits", "door")

    def _fails(
        self, one: Asked, testee: GdprotoTestee, seconds: float, strict: StrictUse | None = None
    ) -> str:
        """What is wrong with the testee's answers; empty when nothing is."""
        for number, (question, right) in enumerate(zip(one.questions, one.answers, strict=True)):
            before = strict.count if strict else 0
            answer = answered(testee, question, seconds)
            wrong = "" if answer == right else self._wrong(one.case, question, answer)
            if wrong:
                return wrong
            if strict and strict.count - before != one.strict[number]:
                return "doubt"
        return ""

    def _door(
        self, testee: GdprotoTestee, strict: StrictUse, functions: frozenset[str]
    ) -> tuple[str, str] | None:
        """The first case that has other answers behind another door."""
        for place, (name, through, right, calls) in enumerate(self._doors):
            if functions and functions.isdisjoint(calls):
                continue
            if right != _told(through, testee, strict):
                self._doors.insert(0, self._doors.pop(place))
                return name, "door"
        return None

    def _open_doors(self, testee: GdprotoTestee, strict: StrictUse) -> Iterator[Door]:
        for name, through in (
            doors.APART
            | inside.APART
            | careful.APART
            | beside_c.APART
            | walked.APART
            | conveniences.APART
        ).items():
            yield self._opened(testee, strict, name, through)
        for one in self._small:
            yield self._opened(testee, strict, one.case.id, partial(doors.through, case=one.case))

    def _opened(
        self, testee: GdprotoTestee, strict: StrictUse, name: str, through: Through
    ) -> Door:
        calls = Calls()
        with calls:
            right = _told(through, testee, strict)
        _refuse_ended(name, right[0])
        return name, through, right, frozenset(calls.names)

    def _wrong(self, case: Case, question: Question, answer: Json) -> str:
        if "ended" in answer:
            return str(answer["ended"])
        outcome = judge(case, question, answer, self._declaration).outcome
        return "" if outcome in (Outcome.PASS, Outcome.UNSUPPORTED) else outcome.value


class StrictUse:
    """Counts how often a codec's fast ways are left: for its strict half, or for a slower one."""

    def __init__(self, codec: ModuleType) -> None:
        self.count = 0
        strict = sys.modules[f"{codec.__name__}.strict"]
        for name in ("decode", "Encoder"):
            setattr(strict, name, self._counted(getattr(strict, name)))
        for kind in codec.MESSAGE_CLASSES.values():
            kind._from_bytes = staticmethod(self._noted(kind._from_bytes))
            kind._write_payload = self._doubted(kind._write_payload)

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            return call(*arguments, **named)

        return counted

    def _noted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any) -> Any:
            message = None
            try:
                message = call(*arguments)
            finally:
                self.count += message is None
            return message

        return noted

    def _doubted(self, write: Callable[..., None]) -> Callable[..., None]:
        def doubted(*arguments: Any) -> None:
            try:
                write(*arguments)
            except Exception:
                self.count += 1
                raise

        return doubted


def _limits(testee: GdprotoTestee) -> Any:
    """What a codec with low limits says near them, and how often its strict half was asked."""
    strict = StrictUse(testee.codec)
    told = [
        deadlined(partial(door, testee.codec, LOW_LIMITS), DOOR_S)
        for door in (doors.near_limits, inside.near_limits)
    ]
    return told, strict.count


class Calls:
    """Notes the functions of a loaded codec that are called in the block, as file and name."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._codes: set[CodeType] = set()

    def __enter__(self) -> Calls:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        self.names |= {function_of(code) for code in self._codes}

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            self._codes.add(frame.f_code)


def function_of(code: CodeType) -> str:
    """The file and the function that the code is of; comprehensions are of that around them."""
    names = [one for one in code.co_qualname.split(".") if not one.startswith("<")]
    return f"{code.co_filename.strip('<>')} {'.'.join(names)}"


def _told(through: Through, testee: GdprotoTestee, strict: StrictUse) -> Any:
    """What comes out of the door, and how often the codec's fast ways were left for it."""
    before = strict.count
    return deadlined(lambda: through(testee.codec), DOOR_S), strict.count - before


def _refuse_ended(door: str, told: Any) -> None:
    """Raise ValueError where the codec itself gets no answer: then nothing could be told by it."""
    if isinstance(told, dict) and "ended" in told:
        raise ValueError(f"{door}: of this door the codec itself makes: {told['ended']}")


def answered(testee: GdprotoTestee, question: Question, seconds: float) -> Json:
    """The answer, or how the testee failed to give one."""
    found: Json = deadlined(lambda: testee.answer({"op": question.op, **question.fields}), seconds)
    return found


def deadlined(call: Callable[[], Any], seconds: float) -> Any:
    """What the call returns, or how it failed to, as the end of an answer."""
    try:
        with deadline(seconds):
            return call()
    except Late:
        return {"ended": Outcome.TIMEOUT.value}
    except Exception as error:
        return {"ended": f"{Outcome.CRASHED.value} ({type(error).__name__})"}


@contextmanager
def codec(sources: Sources, package: str = "gdproto_mutant") -> Iterator[GdprotoTestee]:
    """The codec of these sources as a testee."""
    with loaded(sources, package) as module:
        yield GdprotoTestee(module)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises Late in the block when the time has passed. In the main thread only."""

    def late(*_: object) -> NoReturn:
        raise Late

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


# What the processes that judge are forked with: a mutant holds functions, which cannot be sent.
_forked: tuple[Suite, Sequence[Broken]] | None = None


def scores(mutants: Sequence[Broken], cases: Mapping[str, Case], jobs: int = 0) -> Iterator[Score]:
    """Judge the mutants, in their order.

    Args:
        jobs: how many processes; 0 for one on each core.

    Raises:
        MutantError: one does not apply.
        ValueError: the codec itself does not pass a case.
    """
    global _forked
    _forked = Suite(cases, any(isinstance(one, Operated) for one in mutants)), mutants
    with ProcessPoolExecutor(jobs or os.cpu_count(), get_context("fork"), _limit_memory) as pool:
        yield from pool.map(_score, range(len(mutants)), chunksize=8)


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


def _score(number: int) -> Score:
    assert _forked is not None
    suite, mutants = _forked
    return suite.score(mutants[number])
