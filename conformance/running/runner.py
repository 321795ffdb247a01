"""The runner: asks a testee every case, and survives whatever it does.

Rules: all that is asked for a case has one time to be answered in; judging does not count. A testee
that ends, hangs or answers anything else than the contract permits is ended and started again for
the next case. Each job is a thread with a process of its own. Leaving the results early ends all
processes.
"""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from queue import SimpleQueue
from typing import Any

from gdproto.declaration import ROLES

from .. import judging
from ..cases import Case
from ..judging import Declaration, Question, Verdict, known_failures
from ..judging.known_failures import Entry
from ..judging.outcomes import Outcome, Result, Run, worst
from .process import NoAnswer, Process, last_lines
from .testee import CONTRACT, OPERATIONS, Json

# Enough for a million pairs on a busy machine.
TIMEOUT_S = 30.0
# What a start gets at least: to load a runtime may take longer than any answer.
START_S = 10.0
# A testee that gives no answer so often in a row is not asked on.
GIVE_UP_AFTER = 10
START_TRIES = 3


class RunError(Exception):
    """The testee cannot be judged; one line says why, and `words` are its last on stderr."""

    def __init__(self, reason: str, words: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.words = words


@dataclass(frozen=True)
class Introduction:
    """What a testee answered to start."""

    name: str
    said: Json
    declaration: Declaration
    skips: Mapping[str, str]

    def skip(self, case: str) -> str:
        """Why the case must not be asked; empty when it may."""
        reasons = (reason for glob, reason in self.skips.items() if fnmatchcase(case, glob))
        return next(reasons, "")


def introduced(said: Json) -> Introduction:
    """The answer to start, checked. Raises RunError."""
    if said.get("do") == "start":
        raise RunError("it sends back what it was sent: that is no testee")
    if said.get("contract") != CONTRACT:
        raise RunError(f"it speaks contract {said.get('contract')!r}, not {CONTRACT}")
    for name in ("name", "language", "version"):
        if not (isinstance(said.get(name), str) and said[name]):
            raise RunError(f"its answer to start has no text {name}")
    try:
        for number, one in enumerate(said.get("skips", ())):
            for name in ("id", "reason"):
                if not one.get(name):
                    raise RunError(f"its answer to start: skips[{number}] has no {name}")
        skips = {one["id"]: str(one["reason"]) for one in said.get("skips", ())}
        declaration = Declaration(
            frozenset(said.get("operations", ())),
            frozenset(said.get("roles", ())),
            frozenset(said.get("reports", judging.PARTS)),
            {name: int(limit) for name, limit in said.get("limits", {}).items()},
            dict(said.get("policies", {})),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"its answer to start is not of the contract's form: {error!r}") from None
    unknown = declaration.operations.difference(OPERATIONS)
    unknown |= declaration.reports.difference(judging.PARTS)
    unknown |= declaration.limits.keys() - judging.LIMITS
    unknown |= declaration.roles.difference(ROLES)
    unknown |= declaration.policies.keys() - judging.POLICIES
    if unknown:
        raise RunError(f"it declares {min(unknown)}, which is nothing of the contract")
    for policy, answer in declaration.policies.items():
        if answer not in judging.POLICIES[policy]:
            answers = ", ".join(sorted(judging.POLICIES[policy]))
            raise RunError(f"it declares {answer} for {policy}, which is answered by {answers}")
    if not declaration.operations:
        raise RunError("it declares no operation")
    return Introduction(said["name"], said, declaration, skips)


class Runner:
    """One run of a testee; a context manager that ends its processes.

    Args:
        command: program and arguments.
        cases: what is asked.
        known: the list of known failures.
        everything: all cases by id, where `cases` are some of them.
        timeout_s: for the answers to a case, in seconds; a start has START_S at least.
        jobs: how many processes work at once.

    Attributes:
        introduction: how the testee introduced itself.
        complaints: after the results, what is wrong beside single cases.

    Raises:
        RunError: the testee does not start.
    """

    def __init__(
        self,
        command: Sequence[str],
        cases: Iterable[Case],
        *,
        known: Sequence[Entry] = (),
        everything: Mapping[str, Case] | None = None,
        timeout_s: float = TIMEOUT_S,
        jobs: int = 1,
    ) -> None:
        self.cases = tuple(cases)
        self.known = known
        self.everything = everything or {case.id: case for case in self.cases}
        self.complaints: list[str] = []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self._results: list[Result] = []
        self._codes = {case.id: case.error["code"] for case in self.cases if case.error}
        self._carried_out = dict.fromkeys(OPERATIONS, False)
        self._asked: set[str] = set()
        self._silences = 0
        self._threads: list[threading.Thread] = []
        self._workers = [_Worker(self, command, timeout_s) for _ in range(max(1, jobs))]
        try:
            self.introduction = self._workers[0].start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes, and who waits for them."""
        self.stopping.set()
        for worker in self._workers:
            worker.kill()
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.drop()

    def results(self) -> Iterator[Result]:
        """Every case's result, as it comes. Raises RunError where it is no use to go on."""
        waiting = iter(self.cases)
        queue: SimpleQueue[Result | BaseException | None] = SimpleQueue()
        for worker in self._workers:
            self._threads.append(threading.Thread(target=worker.work, args=(waiting, queue)))
            self._threads[-1].start()
        working = len(self._threads)
        try:
            while working:
                item = queue.get()
                if isinstance(item, Result):
                    yield self._noted(item)
                elif item is None:
                    working -= 1
                else:
                    raise item
        finally:
            self.close()
        self._conclude()

    def _noted(self, result: Result) -> Result:
        code = self._codes.get(result.case, "")
        result = known_failures.excuse(result, self.known, code)
        self._results.append(result)
        return result

    def _conclude(self) -> None:
        complete = len(self.cases) == len(self.everything)
        self.complaints += known_failures.stale(self.known, self._results, complete, self._codes)
        for operation in sorted(self._asked) if complete else ():
            if not self._carried_out[operation]:
                self.complaints.append(f"declares {operation}, and never carries it out")

    def note_answer(self, op: str, verdict: Verdict) -> None:
        """An answer came."""
        with self.lock:
            self._silences = 0
            self._asked.add(op)
            self._carried_out[op] |= verdict.outcome is not Outcome.UNSUPPORTED

    def note_silence(self) -> None:
        """A deadline passed. Raises RunError after too many in a row."""
        with self.lock:
            self._silences += 1
            if self._silences >= GIVE_UP_AFTER:
                raise RunError(f"gave up: no answer to {GIVE_UP_AFTER} cases in a row")


class _Worker:
    """One job: a process, and what is asked of it. Its methods are called by one thread."""

    def __init__(self, runner: Runner, command: Sequence[str], timeout_s: float) -> None:
        self.runner = runner
        self.command = command
        self.timeout_s = timeout_s
        self.left_s = timeout_s
        self.process: Process | None = None

    def start(self) -> Introduction:
        """Start the process. Raises RunError after a few tries."""
        for left in reversed(range(START_TRIES)):
            try:
                self.process = Process(self.command)
                if self.runner.stopping.is_set():
                    self.process.kill()
                command = {"do": "start", "contract": CONTRACT}
                limit_s = max(self.timeout_s, START_S)
                said = self.process.ask(command, time.monotonic() + limit_s)
                said.pop("n")
                return introduced(said)
            except OSError as error:
                raise RunError(f"cannot start {self.command[0]}: {error.strerror}") from None
            except NoAnswer as error:
                words = last_lines(self.drop())
                hangs = error.outcome is Outcome.TIMEOUT
                if hangs or not left or self.runner.stopping.is_set():
                    last = f": {words[-1]}" if words else ""
                    raise RunError(f"it does not start: {error.reason}{last}", words[:-1]) from None
        raise AssertionError("the last try returns or raises")

    def drop(self) -> str:
        """End the process; returns the end of its stderr."""
        process, self.process = self.process, None
        if process is None:
            return ""
        process.close()
        return process.stderr

    def kill(self) -> None:
        """End the process; may be called by another thread."""
        process = self.process
        if process is not None:
            process.kill()

    def work(self, waiting: Iterator[Case], queue: SimpleQueue[Any]) -> None:
        """Put a result for each case that this worker gets, then None, or what it died of."""
        try:
            while not self.runner.stopping.is_set():
                with self.runner.lock:
                    case = next(waiting, None)
                if case is None:
                    break
                queue.put(self.judge(case))
            if self.process is not None and not self.runner.stopping.is_set():
                complaint = self.process.stop()
                self.runner.complaints += [complaint] if complaint else []
        except BaseException as error:
            queue.put(error)
        finally:
            self.drop()
            queue.put(None)

    def judge(self, case: Case) -> Result:
        """The case's result."""
        if self.process is None:
            self.start()
        began = time.monotonic()
        introduction = self.runner.introduction
        result = Result(introduction.name, case.id, case.requires, case.level, Outcome.UNSUPPORTED)
        why = introduction.skip(case.id) or judging.beyond_limits(
            case, self.runner.everything, introduction.declaration
        )
        result = replace(result, reason=why) if why else self._asked(case, result)
        return replace(result, seconds=time.monotonic() - began)

    def _asked(self, case: Case, result: Result) -> Result:
        self.left_s = self.timeout_s
        reasons: dict[str, None] = {}
        outcomes = []
        for question in judging.questions(case):
            try:
                answer, verdict = self._ask(case, question)
            except NoAnswer as error:
                told = replace(_told(result, question), outcome=error.outcome, reason=error.reason)
                told = replace(told, stderr=self.drop())
                if error.outcome is Outcome.TIMEOUT:
                    self.runner.note_silence()
                return told
            is_first = verdict.outcome not in outcomes
            outcomes.append(verdict.outcome)
            is_told = is_first and verdict.outcome is not Outcome.PASS
            if is_told and verdict.outcome is worst(outcomes):
                result = replace(_told(result, question), got=answer, stderr=self._words(verdict))
            if verdict.reason:
                reasons[f"{question.op}: {verdict.reason}"] = None
            if case.kind == "stream" and verdict.outcome is Outcome.FAIL:
                break
        unjudged = judging.unjudged(case, self.runner.introduction.declaration)
        reason = "; ".join(reasons)
        return replace(result, outcome=worst(outcomes), reason=reason, unjudged=unjudged)

    def _ask(self, case: Case, question: Question) -> tuple[Json, Verdict]:
        declaration = self.runner.introduction.declaration
        if why := judging.unsupported(question, declaration):
            return {}, Verdict(Outcome.UNSUPPORTED, why)
        assert self.process is not None
        command = {"do": "run", "id": case.id, "op": question.op, **question.fields}
        began = time.monotonic()
        answer = self.process.ask(command, began + self.left_s)
        self.left_s -= time.monotonic() - began
        answer.pop("n")
        verdict = judging.judge(case, question, answer, declaration)
        self.runner.note_answer(question.op, verdict)
        return answer, verdict

    def _words(self, verdict: Verdict) -> str:
        failed = verdict.outcome is Outcome.FAIL and self.process is not None
        return self.process.stderr if failed and self.process else ""


def _told(result: Result, question: Question) -> Result:
    asked = {"op": question.op, **question.fields}
    return replace(result, asked=asked, expected=dict(question.expected))


def again(command: str) -> str:
    """The command that runs the suite against the testee that `command` starts."""
    return f"gdproto conformance run --testee {shlex.quote(command)}"


def judged(
    command: Sequence[str],
    cases: Mapping[str, Case],
    *,
    known: Sequence[Entry] = (),
    jobs: int = 2,
    timeout_s: float = TIMEOUT_S,
) -> Run:
    """A whole run at once. Raises RunError."""
    with Runner(command, cases.values(), known=known, jobs=jobs, timeout_s=timeout_s) as runner:
        results = {one.case: one for one in runner.results()}
        name = runner.introduction.name
        said = runner.introduction.said
        return Run(name, results, said, again(shlex.join(command)), runner.complaints)
