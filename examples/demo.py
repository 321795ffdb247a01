"""The runtime at work: two workers load a search index once, and answer through a socket.

Starts an arbiter in a directory of its own, searches the standard library's documentation,
streams the explanation of a ranking, shows that nothing was loaded twice, and stops the arbiter.
What it says it has checked: exit status 0 when all of it holds, 1 and one line otherwise.
"""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

try:
    from rich.console import Console
    from rich.markup import escape
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from dirty_runtime import DirtyClient
    from dirty_runtime.errors import DirtyError
    from dirty_runtime.testing import Arbiter, ArbiterError, running
except ImportError as error:
    sys.exit(f"demo: {error}; the demo needs gdproto installed with its cli extra")

HERE = Path(__file__).resolve().parent
DIRTY = (sys.executable, "-m", "dirty_runtime")
APP = "stdlib_search:StdlibSearch"
WORKERS = 2
QUERIES = ("serialize object to json", "coroutine with a timeout", "temporary directory")
LATER_CALLS = 100
# A time limit, in seconds; the demo as a whole is a matter of a few.
CALL_S = 30.0
# What rounding to four decimals may add up to over the few terms of a query.
TOLERANCE = 0.002

console = Console(highlight=False)
console.width = min(console.width, 100)


class Failure(Exception):
    """The demo cannot go on, or a claim does not hold; the message is one line."""


def check(holds: bool, otherwise: str) -> None:
    """Raises Failure when a claim does not hold; unlike `assert`, also under -O."""
    if not holds:
        raise Failure(otherwise)


# --- the arbiter ---


@contextmanager
def serving() -> Iterator[Arbiter]:
    """Start an arbiter, and wait for its workers. Nothing of it is left behind."""
    with TemporaryDirectory(prefix="gd-") as directory, ExitStack() as stack:
        path = f"{directory}/dirty.sock"
        show_step("Start an arbiter and wait for its workers")
        show_command("dirty serve", f"--app {APP} --workers {WORKERS} --threads 1 \\")
        console.print(f"      --socket {escape(path)} --chdir {HERE.name}", soft_wrap=True)
        started_s = time.monotonic()
        with console.status("the workers read the standard library's documentation"):
            runs = running(APP, workers=WORKERS, directory=HERE, socket_path=path)
            arbiter = stack.enter_context(runs)
        show_result(f"{WORKERS} workers ready after {time.monotonic() - started_s:.1f} s")
        yield arbiter


def status(arbiter: Arbiter, *options: str) -> str:
    """What `dirty status` prints. Raises Failure when it fails."""
    command = (*DIRTY, "status", "--socket", arbiter.socket_path, *options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=CALL_S)
    check(done.returncode == 0, f"dirty status failed: {last_line(done.stderr)}")
    return done.stdout


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"


# --- the steps ---


def search(client: DirtyClient) -> float:
    """Search for each query and show the hits. Returns what the first call took, in ms."""
    show_step("Search")
    taken_ms: list[float] = []
    for query in QUERIES:
        if taken_ms:
            console.print()
        show_call(f'client.execute(APP, "search", "{query}", 3)')
        started_s = time.perf_counter()
        hits = client.execute(APP, "search", query, 3)
        taken_ms.append((time.perf_counter() - started_s) * 1000)
        check(len(hits) == 3, f"{query!r} has {len(hits)} hits, not 3")
        show_hits(hits)
        show_result(f"answered in {taken_ms[-1]:.1f} ms")
    return taken_ms[0]


def explain(client: DirtyClient) -> None:
    """Stream the explanation of the last query's ranking, and check its arithmetic."""
    show_step("Stream how a ranking came about")
    query = QUERIES[-1]
    show_call(f'client.stream(APP, "explain", "{query}", 2)')
    started_s = time.perf_counter()
    facts: dict[str, Any] = {}
    chunks = 0
    for chunk in client.stream(APP, "explain", query, 2):
        chunks += 1
        came_ms = (time.perf_counter() - started_s) * 1000
        console.print(f"  [dim]chunk {chunks}, after {came_ms:.1f} ms[/]")
        if chunk["step"] == "query":
            facts = chunk
            show_terms(chunk)
        else:
            check_arithmetic(chunk, facts["k1"])
            show_arithmetic(chunk, facts["k1"])
    check(chunks == 3, f"{chunks} chunks came, not one for the query and one for each of 2 hits")
    show_result("the terms' contributions add up to each score")


def check_arithmetic(hit: dict[str, Any], k1: float) -> None:
    """Raises Failure unless each contribution follows from its factors, and the score from all."""
    for term in hit["terms"]:
        tf = term["tf"]
        expected = term["idf"] * tf * (k1 + 1) / (tf + term["length_norm"])
        holds = abs(expected - term["contribution"]) < TOLERANCE
        check(holds, f"{hit['name']}: {term['term']} adds {term['contribution']}, not {expected}")
    total = sum(term["contribution"] for term in hit["terms"])
    holds = abs(total - hit["score"]) < TOLERANCE
    check(holds, f"{hit['name']}: the terms add up to {total}, not {hit['score']}")


def measure(client: DirtyClient, arbiter: Arbiter, first_ms: float) -> None:
    """Call again and again, and show that no worker has loaded the index twice."""
    show_step("Call again: nothing is loaded twice")
    later_ms = []
    for _ in range(LATER_CALLS):
        started_s = time.perf_counter()
        client.execute(APP, "search", QUERIES[0], 3)
        later_ms.append((time.perf_counter() - started_s) * 1000)
    pids = arbiter.pids()
    check(len(pids) == WORKERS, f"there are {len(pids)} workers, not {WORKERS}")
    workers = [stats for _, stats in sorted(stats_by_pid(client, pids).items())]
    show_workers(workers)
    for stats in workers:
        check(stats["loads"] == 1, f"worker {stats['pid']} has loaded {stats['loads']} times")
    show_times(max(stats["build_seconds"] for stats in workers), first_ms, later_ms)
    show_result(f"each of the {len(workers)} workers has loaded once")


def stats_by_pid(client: DirtyClient, pids: set[int]) -> dict[int, dict[str, Any]]:
    """What each worker says of itself. Raises Failure when not all of `pids` answer."""
    found: dict[int, dict[str, Any]] = {}
    # The arbiter chooses who answers; of calls at the same time, another worker takes each.
    with ThreadPoolExecutor(2 * len(pids)) as callers:
        for _ in range(50):
            calls = [callers.submit(client.execute, APP, "stats") for _ in range(2 * len(pids))]
            found |= {stats["pid"]: stats for stats in (call.result() for call in calls)}
            if set(found) >= pids:
                break
    check(set(found) == pids, f"workers {sorted(found)} answered, not {sorted(pids)}")
    return found


def show_status(arbiter: Arbiter) -> None:
    show_step("Ask the arbiter how it is")
    show_command("dirty status", f"--socket {arbiter.socket_path}")
    # As it was printed: not wrapped again, and no brackets taken for markup.
    print(status(arbiter).rstrip(), flush=True)


def stop(arbiter: Arbiter) -> None:
    show_step("Stop it")
    show_command("kill -TERM", str(arbiter.process.pid))
    started_s = time.monotonic()
    exit_status = arbiter.stop()
    path = arbiter.socket_path
    check(exit_status == 0, f"the arbiter ended with status {exit_status}, not 0")
    check(not Path(path).exists(), f"the socket {path} is still there")
    taken_s = time.monotonic() - started_s
    show_result(f"exit status {exit_status} after {taken_s:.1f} s, and the socket is gone")


# --- what is shown ---


def show_step(title: str) -> None:
    console.print()
    console.rule(f"[bold]{title}[/]", align="left", style="cyan")


def show_command(command: str, words: str, prompt: str = "$") -> None:
    parts = (f"  {prompt} ", "dim"), (command, "cyan"), f" {words}"
    console.print(Text.assemble(*parts), soft_wrap=True)


def show_call(call: str) -> None:
    console.print(Text.assemble(("  >>> ", "dim"), (call, "cyan")), soft_wrap=True)


def show_result(text: str) -> None:
    console.print(f"  [green]ok[/] {escape(text)}")


def new_table(*columns: str) -> Table:
    """A table whose columns that begin with ``>`` are numbers, set to the right."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if right else "left")
    return table


def show_table(table: Table) -> None:
    console.print(Padding(table, (0, 0, 0, 4)))


def show_hits(hits: list[dict[str, Any]]) -> None:
    table = new_table(">score", "entry")
    for hit in hits:
        name = f"[bold]{escape(hit['name'])}[/] [dim]{hit['kind']}, {escape(hit['place'])}[/]"
        table.add_row(f"{hit['score']:.3f}", f"{name}\n{escape(hit['summary'])}")
    show_table(table)


def show_terms(facts: dict[str, Any]) -> None:
    table = new_table("term", ">in documents", ">idf")
    for term in facts["terms"]:
        row = (f"{term['documents']} of {facts['documents']}", f"{term['idf']:.4f}")
        table.add_row(f"[bold]{escape(term['term'])}[/]", *row)
    show_table(table)
    console.print(f"    each term adds {escape(facts['formula'])}, k1 = {facts['k1']}")


def show_arithmetic(hit: dict[str, Any], k1: float) -> None:
    length = f"[dim]{hit['length']} terms long[/]"
    console.print(f"    {hit['rank']}. [bold]{escape(hit['name'])}[/] {length}")
    table = new_table("", "", ">")
    table.show_header = False
    for term in hit["terms"]:
        tf, norm = term["tf"], term["length_norm"]
        factors = f"{term['idf']:.4f} * {tf} * {k1 + 1:g} / ({tf} + {norm:.4f})"
        table.add_row(escape(term["term"]), factors, f"= {term['contribution']:.4f}")
    table.add_row("[bold]score[/]", "", f"[bold]= {hit['score']:.3f}[/]")
    console.print(Padding(table, (0, 0, 0, 7)))


def show_workers(workers: list[dict[str, Any]]) -> None:
    table = new_table(">worker", ">loads", ">load took", ">documents", ">terms", ">calls")
    for stats in workers:
        table.add_row(
            f"[bold]{stats['pid']}[/]",
            f"[green]{stats['loads']}[/]",
            f"{stats['build_seconds']:.2f} s",
            *(f"{stats[name]:,}" for name in ("documents", "terms", "calls")),
        )
    show_table(table)


def show_times(build_s: float, first_ms: float, later_ms: list[float]) -> None:
    console.print()
    table = new_table("what", ">took")
    table.add_row("loading the index", f"{build_s * 1000:,.1f} ms")
    table.add_row("the first call", f"{first_ms:,.1f} ms")
    median_ms = statistics.median(later_ms)
    table.add_row(f"{len(later_ms)} later calls, the median", f"[bold]{median_ms:,.1f} ms[/]")
    table.add_row(f"{len(later_ms)} later calls, the slowest", f"{max(later_ms):,.1f} ms")
    show_table(table)


# --- the whole ---


def run() -> None:
    """The demonstration. Raises Failure, or what a call or a command raises."""
    with serving() as arbiter:
        with arbiter.client(CALL_S) as client:
            first_ms = search(client)
            explain(client)
            measure(client, arbiter, first_ms)
        show_status(arbiter)
        stop(arbiter)


def main() -> int:
    # A TERM unwinds the stack, as Ctrl-C does: the arbiter is stopped on the way.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    started_s = time.monotonic()
    try:
        run()
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        return 130
    except (Failure, ArbiterError, DirtyError, OSError, subprocess.TimeoutExpired) as error:
        print(f"demo: {last_line(str(error))}", file=sys.stderr)
        return 1
    console.print()
    console.rule(f"[bold green]all of it holds, in {time.monotonic() - started_s:.1f} s[/]")
    return 0


if __name__ == "__main__":
    sys.exit(main())
