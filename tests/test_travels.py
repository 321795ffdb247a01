"""What the site shows of how calls travel: recorded frames, and the drawings of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import gdproto
from workshop.drawings import sequence, travel

RECORDED: dict[str, list[dict[str, Any]]] = json.loads(Path(travel.OUT).read_text())
# Who sends what to whom, in order: c(lient), a(rbiter), w(orker), and n for the next worker.
SCENES = {
    "call": "ca REQUEST, aw REQUEST, wa RESPONSE, ac RESPONSE",
    "cancel": "ca REQUEST, aw REQUEST, ca CANCEL, ac ERROR, aw CANCEL, wa RESPONSE",
    "reload": "ca REQUEST, aw REQUEST, ca MANAGE, ac RESPONSE, an STATUS, na RESPONSE, wa RESPONSE,"
    " ac RESPONSE",
}


def frames(lines: list[dict[str, Any]], source: str, target: str) -> list[bytes]:
    """What the one sent to the other."""
    return [
        bytes.fromhex(line["hex"])
        for line in lines
        if (line["from"], line["to"]) == (source, target) and "hex" in line
    ]


def told(line: dict[str, Any]) -> str:
    name = type(gdproto.parse(bytes.fromhex(line["hex"]))).__name__.upper()
    return f"{line['from'][0]}{line['to'][0]} {name}"


def by_connection(told: list[str]) -> dict[str, list[str]]:
    """What goes between the arbiter and one other, in order: that of two is by chance."""
    return {
        other: found
        for other in ("client", "worker", "next worker")
        if (found := [one for one in told if other[0] in one[:2]])
    }


def test_each_scene_is_recorded() -> None:
    assert RECORDED.keys() == travel.SCENES.keys()
    for name, expected in SCENES.items():
        sent = [told(line) for line in RECORDED[name] if "hex" in line]
        assert by_connection(sent) == by_connection(expected.split(", "))


@pytest.mark.parametrize("name", ["call", "stream"])
def test_the_arbiter_hands_on_the_same_bytes(name: str) -> None:
    lines = RECORDED[name]
    assert frames(lines, "client", "arbiter") == frames(lines, "arbiter", "worker") != []
    assert frames(lines, "worker", "arbiter") == frames(lines, "arbiter", "client") != []


def test_after_a_death_comes_an_error() -> None:
    *_, closed, last = RECORDED["death"]
    assert closed["ends"]
    assert closed["from"] == "worker"
    assert b"DirtyWorkerError" in bytes.fromhex(last["hex"])


def test_after_a_reload_the_worker_goes_and_the_next_one_is_there() -> None:
    lines = RECORDED["reload"]
    assert {line["from"] for line in lines if "ends" in line} == {"worker"}
    assert frames(lines, "worker", "arbiter") == frames(lines, "arbiter", "client")[1:] != []
    svg = sequence.svg(lines, "", "")
    assert ">next worker</text>" in svg
    assert ">next worker</text>" not in sequence.svg(RECORDED["call"], "", "")


@pytest.mark.parametrize("name", RECORDED)
def test_every_frame_is_drawn_and_opens_in_the_playground(name: str) -> None:
    lines = RECORDED[name]
    svg = sequence.svg(lines, "a < b", "../")
    assert 'aria-label="a &lt; b"' in svg
    for line in lines:
        assert f'<a href="../#hex={line.get("hex")}">' in svg or "ends" in line
    assert svg.count("marker-end") == 2
    assert svg.count('class="there"') + svg.count('class="back"') == svg.count("<a ")
