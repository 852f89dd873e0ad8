"""Ends at which no transaction is seen by half, against a log that writes marks of commits one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka import TopicPartition

from adapters.kafka.whole_ends import BEHIND, SETTLES, STANDS, TRIES, Offsets, WholeEnds

ONE, TWO = TopicPartition("directory", 0), TopicPartition("directory", 1)
OTHER = TopicPartition("suppressions", 0)
ALL = [ONE, TWO, OTHER]


class World:
    """Answers that are given one after the other, the last one again and again; and a clock."""

    def __init__(self, stable: Sequence[Offsets], high: Sequence[Offsets]) -> None:
        self.now = 0.0
        self.stable, self.high = list(stable), list(high)
        self.ends = WholeEnds(lambda asked: self._next(self.stable, asked), self._high, lambda: self.now)

    def _high(self, asked: Sequence[Any]) -> Offsets:
        return self._next(self.high, asked)

    @staticmethod
    def _next(answers: list[Offsets], asked: Sequence[Any]) -> Offsets:
        answer = answers[0] if len(answers) == 1 else answers.pop(0)
        return {one: answer[one] for one in asked}


def at(one: int, two: int, other: int = 0) -> Offsets:
    return {ONE: one, TWO: two, OTHER: other}


def test_where_nothing_is_open_the_ends_are_known_at_once() -> None:
    assert World([at(3, 4, 5)], [at(3, 4, 5)]).ends.find(ALL) == at(3, 4, 5)


def test_a_commit_whose_marks_are_on_their_way_is_waited_for() -> None:
    """Partition 0 has its mark, partition 1 will have it by the next look."""
    world = World([at(10, 0), at(10, 10)], [at(10, 9), at(10, 10)])
    assert world.ends.find(ALL) == at(10, 10)


def test_of_what_is_open_nothing_is_told_until_it_has_stood_still() -> None:
    world = World([at(5, 5)], [at(9, 9)])
    assert world.ends.find(ALL) == {OTHER: 0}, "another topic waits for nothing"
    world.now += STANDS / 2
    assert world.ends.find(ALL) == {OTHER: 0}
    world.now += STANDS / 2
    assert world.ends.find(ALL) == at(5, 5)


def test_ends_that_were_taken_amid_a_commit_are_never_told() -> None:
    world = World([at(10, 0)], [at(10, 9)])
    assert ONE not in world.ends.find([ONE, TWO])
    world.stable, world.high = [at(10, 10)], [at(12, 12)]
    world.now += STANDS
    # The next transaction is open by now, and the former one has its marks everywhere.
    assert ONE not in world.ends.find([ONE, TWO])
    world.now += STANDS
    assert world.ends.find([ONE, TWO]) == {ONE: 10, TWO: 10}


def test_a_topic_that_never_rests_is_read_all_the_same() -> None:
    stable = [at(number, 0) for number in range(1, TRIES + 1)]
    high = [at(number + 1, 0) for number in range(1, TRIES + 1)]
    world = World(stable, high)
    assert world.ends.find([ONE, TWO]) == {ONE: TRIES, TWO: 0}


def test_answers_that_come_slowly_prove_nothing_of_a_topic_that_never_rests() -> None:
    stable = [at(number, 0) for number in range(1, TRIES + 1)]
    world = World(stable, [at(number + 1, 0) for number in range(1, TRIES + 1)])
    answer = world._high

    def slow(asked: Sequence[Any]) -> Offsets:
        world.now += SETTLES * 0.6
        return answer(asked)

    world.ends._high = slow
    assert world.ends.find([ONE, TWO]) == {}


def test_transactions_without_a_gap_keep_nobody_for_long() -> None:
    world = World([at(0, 0)], [at(9, 9)])
    for step in range(1, 100):
        found = world.ends.find([ONE, TWO])
        if found:
            break
        world.now += STANDS / 4
        world.stable, world.high = [at(step * 10, step * 10)], [at(step * 10 + 9, step * 10 + 9)]
    assert BEHIND <= world.now <= BEHIND + STANDS


class Log:
    """A topic of three partitions. A transaction writes, rests, and gets its marks one by one; others append.

    With every answer for one partition, the next steps of the world happen.
    """

    def __init__(self, steps: Iterator[int]) -> None:
        self.steps, self.now = steps, 0.0
        self.high = [0, 0, 0]
        self.open: dict[int, int] = {}
        self.marks: list[set[int]] = []
        self._marking: list[int] = []
        self.transactions: list[dict[int, int]] = []
        self._last_record = self._decided_at = 0.0

    def step(self) -> None:
        self.now += 0.01
        step = next(self.steps, 0)
        partition = step % 3
        if step < 3 and not (self._marking and self.now - self._decided_at > SETTLES / 2):
            return
        if 3 <= step < 6 and partition not in self.open:
            # Behind an open transaction, nothing of anybody's counts.
            self.high[partition] += 1
        elif self._marking:
            marked = self._marking.pop()
            del self.open[marked]
            self.high[marked] += 1
            self.transactions[-1][marked] = self.high[marked]
        elif step < 9:
            self.open.setdefault(partition, self.high[partition])
            self.high[partition] += 1
            self._last_record = self.now
        elif self.open:
            self.now = max(self.now, self._last_record + SETTLES)
            self._marking, self._decided_at = list(self.open), self.now
            self.transactions.append({})

    def ask(self, stable: bool) -> Any:
        def answer(partitions: Sequence[Any]) -> Offsets:
            found = {}
            for one in partitions:
                self.step()
                end = self.high[one.partition]
                found[one] = self.open.get(one.partition, end) if stable else end
            return found

        return answer


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 11), min_size=50, max_size=200))
def test_no_transaction_is_seen_by_half(steps: list[int]) -> None:
    log = Log(iter(steps))
    ends = WholeEnds(log.ask(stable=True), log.ask(stable=False), lambda: log.now, behind=inf)
    partitions = [TopicPartition("directory", number) for number in range(3)]
    cuts = [ends.find(partitions) for _ in range(len(steps) // 6)]
    for transaction in log.transactions:
        for cut in cuts:
            if cut and len(transaction) > 0:
                seen = {cut[TopicPartition("directory", one)] >= mark for one, mark in transaction.items()}
                assert len(seen) == 1, (transaction, cut)


@pytest.mark.parametrize("ahead", range(20))
def test_the_last_stable_offsets_alone_would_show_halves(ahead: int) -> None:
    """The control: the check above can fail."""
    steps = [0] * ahead + [6, 7, 8, 9, 9, 0, 9, 0, 9]
    log = Log(iter(steps))
    found = []
    for _ in range(12):
        cut = log.ask(stable=True)([TopicPartition("directory", number) for number in range(3)])
        found.append([cut[TopicPartition("directory", number)] for number in range(3)])
    (transaction,) = log.transactions
    assert any(len({cut[one] >= mark for one, mark in transaction.items()}) == 2 for cut in found)
