"""Any number of dead letters is sent again in the memory of a few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from schemas.dead_letter import WHOLE_BYTES, Cause, dead_letter
from schemas.log import NewRecord, Record
from schemas.topics import TICKETS
from tests.support.sender.fakes import START
from tocsin.operations.dead_letters.letterbox import BYTES_AT_ONCE, RECORDS_AT_ONCE, Redrive
from tocsin.operations.dead_letters.letters import Letter


def letter(number: int, value: bytes) -> Letter:
    made = dead_letter(Record(TICKETS, 0, number, START, b"T-1", value), Cause("not_json", "x"))
    return Letter(Record(made.topic, 0, number, START, made.key, made.value, made.headers))


class Topic:
    """Takes batches; `at_most` is how many letters were read and not yet taken."""

    def __init__(self) -> None:
        self.read = self.taken = self.at_most = 0
        self.values: list[bytes | None] = []

    def append(self, records: Iterable[NewRecord]) -> int:
        values = [one.value for one in records]
        self.at_most = max(self.at_most, self.read - self.taken)
        self.taken = self.read
        self.values += values
        return len(values)

    def letters(self, values: Iterable[bytes]) -> Iterator[Letter]:
        for number, value in enumerate(values):
            self.read += 1
            yield letter(number, value)


def test_many_are_sent_some_at_once_and_each_once() -> None:
    topic, values = Topic(), [b"%d" % number for number in range(3 * RECORDS_AT_ONCE + 7)]
    redriving = Redrive(topic.append, pytest.fail)
    redriving.send(topic.letters([*values, *values]))
    assert (topic.values, redriving.sent, redriving.refused) == (values, len(values), 0)
    redriving.send(topic.letters(values))
    assert redriving.sent == len(values)


def test_few_large_ones_are_not_held_together() -> None:
    topic = Topic()
    large = WHOLE_BYTES // 2
    Redrive(topic.append, pytest.fail).send(topic.letters(bytes([number]) * large for number in range(40)))
    assert len(topic.values) == 40
    assert topic.at_most * large <= BYTES_AT_ONCE + large


def test_how_many_are_back_is_known_where_sending_fails() -> None:
    topic = Topic()

    def append(records: Iterable[NewRecord]) -> int:
        if topic.values:
            raise RuntimeError
        return topic.append(records)

    redriving = Redrive(append, pytest.fail)
    with pytest.raises(RuntimeError):
        redriving.send(topic.letters(b"%d" % number for number in range(2 * RECORDS_AT_ONCE)))
    assert redriving.sent == RECORDS_AT_ONCE
