"""The drawings of the pages about design, by name."""

from __future__ import annotations

from .sketch import Sketch


def forwarding() -> str:
    """What of a frame the arbiter reads."""
    drawn = Sketch(
        "forwarding",
        720,
        190,
        "Of a REQUEST the arbiter reads header, app_path, action, timeout and priority; args and "
        "kwargs, which may be megabytes, are read by the worker alone.",
    )
    parts = (("header", 100), ("app_path", 110), ("action", 90), ("timeout", 90))
    x = 10
    for name, width in parts:
        drawn.box(x, 60, width, 50, name, kind="ours")
        x += width + 4
    drawn.box(x, 60, 298, 50, "args, kwargs", "any values, any size")
    drawn.words((10 + x) / 2, 44, "read by the arbiter")
    drawn.words(x + 149, 44, "read by the worker alone")
    drawn.arrow(10, 132, 706, 132)
    drawn.words(360, 156, "all of it goes to the worker, as it came")
    drawn.words(360, 176, "of an answer, the arbiter reads the header alone")
    return drawn.svg()


def lanes() -> str:
    """How a lane that falls idle pulls."""
    drawn = Sketch(
        "lanes",
        720,
        290,
        "A queue for each of two apps; of three workers the first two are busy, and the third, "
        "whose lane has just become idle, pulls the next request of an app that it serves.",
    )
    for row, (app, waiting) in enumerate((("app A", 3), ("app B", 1))):
        y = 60 + 110 * row
        drawn.words(75, y + 32, app, "name")
        drawn.box(120, y, 190, 54)
        for place in range(waiting):
            drawn.box(278 - 36 * place, y + 11, 26, 32, kind="waits")
    drawn.words(215, 40, "a queue for each app")
    for row, (name, state, kind) in enumerate(
        (
            ("worker 1: A", "its lane runs a call", "ours"),
            ("worker 2: A, B", "its lane runs a call", "ours"),
            ("worker 3: A, B", "its lane is idle: it pulls", "waits"),
        )
    ):
        drawn.box(500, 30 + 84 * row, 210, 64, name, state, kind=kind)
    drawn.arrow(314, 90, 496, 222)
    drawn.arrow(314, 202, 496, 236, "not")
    drawn.words(380, 268, "apps take turns: A now, B next")
    return drawn.svg()


def large() -> str:
    """Where the bytes of large frames are."""
    drawn = Sketch(
        "large",
        720,
        300,
        "A large REQUEST goes from the client's socket through a pipe into a file without a name, "
        "and by sendfile to the worker; a large RESPONSE goes from the worker's socket through a "
        "pipe to the client's. The arbiter sees the first part of each, and numbers.",
    )
    drawn.box(150, 56, 420, 226, kind="around")
    drawn.words(360, 48, "the kernel")
    drawn.box(10, 80, 110, 180, "client")
    drawn.box(600, 80, 110, 180, "worker")
    drawn.box(180, 90, 90, 50, "pipe", kind="ours")
    drawn.box(330, 90, 150, 50, "file, no name", "kept until it is whole", kind="ours")
    drawn.arrow(122, 115, 176, 115)
    drawn.arrow(272, 115, 326, 115)
    drawn.arrow(482, 115, 596, 115)
    drawn.words(538, 106, "sendfile", "code")
    drawn.words(300, 158, "splice", "code")
    drawn.words(360, 180, "a REQUEST beyond 2 MiB")
    drawn.box(315, 200, 90, 40, "pipe", kind="waits")
    drawn.arrow(596, 220, 409, 220, "back")
    drawn.arrow(311, 220, 124, 220, "back")
    drawn.words(360, 262, "a RESPONSE beyond 2 MiB")
    drawn.words(360, 20, "the arbiter: counts bytes, and says where they go", "name")
    return drawn.svg()


def templates() -> str:
    """Who is forked from what."""
    drawn = Sketch(
        "templates",
        720,
        300,
        "The arbiter starts a template; the template forks keepers, and each keeper forks what it "
        "keeps: a spare, which becomes a worker when its order comes. A template with apps is "
        "forked from it too, and its workers share the memory of the model.",
    )
    drawn.box(10, 110, 110, 70, "arbiter", "imports no app", kind="ours")
    drawn.box(190, 20, 150, 70, "template", "Python, no app")
    drawn.box(190, 200, 150, 70, "template", "and the model")
    for y, names in ((20, ("worker", "loads its app")), (200, ("worker", "shares the model"))):
        drawn.box(410, y + 10, 90, 50, "keeper")
        drawn.box(560, y, 150, 70, *names, kind="ours")
        drawn.arrow(342, y + 35, 406, y + 35)
        drawn.arrow(502, y + 35, 556, y + 35)
        drawn.words(374, y + 26, "forks")
        drawn.words(529, y + 26, "forks")
    drawn.arrow(122, 130, 186, 70)
    drawn.arrow(265, 94, 265, 196)
    drawn.words(300, 150, "forks")
    drawn.arrow(122, 160, 186, 220, "not")
    drawn.words(100, 205, "orders")
    drawn.words(140, 84, "starts")
    return drawn.svg()


def doubt() -> str:
    """Who answers for which bytes."""
    drawn = Sketch(
        "doubt",
        720,
        250,
        "Bytes go to the C codec. What is common and right it answers itself. In doubt nothing is "
        "raised: the same bytes are judged again, by steps in C that find the place, and a fault "
        "is described by the Python codec from that place; what is right after all, the Python "
        "codec reads.",
    )
    drawn.words(40, 64, "bytes", "code")
    drawn.box(110, 30, 170, 60, "codec in C", "common and right", kind="ours")
    drawn.box(110, 160, 170, 60, "judge in C", "where is the fault?", kind="ours")
    drawn.box(370, 130, 190, 50, "strict codec, Python", kind="")
    drawn.box(370, 192, 190, 50, "value codec, Python", kind="")
    drawn.arrow(64, 60, 106, 60)
    drawn.arrow(195, 92, 195, 156, "back")
    drawn.words(150, 128, "doubt")
    drawn.arrow(282, 60, 616, 60)
    drawn.words(660, 64, "the value", "code")
    drawn.arrow(282, 180, 366, 158, "back")
    drawn.words(318, 150, "at fault")
    drawn.arrow(282, 204, 366, 216)
    drawn.words(322, 236, "right")
    drawn.arrow(562, 155, 600, 155, "back")
    drawn.words(656, 159, "ProtocolError", "code")
    drawn.arrow(562, 217, 616, 217)
    drawn.words(660, 221, "the value", "code")
    return drawn.svg()


ALL = {made.__name__: made for made in (forwarding, lanes, large, templates, doubt)}
