"""Attacks on what gathers calls: by keys that nobody else has, and by calls that are given up."""

from __future__ import annotations

import threading

import gdproto

from .attacks import MIB, Stage, attack
from .crowds import connected
from .facts import rss_mb
from .peers import Attacker

BATCHED = "tests.acceptance.app:Batched"
OPTIONS = ("--app", BATCHED, "--timeout", "0")
# What a worker takes for a while.
SLACK_MB = 96


def call(number: int, key: object, seconds: float = 0.0) -> bytes:
    return gdproto.Request(number, BATCHED, "by_key", ([key, seconds],)).to_bytes()


def given_up(one: Attacker, count: int) -> None:
    """Call and cancel so often, each with a key of its own: each is answered once."""
    frames = (
        call(number, f"{number}") + gdproto.Cancel(number).to_bytes()
        for number in range(1, count + 1)
    )
    one.strike(frames, count)


@attack("batches: 20,000 calls with a key of their own, each given up at once, of 10", *OPTIONS)
def cancelled(stage: Stage) -> None:
    with connected(stage, 10) as attackers, stage.watched(calls=True):
        threads = [
            threading.Thread(target=given_up, args=(one, stage.few(20_000, 100)))
            for one in attackers
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()


@attack("batches: 300 calls with a key of 1 MiB of their own, while one always waits", *OPTIONS)
def keys(stage: Stage) -> None:
    count, few = stage.few(300, 8), 2
    pids = stage.arbiter.pids()
    with connected(stage, few) as attackers, stage.watched():
        before_mb = max(map(rss_mb, pids))

        def strike(one: Attacker) -> None:
            for number in range(1, count + 1):
                key = f"{number}{id(one)}".ljust(stage.few(MIB))
                one.strike([call(number, key, 0.005)], 1)

        threads = [threading.Thread(target=strike, args=(one,)) for one in attackers]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert max(map(rss_mb, pids)) < before_mb + SLACK_MB
