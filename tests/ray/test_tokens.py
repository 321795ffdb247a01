"""A cluster that lets only those in who have its token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dirty_runtime.testing import running

from .conftest import CLUSTER, TOKEN, Nodes, in_cluster, starting, until, worker_of

APP = "apps:OnA"


@pytest.fixture(scope="module")
def address(ray: None) -> Iterator[str]:
    nodes = Nodes(TOKEN)
    yield nodes.address
    nodes.stop()


def test_who_has_the_token_is_served(address: str) -> None:
    options = in_cluster(address)
    served = running(APP, options=options, directory=CLUSTER.parent, environment=TOKEN)
    with served as arbiter, arbiter.client() as client:
        assert client.execute(APP, "echo", 1) == 1


def test_who_has_none_is_told_why_it_waits(address: str) -> None:
    with starting(address, APP) as arbiter:
        arbiter.wait_ready(0)
        waits = until(lambda: worker_of(arbiter, APP).get("waits"), "it waits")
        assert "RAY_AUTH_MODE" in waits
        assert arbiter.status()["down"] == {}
