"""Values that no type of the wire holds: as the specification's profile says, and by hooks."""

from __future__ import annotations

import array
import asyncio
import dataclasses
import datetime
import decimal
import enum
import pathlib
import pickle
import subprocess
import sys
import tracemalloc
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import attrs
import numpy as np
import pydantic
import pytest

import gdproto
from dirty_runtime import Converters, DirtyApp, DirtyAppError, DirtyClient, DirtyProtocolError
from dirty_runtime.testing import in_process
from dirty_runtime.worker.converted import Converted
from tests.vectors import CASES

ARRAYS = Converters(arrays=True)
COMMON = Converters(common=True)
TZ = datetime.timezone(datetime.timedelta(hours=5, minutes=30))


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass
class Point:
    x: float
    when: datetime.date
    known: int = dataclasses.field(init=False, default=7)


@attrs.define
class Pair:
    left: int
    _right: Colour


class User(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(alias="years")
    best: Point | None = None


class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and other.cents == self.cents

    def __hash__(self) -> int:
        return self.cents


ALL = Converters(Colour, Level, Point, Pair, User, arrays=True, common=True).add(
    Money, "Money", lambda money: money.cents, Money
)


def there_and_back(converters: Converters, value: Any) -> Any:
    """As it comes, over bytes that hold nothing but what every peer knows."""
    return converters.from_wire(gdproto.decode(gdproto.encode(converters.to_wire(value))))


# --- arrays ---


@pytest.mark.parametrize(
    "given",
    [
        np.arange(6, dtype="<f4").reshape(2, 3),
        np.arange(6, dtype=">f8").reshape(3, 2),
        np.arange(4, dtype="u1"),
        np.array([True, False]),
        np.array([1 + 2j], dtype="c8"),
        np.arange(24, dtype="<i8").reshape(2, 3, 4)[:, ::2, ::-1],
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array(3.5, dtype="<f2"),
        np.empty((0, 3), dtype="f4"),
        np.empty((2, 0), dtype="f4"),
        np.array(["2026-02-03", "NaT"], dtype="M8[ns]"),
        np.array([3], dtype="m8[s]"),
        np.array(["a", "é😀"]),
        np.array([b"ab", b"c"]),
        np.array([(1.0, [2, 3])], dtype=[("x", "<f4"), ("y", "<i2", (2,))]),
        np.array([(1, (2.0,))], dtype=[("a", "u1"), ("b", [("c", "<f8")])]),
        np.zeros(2, dtype=np.dtype([("a", "u1"), ("b", "<f8")], align=True)),
    ],
    ids=lambda given: f"{given.dtype}-{given.shape}".replace(" ", ""),
)
def test_an_array_comes_as_it_was(given: Any) -> None:
    came = there_and_back(ARRAYS, {"a": [given]})["a"][0]
    assert came.dtype == given.dtype
    assert came.shape == given.shape
    assert came.tobytes() == given.tobytes()
    assert not came.flags.writeable
    if given.ndim > 1 and given.flags.f_contiguous and not given.flags.c_contiguous:
        assert came.flags.f_contiguous


def test_scalars_come_as_plain_numbers() -> None:
    scalars = [np.float32(0.5), np.int64(-3), np.bool_(True), np.uint8(7), np.str_("a")]
    came = there_and_back(ARRAYS, scalars)
    assert came == [0.5, -3, True, 7, "a"]
    assert [type(one) for one in came] == [float, int, bool, int, str]
    assert there_and_back(ARRAYS, np.complex64(1 + 2j))[()] == 1 + 2j


@pytest.mark.proves("GD-PROF-006")
def test_an_array_lies_over_the_bytes_that_came() -> None:
    given = np.arange(1_000_000, dtype="f8")
    data = gdproto.encode(ARRAYS.to_wire({"image": given}))
    tracemalloc.start()
    came = ARRAYS.from_wire(gdproto.decode(data, zero_copy=True))["image"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
    assert np.shares_memory(came, np.frombuffer(data, "u1"))
    assert (came == given).all()


def test_arrays_of_the_standard_library() -> None:
    assert there_and_back(ARRAYS, array.array("f", [1, 2])).tolist() == [1, 2]
    assert there_and_back(ARRAYS, array.array("b", [-1])).dtype == "i1"


def test_what_speaks_dlpack_comes_as_an_array() -> None:
    class Tensor:
        """As torch's: it holds its numbers, and gives them away by DLPack."""

        def __init__(self, held: Any) -> None:
            self.held = held

        def detach(self) -> Tensor:
            return self

        def cpu(self) -> Tensor:
            return self

        def __dlpack__(self, **options: Any) -> Any:
            return self.held.__dlpack__(**options)

        def __dlpack_device__(self) -> Any:
            return self.held.__dlpack_device__()

    assert there_and_back(ARRAYS, Tensor(np.arange(3.0))).tolist() == [0, 1, 2]


@pytest.mark.proves("GD-PROF-005")
@pytest.mark.parametrize(
    "given", [np.array([object()]), np.ma.masked_array([1, 2], [0, 1]), np.array([{}, 1])]
)
def test_what_is_no_plain_bytes_is_no_array(given: Any) -> None:
    with pytest.raises(gdproto.ProtocolError, match="give it a dtype") as failure:
        ARRAYS.to_wire([given])
    assert failure.value.code == "unsupported_type"


PROFILE = [case for case in CASES.values() if case.area == "profile"]


@pytest.mark.proves("GD-PROF-001", "GD-PROF-002", "GD-PROF-003", "GD-PROF-004", "GD-PROF-007")
@pytest.mark.parametrize("case", PROFILE, ids=lambda case: case.id)
def test_the_vectors_of_the_profile(case: Any) -> None:
    data = bytes.fromhex(case.bytes)
    value = gdproto.decode(data)
    # What is named by numpy only with a package that this test does without.
    is_foreign = case.id == "array-named"
    made = Converters(arrays=True, common=True).from_wire(value)
    if case.id.startswith(("no-", "reference-")) or is_foreign:
        assert made == value
        return
    assert type(made) is not dict
    assert gdproto.encode(Converters(arrays=True, common=True).to_wire(made)) == data
    # Who does not speak it has the dict.
    assert Converters().from_wire(value) == value


@pytest.mark.parametrize(
    "kind",
    ["O", "|O8", "f4,f4", "<f4' ", "i", "os.system", ["x"], [["x", "O"]], [], {}, None, "<f99"],
)
def test_no_type_of_items_is_taken_that_is_none(kind: Any) -> None:
    value = {"gd:array": kind, "shape": [1], "data": bytes(8)}
    assert ARRAYS.from_wire(value) is value


# --- single values and classes ---


@pytest.mark.parametrize(
    "given",
    [
        datetime.datetime(2026, 2, 3, 4, 5, 6, 7),
        datetime.datetime(2026, 2, 3, tzinfo=TZ),
        datetime.date(2026, 2, 3),
        datetime.time(4, 5, 6, 7),
        datetime.timedelta(days=-1, seconds=3, microseconds=5),
        uuid.UUID(int=7),
        decimal.Decimal("1.10"),
        decimal.Decimal("-Infinity"),
        pathlib.PurePosixPath("/tmp/a"),
        {1, 2, (3, 4)[0]},
        frozenset({datetime.date(2026, 1, 1)}),
        1 + 2j,
        {"a": [datetime.date(2026, 2, 3), {"b": {"c"}}]},
    ],
    ids=str,
)
def test_common_values_come_as_they_were(given: Any) -> None:
    came = there_and_back(COMMON, given)
    assert came == given
    assert type(came) is (
        type(given) if type(given) is not pathlib.PurePosixPath else type(pathlib.Path())
    )


def test_classes_that_are_registered() -> None:
    values = [
        Colour.BLUE,
        Level.LOW,
        Point(1.5, datetime.date(2026, 2, 3)),
        Pair(1, Colour.RED),
        User(name="a", years=3, best=Point(0.5, datetime.date(2026, 1, 1))),
        Money(5),
    ]
    came = there_and_back(ALL, values)
    assert came == values
    assert [type(one) for one in came] == [type(one) for one in values]


def test_nothing_is_converted_that_nobody_asked_for() -> None:
    none = Converters()
    values = [1, "a", b"b", None, [1.5, {"a": (1, 2)}]]
    assert none.to_wire(values) == [1, "a", b"b", None, [1.5, {"a": (1, 2)}]]
    for value in (Colour.RED, Point(1, datetime.date.min), np.arange(3), {1}, Money(1)):
        with pytest.raises(gdproto.ProtocolError, match="unsupported_type"):
            gdproto.encode(none.to_wire([value]))
    # Of a mark alone nothing is made.
    marked = ALL.to_wire([Point(1, datetime.date.min), {1}])
    assert none.from_wire(marked) == marked


def test_what_came_for_a_class_and_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="what came as gd:Colour is none: 'green' is not a valid"):
        ALL.from_wire({"gd:Colour": "green"})
    with pytest.raises(ValueError, match=r"(?s)gd:User is none: .*valid integer"):
        ALL.from_wire({"gd:User": {"name": "a", "age": "many"}})
    assert ALL.from_wire({"gd:date": "tomorrow"}) == {"gd:date": "tomorrow"}


def test_what_cannot_be_registered() -> None:
    class Point:
        pass

    with pytest.raises(ValueError, match="Point says not what it is made of"):
        Converters(Point)
    with pytest.raises(ValueError, match="two converters have the name Point"):
        ALL.add(Point, "Point", vars, Point)
    for name in ("date", "array", "a b", ""):
        with pytest.raises(ValueError, match="cannot be the name of a converter"):
            Converters().add(Point, name, vars, Point)


def test_what_is_too_deep_or_holds_itself_is_for_the_codec() -> None:
    deep: Any = {1}
    for _ in range(400):
        deep = [deep]
    assert there_and_back(COMMON, deep) == deep
    round_: list[Any] = [{1}]
    round_.append(round_)
    with pytest.raises(gdproto.ProtocolError):
        gdproto.encode(COMMON.to_wire(round_))


def test_a_converter_that_ends_an_iteration_loses_no_items() -> None:
    class Spent:
        pass

    converters = Converters()
    converters.add(Spent, "Spent", lambda value: next(iter(())), Spent)
    for values in ([1, Spent(), 2], {"a": 1, "b": Spent(), "c": 2}):
        with pytest.raises(RuntimeError, match="the converter of Spent raised StopIteration"):
            converters.to_wire(values)


# --- encode with a default ---


def test_encode_takes_a_default() -> None:
    def default(value: Any) -> Any:
        return sorted(value) if isinstance(value, set) else value

    assert gdproto.encode({"a": [{2, 1}]}, default=default) == gdproto.encode({"a": [[1, 2]]})
    # What it gives is looked at again.
    assert gdproto.encode({frozenset()}, default=list) == gdproto.encode([[]])
    assert gdproto.decode(gdproto.encode(np.arange(2), default=ARRAYS.default))["shape"] == [2]
    with pytest.raises(gdproto.ProtocolError, match=r"unsupported_type in \[0\]"):
        gdproto.encode([object()], default=default)
    with pytest.raises(gdproto.ProtocolError, match="unsupported_type"):
        gdproto.encode([{1}], default=lambda value: [value])
    with pytest.raises(gdproto.ProtocolError, match="int_out_of_range"):
        gdproto.encode([2**70], default=default)
    assert gdproto.encode(7, default=lambda value: 1 / 0) == gdproto.encode(7)


# --- calls ---


class Model(DirtyApp):
    converters = ALL

    def same(self, *values: Any, **named: Any) -> Any:
        return [*values, *named.values()]

    def kinds(self, *values: Any) -> list[str]:
        return [type(one).__name__ for one in values]

    def sums(self, image: Any) -> Any:
        return image.sum(axis=0)

    async def later(self, value: Any) -> Any:
        await asyncio.sleep(0)
        return value

    def each(self, values: list[Any]) -> Iterator[Any]:
        yield from values

    async def each_async(self, values: list[Any]) -> AsyncIterator[Any]:
        for value in values:
            yield value


class Bare(DirtyApp):
    def kinds(self, *values: Any) -> list[str]:
        return [type(one).__name__ for one in values]

    def array(self) -> Any:
        return np.arange(3)

    def day(self) -> Any:
        return datetime.date(2026, 2, 3)


MODEL = "tests.dirty_runtime.test_converters:Model"
BARE = "tests.dirty_runtime.test_converters:Bare"
VALUES = [Colour.BLUE, Point(1.5, datetime.date(2026, 2, 3)), {1, 2}, Money(3)]


@pytest.fixture(scope="module")
def client() -> Iterator[DirtyClient]:
    with in_process(Model, Bare, threads=2) as arbiter:
        client = DirtyClient(arbiter.socket_path, converters=ALL)
        with client:
            yield client


def test_calls_convert_both_ways(client: DirtyClient) -> None:
    assert client.execute(MODEL, "same", *VALUES) == VALUES
    assert client.execute(MODEL, "same", self=Money(1), action={2}) == [Money(1), {2}]
    assert client.execute(MODEL, "kinds", *VALUES) == ["Colour", "Point", "set", "Money"]
    assert client.execute(MODEL, "later", VALUES) == VALUES
    assert list(client.stream(MODEL, "each", VALUES)) == VALUES
    assert list(client.stream(MODEL, "each_async", VALUES)) == VALUES
    assert list(client.app(Model).each(VALUES)) == VALUES
    assert client.submit(MODEL, "same", {1}).result(30) == [{1}]
    assert list(client.map(MODEL, "later", VALUES)) == VALUES
    sums = client.app(Model).sums(np.ones((2, 3), "f4"))
    assert (sums.tolist(), sums.dtype) == ([2, 2, 2], "f4")
    assert client.status()["apps"] == [MODEL, BARE]


def test_calls_from_a_loop_convert_both_ways(client: DirtyClient) -> None:
    async def main() -> None:
        assert await client.execute_async(MODEL, "same", *VALUES) == VALUES
        assert [one async for one in client.stream_async(MODEL, "each", VALUES)] == VALUES
        assert (await client.status_async())["apps"] == [MODEL, BARE]
        await client.close_async()

    asyncio.run(main())


def test_who_asks_for_nothing_gets_the_dicts(client: DirtyClient) -> None:
    assert client.execute(BARE, "kinds", np.arange(2), {1}) == ["dict", "dict"]
    plain = client.with_options(converters=None)
    assert plain.execute(MODEL, "same", {"gd:set": [1]}) == [{"gd:set": [1]}]
    assert plain.execute(MODEL, "kinds", {"gd:set": [1]}) == ["set"]
    assert plain.with_options(converters=COMMON).execute(MODEL, "same", {1}) == [{1}]


@pytest.mark.parametrize(
    ("value", "helps"),
    [
        (np.arange(2), r"Converters\(arrays=True\) sends it"),
        (np.float32(1), r"Converters\(arrays=True\) sends it"),
        (datetime.date.min, r"Converters\(common=True\) sends it"),
        (pathlib.Path("/"), r"Converters\(common=True\) sends it"),
        (Money(1), r"Converters\(...\) with its class sends it"),
        (2**70, "as text it can be sent"),
    ],
)
def test_an_error_says_what_would_help(client: DirtyClient, value: Any, helps: str) -> None:
    with pytest.raises(DirtyProtocolError, match=helps):
        client.with_options(converters=None).execute(BARE, "kinds", value)


def test_an_error_of_a_result_says_what_would_help(client: DirtyClient) -> None:
    with pytest.raises(DirtyAppError, match=r"a ndarray .*Converters\(arrays=True\)"):
        client.execute(BARE, "array")
    with pytest.raises(DirtyAppError, match=r"a date .*Converters\(common=True\)"):
        client.execute(BARE, "day")


def test_what_came_and_is_none_is_told(client: DirtyClient) -> None:
    plain = client.with_options(converters=None)
    with pytest.raises(DirtyAppError, match="what came as gd:Colour is none"):
        plain.execute(MODEL, "kinds", {"gd:Colour": "green"})
    with pytest.raises(DirtyProtocolError, match="give it a dtype"):
        client.execute(MODEL, "kinds", np.array([object()]))


def test_a_client_is_copied_with_its_converters(client: DirtyClient) -> None:
    plain = DirtyClient(client.socket_path)
    assert pickle.loads(pickle.dumps(plain)).execute(BARE, "kinds", 1) == ["int"]


def test_without_converters_nothing_of_it_is_loaded() -> None:
    code = """
import sys
import dirty_runtime.client, dirty_runtime.worker.lane, gdproto
from dirty_runtime import Converters
assert not {"numpy", "dirty_runtime.client.converting"} & set(sys.modules)
value = {"gd:array": "|u1", "shape": [1], "data": b"a"}
assert Converters(common=True).from_wire(value) == value
assert "numpy" not in sys.modules
assert Converters(arrays=True).from_wire(value)[0] == 97
assert "numpy" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_name_of_an_argument_is_taken_by_the_app_itself() -> None:
    class App:
        def __call__(self, action: str, *args: Any, **kwargs: Any) -> Any:
            return [action, kwargs]

    given: dict[str, Any] = {"self": 1, "action": datetime.date(2026, 1, 2)}
    app: Any = App()
    found = Converted(app, COMMON)("act", **COMMON.to_wire(given))
    assert found == ["act", COMMON.to_wire(given)]
