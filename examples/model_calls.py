"""The apps embedder:Embedder, chat:Chat, for those who call them; written by `dirty stubs`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from dirty_runtime import protocol_of

if TYPE_CHECKING:
    import numpy


@protocol_of("embedder:Embedder")
class Embedder(Protocol):
    def embed(self, texts: str) -> numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.float32]]: ...
    def embed_alone(
        self, text: str
    ) -> numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.float32]]: ...
    def model_name(self) -> str: ...


@protocol_of("embedder:Embedder")
class AsyncEmbedder(Protocol):
    async def embed(
        self, texts: str
    ) -> numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.float32]]: ...
    async def embed_alone(
        self, text: str
    ) -> numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.float32]]: ...
    async def model_name(self) -> str: ...


@protocol_of("chat:Chat")
class Chat(Protocol):
    def story(self, length: int, seed: int = 0) -> str: ...
    def words(self, length: int, seed: int = 0) -> Iterator[str]: ...
    def reply(self, prompts: dict[str, Any]) -> Iterator[Any]: ...


@protocol_of("chat:Chat")
class AsyncChat(Protocol):
    async def story(self, length: int, seed: int = 0) -> str: ...
    def words(self, length: int, seed: int = 0) -> AsyncIterator[str]: ...
    def reply(self, prompts: dict[str, Any]) -> AsyncIterator[Any]: ...
