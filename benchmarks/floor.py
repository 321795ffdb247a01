"""What the same hops take in C: round trips beside the relay, the stash beside an echo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import gdproto
from dirty_runtime import StashClient
from gdproto import StashOp

from .app import APP_PATH
from .arbiter_process import CALL_LIMIT_S
from .calls import small_call, timed
from .clients import OURS
from .figures import Figure, Part
from .payloads import blob
from .relay import Exchange, Relay
from .rounds import Side, measure
from .samples import percentile
from .stage import Plan, Stage

KEY = "floor"
RELAY = "relay in C"
APART = "relay, cores apart"
_TABLE, _NAME = "benchmark", "key"
_STORED = {"user": 1, "cart": [1, 2, 3]}


def part(stage: Stage, plan: Plan) -> Part:
    """Measure ours and the relay in turns; ours alone where there is no C compiler."""
    client = stage.ours.client
    relay = stage.relay
    figures: list[Figure] = []

    def add(
        figure: Figure, count: int, call: Callable[[], object], hops: int, exchange: Exchange
    ) -> None:
        stage.progress(f"{KEY}: {figure.title}")
        sides = {OURS: Side(partial(_p50, call, count), partial(_p50, call, count // 4))}
        if relay is not None:
            for side, apart in ((RELAY, False), (APART, True)):
                sides[side] = Side(partial(_relayed, relay, hops, count, exchange, apart))
        figures.extend(measure([figure], sides, plan.rounds))

    add(
        Figure("round_trip_p50", "small call, p50", "s"),
        plan.calls,
        partial(small_call, client),
        2,
        Exchange.of(_request("add", 1, 2), gdproto.Response(1, 3)),
    )
    add(
        Figure("echo_1mib_p50", "1 MiB echo, p50", "s"),
        plan.echoes,
        partial(client.execute, APP_PATH, "echo", blob()),
        2,
        Exchange.of(_request("echo", blob()), gdproto.Response(1, blob())),
    )
    with StashClient(stage.ours.socket_path, CALL_LIMIT_S) as stash:
        put = gdproto.Stash(1, int(StashOp.PUT), _TABLE, _NAME, _STORED)
        add(
            Figure("stash_put_p50", "stash put, p50", "s"),
            plan.calls,
            partial(stash.put, _TABLE, _NAME, _STORED),
            1,
            Exchange.of(put, gdproto.Response(1, True)),
        )
        get = gdproto.Stash(1, int(StashOp.GET), _TABLE, _NAME)
        add(
            Figure("stash_get_p50", "stash get, p50", "s"),
            plan.calls,
            partial(stash.get, _TABLE, _NAME),
            1,
            Exchange.of(get, gdproto.Response(1, _STORED)),
        )
    return Part(KEY, "Beside C: the same hops and sizes", OURS, (RELAY, APART), figures)


def _request(action: str, *args: object) -> gdproto.Request:
    return gdproto.Request(1, APP_PATH, action, args, {}, CALL_LIMIT_S)


def _p50(call: Callable[[], object], count: int) -> tuple[float, ...]:
    return (percentile(timed(count, call), 50),)


def _relayed(
    relay: Relay, hops: int, count: int, exchange: Exchange, apart: bool
) -> tuple[float, ...]:
    return (percentile(relay.taken_s(hops, count, exchange, apart), 50),)
