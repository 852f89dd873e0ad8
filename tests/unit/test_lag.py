"""How a lag is judged: over a window, and never by more than what was read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.lag import PartitionReading, Status
from tests.support.sender.fakes import START
from tocsin.services.monitoring.lag_status import LagWindow, catches_up, judge

SECOND = timedelta(seconds=1)


def reading(
    at: int = 0,
    committed: int | None = 0,
    end: int = 10,
    owner: str | None = "one",
    *,
    start: int = 0,
    waits: float | None = 5.0,
    is_drained: bool = False,
    partition: int = 0,
) -> PartitionReading:
    now = START + at * SECOND
    oldest = None if waits is None else now - timedelta(seconds=waits)
    return PartitionReading("helpdesk.tickets", partition, now, committed, start, end, oldest, is_drained, owner)


def course(*offsets: tuple[int, int], owner: str | None = "one") -> list[PartitionReading]:
    return [reading(at, committed, end, owner) for at, (committed, end) in enumerate(offsets)]


def test_what_was_never_committed_waits_from_where_the_group_would_begin() -> None:
    one = reading(committed=None, start=4, end=10)
    assert (one.records, one.seconds) == (6, 5.0)


def test_an_empty_partition_needs_no_commit() -> None:
    one = reading(committed=None, start=7, end=7, waits=None)
    assert (one.records, one.seconds, judge([one])) == (0, 0.0, Status.OK)


def test_a_commit_beyond_the_end_that_was_read_is_no_negative_lag() -> None:
    one = reading(committed=12, end=10, waits=None)
    assert (one.records, one.seconds) == (0, 0.0)


def test_what_the_log_has_forgotten_is_not_waited_for() -> None:
    assert reading(committed=2, start=8, end=10).records == 2


def test_marks_of_transactions_are_no_records() -> None:
    one = reading(committed=9, end=10, waits=None, is_drained=True)
    assert (one.records, one.seconds) == (0, 0.0)


def test_a_backlog_waits_even_where_clocks_disagree() -> None:
    one = reading(committed=9, end=10, waits=-60.0)
    assert one.seconds is not None
    assert one.seconds > 0


@pytest.mark.parametrize(
    ("readings", "status"),
    [
        (course((0, 10), (5, 10), (9, 10)), Status.OK),
        (course((0, 10), (1, 20), (2, 30)), Status.WARN),
        (course((0, 10), (1, 20), (9, 20)), Status.OK),
        (course((5, 10), (5, 11), (5, 12)), Status.STALL),
        (course((5, 10), (5, 10), (5, 10), owner=None), Status.STOP),
        (course((5, 10), (6, 10), owner=None), Status.OK),
        (course((9, 10), (3, 10)), Status.REWIND),
        (course((10, 10), (10, 12), (10, 14)), Status.OK),
        (course((5, 10)), Status.OK),
        (course((5, 10), owner=None), Status.STOP),
        ([reading(0, None), reading(1, 3)], Status.OK),
        ([reading(0, None)], Status.OK),
        ([reading(0, None, owner=None)], Status.STOP),
        ([reading(0, None), reading(1, None)], Status.STALL),
        ([reading(0, None, owner=None), reading(1, None, owner=None)], Status.STOP),
        ([reading(0, None, start=0), reading(1, None, start=5)], Status.STALL),
        ([reading(0, 7), reading(1, None)], Status.REWIND),
    ],
)
def test_the_states(readings: list[PartitionReading], status: Status) -> None:
    assert judge(readings) is status


def test_when_it_will_have_caught_up() -> None:
    assert catches_up(course((0, 100), (20, 100))) == pytest.approx(4.0)
    assert catches_up(course((0, 100), (10, 110))) is None
    assert catches_up(course((5, 5))) == 0.0
    assert catches_up([reading(0, None), reading(2, 5)]) == pytest.approx(2.0)


def test_a_group_is_as_bad_as_its_worst_partition_and_a_lost_one_leaves() -> None:
    window = LagWindow("engine", "helpdesk.tickets", 10 * SECOND)
    window.add([reading(0, 5), reading(0, 10, partition=1)], ["one"])
    seen = window.add([reading(1, 5), reading(1, 10, partition=1)], ["one"])
    assert [one.status for one in seen.partitions] == [Status.STALL, Status.OK]
    assert (seen.status, seen.records, seen.seconds, seen.catches_up) == (Status.ERR, 5, 5.0, None)
    left = window.add([reading(2, 10, partition=1)], ["one"])
    assert ([one.partition for one in left.partitions], left.status, left.records) == ([1], Status.OK, 0)


def test_what_lies_before_the_window_is_forgotten() -> None:
    window = LagWindow("engine", "helpdesk.tickets", 3 * SECOND)
    window.add([reading(0, 0)], [])
    seen = [window.add([reading(at, 5)], []).status for at in (1, 2, 3, 4)]
    assert seen == [Status.OK, Status.OK, Status.OK, Status.ERR]


offsets = st.integers(0, 50)


@given(st.lists(st.tuples(st.none() | offsets, offsets, offsets, st.booleans()), min_size=1, max_size=8))
def test_a_lag_is_never_negative_and_never_zero_while_something_waits(
    found: list[tuple[int | None, int, int, bool]],
) -> None:
    readings = [
        reading(at, committed, max(one, other), start=min(one, other), waits=1.0 if waits else None)
        for at, (committed, one, other, waits) in enumerate(found)
    ]
    assert judge(readings) in Status
    for one in readings:
        assert one.records >= 0
        assert (one.records > 0) == (max(one.committed or 0, one.start) < one.end)
        assert one.seconds is None or (one.seconds > 0) == bool(one.records)
