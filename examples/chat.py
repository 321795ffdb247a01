"""A chat that streams its answers word by word, those of several callers in one batch.

    dirty serve --chdir examples --app chat:Chat

The words come from the `Storyteller`, which is trained at the start. One step of the batch is a
word for each answer that is still wanted: so a model on a GPU would be asked once for all. A caller
who is answered, or goes away, leaves the batch.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from itertools import pairwise
from typing import Any

from storyteller import Storyteller

from dirty_runtime import ENDED, batched


class Chat(Storyteller):
    """Goes on from the last words that it knows of what is said."""

    preload = True

    @batched(max_size=16, max_wait_s=0.002)
    def reply(self, prompts: list[dict[str, Any]]) -> Generator[list[Any], list[bool], None]:
        """The words of an answer; of a prompt, `text`, `length` and `seed` are looked at."""
        answers = [self._words_after(**prompt) for prompt in prompts]
        is_open = [True] * len(answers)
        while any(is_open):
            both = zip(answers, is_open, strict=True)
            is_open = yield [next(one, ENDED) if wanted else ENDED for one, wanted in both]

    def _words_after(self, text: str, length: int = 50, seed: int = 0) -> Iterator[str]:
        """Words that could follow the text."""
        rng = random.Random(seed)
        said = text.split()
        pairs = [pair for pair in pairwise(said) if pair in self._next]
        first, second = pairs[-1] if pairs else rng.choice(self._beginnings)
        for _ in range(length):
            following = self._next.get((first, second)) or rng.choice(self._beginnings)
            first, second = second, rng.choice(following)
            yield second
