"""The stash on a server: shared by several, right among them, and lost without a hang."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hiredis
import pytest
import redis
from redis.asyncio.connection import UnixDomainSocketConnection

import gdproto
from dirty_runtime import StashClient, StashError
from dirty_runtime.arbiter.stash import line, waiting
from dirty_runtime.arbiter.stash.valkey import ValkeyStash
from dirty_runtime.arbiter.turns import TOLD_AT_ONCE
from dirty_runtime.settings import ConfigError, load_config
from dirty_runtime.testing import running
from tests.valkey_server import Server, program, served

APP = "gdproto.conformance.live.app:App"
ONE = gdproto.Encoded(gdproto.encode(1))
SHORT_S, LONG_S = 0.3, 60
MANY = 1000

pytestmark = pytest.mark.skipif(
    program() is None, reason="no valkey-server and no redis-server is installed"
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with served() as server:
        yield server


@pytest.fixture
def own() -> Iterator[Server]:
    """A server that the test may harm."""
    with served() as server:
        yield server


async def let_go(*stashes: ValkeyStash) -> None:
    for one in stashes:
        one.close()
    await asyncio.sleep(0)


def outcomes(*asked: Any) -> Any:
    return asyncio.gather(*asked, return_exceptions=True)


def test_several_arbiters_add_to_one_number(shared: Server) -> None:
    async def add() -> tuple[list[Any], int]:
        both = [ValkeyStash(shared.url), ValkeyStash(shared.url)]
        added = await outcomes(*(both[n % 2].incr("several", "n", ONE) for n in range(200)))
        last = gdproto.decode(bytes(await both[0].get("several", "n")))
        await let_go(*both)
        return added, last

    added, last = asyncio.run(add())
    assert sorted(added) == list(range(1, 201))
    assert last == 200


def test_of_several_arbiters_one_swaps(shared: Server) -> None:
    async def swap() -> list[list[Any]]:
        both = [ValkeyStash(shared.url), ValkeyStash(shared.url)]
        version, rounds = 0, []
        for _ in range(20):
            asked = [one.swap("swapped", "k", ONE, version) for one in both for _ in range(3)]
            rounds.append(await outcomes(*asked))
            assert max(rounds[-1]) > version
            version = max(rounds[-1])
        await let_go(*both)
        return rounds

    for told in asyncio.run(swap()):
        assert sorted(told)[:-1] == [0] * 5


def test_who_waits_for_the_server_keeps_his_place(shared: Server) -> None:
    async def wait() -> list[Any]:
        stash = ValkeyStash(shared.url)
        first = asyncio.ensure_future(stash.pop_left("placed", "l", LONG_S))
        confirmed = stash._channels._confirmed
        while not confirmed:
            await asyncio.sleep(0)
        second = asyncio.ensure_future(stash.pop_left("placed", "l", LONG_S))
        # As if the server had done so just now.
        next(iter(confirmed.values())).set()
        await asyncio.sleep(0)
        for number in range(2):
            await stash.push_right("placed", "l", gdproto.Encoded(gdproto.encode(number)))
        told = [gdproto.decode(bytes(await one)) for one in (first, second)]
        await let_go(stash)
        return told

    assert asyncio.run(wait()) == [0, 1]


def test_what_is_said_too_late_opens_no_connection_again(shared: Server) -> None:
    async def say() -> None:
        connection = line.connection_to(shared.url)
        await connection.connect()  # type: ignore[no-untyped-call]
        await connection.disconnect(nowait=True)
        await line._say(connection, "UNSUBSCRIBE", b"a channel")
        assert not connection.is_connected

    asyncio.run(say())


def test_those_who_ask_at_once_share_the_way(shared: Server) -> None:
    """Two hundred operations are some ten reads of the server, not two hundred."""
    told = redis.Redis.from_url(shared.url)

    def reads() -> int:
        return int(told.info("stats")["total_reads_processed"])  # type: ignore[index]

    async def ask() -> int:
        tables = ValkeyStash(shared.url)
        await tables.put("t", "first", ONE)
        before = reads()
        await asyncio.gather(*(tables.put("t", number, ONE) for number in range(200)))
        after = reads()
        await let_go(tables)
        return after - before

    assert asyncio.run(ask()) < 30
    told.close()


def test_who_goes_away_takes_no_answer_with_him(shared: Server) -> None:
    async def ask() -> list[Any]:
        tables = ValkeyStash(shared.url)
        for number in range(20):
            await tables.put("own", number, gdproto.Encoded(gdproto.encode(number)))
        asked = [asyncio.ensure_future(tables.get("own", number)) for number in range(20)]
        await asyncio.sleep(0)
        for one in asked[::3]:
            one.cancel()
        told = await outcomes(*asked)
        await let_go(tables)
        return told

    for number, answer in enumerate(asyncio.run(ask())):
        if number % 3 == 0:
            assert isinstance(answer, asyncio.CancelledError)
        else:
            assert gdproto.decode(bytes(answer)) == number


def test_a_server_that_has_forgotten_the_scripts_is_told_them(shared: Server) -> None:
    async def ask() -> float:
        tables = ValkeyStash(shared.url)
        await tables.put("t", "k", ONE)
        with redis.Redis.from_url(shared.url) as other:
            other.script_flush()
        number = await tables.incr("t", "k", ONE)
        await let_go(tables)
        return number

    assert asyncio.run(ask()) == 2


def test_a_version_grows_also_where_the_server_has_lost_everything(shared: Server) -> None:
    async def ask() -> tuple[int, int]:
        tables = ValkeyStash(shared.url)
        first = await tables.swap("lost", "k", ONE)
        with redis.Redis.from_url(shared.url) as other:
            other.flushall()
        second = await tables.swap("lost", "k", ONE)
        await let_go(tables)
        return first, second

    first, second = asyncio.run(ask())
    assert 0 < first < second


def test_all_who_share_it_have_one_limit(shared: Server) -> None:
    async def ask() -> list[Any]:
        with redis.Redis.from_url(shared.url) as other:
            other.flushall()
        both = [ValkeyStash(shared.url, max_bytes=200_000) for _ in range(2)]
        value = gdproto.Encoded(gdproto.encode(b"x" * 50_000))
        told = [await outcomes(both[n % 2].put("t", n, value)) for n in range(6)]
        for _ in range(2):
            await both[0].clear("t")
            told.append(await outcomes(both[1].put("t", 0, value)))
        await both[0].delete_table("t")
        with redis.Redis.from_url(shared.url) as other:
            assert other.get("dirty:bytes") == b"0"
        await let_go(*both)
        return [one for (one,) in told]

    told = asyncio.run(ask())
    assert [one is True for one in told] == [True] * 3 + [False] * 3 + [True] * 2
    assert "does not fit" in str(told[3])


def test_an_item_of_one_arbiter_is_for_who_waits_at_another(
    shared: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody looks by himself: he is told.
    monkeypatch.setattr(waiting, "LOOK_S", LONG_S)

    async def wait() -> list[Any]:
        both = [ValkeyStash(shared.url), ValkeyStash(shared.url)]
        popping = [asyncio.ensure_future(both[0].pop_left("w", "l", LONG_S)) for _ in range(3)]
        changes = gdproto.decode(bytes(await both[0].changes("w")))
        for number in range(3):
            await both[1].push_right("w", "l", gdproto.Encoded(gdproto.encode(number)))
        popped = [gdproto.decode(bytes(one)) for one in await asyncio.gather(*popping)]
        told: list[Any] = []
        after = changes["next"]
        while len(told) < 6:
            more = gdproto.decode(bytes(await both[0].changes("w", None, after, None, LONG_S)))
            told, after = told + [one["kind"] for one in more["changes"]], more["next"]
        assert sorted(told) == ["pop"] * 3 + ["push"] * 3
        await let_go(*both)
        return popped

    assert asyncio.run(wait()) == [0, 1, 2]


def test_who_stops_watching_is_followed_no_more(shared: Server) -> None:
    with redis.Redis.from_url(shared.url) as told:

        async def wait() -> None:
            tables = ValkeyStash(shared.url)
            popping = asyncio.ensure_future(tables.pop_left("w", "other", LONG_S))
            while not told.pubsub_numsub("dirty:c:w")[0][1]:
                await asyncio.sleep(0.001)
            popping.cancel()
            while told.pubsub_numsub("dirty:c:w")[0][1]:
                await asyncio.sleep(0.001)
            assert await tables.push_left("w", "other", ONE) == 1
            await let_go(tables)

        asyncio.run(wait())


def test_who_waits_at_a_lost_server_is_told(own: Server) -> None:
    async def wait() -> None:
        tables = ValkeyStash(own.url)
        after = gdproto.decode(bytes(await tables.changes("t")))["next"]
        watching = asyncio.ensure_future(tables.changes("t", None, after, None, LONG_S))
        popping = asyncio.ensure_future(tables.pop_left("t", "l", LONG_S))
        assert await tables.length("t", "l") == 0
        own.send(signal.SIGKILL)
        assert gdproto.decode(bytes(await watching))["missed"]
        with pytest.raises(StashError):
            await popping
        own.start()
        again = gdproto.decode(bytes(await tables.changes("t")))["next"]
        await tables.put("t", "k", ONE)
        more = gdproto.decode(bytes(await tables.changes("t", None, again, None, LONG_S)))
        while not more["changes"]:
            # What was lost is told as missed first, and may be so twice.
            assert more["missed"]
            await tables.put("t", "k", ONE)
            place = more["next"]
            more = gdproto.decode(bytes(await tables.changes("t", None, place, None, LONG_S)))
        assert {"kind": "put", "key": "k"} in more["changes"]
        await let_go(tables)

    asyncio.run(wait())


def test_however_many_ask_each_turn_of_the_loop_tells_some(own: Server) -> None:
    async def ask() -> None:
        tables, loop = ValkeyStash(own.url), asyncio.get_running_loop()
        turn, told = 0, list[tuple[int, object]]()

        def count() -> None:
            nonlocal turn
            turn += 1
            loop.call_soon(count)

        async def one() -> None:
            outcome: object
            try:
                outcome = await tables.incr("t", "k", ONE)
            except StashError as error:
                outcome = error
            told.append((turn, outcome))

        await tables.put("t", "k", ONE)
        count()
        for is_there in (True, False):
            if not is_there:
                own.send(signal.SIGSTOP)
                loop.call_later(SHORT_S, own.send, signal.SIGKILL)
            told.clear()
            await asyncio.gather(*(one() for _ in range(MANY)))
            assert [isinstance(what, int) for _, what in told] == [is_there] * MANY
            assert max(Counter(when for when, _ in told).values()) <= 2 * TOLD_AT_ONCE
        await let_go(tables)

    asyncio.run(ask())


def test_what_is_put_at_once_is_sent_in_pieces(shared: Server) -> None:
    pairs = [(number, "x" * (number % 7)) for number in range(5000)]
    pairs += [("large", "y" * 300_000), ("both", "z" * 10)]

    async def put() -> tuple[int, Any, Any]:
        tables = ValkeyStash(shared.url)
        value = gdproto.Encoded(gdproto.encode([list(pair) for pair in pairs]))
        sent = []
        with pytest.MonkeyPatch.context() as patch:
            send = line.Connection.send_packed_command

            async def counted(self: Any, command: list[bytes], check_health: bool = True) -> None:
                sent.append(sum(map(len, command)))
                await send(self, command, check_health)

            for kind in (line.Connection, UnixDomainSocketConnection):
                patch.setattr(kind, "send_packed_command", counted)
            await tables.put("large " * 50_000, "k", ONE)
            assert await tables.exists("large " * 50_000, "k")
            await tables.put_many("pieces", value)
        names = gdproto.Encoded(gdproto.encode([key for key, _ in pairs]))
        found = gdproto.decode(bytes(await tables.get_many("pieces", names)))
        await let_go(tables)
        return max(sent), [tuple(pair) for pair in found], len(value)

    most, found, size = asyncio.run(put())
    assert found == pairs
    assert most < min(size, line.SENT_BYTES + 2 * line.PIECE_BYTES)


@pytest.mark.parametrize("first", [[], [b"y" * (line.PIECE_BYTES + 1)]], ids=["small", "large"])
def test_a_long_question_is_that_of_the_library_in_even_pieces(first: list[bytes]) -> None:
    word = b"x" * (line.PIECE_BYTES // 16)

    async def packed(more: list[bytes]) -> list[bytes]:
        asked = line.Asked(("EVALSHA", "digest", 0), more, asyncio.get_running_loop())
        return list(asked.packed())

    more = [*first, *[word] * 100]
    pieces = asyncio.run(packed(more))
    assert b"".join(pieces) == hiredis.pack_command(("EVALSHA", "digest", 0, *more))  # type: ignore[arg-type]
    # One more than fits, and what is left.
    words = [count for piece in pieces if (count := piece.count(word))]
    assert words == [17] * 5 + [15]
    # A short one takes one way.
    assert len(asyncio.run(packed([]))) == 1


def test_what_a_url_says_of_texts_leaves_bytes_as_they_are(shared: Server) -> None:
    async def ask() -> tuple[Any, Any]:
        tables = ValkeyStash(f"{shared.url}?decode_responses=1")
        after = gdproto.decode(bytes(await tables.changes("decoded")))["next"]
        await tables.put("decoded", "k", gdproto.Encoded(gdproto.encode(b"\xff")))
        changes = await tables.changes("decoded", None, after, None, LONG_S)
        value = await tables.get("decoded", "k")
        await let_go(tables)
        return gdproto.decode(bytes(value)), gdproto.decode(bytes(changes))["changes"]

    assert asyncio.run(ask()) == (b"\xff", [{"kind": "put", "key": "k"}])


def test_a_killed_server_is_an_error_and_found_again(own: Server) -> None:
    async def ask() -> None:
        tables = ValkeyStash(own.url)
        await tables.put("t", "k", ONE)
        own.send(signal.SIGSTOP)
        asked = [asyncio.ensure_future(tables.incr("t", "k", ONE)) for _ in range(5)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        own.send(signal.SIGKILL)
        for error in await outcomes(*asked):
            assert isinstance(error, StashError)
        with pytest.raises(StashError, match="cannot be reached"):
            await tables.get("t", "k")
        own.start()
        assert await tables.incr("t", "k", ONE) == 1
        await let_go(tables)

    asyncio.run(ask())


def test_a_server_that_hangs_is_an_error_in_time(
    own: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "ANSWER_S", SHORT_S)

    async def ask() -> list[float]:
        tables = ValkeyStash(own.url)
        await tables.put("t", "k", ONE)
        own.send(signal.SIGSTOP)
        took_s = []
        # First on the line that there is, then on one that is to be opened.
        for reason in ("was lost", "cannot be reached"):
            start_s = time.monotonic()
            asked = outcomes(*(tables.get("t", "k") for _ in range(9)))
            turns = 0
            while not asked.done():
                await asyncio.sleep(0.001)
                turns += 1
            took_s.append(time.monotonic() - start_s)
            assert turns > 10
            for error in asked.result():
                assert isinstance(error, StashError)
                assert reason in str(error)
        own.send(signal.SIGCONT)
        assert bytes(await tables.get("t", "k")) == ONE
        await let_go(tables)
        return took_s

    assert max(asyncio.run(ask())) < 10


def test_an_arbiter_keeps_its_stash_there(own: Server) -> None:
    with (
        running(APP, options=("--stash", own.url)) as arbiter,
        StashClient(arbiter.socket_path) as client,
    ):
        client.put("t", "k", {"a": [1]})
        with client.lock("l", ttl=30) as token:
            assert token > 0
        own.send(signal.SIGKILL)
        with pytest.raises(StashError, match="the stash at unix:"):
            client.get("t", "k")
        own.start()
        assert client.get("t", "k", "missing") == "missing"
        client.put("t", "k", 1)


def test_a_password_is_told_to_nobody() -> None:
    tables = ValkeyStash("valkey://:secret@127.0.0.1:1/0")
    with pytest.raises(StashError, match=r"valkey://127.0.0.1:1/0 cannot be reached") as failed:
        asyncio.run(tables.get("t", "k"))
    assert "secret" not in str(failed.value)


def test_what_names_no_server_is_refused(tmp_path: Path) -> None:
    for text in ("valkey:/x", "http://h", "valkey://h:x"):
        with pytest.raises(ConfigError, match="stash"):
            load_config("", {"stash": text, "socket_path": "/s", "apps": (APP,)})
