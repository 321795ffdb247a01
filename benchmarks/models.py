"""The examples that serve models, beside the form that comes to mind first.

Rules: the model of embeddings is MiniLM where it is installed (see `examples/minilm.py`), and else
a small one, which says little of batches. Naive is: the model in the web process, a text at a time,
by threads; a copy in each worker; an answer when all of it is there. Rounds are taken in turns.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from dirty_runtime import Converters, DirtyClient
from dirty_runtime.testing import Arbiter, running

from .clients import OURS
from .figures import Figure, Part
from .preload import memory_bytes
from .samples import Series
from .stage import Plan, Stage

KEY = "models"
NAIVE = "naive"
EXAMPLES = Path(__file__).parents[1] / "examples"
EMBEDDER, CHAT = "embedder:Embedder", "chat:Chat"
CALLERS, WORKERS, WORDS = 32, 4, 20_000
ARRAYS = Converters(arrays=True)

Ask = Callable[[str], Awaitable[Any]]


def part(stage: Stage, plan: Plan) -> Part:
    """Measure both, in turns."""
    texts = Figure("embed", f"{CALLERS} callers of an embedder, texts", "1/s")
    memory = Figure("memory", f"memory of {WORKERS} workers of it", "B")
    first = Figure("chat", f"first word of an answer of {WORDS:,}", "s")
    for side, options in ((OURS, ()), (NAIVE, ("--no-preload",))):
        stage.progress(f"{KEY}: memory, {side}")
        with running(EMBEDDER, workers=WORKERS, options=options, directory=EXAMPLES) as arbiter:
            memory.series[side] = Series([memory_bytes(arbiter)])
    alone = _model()
    with running(EMBEDDER, CHAT, directory=EXAMPLES) as arbiter:
        title = f"Models, embeddings by {_name(arbiter)}"
        for number in range(plan.rounds):
            stage.progress(f"{KEY}: {number + 1} of {plan.rounds}")
            _add(texts, OURS, asyncio.run(_ours(arbiter, plan.window_s)))
            _add(texts, NAIVE, asyncio.run(_per_s(alone, plan.window_s)))
            _add(first, OURS, _first_word_s(arbiter))
            _add(first, NAIVE, _answer_s(arbiter))
    return Part(KEY, title, OURS, (NAIVE,), [texts, memory, first])


def _add(figure: Figure, side: str, value: float) -> None:
    figure.series.setdefault(side, Series()).add(value)


def _model() -> Ask:
    """The model in this process, asked as a web framework asks what is not async."""
    sys.path.insert(0, str(EXAMPLES))
    from embedder import Embedder

    model = Embedder()
    model.init()

    async def ask(text: str) -> Any:
        return await asyncio.to_thread(model.embed_alone, text)

    return ask


def _name(arbiter: Arbiter) -> str:
    with arbiter.client() as client:
        return str(client.execute(EMBEDDER, "model_name"))


async def _ours(arbiter: Arbiter, seconds: float) -> float:
    async with DirtyClient(arbiter.socket_path, converters=ARRAYS) as client:
        return await _per_s(lambda text: client.execute_async(EMBEDDER, "embed", text), seconds)


async def _per_s(ask: Ask, seconds: float) -> float:
    """How many texts a second callers get done who ask one after the other."""
    done = 0
    begun_s = time.perf_counter()

    async def caller(number: int) -> None:
        nonlocal done
        while time.perf_counter() < begun_s + seconds:
            await ask(f"the exception number {number} is raised while a module is imported {done}")
            done += 1

    await asyncio.gather(*map(caller, range(CALLERS)))
    return done / (time.perf_counter() - begun_s)


def _first_word_s(arbiter: Arbiter) -> float:
    with arbiter.client() as client:
        begun_s = time.perf_counter()
        words = client.stream(CHAT, "reply", {"text": "the value of", "length": WORDS})
        next(words)
        took_s = time.perf_counter() - begun_s
        words.close()
        return took_s


def _answer_s(arbiter: Arbiter) -> float:
    with arbiter.client() as client:
        begun_s = time.perf_counter()
        client.execute(CHAT, "story", WORDS)
        return time.perf_counter() - begun_s
