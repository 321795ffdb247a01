"""Load on an app: when calls begin, what is told of them, the knee, the model; and a real run.

The model is held against what books say exactly of M/M/c, and elsewhere against a queue that is
gone through call by call.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Iterator, Sequence
from heapq import heapreplace
from itertools import pairwise
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.console import Console

from dirty_runtime import DirtyError
from dirty_runtime.bench import driving, model
from dirty_runtime.bench.arrivals import poisson
from dirty_runtime.bench.drawing import draw
from dirty_runtime.bench.picture import HEIGHT, WIDTH, svg
from dirty_runtime.bench.report import Bench, Room, bench, doubling
from dirty_runtime.bench.steps import Done, knee, step_of
from dirty_runtime.bench.times import as_few, percentile, times_of
from dirty_runtime.cli import group
from dirty_runtime.testing import Arbiter

from .processes import ROOT, serving

RESTS = "tests.dirty_runtime.resting:Rests"
CAPACITY = ROOT / "docs" / "guides" / "capacity.md"
TIMES = st.lists(st.floats(0, 1e3), min_size=1, max_size=300)
# Those of an exponential distribution whose mean is 1.
EXPONENTIAL = [-math.log(1 - (part + 0.5) / 1000) for part in range(1000)]


# --- pure: arrivals, times, steps, the knee ---


@given(st.floats(0.1, 500), st.floats(0.1, 3), st.integers(0, 2**32))
def test_arrivals_ascend_and_end(rate: float, duration_s: float, seed: int) -> None:
    arrivals = list(poisson(rate, duration_s, Random(seed)))
    assert arrivals == sorted(arrivals)
    assert all(0 < at_s < duration_s for at_s in arrivals)


def test_arrivals_know_nothing_of_each_other() -> None:
    arrivals = list(poisson(1000.0, 20.0, Random(5)))
    gaps = [later - sooner for sooner, later in pairwise(arrivals)]
    assert len(arrivals) == pytest.approx(20_000, abs=5 * math.sqrt(20_000))
    # Exponential gaps are as wide as they are long, and none depends on the one before.
    assert statistics.stdev(gaps) == pytest.approx(statistics.mean(gaps), rel=0.05)
    assert abs(statistics.correlation(gaps[1:], gaps[:-1])) < 0.05


@given(TIMES, st.floats(0, 100))
def test_a_percentile_was_measured_and_is_the_least_that_will_do(
    times: list[float], percent: float
) -> None:
    found = percentile(sorted(times), percent)
    within = sum(1 for time_s in times if time_s <= found) * 100 / len(times)
    below = sum(1 for time_s in times if time_s < found) * 100 / len(times)
    assert found in times
    assert below - 1e-9 <= percent <= within + 1e-9


@given(TIMES)
def test_what_is_told_of_times_is_in_order(times: list[float]) -> None:
    told = times_of(times)
    assert told is not None
    assert told.p50 <= told.p95 <= told.p99 <= told.longest == max(times)
    assert min(times) - 1e-9 <= told.mean <= max(times) + 1e-9
    assert told.calls == len(times)


def test_a_call_that_began_late_has_waited() -> None:
    step = step_of([Done(0.0, 5.0, 6.0), Done(1.0, 1.0, 2.0, "DirtyTimeoutError")], offered=2.0)
    assert step.times is not None
    assert (step.times.calls, step.times.longest) == (1, 6.0)
    assert (step.failed, step.late) == ({"DirtyTimeoutError": 1}, 5.0)
    assert step.rate == pytest.approx(1 / 6)


@given(st.integers(1, 40), st.floats(1e-4, 10))
def test_the_knee_of_clients_is_at_the_places(places: int, service_s: float) -> None:
    # Up to the places each client is served at once; from there on they wait in turns.
    steps = []
    for clients in doubling(4 * places, places):
        took_s = service_s * max(1.0, clients / places)
        steps.append(step_of([Done(0.0, 0.0, took_s)] * clients, clients=clients))
    found = knee(steps)
    assert found is not None
    assert found.clients == places


def test_the_knee_of_one_queue_is_where_books_have_it() -> None:
    # Of M/M/1 the mean is 1 / (1 - load): most is had for its waiting at a half.
    steps = []
    for tenths in range(1, 10):
        calls = [Done(0.0, 0.0, 1 / (1 - tenths / 10))]
        steps.append(step_of(calls, offered=tenths / 10)._replace(rate=tenths / 10))
    found = knee(steps)
    assert found is not None
    assert found.offered == 0.5


def test_a_knee_needs_answers() -> None:
    assert knee([step_of([Done(0.0, 0.0, 1.0, "DirtyError")], clients=1)]) is None


@given(st.integers(1, 500), st.integers(1, 100))
def test_clients_double_to_the_most(most: int, places: int) -> None:
    counts = doubling(most, places)
    assert counts == sorted(set(counts))
    assert (counts[0], counts[-1]) == (1, most)
    assert places in counts or places > most
    assert all(later <= 2 * sooner for sooner, later in pairwise(counts))


# --- pure: the model ---


def waits_in_books(places: int, load: float) -> float:
    """The part of calls that wait in M/M/c, summed as Erlang has it."""
    terms = [load**count / math.factorial(count) for count in range(places)]
    last = load**places / math.factorial(places) / (1 - load / places)
    return last / (math.fsum(terms) + last)


def later_in_books(places: int, load: float, time_s: float) -> float:
    """The part of calls that take longer in M/M/c, with services of 1."""
    waits, ends = waits_in_books(places, load), places - load
    late = (math.exp(-time_s) - math.exp(-ends * time_s)) / (ends - 1)
    return math.exp(-time_s) + waits * late


@pytest.mark.parametrize(
    ("places", "part"), [(1, 0.5), (1, 0.8), (2, 0.7), (4, 0.8), (16, 0.9), (100, 0.95)]
)
@pytest.mark.parametrize("time_s", [0.5, 2.0, 4.0])
def test_the_model_is_what_books_say(places: int, part: float, time_s: float) -> None:
    services = [-math.log(1 - (number + 0.5) / 4_000) for number in range(4_000)]
    rate = part * places
    said = later_in_books(places, rate, time_s)
    assert model.part_later(services, rate, places, time_s) == pytest.approx(said, rel=0.02)


def gone_through(services: Sequence[float], rate: float, places: int) -> float:
    """What 99 of a hundred take in a queue that is gone through call by call."""
    random, free_s, at_s, took = Random(1), [0.0] * places, 0.0, []
    for _ in range(60_000):
        at_s += random.expovariate(rate)
        ends_s = max(at_s, free_s[0]) + services[int(random.random() * len(services))]
        heapreplace(free_s, ends_s)
        took.append(ends_s - at_s)
    return percentile(sorted(took[6_000:]), 99)


KINDS = {
    "constant": [1.0],
    "even": [0.5 + part / 1000 for part in range(1000)],
    "now and then": [0.5] * 90 + [5.5] * 10,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("places", "part"), [(1, 0.5), (2, 0.8), (4, 0.7), (16, 0.85)])
def test_the_model_is_near_what_a_queue_does(kind: str, places: int, part: float) -> None:
    services = KINDS[kind]
    rate = part * places / statistics.fmean(services)
    seen = gone_through(services, rate, places)
    assert model.p99(services, rate, places) == pytest.approx(seen, rel=0.15)


SERVICES = st.lists(st.floats(1e-3, 1.0), min_size=1, max_size=20)


@given(SERVICES, st.floats(0.1, 100), st.floats(1e-3, 3.0))
def test_the_places_needed_are_enough_and_no_fewer_are(
    services: list[float], rate: float, target_s: float
) -> None:
    places = model.places_needed(services, rate, target_s)
    if places is None:
        assert percentile(sorted(services), 99) > target_s
        return
    assert model.p99(services, rate, places) <= target_s * (1 + 1e-9)
    assert places == 1 or model.part_later(services, rate, places - 1, target_s) > model.LATER


@given(SERVICES, st.floats(0.1, 100), st.integers(1, 50), st.floats(0, 5))
def test_more_places_make_no_call_later_and_more_calls_some(
    services: list[float], rate: float, places: int, time_s: float
) -> None:
    later = model.part_later(services, rate, places, time_s)
    assert 0 <= later <= 1
    assert model.part_later(services, rate, places + 1, time_s) <= later + 1e-9
    assert model.part_later(services, rate * 1.1, places, time_s) >= later - 1e-9


@given(SERVICES, st.floats(1.0, 3.0), st.integers(1, 8))
def test_more_than_is_done_has_no_end(services: list[float], over: float, places: int) -> None:
    rate = over * places / statistics.fmean(services)
    assume(model.busy(services, rate) >= places)
    assert model.p99(services, rate, places) == math.inf


@given(TIMES, st.integers(1, 50))
def test_few_times_stand_for_all(times: list[float], count: int) -> None:
    few = as_few(times, count)
    assert len(few) == min(len(times), count)
    assert few == sorted(few)
    assert set(few) <= set(times)
    # Each stands for as many as lie around it.
    for number, time_s in enumerate(few):
        below = sum(1 for one in times if one < time_s) / len(times)
        within = sum(1 for one in times if one <= time_s) / len(times)
        assert below <= (number + 1) / len(few)
        assert within >= number / len(few)


def test_the_guide_says_what_the_model_says() -> None:
    rows = re.findall(r"^\| (constant|spread) \| ([\d.]+) % \|(.+)\|$", CAPACITY.read_text(), re.M)
    head = re.search(r"^\| times \| busy \|(.+)\|$", CAPACITY.read_text(), re.M)
    assert head
    counts = [int(word) for word in re.findall(r"\d+", head[1])]
    assert len(rows) >= 6
    for kind, percent, cells in rows:
        services = [1.0] if kind == "constant" else EXPONENTIAL
        for places, cell in zip(counts, cells.split("|"), strict=True):
            rate = float(percent) / 100 * places / statistics.mean(services)
            assert model.p99(services, rate, places) == pytest.approx(float(cell), abs=0.051), cell


# --- pure: a whole bench, of a queue that is played ---


class Played:
    """A load on places that take a second a call, gone through without a clock."""

    def __init__(self, places: int, failing: int = 0) -> None:
        self._places, self._failing = places, failing

    def closed(self, clients: int) -> list[Done]:
        took_s = max(1.0, clients / self._places)
        return self._told(
            Done(turn * took_s, turn * took_s, (turn + 1) * took_s)
            for turn in range(10)
            for _ in range(clients)
        )

    def arriving(self, rate: float) -> list[Done]:
        arrivals, free_s, calls = poisson(rate, 50.0, Random(1)), [0.0] * self._places, []
        for at_s in arrivals:
            began_s = max(at_s, min(free_s))
            free_s[free_s.index(min(free_s))] = began_s + 1
            calls.append(Done(at_s, at_s, began_s + 1))
        return self._told(calls)

    def _told(self, calls: Iterator[Done] | list[Done]) -> list[Done]:
        return [
            call._replace(error="DirtyAppError") if number < self._failing else call
            for number, call in enumerate(calls)
        ]


def played(shape: str, **options: object) -> Bench:
    return bench(Played(4), Room(2, 4), shape, **options)  # type: ignore[arg-type]


def test_an_open_bench_has_loads_a_model_and_needs() -> None:
    found = played("open", target_s=1.5)
    assert found.capacity == pytest.approx(4.0)
    assert [step.offered for step in found.steps] == pytest.approx(
        [0.8, 1.6, 2.4, 2.8, 3.2, 3.6, 4.0]
    )
    assert found.model[-1] == math.inf
    # Two calls at once are run by each worker.
    workers = [need.workers for need in found.needs]
    assert workers == sorted(workers, key=lambda count: count or 0)
    assert all(need.p99 is not None and need.p99 <= 1.5 for need in found.needs)
    assert workers[-1] is not None
    assert workers[-1] > 2


def test_a_closed_bench_has_the_knee_at_the_places() -> None:
    found = played("closed", clients=32)
    assert [step.clients for step in found.steps] == [1, 2, 4, 8, 16, 32]
    assert found.steps[found.knee].clients == 4
    assert found.model == [None] * 6


def test_a_target_below_the_service_is_told_once() -> None:
    found = played("open", rates=[1.0, 2.0], target_s=0.5)
    assert [need.workers for need in found.needs] == [None, None]
    assert shown(found).count("no number of workers is enough") == 1


def test_a_bench_without_answers_says_what_it_got() -> None:
    with pytest.raises(DirtyError, match="no call was answered: 10 times DirtyAppError"):
        bench(Played(1, failing=10**6), Room(1, 1), "open")


def shown(found: Bench) -> str:
    console = Console(width=100, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(draw(found))
    return captured.get()


def test_the_terminal_has_a_bar_for_each_load_and_marks_the_knee() -> None:
    found = played("open", target_s=1.5)
    lines = shown(found).splitlines()
    assert sum(bool(set("▏▎▍▌▋▊▉█▐▕") & set(line)) for line in lines) == len(found.steps)
    assert sum(line.rstrip().endswith("knee") for line in lines) == 1
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("shape", ["open", "closed"])
def test_the_picture_is_xml_with_every_point_within(shape: str) -> None:
    found = played(shape, target_s=1.5)
    picture = ElementTree.fromstring(svg(found, "a <title> & more"))
    lines = picture.iter("{http://www.w3.org/2000/svg}polyline")
    points = [pair.split(",") for line in lines for pair in line.get("points", "").split()]
    assert len(points) >= 3 * len(found.steps)
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in points)
    assert "a <title> & more" in "".join(picture.itertext())
    grid = [one for one in picture.iter("{http://www.w3.org/2000/svg}line") if one.get("x1")]
    across = [one for one in grid if one.get("y1") == one.get("y2")]
    assert len(across) >= 2
    # One at each load that has a number below.
    assert len([one for one in grid if one.get("x1") == one.get("x2")]) >= 5


def test_json_has_every_name_and_no_infinity() -> None:
    told = json.loads(json.dumps(played("open", target_s=1.5).as_json(), allow_nan=False))
    assert set(told) == set(Bench._fields)
    assert told["model"][-1] is None
    assert told["room"] == {"workers": 2, "places": 4}
    assert told["steps"][0]["times"]["p99"] >= 1.0


# --- a real arbiter ---


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(RESTS, workers=2) as arbiter:
        yield arbiter


def target(arbiter: Arbiter, *args: float, action: str = "rest") -> driving.Target:
    return driving.Target(arbiter.socket_path, RESTS, action, args)


def test_waiting_counts_from_when_a_call_was_due(arbiter: Arbiter) -> None:
    calls = driving.arriving(target(arbiter, 0.05), [0.0] * 6, 3)
    took = sorted(call.ended_s - call.due_s for call in calls)
    assert [call.error for call in calls] == [""] * 6
    # Two at once: the last two begin when four have rested.
    assert took[0] >= 0.05
    assert took[-1] >= 0.15


def test_clients_call_one_after_the_other(arbiter: Arbiter) -> None:
    calls = driving.closed(target(arbiter, 0.01), 2, 0.1)
    assert {call.error for call in calls} == {""}
    assert all(call.ended_s - call.due_s >= 0.01 for call in calls)
    busy_s = max(call.ended_s for call in calls) - min(call.due_s for call in calls)
    assert 2 <= len(calls) <= 2 * busy_s / 0.01


def test_failures_are_counted_by_name(arbiter: Arbiter) -> None:
    step = step_of(driving.arriving(target(arbiter, action="fail"), [0.0, 0.0], 1))
    assert (step.failed, step.times) == ({"DirtyAppError": 2}, None)


def bench_of(*words: str) -> Result:
    """The command, run here."""
    return CliRunner().invoke(group, ["bench", "--app", RESTS, "--action", "rest", *words])


def test_the_command_loads_an_arbiter_that_is_there(arbiter: Arbiter, tmp_path: Path) -> None:
    picture = tmp_path / "load.svg"
    done = bench_of(
        *("--socket", arbiter.socket_path, "--args", "[0.02]", "--rate", "60", "--rate", "20"),
        *("--duration", "0.2", "--target-p99", "10s", "--svg", str(picture), "--json"),
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [step["offered"] for step in told["steps"]] == [20.0, 60.0]
    assert told["room"] == {"workers": 2, "places": 2}
    assert told["services"]["p50"] >= 0.02
    assert [step["failed"] for step in told["steps"]] == [{}, {}]
    assert [need["rate"] for need in told["needs"]] == [20.0, 60.0]
    assert all(need["workers"] >= 1 and need["p99"] <= 10 for need in told["needs"])
    assert ElementTree.parse(picture)


def test_the_command_starts_an_arbiter_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = bench_of(
        *("--args", "[0.001]", "--workers", "1", "--threads", "3"),
        *("--shape", "closed", "--clients", "3", "--duration", "0.05"),
    )
    assert done.exit_code == 0, done.output
    assert "1 worker, 3 calls at once" in done.stdout
    assert "knee" in done.stdout


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--rate", "5", "--shape", "closed"), 2, "--rate is of --shape open"),
        (("--clients", "5"), 2, "--clients is of --shape closed"),
        (("--args", "3"), 2, "--args is a list of JSON"),
        (("--target-p99", "soon"), 2, "--target-p99 is a number of seconds"),
        (("--socket", "/none/such", "--workers", "2"), 2, "--workers and --threads are of"),
        (("--socket", "/none/such"), 3, "/none/such"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_benched_is_one_line(words: tuple[str, ...], status: int, said: str) -> None:
    done = bench_of(*words)
    assert done.exit_code == status, done.output
    assert said in done.output
