"""A client can be shared, forked, closed, used again and dropped; nobody hears of its sockets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from dirty_runtime import DirtyClient
from dirty_runtime.testing import Arbiter
from tests.dirty_runtime.processes import LIMIT_S, OURS, ROOT, serving

# A client that was made at import, used in every way, and dropped as part of a cycle.
PROGRAM = f"""
import asyncio, gc, logging, sys
from dirty_runtime import DirtyClient, StashClient
# How long a turn of the loop takes is the machine's matter.
logging.getLogger("asyncio").addFilter(lambda said: not said.msg.startswith("Executing"))
at_import = DirtyClient(sys.argv[1])
class Holder:
    def __init__(self):
        self.me, self.client = self, DirtyClient(sys.argv[1])
def use(client):
    assert client.execute("{OURS}", "add_later", 1, 2) == 3
    stream = client.stream("{OURS}", "count", 10**5)
    assert next(stream) == 0
    assert asyncio.run(client.execute_async("{OURS}", "add_later", 1, 2)) == 3
use(at_import)
StashClient(sys.argv[1]).put("sharing", "one", 1)
for _ in range(3):
    use(Holder().client)
gc.collect()
kept = at_import.stream("{OURS}", "count", 10**5)
next(kept)
"""


@pytest.fixture(scope="module")
def arbiter() -> Iterator[Arbiter]:
    with serving(OURS, threads=3) as arbiter:
        yield arbiter


def test_nobody_hears_of_what_was_not_closed(arbiter: Arbiter) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM, arbiter.socket_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_child_and_its_parent_have_connections_of_their_own(arbiter: Arbiter) -> None:
    with arbiter.client() as client:
        call_some(client)
        children = []
        for _ in range(3):
            child = os.fork()
            if not child:
                status = 1
                try:
                    call_some(client)
                    status = 0
                finally:
                    os._exit(status)
            children.append(child)
        call_some(client)
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
        call_some(client)


def call_some(client: DirtyClient) -> None:
    """Each answer is that to its own question."""
    for number in range(30):
        asked = [os.getpid(), number]
        assert client.execute(OURS, "echo", *asked)["args"] == asked


def test_threads_share_a_client_that_is_closed_again_and_again(arbiter: Arbiter) -> None:
    with arbiter.client() as client, ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(call_some, client) for _ in range(8)]
        while not all(call.done() for call in calls):
            client.close()
        for call in calls:
            call.result()
    client.close()
    assert client.execute(OURS, "add_later", 1, 2) == 3
    client.close()
