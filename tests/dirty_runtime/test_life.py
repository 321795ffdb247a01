"""The table of a worker's life: total, and every row of it."""

from __future__ import annotations

import itertools

import pytest

from dirty_runtime.arbiter.policy.life import TABLE, Event, State, UnexpectedEvent, next_state

from .processes import ROOT


def test_the_table_is_total() -> None:
    assert set(TABLE) == set(itertools.product(State, Event))


@pytest.mark.parametrize(("state", "event"), sorted(TABLE))
def test_an_event_leads_to_its_state_or_is_an_error(state: State, event: Event) -> None:
    expected = TABLE[state, event]
    if expected is not None:
        assert next_state(state, event) is expected
        return
    with pytest.raises(UnexpectedEvent, match=f"a worker that is {state} was {event}"):
        next_state(state, event)


def test_the_page_shows_the_table() -> None:
    text = (ROOT / "docs" / "design" / "runtime.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    (head,) = [row[1:] for row in rows if row[1:] == list(Event)]
    shown = {row[0]: row[1:] for row in rows if row and row[0] in list(State)}
    for state in State:
        assert shown[state] == [str(TABLE[state, Event(event)] or "") for event in head]


def test_every_worker_ends() -> None:
    for state in State:
        if state is not State.GONE:
            assert next_state(state, Event.ENDED) is State.GONE
    assert all(TABLE[State.GONE, event] is None for event in Event)


def test_only_a_worker_that_booted_serves() -> None:
    before = {state for (state, _), found in TABLE.items() if found is State.READY}
    assert before == {State.BOOTING}
