"""What a developer sees: new code by itself, and what apps say by `logging`, where the log goes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dirty_runtime import DirtyAppError, DirtyClient
from dirty_runtime.arbiter.workers.sources import Sources
from dirty_runtime.testing import Arbiter, running

from .processes import LIMIT_S, ROOT, dirty, wait_until

APP = """
import logging
import os
import threading

from dirty_runtime import DirtyApp

from beside import VALUE

log = logging.getLogger("shop.orders")


class Shop(DirtyApp):
    def init(self):
        log.info("loaded %s", VALUE)

    def value(self):
        return VALUE

    def lazily(self):
        import lazily
        return lazily.VALUE

    def say(self, level, text, *args):
        log.log(getattr(logging, level), text, *args)

    def print_it(self, text):
        print(text)

    async def say_later(self, text):
        log.warning(text)

    def say_in_a_thread(self, text):
        thread = threading.Thread(target=log.info, args=(text,))
        thread.start()
        thread.join()

    def fail(self):
        class Untold(Exception):
            def __str__(self):
                raise ValueError
        try:
            raise Untold
        except Untold:
            log.exception("it failed")
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("it failed again")

    def fail_oddly(self, raises):
        class Odd(Exception):
            @property
            def __notes__(self):
                raise ValueError("no notes")
        if raises:
            raise Odd("it is odd")
        try:
            raise Odd("it is odd")
        except Odd:
            log.exception("it failed oddly")

    def configure(self):
        logging.basicConfig(format="OWN %(name)s %(message)s")
        log.warning("configured")
        logging.getLogger().handlers.clear()

    def say_in_a_copy(self, text):
        child = os.fork()
        if not child:
            log.warning(text)
            os._exit(0)
        os.waitpid(child, 0)
"""
SHOP = "shop:Shop"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(APP)
    for name in ("beside", "lazily", "unused"):
        (tmp_path / f"{name}.py").write_text("VALUE = 1\n")
    return tmp_path


def lines(arbiter: Arbiter, text: str) -> list[str]:
    return [line for line in arbiter.log.read_text().splitlines() if text in line]


def said(arbiter: Arbiter, text: str) -> str:
    """The one line that has the text, when it is there."""
    wait_until(lambda: bool(lines(arbiter, text)))
    (line,) = lines(arbiter, text)
    return line


# --- reload ---


def test_new_code_is_loaded_by_itself(directory: Path) -> None:
    def write(name: str, text: str) -> None:
        (directory / f"{name}.py").write_text(f"{text}\n")

    with running(SHOP, options=["--reload"], directory=directory) as arbiter:
        client = arbiter.client()
        # What an action imports counts from then on, and what nobody imports does not.
        assert client.execute(SHOP, "lazily") == 1
        assert not lines(arbiter, "changed: ")
        is_watched(arbiter, client, directory)
        write("unused", "VALUE = 2")
        write("beside", "VALUE = 2")
        wait_until(lambda: client.execute(SHOP, "value") == 2)
        assert not lines(arbiter, "unused.py")

        # A fault is told, and what served goes on; the mend may lie in a file that is new.
        write("beside", "from fresh import VALUE")
        wait_until(lambda: bool(lines(arbiter, "no reload, what served goes on")))
        assert "No module named 'fresh'" in lines(arbiter, "no reload")[0]
        assert client.execute(SHOP, "value") == 2
        write("fresh", "VALUE = 3")
        wait_until(lambda: client.execute(SHOP, "value") == 3)
        client.close()
        assert arbiter.stop() == 0


def is_watched(arbiter: Arbiter, client: DirtyClient, directory: Path) -> None:
    """Return when a change of what was imported late has led to a reload."""

    def changed() -> bool:
        # The worker tells of it soon, and nobody hears when.
        (directory / "lazily.py").write_text("VALUE = 2\n")
        return client.execute(SHOP, "lazily") == 2

    wait_until(changed)


def test_what_is_saved_right_after_it_was_imported_is_loaded(directory: Path) -> None:
    saves = """
    def init(self):
        if VALUE == 1:
            with open("beside.py", "w") as file:
                file.write("VALUE = 2")
"""
    (directory / "shop.py").write_text(APP + saves)
    with running(SHOP, options=["--reload"], directory=directory) as arbiter:
        with arbiter.client() as client:
            wait_until(lambda: client.execute(SHOP, "value") == 2)
        assert arbiter.stop() == 0


def test_reload_needs_a_package(directory: Path) -> None:
    (directory / "watchfiles.py").write_text("raise ImportError\n")
    words = dirty("serve", "--app", SHOP, "--socket", "socket", "--reload")
    # The command looks for modules in its directory.
    done = subprocess.run(
        words, cwd=directory, env={"PYTHONPATH": str(directory)}, capture_output=True, text=True,
        timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "reload needs watchfiles: pip install 'gdproto[reload]'" in done.stderr


# --- logging ---


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arbiter]:
    directory = tmp_path_factory.mktemp("text")
    (directory / "shop.py").write_text(APP)
    (directory / "beside.py").write_text("VALUE = 1\n")
    with running(SHOP, directory=directory) as arbiter:
        yield arbiter


def call(arbiter: Arbiter, *words: Any) -> None:
    with arbiter.client() as client:
        client.execute(SHOP, *words)


def test_what_an_app_says_is_in_the_log_with_its_request(text: Arbiter) -> None:
    assert " INFO [" in said(text, "shop.orders (slot 0): loaded 1")
    call(text, "say", "INFO", "a %s\nb", "word")
    line = said(text, "a word")
    assert line.endswith(r"): a word\nb")
    assert "shop.orders (slot 0, shop:Shop say, request " in line
    call(text, "say_later", "in a coroutine")
    assert "WARNING" in said(text, "in a coroutine")
    assert "shop:Shop say_later, request " in said(text, "in a coroutine")
    call(text, "say_in_a_thread", "in a thread")
    assert "shop.orders (slot 0): in a thread" in said(text, "in a thread")


def test_what_is_below_the_level_is_not(text: Arbiter) -> None:
    call(text, "say", "DEBUG", "of no weight")
    call(text, "say", "INFO", "of some weight")
    said(text, "of some weight")
    assert not lines(text, "of no weight")


def test_what_it_prints_is_seen_at_once(text: Arbiter) -> None:
    call(text, "print_it", "as it is printed")
    assert said(text, "as it is printed") == "as it is printed"


PRINTS = """
import ctypes, os
from dirty_runtime.worker.surroundings import write_by_lines
write_by_lines()
{line}
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("line", ["print('told')", "ctypes.CDLL(None).puts(b'told')"])
def test_what_it_prints_is_there_though_it_is_killed(line: str) -> None:
    command = [sys.executable, "-c", PRINTS.format(line=line)]
    around = os.environ | {"PYTHONUNBUFFERED": ""}
    done = subprocess.run(
        command, cwd=ROOT, env=around, capture_output=True, text=True, timeout=LIMIT_S
    )
    assert done.stdout == "told\n"


def test_what_cannot_be_told_is_told_of(text: Arbiter) -> None:
    call(text, "say", "INFO", "%d pieces", "no")
    assert "'%d pieces', of which no text can be made: TypeError" in said(text, "pieces")
    call(text, "fail")
    wait_until(lambda: bool(lines(text, "it failed again")))
    assert said(text, "    ZeroDivisionError: division by zero")
    assert lines(text, "it failed")


def test_an_exception_that_has_no_text_is_told_of(text: Arbiter) -> None:
    call(text, "fail_oddly", False)
    assert "shop:Shop fail_oddly, request " in said(text, "it failed oddly")
    assert said(text, "    its traceback cannot be made: ValueError")
    with pytest.raises(DirtyAppError, match="it is odd"):
        call(text, "fail_oddly", True)
    call(text, "say", "INFO", "it goes on")
    assert said(text, "it goes on")


def test_an_app_that_configures_logging_has_that(text: Arbiter) -> None:
    call(text, "configure")
    assert said(text, "configured") == "OWN shop.orders configured"


def test_a_copy_says_it_as_python_does(text: Arbiter) -> None:
    call(text, "say_in_a_copy", "from a copy")
    assert said(text, "from a copy") == "from a copy"


def test_in_json_each_fact_has_its_name(directory: Path) -> None:
    options = ["--log-json", "--app-log-level", "warning"]
    with running(SHOP, options=options, directory=directory) as arbiter:
        call(arbiter, "say", "INFO", "too low")
        call(arbiter, "say", "WARNING", "a word")
        line = json.loads(said(arbiter, "a word"))
        assert not lines(arbiter, "too low")
        assert not lines(arbiter, "loaded 1")
    facts = {"level": "WARNING", "message": "a word", "logger": "shop.orders", "slot": 0}
    assert line.items() >= (facts | {"app": SHOP, "action": "say"}).items()
    assert line["request_id"] >= 1
    assert line["pid"] != arbiter.process.pid


def test_a_level_that_is_none_is_refused() -> None:
    words = dirty("serve", "--app", SHOP, "--socket", "socket", "--app-log-level", "loud")
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 1
    assert "app-log-level is one of debug, info, warning, error, not 'loud'" in done.stderr


def test_what_is_saved_between_two_watches_is_told(tmp_path: Path) -> None:
    """A source in another directory ends a watch, and another begins."""
    source, other = tmp_path / "here" / "app.py", tmp_path / "there" / "lazily.py"
    for path in (source, other):
        path.parent.mkdir()
        path.write_text("VALUE = 1")

    async def test() -> None:
        begun = asyncio.Event()
        reloading = SimpleNamespace(is_under_way=False, has_failed=False, begin=begun.set)
        sources = Sources(reloading)  # type: ignore[arg-type]
        look, watches = sources._look, list[str]()

        def looked(*directories: str, **options: Any) -> Any:
            if watches:
                source.write_text("VALUE = 2")
            watches.append(directories[0])
            return look(*directories, **options)

        sources._look = looked
        sources.add(str(source), 0)
        sources.begin()
        while not watches:
            await asyncio.sleep(0.01)
        sources.add(str(other), 0)
        async with asyncio.timeout(LIMIT_S):
            await begun.wait()
        sources.end()

    asyncio.run(test())
