"""The examples that serve models: what they compute, and how they are called from the web."""

from __future__ import annotations

import ast
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from tests.dirty_runtime.processes import LIMIT_S, serving

from .web_servers import EXAMPLES, WebServer, serving_web, uvicorn

EMBEDDER, CHAT = "embedder:Embedder", "chat:Chat"
ERRORS = "an exception is raised"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "cats", "eat", "!", "deja"]
SIZE, INNER, HEADS, LAYERS = 8, 16, 2, 2

sys.path.insert(0, str(EXAMPLES))
from minilm import MiniLM  # noqa: E402
from word_vectors import WordVectors  # noqa: E402


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with (
        serving(EMBEDDER, CHAT, directory=EXAMPLES) as arbiter,
        serving_web(uvicorn("models_app:app"), arbiter.socket_path) as server,
    ):
        yield server


def asked(web: WebServer, path: str, **words: object) -> str:
    status, _, body = web.get(f"/{path}?{urlencode(words)}")
    assert status == 200, body
    return body


def test_texts_are_near_that_mean_alike(web: WebServer) -> None:
    def similarity(other: str) -> float:
        return float(json.loads(asked(web, "similarity", one=ERRORS, other=other))["similarity"])

    assert similarity(ERRORS) == pytest.approx(1, abs=1e-3)
    assert similarity("handle the error in a try statement") > similarity("a module is imported")


def test_a_chat_goes_on_from_what_is_said(web: WebServer) -> None:
    told = asked(web, "chat", text="the value of", length=40, seed=3)
    assert len(told.split()) == 40
    assert told == asked(web, "chat", text="the value of", length=40, seed=3)
    assert told != asked(web, "chat", text="the value of", length=40, seed=4)
    assert asked(web, "chat", text="the value of", length=0) == ""


def test_the_calls_are_those_of_the_apps() -> None:
    words = [sys.executable, "-m", "dirty_runtime", "stubs", EMBEDDER, CHAT]
    done = subprocess.run(
        [*words, "--chdir", str(EXAMPLES)],
        cwd=EXAMPLES.parent,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    kept = (EXAMPLES / "model_calls.py").read_text()
    assert ast.dump(ast.parse(kept)) == ast.dump(ast.parse(done.stdout))


def test_vectors_of_words_have_length_1_and_the_unknown_none() -> None:
    rows = WordVectors().embed([ERRORS, "xyzzy"])
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0], abs=1e-6)


# --- MiniLM, in small ---


@pytest.fixture(scope="module")
def weights() -> dict[str, Any]:
    """Of a model as MiniLM is one, but of a few numbers."""
    random, found = np.random.default_rng(1), {}

    def add(name: str, *shape: int) -> None:
        found[name] = random.normal(size=shape).astype(np.float32)

    def add_dense(name: str, given: int, taken: int) -> None:
        add(f"{name}.weight", given, taken)
        add(f"{name}.bias", given)

    for name, count in (("word", len(WORDS)), ("position", 12), ("token_type", 2)):
        add(f"embeddings.{name}_embeddings.weight", count, SIZE)
    norms = ["embeddings"]
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        norms += [f"{layer}.attention.output", f"{layer}.output"]
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            add_dense(f"{layer}.attention.{name}", SIZE, SIZE)
        add_dense(f"{layer}.intermediate.dense", INNER, SIZE)
        add_dense(f"{layer}.output.dense", SIZE, INNER)
    for name in norms:
        add(f"{name}.LayerNorm.weight", SIZE)
        add(f"{name}.LayerNorm.bias", SIZE)
    return found


@pytest.fixture(scope="module")
def model(weights: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> MiniLM:
    folder: Path = tmp_path_factory.mktemp("model")
    config = {"num_attention_heads": HEADS, "num_hidden_layers": LAYERS, "layer_norm_eps": 1e-12}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    head, data = {}, b""
    for name, one in weights.items():
        end = len(data) + one.nbytes
        head[name] = {"dtype": "F32", "shape": one.shape, "data_offsets": (len(data), end)}
        data += one.tobytes()
    told = json.dumps(head).encode()
    told += b" " * (-len(told) % 8)
    size = len(told).to_bytes(8, "little")
    (folder / "model.safetensors").write_bytes(size + told + data)
    return MiniLM(folder)


def test_words_are_cut_into_the_longest_pieces(model: MiniLM) -> None:
    def pieces(text: str) -> list[str]:
        return [WORDS[number] for number in model.tokens(text)]

    assert pieces("Unaffable CATS eat!") == [
        *("[CLS]", "un", "##aff", "##able", "cats", "eat", "!", "[SEP]"),
    ]
    assert pieces("Déjà unknown") == ["[CLS]", "deja", "[UNK]", "[SEP]"]


def test_a_text_in_a_batch_has_the_vector_that_it_has_alone(model: MiniLM) -> None:
    texts = ["cats", "unaffable cats eat!", "eat", "cats eat"]
    together = model.embed(texts)
    alone = np.concatenate([model.embed([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-5)
    assert together[0] != pytest.approx(together[1], abs=1e-3)


def test_it_computes_what_a_transformer_does(model: MiniLM, weights: dict[str, Any]) -> None:
    """Beside the plainest way to write it: a text at a time, a head and a token after another."""

    def dense(states: Any, name: str) -> Any:
        return states @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normal(states: Any, name: str) -> Any:
        rows = [(row - row.mean()) / row.std() for row in states]
        return (
            np.array(rows) * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]
        )

    ids = model.tokens("unaffable cats eat!")
    words, places, kinds = (
        weights[f"embeddings.{name}_embeddings.weight"]
        for name in ("word", "position", "token_type")
    )
    states = [words[one] + places[at] + kinds[0] for at, one in enumerate(ids)]
    states = normal(np.array(states, np.float64), "embeddings")
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        query, key, value = (
            dense(states, f"{layer}.attention.self.{name}") for name in ("query", "key", "value")
        )
        taken = np.zeros_like(states)
        for head in range(HEADS):
            own = slice(head * SIZE // HEADS, (head + 1) * SIZE // HEADS)
            for at in range(len(ids)):
                parts = np.exp(key[:, own] @ query[at, own] / math.sqrt(SIZE / HEADS))
                taken[at, own] = parts / parts.sum() @ value[:, own]
        attended = dense(taken, f"{layer}.attention.output.dense")
        states = normal(states + attended, f"{layer}.attention.output")
        inner = dense(states, f"{layer}.intermediate.dense")
        inner = np.vectorize(lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2)(inner)
        states = normal(states + dense(inner, f"{layer}.output.dense"), f"{layer}.output")
    mean = states.mean(axis=0)
    (found,) = model.embed(["unaffable cats eat!"])
    assert found == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)
