"""A small model of meaning, learned when it is made: words are near that stand near the same words.

The text is the language reference that comes with Python. How often words stand near each other
is counted, and by how much that is more than by chance is a word's vector. A text is the sum of its
words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pydoc_data import topics

import numpy as np
from minilm import Floats

WORDS, NEAR = 512, 5
WORD = re.compile(r"[a-z]+")


class WordVectors:
    """The model; learning it takes some hundredths of a second."""

    name = "words of the language reference"

    def __init__(self) -> None:
        text = WORD.findall(" ".join(topics.topics.values()).lower())
        common = Counter(text).most_common(WORDS)
        self._ids = {word: number for number, (word, _) in enumerate(common)}
        beyond = _beyond_chance(np.array([self._ids[word] for word in text if word in self._ids]))
        # A word that is everywhere says little.
        weights = np.array([1e-3 / (1e-3 + n / len(text)) for _, n in common])
        self._vectors: Floats = (weights[:, None] * beyond).astype(np.float32)

    def embed(self, texts: Sequence[str]) -> Floats:
        """A row of length 1 for each text; of one without a word that is known, zeros."""
        rows = np.zeros((len(texts), WORDS), np.float32)
        for row, text in zip(rows, texts, strict=True):
            known = [self._ids[word] for word in WORD.findall(text.lower()) if word in self._ids]
            row += self._vectors[known].sum(axis=0)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        rows /= np.where(lengths, lengths, 1)
        return rows


def _beyond_chance(text: np.typing.NDArray[np.int64]) -> np.typing.NDArray[np.float64]:
    """By how much more often than by chance two words stand near each other, as a logarithm."""
    counts = np.zeros(WORDS * WORDS)
    for distance in range(1, NEAR + 1):
        pairs = text[:-distance] * WORDS + text[distance:]
        counts += np.bincount(pairs, minlength=WORDS * WORDS) / distance
    near = counts.reshape(WORDS, WORDS)
    near = near + near.T
    each = near.sum(axis=0)
    chance = np.outer(each, each) / each.sum()
    found: np.typing.NDArray[np.float64] = np.log(np.maximum(near / chance, 1))
    return found
