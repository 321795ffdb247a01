"""Where a worker may stand in a cluster, and why it stands nowhere yet: pure.

Rules: what an app takes is told by Ray's names, `num_cpus`, `num_gpus` and `memory`, or by ours,
`cpu` and `gpu`; anything else is a resource that the cluster has under that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

# Names of options by what apps say, and what the cluster calls them.
OPTIONS = {
    "cpu": "num_cpus",
    "num_cpus": "num_cpus",
    "gpu": "num_gpus",
    "num_gpus": "num_gpus",
    "memory": "memory",
}
IN_CLUSTER = {"num_cpus": "CPU", "num_gpus": "GPU", "memory": "memory"}

# How often it is looked, each half a second, before an actor that had room is taken for one that
# waits.
LOOKS = 40

Amounts = Mapping[str, float]


class Wait(NamedTuple):
    """Why a worker stands nowhere yet.

    Attributes:
        reason: in a few words.
        may_end: whether it ends when others leave.
    """

    reason: str
    may_end: bool


def options_of(needs: Amounts) -> dict[str, Any]:
    """The options of an actor that takes so much."""
    options: dict[str, Any] = {}
    resources: dict[str, float] = {}
    for name, amount in needs.items():
        if option := OPTIONS.get(name):
            options[option] = options.get(option, 0) + amount
        elif amount:
            resources[name] = amount
    return options | ({"resources": resources} if resources else {})


def required(options: Mapping[str, Any]) -> dict[str, float]:
    """What a node must have free for an actor of these options, by the names of the cluster.

    An actor that says nothing of CPUs is placed where one is free, and takes none.
    """
    found = {IN_CLUSTER[name]: options[name] for name in IN_CLUSTER if name in options}
    found.setdefault("CPU", 1)
    found |= options.get("resources", {})
    return {name: amount for name, amount in found.items() if amount}


def why_not(wanted: Amounts, nodes: Iterable[Amounts], free: Amounts) -> Wait | None:
    """Why no node takes an actor; None where one seems to.

    Args:
        wanted: as of `required`.
        nodes: what each node that lives has in all.
        free: what nobody has, over all nodes.
    """
    there = list(nodes)
    asked = shown(wanted)
    if not any(_suffices(node, wanted) for node in there):
        most = {name: max((node.get(name, 0) for node in there), default=0) for name in wanted}
        text = f"none of {len(there)} nodes has {asked}: the most that one has is {shown(most)}"
        return Wait(text, False)
    if not _suffices(free, wanted):
        left = shown({name: free.get(name, 0) for name in wanted})
        return Wait(f"{asked} is taken by others: free are {left}", True)
    return None


class Looks:
    """When an actor that does not answer counts as one that waits for what others have.

    While it starts, what it has itself is taken, too: so where there was room before it was asked
    for, it starts, as it seems, until that takes too long.

    Args:
        before: what `why_not` said before the actor was asked for.
    """

    def __init__(self, before: Wait | None) -> None:
        self._left = 0 if before is not None else LOOKS

    def told(self, wait: Wait | None) -> Wait | None:
        """What is to be told of it, after another look."""
        self._left -= 1
        return wait if wait is None or not wait.may_end or self._left < 0 else None


def shown(amounts: Amounts) -> str:
    """Amounts as Ray writes them."""
    return "{" + ", ".join(f"{name}: {amount:g}" for name, amount in sorted(amounts.items())) + "}"


def _suffices(there: Amounts, wanted: Amounts) -> bool:
    return all(there.get(name, 0) >= amount for name, amount in wanted.items())
