"""Nonsense in the style of the Python reference: a model that is loaded once and tells stories.

A Markov chain over the language reference that comes with Python. Training it takes longer than
a request should; telling a word takes a microsecond.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice, pairwise
from pydoc_data import topics

from dirty_runtime import DirtyApp

Pair = tuple[str, str]


class Storyteller(DirtyApp):
    """Tells one word after the other, each chosen by the two before it."""

    def init(self) -> None:
        """Train the model: which words follow a pair of words."""
        words = " ".join(topics.topics.values()).split()
        self._next: defaultdict[Pair, list[str]] = defaultdict(list)
        for pair, word in zip(pairwise(words), islice(words, 2, None), strict=False):
            self._next[pair].append(word)
        self._beginnings = sorted(pair for pair in self._next if pair[0].istitle())

    def story(self, length: int, seed: int = 0) -> str:
        """A story of `length` words; the same seed tells the same one. Raises ValueError."""
        if length < 0:
            raise ValueError(f"a story of {length} words cannot be told")
        return " ".join(self.words(length, seed))

    def words(self, length: int, seed: int = 0) -> Iterator[str]:
        """As `story`, word by word."""
        rng = random.Random(seed)
        first, second = rng.choice(self._beginnings)
        for _ in range(length):
            yield first
            following = self._next.get((first, second)) or rng.choice(self._beginnings)
            first, second = second, rng.choice(following)
