"""Apps that misbehave as they are told, and whose code changes: copied beside a test."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from dirty_runtime import DirtyApp, current_request, stash

HERE = Path(__file__).parent
VERSION = 1


class Changing(DirtyApp):
    def init(self):
        (HERE / "starts").open("a").write("x")
        if (HERE / "hang").exists():
            time.sleep(600)
        if (HERE / "wait").is_fifo():
            (HERE / "wait").read_text()
        if (HERE / "kill").exists():
            os.kill(os.getpid(), 9)
        if (HERE / "broken").exists():
            raise RuntimeError("it is broken")

    def version(self):
        return VERSION

    def pid(self):
        return os.getpid()


class Good(DirtyApp):
    def pid(self):
        return os.getpid()

    def nap(self, seconds):
        time.sleep(seconds)

    def die(self):
        os.kill(os.getpid(), 9)

    def fork_and_die(self):
        if os.fork() == 0:
            time.sleep(600)
        os.kill(os.getpid(), 9)

    def wait_for_file(self, path):
        Path(f"{path}.waits").touch()
        while not Path(path).exists():
            time.sleep(0.005)
        return "there"

    def wait_until_cancelled(self, path):
        Path(path).write_text("running")
        while not current_request().cancelled:
            time.sleep(0.005)
        Path(path).write_text("cancelled")

    async def wait_for_ever(self, path):
        try:
            Path(path).write_text("running")
            await asyncio.Event().wait()
        finally:
            Path(path).write_text("cancelled")


class Limited(Good):
    workers = 1
    stashes = ("made early",)


class Killed(Good):
    kill_on_cancel = True


class Sharing(DirtyApp):
    def init(self):
        stash.put("boot", os.getpid(), True)
        stash.put("early", "known", stash.exists("made early"))
        from gunicorn.dirty import stash as theirs

        theirs.put("boot", "through gunicorn", [1])

    def seen(self):
        return stash.get("boot", "through gunicorn")
