"""The documentation: it builds without a warning, and what its guides show is run.

A guide, or the home page, is run as one script, in an empty directory, from its first block to its
last: a block with a title is a file, one of text is what the one before it prints, the others are
commands and programs.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gdproto import declaration
from gdproto.conformance.cases import areas
from tests.dirty_runtime.processes import traced
from workshop.completeness import proofs

PLACE = re.compile(r'href="(\.\./(?:\.\./spec/)?[a-z0-9-]+)/#([A-Za-z0-9-]+)"')
DECLARED = re.compile(r'href="../../api/declaration/#([a-z0-9_-]+)"')
# In a requirement, what proves it and what holds it.
HELD = re.compile(
    r'href="../../(vectors/[a-z0-9-]+|conformance/(?:scripts|tests)|api/declaration)/#([^"]+)"'
)
# A name on a page of the reference, and what may be said of it: words, or tables of what it takes.
NAMED = re.compile(r'<h[34] id="([\w.]+)" class="doc doc-heading">')
TOLD = re.compile(r'doc-contents[^>]*>(?:(?!class="source").)*?(<p>|<table|doc-section)', re.DOTALL)
PUBLIC = ["gdproto", "dirty_runtime", "dirty_runtime.stash", "dirty_runtime.testing"]
REFERENCE = ["gdproto", "dirty_runtime", "stash", "beside"]
ROOT = Path(__file__).resolve().parents[1]
# Those with blocks that are run.
DESIGNS = ("forwarding", "lanes", "large", "doubt")
GUIDES = [
    ROOT / "docs" / "index.md",
    *(page for part in ("start", "guides") for page in sorted((ROOT / "docs" / part).glob("*.md"))),
    *(ROOT / "docs" / "design" / f"{name}.md" for name in DESIGNS),
]
PORT = re.compile(r"(?<=127\.0\.0\.1:)\d{4}\b")
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def script(page: str) -> str:
    """The page's blocks as a script of bash."""
    parts = ["set -e"]
    for language, title, text in BLOCK.findall(page):
        if title:
            parts.append(f"cat > '{title}' <<'END_OF_BLOCK'\n{text}END_OF_BLOCK")
        elif language == "python":
            parts.append(f"python - <<'END_OF_BLOCK'\n{text}END_OF_BLOCK")
        elif language == "text":
            parts[-1] = f"{{\n{parts[-1]}\n}} > printed"
            parts.append(f"diff printed - <<'END_OF_BLOCK'\n{text}END_OF_BLOCK")
        else:
            assert language == "sh", language
            parts.append(text)
    return "\n".join(parts)


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def with_free_ports(text: str) -> str:
    """The text with others in the place of the ports that it names: somebody may have those."""
    free = {number: str(free_port()) for number in set(PORT.findall(text))}
    return PORT.sub(lambda found: free[found[0]], text)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_does_what_it_shows(guide: Path, tmp_path: Path) -> None:
    text = with_free_ports(script(guide.read_text()))
    assert text.count("\n") > 20
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    log = tmp_path / "log"
    work = tmp_path / "work"
    work.mkdir()
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", "-c", text],
            cwd=work,
            env={**os.environ, "PATH": path, "PORT": str(free_port())},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(110)
        assert process.poll() == 0, log.read_text()
    finally:
        # Arbiters that the page leaves running.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not traced(log.read_text())


@pytest.mark.timeout(400)
def test_the_site_builds_without_a_warning(tmp_path: Path, conformance_results: Path) -> None:
    site = tmp_path / "site"
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    env = {**os.environ, "CONFORMANCE_RESULTS": str(conformance_results)}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    chapter = (site / "spec" / "04-values" / "index.html").read_text()
    assert 'id="GD-TLV-012"' in chapter
    assert "<svg" in chapter
    assert "unknown_tlv_type" in chapter
    # Nothing is asked of other hosts before the reader asks for it.
    assert "fonts.googleapis" not in chapter
    assert 'href="../../vectors/containers/#dict-key-twice"' in chapter
    check_vectors(site)
    index = (site / "spec" / "requirements" / "index.html").read_text()
    assert "04-values/#GD-TLV-012" in index
    report = (site / "conformance" / "gunicorn" / "index.html").read_text()
    assert "The last of two equal keys wins." in report
    assert "../../spec/04-values/#GD-TLV-012" in report
    # Whose places are looked for above.
    assert "../../vectors/containers/#dict-key-twice" in report
    assert "gunicorn&#39;s codec" in (site / "conformance" / "matrix.html").read_text()
    check_requirements(site)
    check_indexes(site)
    check_names(site)


def check_requirements(site: Path) -> None:
    """Each leads to what proves it and to what holds it, and these lead back."""
    pages: dict[str, str] = {}
    exempt = proofs.exemptions()
    for one in declaration.requirements().values():
        chapter = (site / "spec" / one.chapter / "index.html").read_text()
        told = chapter.partition(f'id="{one.id}"')[2].partition('class="requirement"')[0]
        places = set(HELD.findall(told))
        assert one.id in exempt or any(not page.startswith("vectors") for page, _ in places), one
        for page, anchor in places:
            if page not in pages:
                pages[page] = (site / page / "index.html").read_text()
            assert f'id="{anchor}"' in pages[page], (one.id, page, anchor)
            assert f'href="../../spec/{one.chapter}/#{one.id}"' in pages[page], (one.id, page)


def check_indexes(site: Path) -> None:
    """What is looked up has its place, and what leads to the declaration leads to a line of it."""
    found = json.loads((site / "vectors" / "cases.json").read_text())
    assert [one[0] for one in found["cases"]] == [one.id for area in areas() for one in area.cases]
    assert found["chapters"].keys() == declaration.requirements().keys()
    by_name = {one[0]: one for one in found["cases"]}
    assert by_name["dict-path-quoted"][2:4] == ["invalid", ["invalid_bool"]]
    source = (site / "api" / "declaration" / "index.html").read_text()
    for page in ("api/errors", "spec/03-frame", "spec/08-errors"):
        lines = DECLARED.findall((site / page / "index.html").read_text())
        assert lines
        assert all(f'id="{line}"' in source for line in lines), page
    index = json.loads((site / "search" / "search_index.json").read_text())
    places = {(one["title"], one["location"]) for one in index["docs"]}
    assert {
        ("GD-TLV-011", "spec/04-values/#GD-TLV-011"),
        ("invalid_bool", "api/errors/#invalid_bool"),
        ("--max-queue", "api/settings/#max-queue"),
    } <= places
    assert "../../design/speed/" in (site / "guides" / "speed" / "index.html").read_text()


def check_vectors(site: Path) -> None:
    """Every case has its place, and every link of the pages of vectors leads somewhere."""
    pages: dict[Path, str] = {}

    def page(path: Path) -> str:
        if path not in pages:
            pages[path] = (path / "index.html").read_text()
        return pages[path]

    for area in areas():
        folder = site / "vectors" / area.name
        for case in area.cases:
            assert f'id="{case.id}"' in page(folder), case.id
        for relative, anchor in set(PLACE.findall(page(folder))):
            target = (folder / relative).resolve()
            assert f'id="{anchor}"' in page(target), (area.name, relative, anchor)


def check_names(site: Path) -> None:
    """Each public name stands on a page, with words, or what it takes and gives."""
    told: dict[str, str] = {}
    for page in REFERENCE:
        _, *parts = NAMED.split((site / "api" / page / "index.html").read_text())
        told |= zip(parts[::2], parts[1::2], strict=True)
    for module in map(importlib.import_module, PUBLIC):
        assert {f"{module.__name__}.{name}" for name in module.__all__} <= told.keys(), module
    assert not [name for name, words in told.items() if not TOLD.search(words)]
    assert "gdproto/tlv.py" in told["gdproto.encode"], "the source of encode"


def test_what_is_to_be_made_can_be_made() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]
    named = {name for page in pages for name in re.findall(r"`make ([a-z-]+)", page.read_text())}
    assert "docs-archive" in named
    assert named <= targets
