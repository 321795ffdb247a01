"""Which calls run together: by rules, and against a model made of lists."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dirty_runtime.worker.batcher import Batcher

WAIT_S = 0.005


def batcher(max_size: float = 4) -> Batcher[str]:
    return Batcher(max_size, WAIT_S)


def put(one: Batcher[str], names: str, key: str = "", cost: float = 1) -> None:
    for name in names:
        one.put(name, key, cost)


def test_a_lone_call_runs_at_once_and_so_does_the_next() -> None:
    one, now_s = batcher(), 10.0
    for name in "abc":
        put(one, name)
        assert one.take(now_s) == [name]
        now_s += 0.01
        one.ended(now_s)
        now_s += 0.0005


def test_those_who_come_while_a_batch_runs_are_the_next_one() -> None:
    one = batcher()
    put(one, "a")
    assert one.take(0.0) == ["a"]
    put(one, "bcdef")
    assert one.take(0.0) == []
    assert one.due_s() is None
    one.ended(1.0)
    assert one.take(1.0) == ["b", "c", "d", "e"]
    one.ended(2.0)
    # Those of the batch may come again; after a while they will not.
    assert one.take(2.0) == []
    assert one.due_s() == 2.0 + WAIT_S
    assert one.take(2.0 + WAIT_S) == ["f"]


def test_as_many_as_there_were_are_waited_for_and_no_more() -> None:
    one = batcher()
    put(one, "abc")
    assert one.take(0.0) == ["a", "b", "c"]
    one.ended(1.0)
    put(one, "ab")
    assert one.take(1.001) == []
    put(one, "c")
    assert one.take(1.001) == ["a", "b", "c"]


def test_who_comes_long_after_a_batch_does_not_wait() -> None:
    one = batcher()
    put(one, "abc")
    one.take(0.0)
    one.ended(1.0)
    put(one, "d")
    assert one.take(1.0 + WAIT_S) == ["d"]


def test_a_batch_costs_no_more_than_it_may() -> None:
    one = batcher(10)
    put(one, "abc", cost=4)
    put(one, "d", cost=25)
    assert one.take(0.0) == ["a", "b"]
    one.ended(1.0)
    assert one.take(1.0) == ["c"]
    one.ended(2.0)
    assert one.take(2.0) == ["d"]


def test_what_must_not_mix_does_not_and_keys_take_turns() -> None:
    one = batcher(2)
    put(one, "abc", "x")
    put(one, "d", "y")
    assert one.take(0.0) == ["a", "b"]
    one.ended(1.0)
    assert one.take(1.0 + WAIT_S) == ["d"]
    one.ended(2.0)
    assert one.take(2.0 + WAIT_S) == ["c"]


def test_who_is_withdrawn_is_not_in_its_batch() -> None:
    one = batcher()
    put(one, "abc")
    assert one.withdraw("b")
    assert not one.withdraw("b")
    assert one.take(0.0) == ["a", "c"]
    assert not one.withdraw("a")


class Model(RuleBasedStateMachine):
    """Nobody is lost, forgotten or in two batches; costs and keys are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.batcher: Batcher[int] = Batcher(6, WAIT_S)
        self.now_s = 0.0
        self.count = 0
        self.waiting: dict[int, tuple[str, int]] = {}
        self.runs = False

    @rule(key=st.sampled_from("xyz"), cost=st.integers(0, 9))
    def put(self, key: str, cost: int) -> None:
        self.count += 1
        self.batcher.put(self.count, key, cost)
        self.waiting[self.count] = (key, cost)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(sorted(self.waiting)))
        assert self.batcher.withdraw(one)
        del self.waiting[one]

    @rule(seconds=st.sampled_from((0.0, 0.001, WAIT_S, 1.0)))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    @rule()
    def take(self) -> None:
        members = self.batcher.take(self.now_s)
        assert not (members and self.runs)
        if not members:
            due_s = self.batcher.due_s()
            assert self.runs or not self.waiting or (due_s is not None and due_s > self.now_s)
            return
        self.runs = True
        keys = {self.waiting[one][0] for one in members}
        assert len(keys) == 1
        assert len(members) == 1 or sum(self.waiting[one][1] for one in members) <= 6
        same = [one for one, (key, _) in self.waiting.items() if key in keys]
        assert members == same[: len(members)]
        for one in members:
            del self.waiting[one]

    @precondition(lambda self: self.runs)
    @rule()
    def end(self) -> None:
        self.batcher.ended(self.now_s)
        self.runs = False

    @invariant()
    def all_are_counted(self) -> None:
        assert self.batcher.waiting_count == len(self.waiting)


TestModel = Model.TestCase
