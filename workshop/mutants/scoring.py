"""Which cases tell a mutant from the codec.

Rules: a mutant is a testee like any other, in this process. It is asked in turns: the cases of the
kind that its change is about, then the others; the turn in which it dies is its last. The large
cases, which take longest, are for those alone that say so. It dies of a case that it does not pass
as the codec does; a recommendation that it misses counts too. Several processes judge at once.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, NoReturn

from gdproto.conformance.cases import Case
from gdproto.conformance.judging import Question, judge, questions
from gdproto.conformance.judging.outcomes import Outcome
from gdproto.conformance.running.runner import introduced
from gdproto.conformance.running.testee import Json
from gdproto.conformance.testees.python import GdprotoTestee

from .loading import loaded
from .mutant import Mutant, Sources, original

# A case with a part that repeats so often is a large one.
LARGE = 100_000
# For one answer, on a machine that is busy.
DEADLINE_S = 5.0
LARGE_DEADLINE_S = 60.0
MAX_MEMORY_BYTES = 8 * 1024**3


class Late(BaseException):
    """The deadline of a case passed; no codec catches this."""


@dataclass(frozen=True)
class Asked:
    """A case, what is asked for it, and the codec's own answers, which large ones lack."""

    case: Case
    questions: tuple[Question, ...]
    answers: tuple[Json | None, ...]


@dataclass(frozen=True)
class Score:
    """What became of one mutant.

    Attributes:
        killers: ids of the cases that told it from the codec, in one turn; none if it lives.
        outcome: what the first of them says of it.
    """

    mutant: str
    killers: tuple[str, ...] = ()
    outcome: str = ""


class Suite:
    """The cases, with the codec's own answers.

    Args:
        cases: by id.

    Raises:
        ValueError: the codec itself does not pass a case that is not large.
    """

    def __init__(self, cases: Mapping[str, Case]) -> None:
        self._small: list[Asked] = []
        self._large: list[Asked] = []
        with codec(original()) as testee:
            self._declaration = introduced(testee.declaration()).declaration
            for case in cases.values():
                self._add(case, testee)
        # What is refused is refused soon, and frames hold one large value at most.
        self._large.sort(key=lambda one: (one.case.result != "invalid", one.case.kind == "value"))

    def _add(self, case: Case, testee: GdprotoTestee) -> None:
        asked = tuple(questions(case))
        if any(largest_repeat(question.fields) >= LARGE for question in asked):
            self._large.append(Asked(case, asked, (None,) * len(asked)))
            return
        answers = tuple(answered(testee, question, LARGE_DEADLINE_S) for question in asked)
        self._small.append(Asked(case, asked, answers))
        for question, answer in zip(asked, answers, strict=True):
            wrong = self._wrong(case, question, answer)
            if wrong:
                raise ValueError(f"{case.id}: of this the codec itself makes: {wrong}")

    def score(self, mutant: Mutant) -> Score:
        """Judge one mutant. Raises MutantError."""
        with codec(mutant.sources()) as testee:
            for turn in self._turns(mutant.area):
                killers = dict(self._killers(turn, testee))
                if killers:
                    return Score(mutant.name, tuple(killers), next(iter(killers.values())))
        return Score(mutant.name)

    def _turns(self, area: str) -> Iterator[list[Asked]]:
        if area == "large":
            yield self._large
        yield [one for one in self._small if one.case.kind == area]
        yield [one for one in self._small if one.case.kind != area]

    def _killers(self, turn: list[Asked], testee: GdprotoTestee) -> Iterator[tuple[str, str]]:
        """The cases that the testee fails, and how; up to the first where that takes long."""
        large = turn is self._large
        for one in turn:
            wrong = self._fails(one, testee, LARGE_DEADLINE_S if large else DEADLINE_S)
            if wrong:
                yield one.case.id, wrong
                if large or wrong == Outcome.TIMEOUT.value:
                    return

    def _fails(self, one: Asked, testee: GdprotoTestee, seconds: float) -> str:
        """What is wrong with the testee's answers; empty when nothing is."""
        for question, right in zip(one.questions, one.answers, strict=True):
            answer = answered(testee, question, seconds)
            wrong = "" if answer == right else self._wrong(one.case, question, answer)
            if wrong:
                return wrong
        return ""

    def _wrong(self, case: Case, question: Question, answer: Json) -> str:
        if "ended" in answer:
            return str(answer["ended"])
        outcome = judge(case, question, answer, self._declaration).outcome
        return "" if outcome in (Outcome.PASS, Outcome.UNSUPPORTED) else outcome.value


def answered(testee: GdprotoTestee, question: Question, seconds: float) -> Json:
    """The answer, or how the testee failed to give one."""
    try:
        with deadline(seconds):
            return testee.answer({"op": question.op, **question.fields})
    except Late:
        return {"ended": Outcome.TIMEOUT.value}
    except Exception as error:
        return {"ended": f"{Outcome.CRASHED.value} ({type(error).__name__})"}


def largest_repeat(node: Any) -> int:
    """The largest number of times that a part of the JSON is repeated."""
    if isinstance(node, Mapping):
        here = int(node["times"]) if "times" in node else 0
        return max([here, *map(largest_repeat, node.values())])
    if isinstance(node, list | tuple):
        return max(map(largest_repeat, node), default=0)
    return len(node) if isinstance(node, str) else 0


@contextmanager
def codec(sources: Sources) -> Iterator[GdprotoTestee]:
    """The codec of these sources as a testee."""
    with loaded(sources) as module:
        yield GdprotoTestee(module)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises Late in the block when the time has passed. In the main thread only."""

    def late(*_: object) -> NoReturn:
        raise Late

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# What the processes that judge are forked with: a mutant holds functions, which cannot be sent.
_forked: tuple[Suite, Sequence[Mutant]] | None = None


def scores(mutants: Sequence[Mutant], cases: Mapping[str, Case], jobs: int = 0) -> Iterator[Score]:
    """Judge the mutants, in their order.

    Args:
        jobs: how many processes; 0 for one on each core.

    Raises:
        MutantError: one does not apply.
        ValueError: the codec itself does not pass a case.
    """
    global _forked
    _forked = Suite(cases), mutants
    with ProcessPoolExecutor(jobs or os.cpu_count(), get_context("fork"), _limit_memory) as pool:
        yield from pool.map(_score, range(len(mutants)))


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


def _score(number: int) -> Score:
    assert _forked is not None
    suite, mutants = _forked
    return suite.score(mutants[number])
