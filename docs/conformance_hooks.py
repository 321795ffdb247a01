"""The pages of conformance: the contract, the matrix, and gunicorn's report.

Rules: the results of the vectors are of this version: judged when they are not kept from a build
before; CONFORMANCE_RESULTS names a folder of others. That takes as long as the rest of the site, so
it is begun first, in a process beside, and asked for last. Those of live scripts stand in
`docs/live/`, where `make conformance-publish` puts them. Known failures are shown with their
reasons, and how to see them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File
from reference_hooks import chapters

from gdproto.conformance import live
from gdproto.conformance.cases import load
from gdproto.conformance.judging import known_failures
from gdproto.conformance.judging.known_failures import entry_of
from gdproto.conformance.judging.outcomes import Outcome, Result, Run, read
from gdproto.conformance.reports import badge, markdown, matrix
from workshop.subjects import codecs
from workshop.subjects.peers import SUBJECTS

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = Path(__file__).with_name("live")
CONTRACT = ROOT / "conformance" / "contract.md"
GUNICORN = next(one for one in codecs.SUBJECTS if one.name == "gunicorn")
CASES = load()
SHOWN_CASES = 6


def on_startup(command: str, dirty: bool) -> None:
    """Begin to judge, while the pages of others are made."""
    if "CONFORMANCE_RESULTS" not in os.environ:
        judging()


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made; what tells results comes later."""
    contents = {
        "index.md": "",
        "contract.md": CONTRACT.read_text(),
        "gunicorn.md": "",
        "matrix.html": "",
        "badge.svg": "",
    }
    for name, content in contents.items():
        files.append(File.generated(config, f"conformance/{name}", content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Write the pages that tell results."""
    match page.file.src_uri:
        case "conformance/index.md":
            return index(results(), live_results())
        case "conformance/gunicorn.md":
            return gunicorn([*results(), *live_results()])
    return markdown


def on_env(env: Any, files: Any, **_: Any) -> None:
    """Write what tells results and is no page, before it is copied."""
    everything = [*results(), *live_results()]
    ours = [run for run in everything if run.testee.startswith("gdproto")]
    contents = {"matrix.html": matrix.render(everything, CASES), "badge.svg": badge.render(ours)}
    for name, content in contents.items():
        files.get_file_from_path(f"conformance/{name}").content_string = content


@cache
def judging() -> subprocess.Popen[str]:
    """A process that prints the folder of the results, when they are there."""
    words = [sys.executable, "-m", "workshop.subjects.kept"]
    env = os.environ | codecs.KEEPS_MEMORY
    return subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)


@cache
def results() -> list[Run]:
    """The runs of all that are judged by vectors. Raises PluginError."""
    folder = os.environ.get("CONFORMANCE_RESULTS")
    if folder is None:
        folder = judging().communicate()[0].strip()
        if judging().returncode:
            raise PluginError("the codecs cannot be judged: why, stands above")
    return read(sorted(Path(folder).glob("*.jsonl"), reverse=True))


@cache
def live_results() -> list[Run]:
    """Those of all that are judged live."""
    return read(PUBLISHED / f"{one.name}.jsonl" for one in SUBJECTS)


def index(runs: Sequence[Run], played: Sequence[Run]) -> str:
    """The first page.

    Args:
        runs: of those that were judged by vectors.
        played: of those that were judged live.
    """
    return "\n".join(
        [
            "# Conformance",
            "",
            "A peer of GD/1 in any language can be judged: each case of the [vectors]"
            "(../vectors/index.md) names the requirements that it proves, and a *testee*, a small "
            "program around the implementation, is asked them one by one.",
            "",
            "- [The testee contract](contract.md) is one page: all that a testee needs.",
            "- [The matrix](matrix.html) shows who fulfils what, down to the bytes of each case.",
            "- [gunicorn](gunicorn.md), where the protocol comes from, is judged too.",
            "- Arbiters, workers and clients are judged [live](../guides/judge.md), by "
            f"[{len(live.scripts())} scripts](scripts.md).",
            "- [Tests](tests.md) prove of ours what cannot be seen from outside.",
            "",
            "![Our score](badge.svg)",
            "",
            "## Judged with this version",
            "",
            "By the vectors:",
            "",
            *markdown.counts(runs),
            "",
            "Live, by scripts that play the opposite role on real sockets:",
            "",
            *markdown.counts(played),
            "",
            "A case that is not simply passed is *non-strict* where a recommendation is not "
            "followed, *unsupported* where the testee does not offer what is asked, and a "
            "*known failure* where its list gives a reason.",
            "",
            "## Judge yours",
            "",
            "```sh",
            "pip install 'gdproto[conformance]'",
            "gdproto conformance run --testee './mygd-testee' --out results",
            "gdproto conformance report results/results.jsonl --html report.html --junit tests.xml",
            "```",
            "",
            "The run survives whatever the testee does, and exits with 1 when a case failed. What "
            "is known to fail is listed with a reason (`--known`); a listed case that passes fails "
            "the run, so that the list stays true. `gdproto conformance diff` compares two runs.",
        ]
    )


def gunicorn(runs: Sequence[Run]) -> str:
    """gunicorn's report: the known failures by reason."""
    named = {one.testee: one for one in runs}
    run, arbiter, client = (named[f"gunicorn's {name}"] for name in ("codec", "arbiter", "client"))
    counts = run.counts()
    lines = [
        "# gunicorn",
        "",
        "gunicorn's dirty arbiter was there first: GD/1 is its protocol, written down. What either "
        "sends in ordinary use, the other reads; a peer that speaks to gunicorn today speaks GD/1. "
        "Where gunicorn is lax, or silent, GD/1 [decides](../spec/12-gunicorn.md), and this page "
        "shows where that can be seen. A difference below is a decision of GD/1, seldom a fault "
        "of gunicorn's. The tests of this project keep it true: what is listed and passes fails "
        "them.",
        "",
        "## Its codec",
        "",
        f"Judged: {run.declaration['version']}, `gunicorn.dirty.tlv` and the reader and writer of "
        f"`gunicorn.dirty.protocol`, by {run.judged:,} cases. {run.passed:,} come out as GD/1 "
        f"says, {counts[Outcome.KNOWN_FAILURE]:,} do not, for the reasons below. Again:",
        "",
        "```sh",
        f"pip install 'gdproto[conformance]' '{run.declaration['version'].replace(' ', '==')}'",
        run.command,
        "```",
        "",
        "The testee turns gunicorn's messages into portable codes. Offsets, paths and scopes are "
        "not judged, since its exceptions have none; nor is the state of a connection, which its "
        "codec does not keep.",
        "",
        "| what gunicorn does | requirements | cases |",
        "| --- | --- | --- |",
        *differences(run),
        "",
        f"The [matrix](matrix.html) shows each case. {counts[Outcome.UNSUPPORTED]:,} cases ask for "
        "what gunicorn does not have:",
        "",
        "| what | cases |",
        "| --- | --- |",
        *unsupported(run),
        "",
        "## Its arbiter and its client",
        "",
        "Both are judged [live](../guides/judge.md), on real sockets: the arbiter by scripts that "
        "play its clients while it serves the [conformance app](../guides/judge-app.md), the "
        f"client by scripts that play its arbiter. {lived_counts('arbiter', arbiter)} "
        f"{lived_counts('client', client)} Again:",
        "",
        "```sh",
        "python -m gdproto.conformance.live.gunicorn_arbiter ./judged.sock 1 "
        "gdproto.conformance.live.app:App &",
        "gdproto conformance live --arbiter ./judged.sock --jobs 2",
        'gdproto conformance live --client "python -m gdproto.conformance.live.clients.gunicorn"',
        "```",
        "",
        "| what the arbiter does | requirements | scripts |",
        "| --- | --- | --- |",
        *lived("gunicorn-arbiter.toml", "arbiter"),
        "",
        "| what the client does | requirements | scripts |",
        "| --- | --- | --- |",
        *lived("gunicorn-client.toml", "client"),
    ]
    return "\n".join(lines)


def differences(run: Run) -> Iterator[str]:
    """A row for each reason."""
    failed = [one for one in run.results.values() if one.outcome is Outcome.KNOWN_FAILURE]
    entries = GUNICORN.entries()
    listed = [(one, entry_of(entries, one.case, code(one))) for one in failed]
    for entry in entries:
        covered = [one for one, found in listed if found == entry]
        proved = links(one.requires[0] for one in covered)
        cases = some([one.case for one in covered])
        yield f"| {markdown.cell(entry.reason)} | {proved} | {cases} |"


def lived_counts(role: str, run: Run) -> str:
    """A sentence that sums up a live run."""
    counts = run.counts()
    good = counts[Outcome.PASS] + counts[Outcome.NON_STRICT]
    return (
        f"Of {len(run.results)} scripts for the {role}, {good} come out as GD/1 says or leave only "
        f"a recommendation aside, {counts[Outcome.KNOWN_FAILURE]} do not, and "
        f"{counts[Outcome.UNSUPPORTED]} ask for what it does not have."
    )


def lived(name: str, role: str) -> Iterator[str]:
    """A row for each entry of a list of what scripts of the role find."""
    entries = known_failures.read(known_failures.FOLDER / name)
    scripts = [one for one in live.scripts().values() if one.role == role]
    listed = [(one, entry_of(entries, one.id)) for one in scripts]
    for entry in entries:
        covered = [one for one, found in listed if found == entry]
        proved = links(one.requires[0] for one in covered)
        yield f"| {markdown.cell(entry.reason)} | {proved} | {some([one.id for one in covered])} |"


def links(ids: Iterable[str]) -> str:
    """The requirements, each linked to its place."""
    found = ((one, chapters()[one]) for one in sorted(set(ids)))
    return ", ".join(f"[`{one}`](../spec/{chapter}.md#{one})" for one, chapter in found)


def code(result: Result) -> str:
    """That of the error which the case expects; empty for none."""
    error: dict[str, str] = dict(CASES[result.case].error or {})
    return error.get("code", "")


def unsupported(run: Run) -> Iterator[str]:
    """A row for each reason."""
    found: dict[str, list[str]] = {}
    for one in run.results.values():
        if one.outcome is Outcome.UNSUPPORTED:
            found.setdefault(one.reason, []).append(one.case)
    for reason, alike in sorted(found.items()):
        yield f"| {markdown.cell(reason)} | {some(alike)} |"


def place(case: str) -> str:
    """The id of a case or a script, linked to where it is shown."""
    page = f"vectors/{CASES[case].area}" if case in CASES else "conformance/scripts"
    # Not as Markdown: these places are put into their pages after links are checked.
    return f'<a href="../../{page}/#{case}"><code>{case}</code></a>'


def some(found: Sequence[str]) -> str:
    """A few of the ids, and how many more there are."""
    named = ", ".join(map(place, found[:SHOWN_CASES]))
    more = len(found) - SHOWN_CASES
    return f"{named} and {more} more" if more > 0 else named
