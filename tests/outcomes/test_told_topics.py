"""What a sender tells its topics, endpoints are told too; an outage of one of them doubles nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from outcomes.collecting import Collector
from outcomes.ports import PostsAwayError, PostsUnavailableError
from schemas.log import NewRecord
from sender.ledger.port import LedgerAwayError, LedgerUnavailableError
from tocsin.services.outcomes import ToldTopics

ONE, TWO, THREE = (NewRecord("t", name.encode(), b"{}") for name in ("one", "two", "three"))


class Told:
    """Topics and a collector in one, each of which may fail."""

    def __init__(self) -> None:
        self.appended: list[NewRecord] = []
        self.collected: list[NewRecord] = []
        self.away: Exception | None = None
        self.topics_away = False

    def append(self, records: Sequence[NewRecord]) -> None:
        if self.topics_away:
            raise OSError("away")
        self.appended += records

    def collect(self, records: Sequence[NewRecord]) -> int:
        if self.away is not None:
            raise self.away
        self.collected += records
        return len(records)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def topics(told: Told) -> ToldTopics:
    return ToldTopics(told, cast("Collector", told))


def test_what_the_topics_take_is_collected(told: Told, topics: ToldTopics) -> None:
    topics.append([ONE])
    topics.append([ONE])  # a crash between publishing and forgetting
    assert told.appended == told.collected == [ONE, ONE]


def test_what_the_topics_do_not_take_is_not_collected(told: Told, topics: ToldTopics) -> None:
    told.topics_away = True
    with pytest.raises(OSError, match="away"):
        topics.append([ONE])
    told.topics_away = False
    topics.append([ONE, TWO])
    assert told.appended == told.collected == [ONE, TWO]


def test_an_outage_of_the_storage_appends_nothing_again(told: Told, topics: ToldTopics) -> None:
    told.away = PostsAwayError("disk_full", "the disk is full")
    for records in ([ONE], [ONE], [ONE, TWO], [ONE, TWO]):
        with pytest.raises(LedgerAwayError, match="the disk is full"):
            topics.append(records)
    assert told.appended == [ONE, TWO]
    told.away = None
    topics.append([ONE, TWO, THREE])
    assert told.appended == told.collected == [ONE, TWO, THREE]


def test_a_storage_that_is_damaged_ends_the_service(told: Told, topics: ToldTopics) -> None:
    told.away = PostsUnavailableError("damaged", "the file is damaged")
    with pytest.raises(LedgerUnavailableError, match="the file is damaged") as caught:
        topics.append([ONE])
    assert not isinstance(caught.value, LedgerAwayError)
