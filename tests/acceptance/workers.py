"""Attacks by workers: what they tell their arbiter beside their answers."""

from __future__ import annotations

import gdproto
from gdproto import ManageOp

from .attacks import APP, Stage, attack


def traced(stage: Stage, line: str, count: int) -> None:
    frame = gdproto.Request(1, APP, "trace", (line, stage.few(count))).to_bytes()
    with stage.attacker() as attacker, stage.watched():
        attacker.strike([frame], 1)


@attack("a worker that writes 10,000,000 empty lines on its trace")
def empty_lines(stage: Stage) -> None:
    traced(stage, "", 10_000_000)


@attack("a worker that asks 1,000,000 times to leave")
def leaves(stage: Stage) -> None:
    traced(stage, "leave x", 1_000_000)
    stage.arbiter.wait_ready()
    assert stage.arbiter.log.read_text().count("asks to be replaced: x") < 5


@attack("a worker that tells of 1,000,000 files")
def files(stage: Stage) -> None:
    traced(stage, "source /a", 1_000_000)


@attack("a worker that pours what it is asked for: where it stands", "--threads", "2")
def stacks(stage: Stage) -> None:
    frame = gdproto.Request(1, APP, "pour_stacks", (stage.few(4) / 2,)).to_bytes()
    with stage.attacker() as attacker, stage.attacker() as asks, stage.watched():
        attacker.send([frame])
        for number in range(1, 5):
            asks.strike([gdproto.Manage(number, int(ManageOp.STACKS)).to_bytes()], 1)
        attacker.take(1)
