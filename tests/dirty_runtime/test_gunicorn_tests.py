"""gunicorn's own tests of its public names, asked of ours.

Rules: the tests are those of the gunicorn that is installed, from its source package, with the
name of the package replaced and nothing else. What fails is written here, with the reason.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

from tests.conftest import made_once

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "gunicorn-tests"
ASKED = ("app", "client", "errors", "protocol", "tlv")
THEIRS, OURS = "gunicorn.dirty", "dirty_runtime.gunicorn_compat"

# What the tests look at, of a client: attributes and methods whose names begin with "_".
INSIDE = {
    "test_init_attributes",
    "test_connect_success",
    "test_handle_response_success",
    "test_handle_response_error",
    "test_handle_response_unknown_type",
    "test_close_socket_clears_sock",
}
# They look for words of a message, where ours says the same in others, or says it apart.
WORDS = {"test_connect_nonexistent_socket", "test_decode_header_too_short", "test_dirty_app_error"}


def test_gunicorns_tests_of_its_names_pass(tmp_path: Path) -> None:
    tests = _with_our_names(_sources(), tmp_path)
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", str(tmp_path)]
    command += ["-p", "no:cacheprovider", "-p", "no:xdist", f"--junitxml={report}", *tests]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False
    )
    assert report.exists(), done.stdout + done.stderr
    passed, failed = _outcomes(report)
    assert failed == INSIDE | WORDS, done.stdout
    assert len(passed) >= 150


def _sources() -> Path:
    """gunicorn's source package."""
    CACHE.mkdir(parents=True, exist_ok=True)
    name = f"gunicorn-{version('gunicorn')}"
    with made_once(CACHE / name) as is_missing:
        if is_missing:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            command += ["--no-binary", ":all:", "--no-build-isolation", "--dest", str(CACHE)]
            subprocess.run([*command, name.replace("-", "==")], check=True, timeout=90)
    return CACHE / f"{name}.tar.gz"


def _with_our_names(archive: Path, folder: Path) -> list[str]:
    """The paths of the tests, once they and what they import are in `folder`."""
    (folder / "tests").mkdir()
    (folder / "tests" / "__init__.py").touch()
    with tarfile.open(archive) as held:
        for member in held:
            path = Path(member.name)
            if path.parent.name == "tests" and path.match("*dirty*.py"):
                source = held.extractfile(member)
                assert source is not None
                text = source.read().decode().replace(THEIRS, OURS)
                (folder / "tests" / path.name).write_text(text)
    return [f"tests/test_dirty_{name}.py" for name in ASKED]


def _outcomes(report: Path) -> tuple[set[str], set[str]]:
    passed: set[str] = set()
    failed: set[str] = set()
    for case in ElementTree.parse(report).iter("testcase"):
        # What is nested in a case is what went wrong with it.
        is_bad = any(child.tag in ("failure", "error", "skipped") for child in case)
        (failed if is_bad else passed).add(case.attrib["name"])
    return passed, failed
