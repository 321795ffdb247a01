"""Judging a peer: plays the scripts of its role, and makes a result of each.

Rules: scripts that do not disturb others run together, on connections or processes of their own;
the others afterwards, one at a time. Each leaves a transcript. A bug of a script is no result: it
is raised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ..judging.outcomes import Outcome, Result
from .script import Crashed, Script, Unsupported
from .stages import ArbiterStage, ClientStage, Stage, Terms, WorkerStage
from .transcript import Transcript
from .wire import Mismatch, NothingCame

TOGETHER = 8
RECOMMENDED = ("SHOULD", "SHOULD NOT", "MAY")


@dataclass(frozen=True)
class Peer:
    """Who is judged.

    Attributes:
        name: for the results.
        role: arbiter, worker or client.
        address: the arbiter's socket, or the command that starts the worker or the client.
    """

    name: str
    role: str
    address: str

    def stage(self, terms: Terms, transcript: Transcript) -> Stage:
        """A stage on which this peer is met."""
        if self.role == "arbiter":
            return ArbiterStage(terms, transcript, socket_path=self.address)
        if self.role == "worker":
            return WorkerStage(terms, transcript, command=self.address)
        return ClientStage(terms, transcript, command=self.address)


def judged(
    peer: Peer,
    scripts: Iterable[Script],
    terms: Terms,
    transcripts: Path | None = None,
    together: int = TOGETHER,
) -> Iterator[Result]:
    """The result of each script, as it is there.

    Args:
        transcripts: the folder where they are written; None for nowhere.
        together: how many scripts run at once.
    """

    def play(script: Script) -> Result:
        return played(peer, script, terms, transcripts)

    chosen = list(scripts)
    threads = ThreadPoolExecutor(together)
    try:
        yield from threads.map(play, [one for one in chosen if not one.alone])
        yield from map(play, [one for one in chosen if one.alone])
    finally:
        # Whoever has seen enough does not wait for the rest.
        threads.shutdown(cancel_futures=True)


def played(peer: Peer, script: Script, terms: Terms, transcripts: Path | None = None) -> Result:
    """Play one script."""
    transcript = Transcript(script.id, script.role)
    began_s = time.monotonic()

    def result(
        outcome: Outcome, reason: str = "", expected: str | None = None, got: str | None = None
    ) -> Result:
        seconds = time.monotonic() - began_s
        level, requires = script.level, script.requires
        return Result(
            peer.name, script.id, requires, level, outcome, expected, got, None, seconds, reason
        )

    try:
        return _outcome(peer, script, terms, transcript, result)
    finally:
        if transcripts is not None:
            transcript.write(transcripts / f"{script.id}.jsonl")


def _outcome(
    peer: Peer,
    script: Script,
    terms: Terms,
    transcript: Transcript,
    result: Callable[..., Result],
) -> Result:
    missed = Outcome.NON_STRICT if script.level in RECOMMENDED else None
    try:
        with closing(peer.stage(terms, transcript)) as stage:
            script.play(stage)
            lapses = "; ".join(dict.fromkeys(stage.lapses))
        return result(Outcome.NON_STRICT if lapses else Outcome.PASS, lapses)
    except NothingCame as error:
        return result(missed or Outcome.TIMEOUT, str(error), error.expected, error.got)
    except Mismatch as error:
        return result(missed or Outcome.FAIL, str(error), error.expected, error.got)
    except Unsupported as error:
        return result(Outcome.UNSUPPORTED, str(error))
    except Crashed as error:
        return result(Outcome.CRASHED, str(error))
