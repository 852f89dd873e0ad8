"""What the ledger has to tell reaches the topics, at least once, in order."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from schemas.directory import SuppressionRecord
from schemas.log import NewRecord
from schemas.outcome import Outcome
from schemas.topics import OUTCOMES, SUPPRESSIONS
from sender.publisher import Publisher
from tests.support.sender.fakes import START, a_job
from tests.support.sender.on_fakes import SenderOnFakes


class Topics:
    def __init__(self) -> None:
        self.records: list[NewRecord] = []
        self.fails = False

    def append(self, records: Sequence[NewRecord]) -> None:
        if self.fails:
            raise OSError("away")
        self.records += records


async def test_the_fate_of_each_job_is_told_in_order_and_once() -> None:
    sender, topics = SenderOnFakes(), Topics()
    jobs = [a_job(f"e-{number}", f"T-{number}") for number in range(3)]
    sender.ledger.accept(jobs, START)
    await sender.delivery.drain()
    publisher = Publisher(sender.ledger, topics)
    publisher.drain()
    publisher.drain()
    outcomes = [msgspec.json.decode(record.value or b"", type=Outcome) for record in topics.records]
    assert {record.topic for record in topics.records} == {OUTCOMES}
    for job in jobs:
        own = [(one.state, one.sequence) for one in outcomes if one.job == job.id]
        assert own == [("queued", 1), ("delivered", 3)]


async def test_what_could_not_be_published_is_published_later() -> None:
    sender, topics = SenderOnFakes(), Topics()
    sender.ledger.accept([a_job()], START)
    publisher = Publisher(sender.ledger, topics)
    topics.fails = True
    with pytest.raises(OSError, match="away"):
        publisher.step()
    topics.fails = False
    publisher.drain()
    assert len(topics.records) == 1


def test_suppressions_are_told_and_their_ends_are_tombstones() -> None:
    sender, topics = SenderOnFakes(), Topics()
    sender.ledger.suppress([SuppressionRecord("email/dead@x.example", reason="hard_bounce")], START)
    sender.ledger.lift("email/dead@x.example", START)
    Publisher(sender.ledger, topics).drain()
    assert [(one.topic, one.key, one.value is None) for one in topics.records] == [
        (SUPPRESSIONS, b"suppression/email/dead@x.example", False),
        (SUPPRESSIONS, b"suppression/email/dead@x.example", True),
    ]
