"""The README's examples, run as a reader would run them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from dirty_runtime.testing import ending, started

from .dirty_runtime.processes import LIMIT_S, dirty, wait_until

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()
SOCKET = "/tmp/primes.sock"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def block(language: str, containing: str) -> str:
    (found,) = [text for text in blocks(language) if containing in text]
    return found


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the README's app is served, by the README's commands."""
    directory = tmp_path_factory.mktemp("readme")
    (directory / "primes.py").write_text(block("python", "class Primes"))
    serve, wait = block("sh", "--app primes:Primes").splitlines()
    path = f"{directory}/socket"
    with started(command(serve, directory), path, directory=directory) as arbiter:
        done = run(command(wait, directory), directory)
        assert done.returncode == 0
        yield directory
        assert arbiter.stop() == 0


def command(line: str, directory: Path) -> list[str]:
    program, *words = shlex.split(line.removesuffix("&").replace(SOCKET, f"{directory}/socket"))
    assert program == "dirty"
    return dirty(*words)


def run(words: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=directory, capture_output=True, text=True, timeout=LIMIT_S)


def test_calls_from_python(directory: Path) -> None:
    program = block("python", "asyncio.run").replace(SOCKET, f"{directory}/socket")
    done = run([sys.executable, "-c", program], directory)
    assert (done.returncode, done.stderr) == (0, "")


def test_calls_from_a_shell(directory: Path) -> None:
    call, stream, status = block("sh", "dirty call").splitlines()
    assert run(command(call, directory), directory).stdout == "17\n"
    lines = run(command(stream, directory), directory).stdout.splitlines()
    assert [json.loads(line) for line in lines] == [11, 13, 17, 19]
    assert "primes:Primes" in run(command(status, directory), directory).stdout


def test_the_protocol_in_python() -> None:
    exec(compile(block("python", "import gdproto"), "README.md", "exec"), {})


def test_a_peer_is_judged(tmp_path: Path) -> None:
    for line in block("sh", "conformance run").splitlines():
        program, *words = shlex.split(line.replace('"python -m', f'"{sys.executable} -m'))
        assert program == "gdproto"
        # A few cases do for an example.
        words += ["--only", "bool-*"] if "run" in words else []
        assert run([sys.executable, "-m", program, *words], tmp_path).returncode == 0
    assert "GD-TLV-002" in (tmp_path / "report.html").read_text()


def test_explain() -> None:
    words = shlex.split(block("sh", "gdproto explain"))
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, timeout=LIMIT_S
    )
    assert done.returncode == 0
    assert "END" in done.stdout


@pytest.mark.parametrize("program", ["gunicorn", "uvicorn"])
def test_the_web_applications(program: str, tmp_path: Path) -> None:
    export, serve, *servers = block("sh", "flask_app:app").splitlines()
    fetches = dict(
        zip(("gunicorn", "uvicorn"), block("sh", "curl localhost:8001").splitlines(), strict=True)
    )
    (line,) = [one for one in servers if one.startswith(program)]
    port = re.search(r"800\d", line)
    assert port is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = str(probe.getsockname()[1])
    environment = os.environ | {"DIRTY_SOCKET": str(tmp_path / "socket")}
    assert export.startswith("export DIRTY_SOCKET=")
    words = shlex.split(serve.removesuffix("&").replace("$DIRTY_SOCKET", str(tmp_path / "socket")))
    web = shlex.split(line.removesuffix("&").replace(port.group(), free))
    url = shlex.split(fetches[program])[-1].replace(port.group(), free)
    root = Path(__file__).resolve().parents[1]
    with (
        running(dirty(*words[1:]), root, environment),
        running([sys.executable, "-m", *web], root, environment),
    ):
        assert len(fetch(f"http://{url}").split()) >= 50


def test_the_way_of_a_web_developer(tmp_path: Path) -> None:
    for text in blocks("python"):
        if found := re.match(r"# (\w+\.py)\n", text):
            (tmp_path / found[1]).write_text(text)
    _, serve, fetches = block("sh", "uvicorn --port").splitlines()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = str(probe.getsockname()[1])
    words = shlex.split(serve.removesuffix("&").replace("8000", free))
    with running([sys.executable, "-m", *words], tmp_path, dict(os.environ)):
        assert fetch(f"http://{shlex.split(fetches)[-1].replace('8000', free)}") == '"once upon"'


@contextlib.contextmanager
def running(words: list[str], directory: Path, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        words, cwd=directory, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    )
    with ending(process):
        yield


def fetch(url: str) -> str:
    """The body, when the servers are up."""
    bodies: list[str] = []

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=LIMIT_S) as response:
                bodies.append(response.read().decode())
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            pass
        return bool(bodies)

    wait_until(answers)
    return bodies[0]


def test_every_link_leads_somewhere() -> None:
    root = Path(__file__).resolve().parents[1]
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (root / link).exists()] == []
