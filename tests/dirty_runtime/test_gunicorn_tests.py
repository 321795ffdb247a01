"""gunicorn's own tests of its public names, asked of ours, and its example apps, served by ours.

Rules: both are those of the gunicorn that is installed, from its source package; of the tests the
name of the package is replaced and nothing else, of the apps nothing. What fails is written here,
with the reason.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

from tests.conftest import made_once

from .processes import serving

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


# Its example of embeddings loads a model of hundreds of megabytes, in whose place this one is.
MODEL = """
import array

class SentenceTransformer:
    def __init__(self, name):
        self.name = name

    def encode(self, texts):
        return array.array("d", map(len, texts))
"""
CHAT = "examples.streaming_chat.chat_app:ChatApp"
DATA = "examples.celery_alternative.tasks:DataWorker"
EMBEDDING = "examples.embedding_service.embedding_app:EmbeddingApp"
COMPUTE, SESSION = (
    f"examples.dirty_example.dirty_app:{name}App" for name in ("Compute", "Session")
)


def test_gunicorns_example_apps_are_served_as_they_are(tmp_path: Path) -> None:
    _with_examples(_sources(), tmp_path)
    (tmp_path / "sentence_transformers.py").write_text(MODEL)
    apps = (CHAT, DATA, EMBEDDING, COMPUTE, SESSION)
    with serving(*apps, workers=2, directory=tmp_path) as arbiter, arbiter.client() as client:
        assert client.execute(COMPUTE, "prime_check", 97)["is_prime"] is True
        rows = [{"of": "a", "n": 1}, {"of": "b", "n": 2}, {"of": "a", "n": 3}]
        assert client.execute(DATA, "aggregate", rows, "of", "n")["result"] == {"a": 4, "b": 2}
        assert client.execute(EMBEDDING, "embed", ["one", "four"]) == [3.0, 4.0]
        client.execute(SESSION, "login", 7, {"name": "Ada"})
        # Whichever worker has it: the stash is the arbiter's.
        assert client.execute(SESSION, "get_session", 7)["session"]["data"] == {"name": "Ada"}
        assert client.execute(SESSION, "list_sessions")["count"] == 1
        tokens = client.stream(CHAT, "generate", "hello")
        assert next(tokens).strip()
        assert next(tokens).strip()
        tokens.close()


def _with_examples(archive: Path, folder: Path) -> None:
    """Have the examples in `folder`."""
    with tarfile.open(archive) as held:
        for member in held:
            path = Path(*Path(member.name).parts[1:])
            source = held.extractfile(member) if path.parts[:1] == ("examples",) else None
            if source is not None and path.suffix == ".py":
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(source.read())


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
