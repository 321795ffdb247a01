"""Workers wait for nodes that Ray's autoscaler starts for them, and give them back."""

from __future__ import annotations

from pathlib import Path

import pytest

from dirty_runtime.testing import Arbiter

from .conftest import dirty, starting, until

APP = "apps:OnC"


def places(arbiter: Arbiter) -> list[str]:
    """The nodes of the workers that are ready."""
    return [one["node"] for one in arbiter.status()["workers"] if one["booted"]]


# The autoscaler takes its time, there and back.
@pytest.mark.timeout(400)
def test_slots_and_nodes_come_and_go_together(ray: None, tmp_path: Path) -> None:
    from .autoscaling import autoscaled

    with autoscaled("c", tmp_path) as cluster, starting(cluster.address, APP) as arbiter:
        arbiter.wait_ready(1)
        assert cluster.nodes() == 1
        dirty("scale", "+1", "--wait", "90", "--socket", arbiter.socket_path)
        assert len(set(places(arbiter))) == cluster.nodes() == 2
        with arbiter.client() as client:
            assert client.execute(APP, "echo", 1) == 1
        dirty("scale", "-1", "--socket", arbiter.socket_path)
        until(lambda: cluster.nodes() == 1, "a node goes")
        assert len(places(arbiter)) == 1
        with arbiter.client() as client:
            assert client.execute(APP, "echo", 2) == 2
