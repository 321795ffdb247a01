"""The trace of a call: what callers say, what workers record and the logs tell."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace as api
from opentelemetry.sdk.trace import TracerProvider

from dirty_runtime import CurrentRequest, DirtyAppError, DirtyClient, DirtyWorkerError
from dirty_runtime.client.tracing import told
from dirty_runtime.seconds import ValueRefused
from dirty_runtime.testing import Arbiter, running
from dirty_runtime.tracing import headers_of, sent_s, trace_id_of

from .processes import LIMIT_S, wait_until

HERE = Path(__file__).parent
TRACED, MANY = "tracing_apps:Traced", "tracing_apps:Many"
ID, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{ID}-{SPAN}-01"
TRACER = TracerProvider().get_tracer("caller")
Span = dict[str, Any]


def test_a_call_has_the_trace_that_it_is_given_or_that_of_the_current_span() -> None:
    assert told(None) is None
    assert told({}) is None
    with TRACER.start_as_current_span("caller") as span:
        current = told(None)
        given = told({"traceparent": PARENT})
        assert told({}) is None
    assert current is not None
    assert trace_id_of(current) == f"{span.get_span_context().trace_id:032x}"
    assert given is not None
    assert trace_id_of(given) == ID


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    options = ["--log-json", "--access-log"]
    with running(TRACED, MANY, directory=HERE, options=options) as one:
        yield one


@pytest.fixture
def client(arbiter: Arbiter) -> Iterator[DirtyClient]:
    with arbiter.client(LIMIT_S) as one:
        yield one


class Caller:
    """A caller with a span of its own."""

    def __init__(self, client: DirtyClient) -> None:
        self._client = client
        self._untraced = client.with_options(trace={})
        with TRACER.start_as_current_span("caller") as span:
            self.span = span
        context = span.get_span_context()
        self.trace_id, self.span_id = f"{context.trace_id:032x}", f"{context.span_id:016x}"
        self.flags = f"{context.trace_flags:02x}"

    def __enter__(self) -> DirtyClient:
        self._use = api.use_span(self.span)
        self._use.__enter__()
        return self._client

    def __exit__(self, *_: object) -> None:
        self._use.__exit__(None, None, None)

    def spans(self, count: int) -> dict[str, Span]:
        """Those of the worker, by their names, when so many have ended."""
        found: list[Span] = []

        def are_there() -> bool:
            found[:] = self._untraced.execute(TRACED, "spans", self.trace_id)
            return len(found) >= count

        wait_until(are_there)
        assert len(found) == count, found
        return {span["name"]: span for span in found}


def test_ids_of_two_clients_are_told_apart_in_the_log(arbiter: Arbiter) -> None:
    before = len(arbiter.log.read_text().splitlines())
    for _ in range(2):
        with arbiter.client(LIMIT_S) as client:
            for _ in range(3):
                client.execute(TRACED, "spans", ID)

    def told() -> list[int]:
        lines = map(json.loads, arbiter.log.read_text().splitlines()[before:])
        return [line["request_id"] for line in lines if line.get("action") == "spans"]

    wait_until(lambda: len(told()) == 6, arbiter.log.read_text)
    ids = told()
    assert len(set(ids)) == 6
    # Each counts up, in numbers that Python has in one digit.
    assert [one - ids[0] for one in ids[:3]] == [one - ids[3] for one in ids[3:]] == [0, 1, 2]
    assert all(0 < one < 2**30 for one in ids)


async def awaited(client: DirtyClient, app: str, action: str) -> list[Any]:
    async with client:
        return [item async for item in client.stream_async(app, action)]


@pytest.mark.parametrize("app", [TRACED, MANY])
@pytest.mark.parametrize("action", ["plain", "coroutine", "items", "async_items"])
@pytest.mark.parametrize("way", ["sync", "async"])
def test_what_an_app_opens_is_below_its_run_and_that_below_the_caller(
    client: DirtyClient, app: str, action: str, way: str
) -> None:
    caller = Caller(client)
    with caller as traced:
        if way == "sync":
            assert list(traced.stream(app, action)) == [caller.trace_id]
        else:
            assert asyncio.run(awaited(traced, app, action)) == [caller.trace_id]
    spans = caller.spans(3)
    run, waited, own = spans[f"{app} {action}"], spans["queue"], spans["own"]
    assert (run["parent"], waited["parent"], own["parent"]) == (
        caller.span_id,
        caller.span_id,
        run["id"],
    )
    assert (
        waited["start"] <= waited["end"] == run["start"] <= own["start"] <= own["end"] <= run["end"]
    )
    assert (run["attributes"]["rpc.service"], run["attributes"]["rpc.method"]) == (app, action)
    assert run["status"] == "UNSET"


def test_a_call_of_a_call_is_of_the_same_trace(client: DirtyClient) -> None:
    caller = Caller(client)
    with caller as traced:
        assert traced.execute(TRACED, "calls_another") == caller.trace_id
    found = caller.spans(5)
    outer, inner = found[f"{TRACED} calls_another"], found[f"{MANY} plain"]
    assert (inner["parent"], outer["parent"]) == (outer["id"], caller.span_id)


def test_the_queue_is_told(arbiter: Arbiter, client: DirtyClient, tmp_path: Path) -> None:
    """A call that waits behind another is in the queue until that has ended."""
    caller, go_on, released_ns = Caller(client), tmp_path / "go-on", 0

    async def both() -> None:
        nonlocal released_ns
        async with arbiter.client(LIMIT_S) as other:
            first = asyncio.ensure_future(other.execute_async(TRACED, "waits_for", str(go_on)))
            while not any(worker["busy"] for worker in (await other.status_async())["workers"]):
                await asyncio.sleep(0)
            with caller as traced:
                second = asyncio.ensure_future(traced.execute_async(TRACED, "plain"))
            while not (await other.status_async())["queues"][TRACED]:
                await asyncio.sleep(0)
            released_ns = time.time_ns()
            go_on.touch()
            await asyncio.gather(first, second)
            await client.close_async()

    asyncio.run(both())
    spans = caller.spans(3)
    assert spans["queue"]["start"] < released_ns < spans["queue"]["end"]


@pytest.mark.parametrize("app", [TRACED, MANY])
def test_a_failure_is_told_by_the_run_and_by_the_log(
    arbiter: Arbiter, client: DirtyClient, app: str
) -> None:
    caller = Caller(client)
    with caller as traced, pytest.raises(DirtyAppError, match="no such thing"):
        traced.execute(app, "fails")
    run = caller.spans(2)[f"{app} fails"]
    assert (run["status"], run["said"]) == ("ERROR", "no such thing")
    assert run["attributes"]["error.type"] == "builtins.LookupError"
    (event,) = run["events"]
    assert event["exception.type"] == "builtins.LookupError"
    assert "raise LookupError" in event["exception.stacktrace"]
    (line,) = lines(arbiter, caller.trace_id, "failed: ")
    assert (line["app"], line["action"], line["level"]) == (app, "fails", "ERROR")
    assert f"(request {line['request_id']}, trace {caller.trace_id})" in line["message"]


@pytest.mark.parametrize("app", [TRACED, MANY])
def test_a_result_that_cannot_be_sent_fails_the_run(client: DirtyClient, app: str) -> None:
    caller = Caller(client)
    with caller as traced, pytest.raises(DirtyAppError):
        traced.execute(app, "sends_nothing_that_can_be_sent")
    assert caller.spans(2)[f"{app} sends_nothing_that_can_be_sent"]["status"] == "ERROR"


def lines(arbiter: Arbiter, trace_id: str, text: str) -> list[dict[str, Any]]:
    """The lines of the log of the trace that have the text, when there is one."""
    found: list[dict[str, Any]] = []

    def are_there() -> bool:
        every = map(json.loads, arbiter.log.read_text().splitlines())
        found[:] = [
            line
            for line in every
            if line.get("trace_id", "") == trace_id and text in line["message"]
        ]
        return bool(found)

    wait_until(are_there)
    return found


@pytest.mark.parametrize("app", [TRACED, MANY])
def test_what_an_app_logs_names_the_trace(arbiter: Arbiter, client: DirtyClient, app: str) -> None:
    caller = Caller(client)
    with caller as traced:
        traced.execute(app, "says")
    (line,) = lines(arbiter, caller.trace_id, "something is odd")
    assert (line["app"], line["action"]) == (app, "says")


@pytest.mark.parametrize("size", [1, 200_000])
def test_the_access_log_names_the_trace(arbiter: Arbiter, client: DirtyClient, size: int) -> None:
    """Also of a large request, of which nothing is kept but its beginning."""
    caller = Caller(client)
    with caller as traced:
        traced.execute(TRACED, "takes", b"x" * size)
    (line,) = lines(arbiter, caller.trace_id, "RESPONSE")
    assert (line["app"], line["action"]) == (TRACED, "takes")
    assert line["message"].endswith(f" trace={caller.trace_id}")


def test_a_worker_that_dies_names_what_it_ran(arbiter: Arbiter, client: DirtyClient) -> None:
    caller = Caller(client)
    with caller as traced, pytest.raises(DirtyWorkerError):
        traced.execute(TRACED, "dies")
    (line,) = lines(arbiter, "", f"trace {caller.trace_id})")
    assert f" ran: {TRACED} dies (request " in line["message"]
    arbiter.wait_ready()


@pytest.mark.parametrize("action", ["together", "together_later"])
def test_calls_of_a_batch_have_their_spans_each(client: DirtyClient, action: str) -> None:
    callers = [Caller(client) for _ in range(3)]

    async def each() -> list[int]:
        async with client:
            calls = []
            for number, caller in enumerate(callers):
                with caller as traced:
                    call = traced.execute_async(MANY, action, number)
                    # The request is made in the caller's context.
                    calls.append(asyncio.ensure_future(call))
            return list(await asyncio.gather(*calls))

    assert asyncio.run(each()) == [1, 2, 3]
    for caller in callers:
        assert caller.spans(2)[f"{MANY} {action}"]["parent"] == caller.span_id


# --- what callers say ---


def test_a_caller_without_a_span_says_nothing(client: DirtyClient) -> None:
    assert client.execute(TRACED, "given") == {}


def test_the_current_span_is_told_and_when(client: DirtyClient) -> None:
    caller = Caller(client)
    before_s = time.time()
    with caller as traced:
        given = traced.execute(TRACED, "given")
    assert given.pop("traceparent") == f"00-{caller.trace_id}-{caller.span_id}-{caller.flags}"
    assert before_s <= given.pop("sent") <= time.time()
    assert given == {}


def test_an_option_comes_before_the_current_span(client: DirtyClient) -> None:
    given = {"traceparent": PARENT, "tracestate": "vendor=1"}
    caller = Caller(client)
    with caller as traced:
        said = traced.with_options(trace=given).execute(TRACED, "given")
        assert {name: said[name] for name in given} == given
        assert traced.with_options(trace={}).execute(TRACED, "given") == {}
        again = traced.with_options(trace=given).with_options(trace=None)
        assert caller.span_id in again.execute(TRACED, "given")["traceparent"]
    found = caller_of(client, ID)
    assert {one["parent"] for one in found if one["name"] != "own"} == {SPAN}
    assert {one["tracestate"] for one in found} == {"vendor=1"}


def caller_of(client: DirtyClient, trace_id: str) -> list[Span]:
    """Spans of the trace, when there are some."""
    found: list[Span] = []

    def are_there() -> bool:
        found[:] = client.execute(TRACED, "spans", trace_id)
        return bool(found)

    wait_until(are_there)
    return found


@pytest.mark.parametrize("wrong", ["text", {"traceparent": 1}, {1: "x"}, [("a", "b")], 5])
def test_an_option_that_is_no_trace_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueRefused, match="trace is a dict of headers"):
        DirtyClient("/nowhere").with_options(trace=wrong)


@pytest.mark.parametrize(
    "trace",
    [
        {"traceparent": "no"},
        {"traceparent": f"00-{'0' * 32}-{SPAN}-01"},
        {"traceparent": f"ff-{ID}-{SPAN}-01"},
        {"more": "x"},
    ],
)
def test_a_trace_that_is_none_is_as_if_it_were_not_there(
    client: DirtyClient, trace: dict[str, str]
) -> None:
    assert client.with_options(trace=trace).execute(TRACED, "plain") == ""


@pytest.mark.parametrize(
    ("parent", "found"),
    [
        (PARENT, ID),
        (f"{PARENT}-more", ""),
        (f"01-{ID}-{SPAN}-00", ID),
        (f"01-{ID}-{SPAN}-00-more", ID),
        (f"01-{ID}-{SPAN}-00more", ""),
        (f"ff-{ID}-{SPAN}-00", ""),
        (f"00-{'0' * 32}-{SPAN}-00", ""),
        (f"00-{ID}-{'0' * 16}-00", ""),
        (PARENT.upper(), ""),
        (f"{PARENT}\n", ""),
        (f" {PARENT}", ""),
        ("", ""),
        (1, ""),
        (PARENT.encode(), ""),
        (None, ""),
    ],
)
def test_the_id_of_a_trace(parent: Any, found: str) -> None:
    assert trace_id_of({"traceparent": parent}) == found


def test_there_is_no_id_without_a_trace() -> None:
    assert trace_id_of(None) == trace_id_of({}) == ""
    assert CurrentRequest("m:A", "go", lambda: False).trace_id == ""


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("a=b, c@d=e f ,", "a=b,c@d=e f"), ("a=b\nERROR [1] forged", None), ("a=\x1b[2J", None),
        ("a", None), ("A=b", None), ("a=b," * 33, None), ("a=" + " " * 9000 + "b", None), (1, None),
        ("a=" + "b" * 257, None), ("", None), (",", None),
    ],
)  # fmt: skip
def test_a_state_has_its_form_or_is_none(state: Any, found: str | None) -> None:
    expected = {"traceparent": PARENT} | ({"tracestate": found} if found else {})
    assert headers_of({"traceparent": PARENT, "tracestate": state}) == expected
    assert headers_of({"traceparent": PARENT + "x", "tracestate": "a=b"}) == {}


def test_of_a_version_to_come_is_handed_on_what_is_known() -> None:
    parent = "01" + PARENT[2:]
    assert headers_of({"traceparent": parent + "-" + "\n" * 10000}) == {"traceparent": parent}


@pytest.mark.parametrize(
    ("sent", "found"),
    [(1.5, 1.5), (2, 2), (True, None), ("1", None), (float("nan"), None), (float("inf"), None),
     (1e308, None), (2**63 - 1, None), (-1, None)],
)  # fmt: skip
def test_when_a_request_was_sent(sent: Any, found: float | None) -> None:
    assert sent_s({"sent": sent}) == found
