"""Whether an engine leaves its group as it stops: by the time that its directory takes to load."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.services.engine import LONGEST_LOAD, RECORDS_PER_SECOND, Leaving, WhyLeft, next_load

MOMENT = timedelta(milliseconds=1)
MANY = int(LONGEST_LOAD.total_seconds() * RECORDS_PER_SECOND)


@pytest.mark.parametrize(
    ("loaded_within", "records", "why"),
    [
        (MOMENT, 0, None),
        (LONGEST_LOAD, MANY, None),
        (LONGEST_LOAD + MOMENT, 10, WhyLeft.LONG_LOAD),
        (MOMENT, MANY + 1, WhyLeft.LONG_LOAD),
    ],
    ids=["small", "just quick enough", "slow to load", "grown since it was loaded"],
)
def test_one_that_is_told_nothing_leaves_where_a_load_takes_long(
    loaded_within: timedelta, records: int, why: WhyLeft | None
) -> None:
    assert Leaving().why(loaded_within, records) is why


@pytest.mark.parametrize("records", [0, MANY * 10])
def test_what_it_is_told_holds_whatever_its_directory(records: int) -> None:
    assert Leaving(told=True).why(MOMENT, records) is WhyLeft.TOLD
    assert Leaving(told=False).why(timedelta(hours=1), records) is None


def test_the_next_load_takes_as_long_as_the_last_one_and_as_its_records_do() -> None:
    assert next_load(timedelta(seconds=20), 10) == timedelta(seconds=20)
    assert next_load(MOMENT, 10 * RECORDS_PER_SECOND) == timedelta(seconds=10)
