"""A service of embeddings: one copy of its model for all workers, and texts that run in batches.

    dirty serve --chdir examples --app embedder:Embedder --workers 4

The model is MiniLM where that is installed (see `minilm`), and else a small one (`word_vectors`).
"""

from __future__ import annotations

from minilm import Floats, MiniLM, installed
from word_vectors import WordVectors

from dirty_runtime import Converters, DirtyApp, batched

CONVERTERS = Converters(arrays=True)


class Embedder(DirtyApp):
    """Makes vectors of texts."""

    preload = True
    converters = CONVERTERS

    def init(self) -> None:
        folder = installed()
        self.model = MiniLM(folder) if folder else WordVectors()

    @batched(max_size=32, max_wait_s=0.005)
    def embed(self, texts: list[str]) -> list[Floats]:
        """The vector of a text, which has length 1."""
        return list(self.model.embed(texts))

    def embed_alone(self, text: str) -> Floats:
        """As `embed`, by itself: what batches are measured against."""
        (vector,) = self.model.embed([text])
        return vector  # type: ignore[no-any-return]

    def model_name(self) -> str:
        return self.model.name
