"""Commands read JSON to the letter, and print one line of it that can be shown, or say why not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import gdproto
from dirty_runtime.cli import group, values
from dirty_runtime.testing import Arbiter, running
from tests.dirty_runtime.processes import LIMIT_S, dirty

APP = r"""
from dirty_runtime import DirtyApp
class App(DirtyApp):
    def __call__(self, action, *args, **kwargs):
        if action == "items":
            return iter_of([1.5, float("nan"), float("inf")])
        return ANSWERS[action] if action in ANSWERS else super().__call__(action, *args, **kwargs)
    def echo(self, *args, **kwargs):
        return [list(args), kwargs]
    def burn(self, text):
        raise ValueError(text)
def iter_of(items):
    yield from items
deep = []
for _ in range(500):
    deep = [deep]
ANSWERS = {
    "nan": {"loss": float("nan"), "best": float("-inf"), "text": "NaN", "fine": 0.1},
    "key": {b"k": 1},
    "huge": 10 ** 400,
    "half": "\ud83d",
    "bytes": {"raw": b"\x00\xff", "in": [bytearray(b"a")]},
    "deep": deep,
    "text": "caf\u00e9 \u2028 \x1b[2J \x85 :bomb: [red]",
    "edge": [2 ** 63 - 1, -(2 ** 63), 1e308, 5e-324, -0.0, True, None, ""],
}
"""
SAID = "caf\u00e9 \u2028 \x1b[2J \x85 :bomb: [red]"


@pytest.fixture(scope="module")
def arbiter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arbiter]:
    directory = tmp_path_factory.mktemp("words")
    (directory / "words.py").write_text(APP)
    with running("words:App", directory=directory) as arbiter:
        yield arbiter


@pytest.fixture(autouse=True)
def said_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "_said", set())


def run(arbiter: Arbiter, command: str, *words: str) -> Result:
    words = (*command.split(), "--socket", arbiter.socket_path, *words)
    return CliRunner().invoke(group, words, catch_exceptions=False)


def refused(result: Result) -> str:
    """The one line that says why."""
    assert result.exit_code in (1, 2, 5), result
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.isprintable()
    assert len(line) < 300
    return line


def strict(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    assert text.count("\n") == 1
    assert text[:-1].isprintable()
    return json.loads(text, parse_constant=refuse)


# --- what is read ---

NO_JSON = {
    "text": "is not JSON; a string needs quotes",
    "NaN": "JSON, which has no NaN",
    "[1, -Infinity]": "JSON, which has no -Infinity",
    '{"a": 1, "b": {"c": 1, "c": 2}}': "has the key 'c' twice",
    "1e400": "has a number that is too large",
    "[-1e999]": "has a number that is too large",
    "9" * 5000: "has an integer that is too large",
    "-" + "9" * 21: "has an integer that is too large",
    "9" * 19: "int_out_of_range",
    "[" * 5000 + "]" * 5000: "nested too deeply",
    "[" * 600 + "]" * 600: "nesting_too_deep",
    "[" * 100_000: "",
    '{"a":' * 5000 + "1" + "}" * 5000: "nested too deeply",
    '"\\ud83d"': "invalid_text",
    '{"\\udc00": 1}': "invalid_text",
    '"\udcff"': "invalid_text",
    "\udcff": "is not JSON",
    "x" * 100_000: "is not JSON",
    '"\x1b[2J': "is not JSON",
    "": "is not JSON",
    "1 2": "is not JSON",
    "'a'": "is not JSON",
    "True": "is not JSON",
}


@pytest.mark.parametrize("argument", NO_JSON, ids=lambda argument: ascii(argument)[:20])
def test_what_is_no_value_is_refused_in_one_line(arbiter: Arbiter, argument: str) -> None:
    reason = NO_JSON[argument]
    for words in (("call", "words:App", "echo", argument),
                  ("stream", "words:App", "echo", "--kw", f"name={argument}"),
                  ("stash put", "t", '"k"', argument)):  # fmt: skip
        assert reason in refused(run(arbiter, *words))
    refused(run(arbiter, "stash put", "t", argument, "1"))


@pytest.mark.parametrize("words", [("--kw", "name"), ("--kw", "a=1", "--kw", "a=2")])
def test_what_is_no_keyword_is_refused_in_one_line(
    arbiter: Arbiter, words: tuple[str, ...]
) -> None:
    refused(run(arbiter, "call", "words:App", "echo", *words))


@pytest.mark.parametrize("word", ["\udcff", "\x1b[2J", "x" * 100_000, "a\nb", ""])
def test_names_that_are_none_are_refused_in_one_line(arbiter: Arbiter, word: str) -> None:
    for words in (("call", word, "echo"), ("call", "words:App", word)):
        result = run(arbiter, *words)
        assert result.exit_code in (1, 2, 4, 5)
        assert len(result.stderr.splitlines()) == 1


def test_what_is_a_value_arrives_as_it_is(arbiter: Arbiter) -> None:
    words = ["-1", "1.5", '"\\ud83d\\ude42"', '{"": [null, true]}', str(2**63 - 1), " 1 "]
    result = run(arbiter, "call", "words:App", "echo", *words, "--kw", "self=2", "--kw", "a=b=1")
    assert "is not JSON" in result.stderr
    result = run(arbiter, "call", "words:App", "echo", *words, "--kw", "self=2")
    arguments = [-1, 1.5, "🙂", {"": [None, True]}, 2**63 - 1, 1]
    assert strict(result.stdout) == [arguments, {"self": 2}]


# --- what is printed ---


def test_numbers_that_json_lacks_are_null_and_told(arbiter: Arbiter) -> None:
    result = run(arbiter, "call", "words:App", "nan")
    assert result.exit_code == 0
    assert strict(result.stdout) == {"loss": None, "best": None, "text": "NaN", "fine": 0.1}
    assert result.stderr == f"Note: {values.NO_NUMBERS}\n"


def test_of_a_stream_they_are_told_once(arbiter: Arbiter) -> None:
    result = run(arbiter, "stream", "words:App", "items")
    assert (result.stdout, result.stderr.count("\n")) == ("1.5\nnull\nnull\n", 1)


def test_bytes_are_hex_deep_is_deep_and_numbers_are_exact(arbiter: Arbiter) -> None:
    assert strict(run(arbiter, "call", "words:App", "bytes").stdout) == {
        "raw": "00ff",
        "in": ["61"],
    }
    assert run(arbiter, "call", "words:App", "deep").stdout == "[" * 501 + "]" * 501 + "\n"
    edge = [2**63 - 1, -(2**63), 1e308, 5e-324, -0.0, True, None, ""]
    assert strict(run(arbiter, "call", "words:App", "edge").stdout) == edge


@pytest.mark.parametrize("action", ["key", "huge", "half"])
def test_what_has_no_form_on_the_wire_is_told(arbiter: Arbiter, action: str) -> None:
    assert "cannot be encoded" in refused(run(arbiter, "call", "words:App", action))


def test_what_an_app_says_is_one_line_that_can_be_shown(arbiter: Arbiter) -> None:
    assert strict(run(arbiter, "call", "words:App", "text").stdout) == SAID
    said = refused(run(arbiter, "call", "words:App", "burn", json.dumps(SAID)))
    assert "\\u001b[2J" in said or "caf\u00e9" in said


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_the_same_in_whatever_it_is_written(arbiter: Arbiter, encoding: str) -> None:
    done = subprocess.run(
        dirty("call", "--socket", arbiter.socket_path, "words:App", "text"),
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=LIMIT_S,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert strict(done.stdout.decode(encoding)) == SAID


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "words", [("call", "words:App", "text"), ("status",), ("status", "--json")]
)
def test_a_full_disk_is_told_in_one_line(
    arbiter: Arbiter, words: tuple[str, ...], unbuffered: str
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            dirty(words[0], "--socket", arbiter.socket_path, *words[1:]),
            stdout=full,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stderr=subprocess.PIPE,
            text=True,
            timeout=LIMIT_S,
        )
    assert done.returncode == 1
    assert done.stderr == "Error: standard output: No space left on device\n"


# --- what a peer says of itself ---


def test_a_status_is_shown_as_it_is_said(tmp_path: Path) -> None:
    evil = "[red]:bomb:[/] \x1b[2J\u2028\\"
    worker = {
        "pid": 1, "age": 1, "booted": True, "last_heartbeat": 0.5, "apps": [evil], "state": evil,
        "slot": 0, "lanes": 1, "busy": 0, "template": 7, "resources": {evil: {evil: 0.5}},
    }  # fmt: skip
    state = {
        "arbiter_pid": 1, "workers": [worker], "worker_count": 1, "apps": [evil], "protocol": evil,
        "version": evil, "uptime": 1.0, "clients": 1, "restarts": 0, "last_boot_error": evil,
        "down": {evil: evil},
    }  # fmt: skip
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def answer() -> None:
            with listener.accept()[0] as peer:
                asked = gdproto.parse_header(peer.recv(1000))
                peer.sendall(gdproto.Response(asked.request_id, state).to_bytes())

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        result = CliRunner().invoke(group, ("status", "--socket", path), env={"COLUMNS": "300"})
        thread.join(LIMIT_S)
    assert result.exit_code == 0, result.stderr
    assert all(line.isprintable() for line in result.stdout.split("\n"))
    assert result.stdout.count(r"[red]:bomb:[/] \u001b[2J\u2028") >= 9
    assert "💣" not in result.stdout
