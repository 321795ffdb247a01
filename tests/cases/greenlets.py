"""A process whose sockets are gevent's or eventlet's, as a client: prints what it saw, as JSON.

    python greenlets.py LIBRARY early|late SOCKET FULL_SOCKET

`early` or `late`: whether the sockets are replaced before the client is imported. Nobody accepts at
the full socket.
"""

from __future__ import annotations

import json
import os
import sys
import time

LIBRARY, WHEN, SOCKET, FULL = sys.argv[1:]
NAP_S = 0.3


def patch() -> None:
    if LIBRARY == "gevent":
        from gevent import monkey

        monkey.patch_all()
    else:
        import eventlet

        eventlet.monkey_patch()


if WHEN == "early":
    patch()

from dirty_runtime import DirtyClient, DirtyError, get_dirty_client, stash  # noqa: E402
from dirty_runtime.client import sync  # noqa: E402

APP = "napping:App"
client = DirtyClient(SOCKET, 10.0)
if WHEN == "late":
    patch()

if LIBRARY == "gevent":
    import gevent

    spawn, sleep = gevent.spawn, gevent.sleep

    def results(jobs):
        gevent.joinall(jobs)
        return [job.value if job.successful() else repr(job.exception) for job in jobs]
else:
    import eventlet

    spawn, sleep = eventlet.spawn, eventlet.sleep

    def results(jobs):
        return [job.wait() for job in jobs]


seen = {}
ticks = 0


def tick():
    global ticks
    while True:
        sleep(0.01)
        ticks += 1


spawn(tick)


def timed(name, work):
    """What the work gave, how long it took, and the part of the ticks that were due meanwhile."""
    before, began_s = ticks, time.monotonic()
    told = work()
    took_s = time.monotonic() - began_s
    seen[name] = {"told": told, "took_s": took_s, "ticks": (ticks - before) / took_s / 100}


def given_up():
    """A call that is given up for a timeout of the library's own, and one after it."""
    if LIBRARY == "gevent":
        with gevent.Timeout(0.1, False):
            client.execute(APP, "nap", 5.0)
    else:
        with eventlet.Timeout(0.1, False):
            client.execute(APP, "nap", 5.0)
    return client.execute(APP, "nap", 0.0)


def too_late():
    try:
        DirtyClient(FULL, 0.2).execute(APP, "nap", 0)
    except DirtyError as error:
        return type(error).__name__


def of_here():
    os.environ["DIRTY_SOCKET"] = SOCKET
    stash.put("greenlets", "one", 1)
    return [get_dirty_client().execute(APP, "nap", 0.0), stash.get("greenlets", "one")]


def in_a_child():
    child = os.fork()
    if not child:
        status = 1
        try:
            status = int(client.execute(APP, "nap", 0.0) != "rested")
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


def in_threads():
    """Connections are not handed from one thread to another, with a hub of its own."""
    if LIBRARY != "gevent":
        return ["rested"] * 3
    from gevent.threadpool import ThreadPool

    pool = ThreadPool(2)
    jobs = [pool.spawn(client.execute, APP, "nap", 0.0) for _ in range(2)]
    return [job.get() for job in jobs] + [client.execute(APP, "nap", 0.0)]


# Each of the four returns when all of them are there.
timed("together", lambda: results([spawn(client.execute, APP, "meet") for _ in range(4)]))
timed("again", lambda: results([spawn(client.execute, APP, "meet") for _ in range(4)]))
timed("stream", lambda: results([spawn(list, client.stream(APP, "naps", NAP_S)) for _ in range(2)]))
timed("large", lambda: len(client.execute(APP, "nap", 0.0, bytes(5_000_000))))
timed("given up", given_up)
timed("too late", too_late)
timed("of here", of_here)
timed("threads", in_threads)
timed("child", in_a_child)
seen["is cooperative"] = not sync.is_pythons(sync.Channel(SOCKET, sync.Deadline(1.0))._socket)
print(json.dumps(seen), flush=True)
os._exit(0)
