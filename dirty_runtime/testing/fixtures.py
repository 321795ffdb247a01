"""Fixtures of pytest: apps in this process, or beside it.

    pytest_plugins = ["dirty_runtime.testing.fixtures"]     # in conftest.py

Rules: who does not ask for them has none, and pays for none. A client in the process is the test's
own; an arbiter beside it, which takes longer to start, serves all tests of a module that ask for
the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..client import DirtyClient
    from .processes import Arbiter


@pytest.fixture
def dirty_client() -> Iterator[Callable[..., DirtyClient]]:
    """Makes a client of apps that run in this process; takes what `in_process` takes.

        def test_count(dirty_client):
            client = dirty_client(Counting)
            assert client.app(Counting).count("o") == 4

    Until the end of the test ``DIRTY_SOCKET`` names the arbiter of the last one.
    """
    from . import in_process

    with contextlib.ExitStack() as stack:

        def made(*apps: Any, **settings: Any) -> DirtyClient:
            arbiter = stack.enter_context(in_process(*apps, **settings))
            return stack.enter_context(arbiter.client())

        yield made


@pytest.fixture(scope="module")
def dirty_arbiter() -> Iterator[Callable[..., Arbiter]]:
    """Starts an arbiter beside this process, or gives the one that the module's tests have already.

        def test_count(dirty_arbiter):
            with dirty_arbiter("counting:Counting").client() as client:
                assert client.execute("counting:Counting", "count", "o") == 4

    It takes what `running` takes, and is stopped behind the module's last test. One that a test has
    stopped is started again.
    """
    from . import running

    with contextlib.ExitStack() as stack:
        started: dict[str, Arbiter] = {}

        def made(*apps: str, **options: Any) -> Arbiter:
            words = repr((apps, sorted(options.items())))
            if words not in started or started[words].process.poll() is not None:
                started[words] = stack.enter_context(running(*apps, **options))
            return started[words]

        yield made
