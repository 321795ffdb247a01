"""A cluster whose nodes have networks and addresses of their own, of which one is cut off."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from dirty_runtime import DirtyWorkerError
from dirty_runtime.testing import running

from .conftest import CLUSTER, OPEN, in_cluster, until, worker_of

A, B = "apps:OnA", "apps:OnB"
# On a machine that does much else.
SOON_S = 5.0


# Ray's own commands take their time.
@pytest.mark.timeout(300)
def test_nodes_with_networks_of_their_own(ray: None, tmp_path: Path) -> None:
    from .networks import may_make_networks, networks

    if not may_make_networks():
        pytest.skip("networks cannot be made here: that takes `ip`, and root")
    value = bytes(range(256)) * (20 * 2**12)
    with networks("ab") as nodes:
        options = in_cluster(nodes.address)
        with (
            running(A, B, options=options, directory=CLUSTER.parent, environment=OPEN) as arbiter,
            arbiter.client(timeout=60) as client,
        ):
            where = {app: client.execute(app, "where") for app in (A, B)}
            addresses = {app: client.execute(app, "address") for app in (A, B)}
            assert addresses == {A: nodes.addresses["a"], B: nodes.addresses["b"]}
            assert worker_of(arbiter, A)["node"] == where[A][1] != where[B][1]
            assert client.execute(B, "echo", value) == value
            assert list(client.stream(A, "count", 5000)) == list(range(5000))
            begun = tmp_path / "begun"
            call = client.submit(A, "wait", 60, str(begun))
            until(begun.exists, "it runs")
            cut_s = time.monotonic()
            nodes.cut("a")
            with pytest.raises(DirtyWorkerError, match="its node is gone"):
                call.result(30)
            assert time.monotonic() - cut_s < SOON_S
            assert client.execute(B, "echo", 1) == 1
            until(lambda: worker_of(arbiter, A).get("waits"), "it waits for another node")
            assert arbiter.status()["down"] == {}
