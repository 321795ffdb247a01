"""What ``dirty top`` shows, and what its keys do.

Rules: the arbiter is asked in threads, so the view answers keys while it waits. What is shown stays
as it was while nobody answers, and the head says so; a successor at the same socket is shown when
it answers. What kills is asked back. What an arbiter says is text, and nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, NamedTuple

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.css.query import NoMatches
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Static

from gdproto import ManageOp

from ..client import DirtyClient
from ..client.draining import look
from ..client.readiness import State, count_workers, state_of
from ..errors import DirtyConnectionError, DirtyError, DirtyPermissionError
from ..printable import printable
from .doing import stack_lines
from .drawing import shown_s, user_name


class Row(NamedTuple):
    """A row: its key, what is sorted by, and what is shown, by column."""

    key: str
    values: tuple[Any, ...]
    shown: tuple[str, ...]
    slot: int | None = None
    call: int | None = None


class Rows(DataTable[Text]):
    """A table that is told its rows again and again, sorted by one of its columns.

    Args:
        name: what it shows.
        columns: their names.
        sorted_by: the index of the column; those of numbers begin with the largest.
    """

    def __init__(self, name: str, columns: tuple[str, ...], sorted_by: int) -> None:
        super().__init__(id=name, cursor_type="row", zebra_stripes=True)
        self._names = columns
        self._sorted_by = sorted_by
        self._upwards = False
        self._rows: dict[str, Row] = {}

    def on_mount(self) -> None:
        self._head()

    def _head(self) -> None:
        self.clear(columns=True)
        for number, name in enumerate(self._names):
            mark = (" ▲" if self._upwards else " ▼") if number == self._sorted_by else ""
            self.add_column(name + mark, key=name)

    def sort_by_next(self) -> None:
        """Sort by the next column."""
        self._sorted_by = (self._sorted_by + 1) % len(self._names)
        self._show_anew()

    def turn(self) -> None:
        """Sort the other way round."""
        self._upwards = not self._upwards
        self._show_anew()

    def _show_anew(self) -> None:
        rows = self._rows.values()
        self._head()
        self.show(rows)

    def show(self, rows: Iterable[Row]) -> None:
        """Have these rows, the cursor where it was."""
        chosen = self.chosen()
        by = self._sorted_by
        ordered = sorted(rows, key=lambda row: _rank(row.values[by]), reverse=not self._upwards)
        self._rows = {row.key: row for row in ordered}
        self.clear()
        for row in ordered:
            self.add_row(*map(Text, row.shown), key=row.key)
        if chosen is not None and chosen.key in self._rows:
            self.move_cursor(row=self.get_row_index(chosen.key), animate=False)

    def chosen(self) -> Row | None:
        """The row under the cursor."""
        if not self.row_count:
            return None
        key = self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value
        return self._rows.get(key or "")


def _rank(value: Any) -> tuple[bool, Any]:
    """What sorts among others, also where it is not there."""
    return (value is not None, value if value is not None else 0)


class StacksScreen(ModalScreen[None]):
    """The stacks of a worker, until a key is pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", "Back")]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        yield VerticalScroll(Static(Text(self._text), id="stacks"))
        yield Footer()


class AskScreen(ModalScreen[bool]):
    """A question, answered by y, or by another key with no."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        yield Static(Text(f"{self._question} y/n"), id="question")

    def on_key(self, event: Any) -> None:
        event.stop()
        self.dismiss(event.key == "y")


class LiveView(App[None]):
    """The view.

    Args:
        client: asks the arbiter.
        every_s: how often.
    """

    CSS = """
    #head { height: auto; padding: 0 1; }
    Rows { height: auto; max-height: 40%; margin-bottom: 1; }
    StacksScreen VerticalScroll { background: $surface; padding: 1 2; }
    AskScreen { align: center middle; }
    #question { background: $warning; color: $text; padding: 1 3; width: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("s", "sort", "Sort by next"),
        Binding("S", "turn", "Turn order"),
        Binding("enter", "stacks", "Stacks", priority=True),
        Binding("r", "recycle", "Recycle"),
        Binding("k", "kill", "Kill"),
    ]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, client: DirtyClient, every_s: float) -> None:
        super().__init__()
        self._client = client
        # Who answers: it, or a client of the arbiter that drains.
        self._answering = client
        self._every_s = every_s
        self._before: tuple[float, dict[int, int]] | None = None
        self.looks = 0

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        yield Rows("actions", ACTIONS, 2)
        yield Rows("workers", WORKERS, 3)
        yield Rows("calls", CALLS, 3)
        yield Footer()

    def on_mount(self) -> None:
        self.set_interval(self._every_s, self.look)
        self.look()

    def look(self) -> None:
        """Ask the arbiter, and show what it says."""
        self._work(self._look, "look")

    async def _look(self) -> None:
        try:
            state = await asyncio.to_thread(self._state)
            calls = await asyncio.to_thread(self._calls)
        except DirtyError as error:
            self._say(f"nobody answers: {printable(error.message)}; it is tried again", "yellow")
            return
        # As it ends, there is nothing to show it on.
        with suppress(NoMatches):
            self._show(state, calls)

    def _state(self) -> State:
        before = self._answering
        self._answering, state = look(self._client)
        if before not in (self._client, self._answering):
            before.close()
        return state

    def _show(self, state: State, calls: list[State]) -> None:
        self._say(_heading(state), "")
        self.query_one("#actions", Rows).show(map(_action_row, state.get("actions", ())))
        self.query_one("#workers", Rows).show(self._worker_rows(state))
        self.query_one("#calls", Rows).show(map(_call_row, calls))
        self.looks += 1

    def _calls(self) -> list[State]:
        try:
            calls: list[State] = self._answering.manage(ManageOp.CALLS)["calls"]
        except DirtyConnectionError:
            raise
        except DirtyError:
            # Who may not manage sees the rest.
            return []
        return calls

    def _say(self, text: str, style: str) -> None:
        with suppress(NoMatches):
            self.query_one("#head", Static).update(Text(text, style))

    def _worker_rows(self, state: State) -> list[Row]:
        """The workers, with what each has answered since the last look."""
        now_s = time.monotonic()
        counts = {worker["pid"]: worker.get("calls", 0) for worker in state["workers"]}
        before_s, before = self._before or (now_s, counts)
        self._before = now_s, counts
        passed_s = max(now_s - before_s, 1e-3)
        return [
            _worker_row(one, (one.get("calls", 0) - before.get(one["pid"], 0)) / passed_s)
            for one in state["workers"]
        ]

    # --- keys ---

    def _table(self) -> Rows:
        return self.focused if isinstance(self.focused, Rows) else self.query_one("#workers", Rows)

    def action_sort(self) -> None:
        self._table().sort_by_next()

    def action_turn(self) -> None:
        self._table().turn()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What the view does for a key it does not do behind a screen of its own."""
        return action == "quit" or not isinstance(self.screen, ModalScreen)

    def action_stacks(self) -> None:
        row = self._table().chosen()
        if row is not None and row.slot is not None:
            self._ask(ManageOp.STACKS, self._show_stacks, slot=row.slot)

    def _show_stacks(self, answer: State) -> None:
        lines = [line for one in answer["stacks"] for line in stack_lines(one)]
        self.push_screen(StacksScreen("\n".join(map(printable, lines))))

    def action_recycle(self) -> None:
        row = self._table().chosen()
        if row is not None and row.slot is not None:
            slot = row.slot
            self._ask(ManageOp.RECYCLE, lambda _: self.notify(f"slot {slot} recycles"), slot=slot)

    def action_kill(self) -> None:
        row = self._table().chosen()
        if row is None or (row.slot is None and row.call is None):
            return
        named = {"call": row.call} if row.call is not None else {"slot": row.slot}
        word = f"call c{row.call}" if row.call is not None else f"the worker in slot {row.slot}"

        def answered(is_meant: bool | None) -> None:
            if is_meant:
                self._ask(ManageOp.KILL, lambda _: self.notify(f"killed {word}"), **named)

        self.push_screen(AskScreen(f"Kill {word}?"), answered)

    def _ask(self, op: ManageOp, done: Callable[[State], object], **named: int | None) -> None:
        self._work(partial(self._asked, op, done, named), "ask")

    def _work(self, work: Callable[[], Awaitable[None]], group: str) -> None:
        begun: Any = work
        self.run_worker(begun, group=group, exclusive=True)

    async def _asked(
        self, op: ManageOp, done: Callable[[State], object], named: dict[str, int | None]
    ) -> None:
        slot, call = named.get("slot"), named.get("call")
        try:
            answer = await asyncio.to_thread(self._answering.manage, op, slot=slot, call=call)
        except DirtyPermissionError as error:
            self.notify(printable(error.message), severity="error")
        except DirtyError as error:
            self.notify(printable(error.message), severity="warning")
        else:
            done(answer)


ACTIONS = ("app", "action", "calls/s", "runs", "p50", "p95", "p99", "wait p95", "failed")
WORKERS = ("slot", "pid", "state", "busy", "heard", "calls/s", "calls", "errors", "apps")
CALLS = ("call", "app", "action", "age", "ran", "worker", "client")


def _heading(state: State) -> str:
    rate = sum(one["rate"] for one in state.get("actions", ()))
    busy = sum(worker.get("busy", 0) for worker in state["workers"])
    waiting = sum(state.get("queues", {}).values())
    text = (
        f"arbiter {state['arbiter_pid']}, up {state.get('uptime', 0):.0f} s, "
        f"{state.get('clients', 0)} clients, {state.get('restarts', 0)} restarts; "
        f"{count_workers(state)}\n{rate:.1f} calls/s, {busy} run, {waiting} wait"
    )
    if passed := state.get("passed_bytes"):
        text += f"; {passed / 2**20:.1f} MiB by reference under way"
    if state.get("draining"):
        text += "; it drains"
    for number, seconds in state.get("silent", {}).items():
        text += f"\narbiter {number} says nothing for {seconds:.0f} s"
    for app, reason in state.get("down", {}).items():
        text += f"\n{app} is down: {reason}"
    return "\n".join(map(printable, text.splitlines()))


def _action_row(one: State) -> Row:
    run, wait = one["run"] or {}, one["wait"] or {}
    times = (run.get("p50"), run.get("p95"), run.get("p99"), wait.get("p95"))
    values = (one["app"], one["action"], one["rate"], one["running"], *times, one["errors"])
    shown = (
        *map(printable, values[:2]),
        f"{one['rate']:.1f}",
        str(one["running"]),
        *map(shown_s, times),
        f"{100 * one['errors']:.1f} %",
    )
    return Row(f"{one['app']} {one['action']}", values, shown)


def _worker_row(one: State, rate: float) -> Row:
    busy, heard_s = one.get("busy", 0), one["last_heartbeat"]
    apps = printable(", ".join(one["apps"]))
    values = (
        *(one.get("slot"), one["pid"], state_of(one), busy, heard_s, rate),
        *(one.get("calls", 0), one.get("errors", 0), apps),
    )
    shown = (
        *(str(one.get("slot", "-")), str(one["pid"]), printable(state_of(one))),
        *(f"{busy} of {one.get('lanes', '-')}", shown_s(heard_s), f"{rate:.1f}"),
        *(str(one.get("calls", "-")), str(one.get("errors", "-")), apps),
    )
    return Row(str(one["pid"]), values, shown, one.get("slot"))


def _call_row(one: State) -> Row:
    runs = one.get("slot") is not None
    worker = f"{one['slot']} (pid {one['worker']})" if runs else "waits"
    client = f"pid {one['client_pid']}, {user_name(one['client_user'])}"
    values = (
        *(one["call"], one["app"], one["action"], one["age"], one.get("ran")),
        *(one.get("slot"), client),
    )
    shown = (
        *(f"c{one['call']}", printable(one["app"]), printable(one["action"])),
        *(shown_s(one["age"]), shown_s(one.get("ran")), worker, printable(client)),
    )
    return Row(str(one["call"]), values, shown, one.get("slot"), one["call"])
