"""Attacks by many who wait for one thing, by what many get at one moment, and by much at once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import gdproto
from dirty_runtime import StashClient
from gdproto import ManageOp, StashOp

from .attacks import MANY, MIB, Stage, attack, filled, stash, waited
from .peers import LIMIT_S, Attacker

# Questions of a connection that wait.
EACH = 900
# How long they do, until the same moment: as long as it takes to send all of them.
WAIT_S, SHORT_S = 4.0, 0.3
# A question that waits for so many seconds, with that number.
Ask = Callable[[int, float], bytes]


@contextlib.contextmanager
def connected(stage: Stage, count: int) -> Iterator[list[Attacker]]:
    """So many connections."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(stage.attacker()) for _ in range(count)]


def watch(stage: Stage, table: str, pattern: str | None = None) -> Ask:
    """Ask for what changes in the table from now on."""
    with StashClient(stage.arbiter.socket_path, LIMIT_S) as client:
        after = client.changes(table)["next"]

    def ask(number: int, wait_s: float) -> bytes:
        asked = gdproto.Stash(number, int(StashOp.CHANGES), table, pattern=pattern, after=after)
        asked.wait = wait_s
        return asked.to_bytes()

    return ask


def pop(number: int, wait_s: float) -> bytes:
    asked = gdproto.Stash(number, int(StashOp.POP_LEFT), "w", "over")
    asked.wait = wait_s
    return asked.to_bytes()


@attack("9,000 watch one table, of which a key changes that all of them look for")
def told_together(stage: Stage) -> None:
    ask = watch(stage, "told", "*[k]*")
    with waited(stage, lambda number: ask(number, LIMIT_S)) as waiting, stage.watched():
        stage.do([stash(StashOp.PUT, "told", "key", 1)], 1)
        for one in waiting:
            one.take(EACH)


@attack("1,000 changes that 50 connections ask for 20 times each")
def all_changes(stage: Stage) -> None:
    ask, count = watch(stage, "changed"), stage.few(1000, 100)
    stage.do([stash(StashOp.PUT, "changed", number, 1) for number in range(count)], count)
    with connected(stage, stage.few(50, 5)) as attackers, stage.watched():
        for one in attackers:
            one.send(ask(number, 0) for number in range(1, 21))
        for one in attackers:
            one.take(20)


def over_together(stage: Stage, ask: Ask) -> None:
    """The time of all is over at one moment."""
    end_s = time.monotonic() + (SHORT_S if stage.quick else WAIT_S)

    def left_s() -> float:
        return max(0.0, end_s - time.monotonic())

    with connected(stage, stage.few(10, 2)) as waiting:
        for one in waiting:
            one.send(ask(number, left_s()) for number in range(1, EACH + 1))
            # Answered behind all of them.
            one.strike([stash(StashOp.LENGTH, "w", "l", number=1000)], 1)
        with stage.watched():
            for one in waiting:
                one.take(EACH)


@attack("9,000 POPs of one list, whose time is over at one moment")
def pops_over(stage: Stage) -> None:
    over_together(stage, pop)


@attack("9,000 watch one table, and their time is over at one moment")
def watches_over(stage: Stage) -> None:
    over_together(stage, watch(stage, "over"))


@attack("PUT_MANY and GET_MANY of a million keys, and of 60 MiB")
def many(stage: Stage) -> None:
    many_pairs = [[number, None] for number in range(stage.few(1_000_000))]
    large_pairs = [[number, bytes(stage.few(3) * MIB)] for number in range(16)]
    with stage.attacker() as attacker, stage.watched():
        for pairs in (many_pairs, large_pairs):
            keys = [key for key, _ in pairs]
            for op, value in (
                (StashOp.PUT_MANY, pairs),
                (StashOp.GET_MANY, keys),
                (StashOp.GET_MANY, keys[:1] * len(keys)),
                (StashOp.GET_MANY, [*keys[1:], ["at fault"]]),
                (StashOp.PUT_MANY, [*pairs[1:], "at fault"]),
            ):
                attacker.strike([stash(op, "many", value=value)], 1)
        attacker.strike([stash(StashOp.DELETE_TABLE, "many")], 1)


@attack("pages of a table of 300,000 that changes and is cleared, by 20 connections")
def pages(stage: Stage) -> None:
    count = stage.few(MANY)
    filled(stage, "pages", count)

    def every(op: StashOp, step: int, start: int) -> list[bytes]:
        numbers = range(start, count, step)
        return [stash(op, "pages", f"key:{n:07d}", number=1 + n % 1000) for n in numbers]

    with connected(stage, stage.few(20, 4)) as attackers, stage.watched():
        for one in attackers:
            one.send(
                stash(StashOp.PAGE, "pages", pattern="*[0-4]*[5-9]", number=n) for n in range(1, 51)
            )
        with stage.attacker() as other:
            for start in range(stage.few(20, 2)):
                frames = every(StashOp.PUT, 501, start) + every(StashOp.DELETE, 499, start)
                other.strike(frames, len(frames))
            other.strike([stash(StashOp.CLEAR, "pages")], 1)
        for one in attackers:
            one.take(50)


@attack("MANAGE of 64 workers, of one, of reloads and of lists, 300 times by each of 10",
        "--max-workers", "64")  # fmt: skip
def storms(stage: Stage) -> None:
    orders = [(ManageOp.SET, stage.few(64, 2)), (ManageOp.SET, 1), (ManageOp.RELOAD, 1)]
    orders.append((ManageOp.CALLS, 1))
    each = stage.few(300, 8)
    with connected(stage, stage.few(10, 2)) as attackers, stage.watched():
        for one in attackers:
            one.send(
                gdproto.Manage(number, int(op), count).to_bytes()
                for number in range(1, each + 1)
                for op, count in [orders[number % len(orders)]]
            )
        for one in attackers:
            one.take(each)
    stage.arbiter.wait_ready()
