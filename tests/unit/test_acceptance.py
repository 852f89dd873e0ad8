"""From the log into the ledger: poison goes to the dead letters, and a crash in between doubles nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import pytest

from schemas.job import Job
from schemas.log import NewRecord, Record
from schemas.topics import DEAD_LETTERS, JOBS
from schemas.vocabulary import Category, Trigger
from sender.acceptance import Acceptance, AcceptanceSettings
from sender.ledger.port import LedgerUnavailableError
from sender.records import Admission
from sender.states import State
from sender.storms.storm import NO_STORMS, StormPolicy
from tests.support.sender.fakes import START, FakeClock, FakeDeadLetters, FakeJobLog, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger

HEADERS = (("trace", b"1"),)


def records(*values: Job | bytes | None) -> list[Record]:
    raw = [msgspec.json.encode(value) if isinstance(value, Job) else value for value in values]
    return [Record(JOBS, 0, offset, START, b"T-1", value, HEADERS) for offset, value in enumerate(raw)]


class AcceptanceOnFakes:
    def __init__(self, *values: Job | bytes | None, max_records: int = 500) -> None:
        self.log = FakeJobLog(records(*values))
        self.ledger = InMemoryLedger()
        self.dead_letters = FakeDeadLetters()
        settings = AcceptanceSettings(max_records, 0)
        self.acceptance = Acceptance(self.log, self.ledger, self.dead_letters, FakeClock(), settings)


def altered(change: bytes, by: bytes) -> bytes:
    raw = msgspec.json.encode(a_job("e-bad"))
    assert change in raw
    return raw.replace(change, by)


POISON = {
    "not json": b"\x00not json",
    "empty": b"",
    "too deep": b"[" * 10_000,
    "not utf-8": altered(b"ACME", b"\xff"),
    "too large": altered(b"Since this morning", b"x" * 1_100_000),
    "a missing field": b"{}",
    "an unknown channel": altered(b'"email"', b'"pigeon"'),
    "a time without zone": altered(b'"expires":"2026-03-05T09:00:00Z"', b'"expires":"2026-03-05T09:00:00"'),
    "a number of 400 digits": altered(b'"severity":2', b'"severity":' + b"9" * 400),
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_what_is_no_job_goes_to_the_dead_letters_and_stops_nobody(poison: bytes) -> None:
    on_fakes = AcceptanceOnFakes(a_job("e-1"), poison, None, a_job("e-2"))
    accepted = on_fakes.acceptance.step()
    assert (accepted.records, accepted.refused, accepted.admissions) == (4, 1, {Admission.ACCEPTED: 2})
    [letter] = on_fakes.dead_letters.letters
    assert (letter.topic, letter.key, letter.value) == (DEAD_LETTERS, b"T-1", poison)
    assert ("dead_letter.offset", b"1") in letter.headers
    assert ("trace", b"1") in letter.headers
    assert on_fakes.log.committed == 4


def test_a_dead_letter_that_can_not_be_kept_stops_the_acceptance_before_the_commit() -> None:
    on_fakes = AcceptanceOnFakes(a_job(), b"{}")

    class Full(FakeDeadLetters):
        def append(self, records: Sequence[NewRecord]) -> None:
            raise OSError("no space")

    on_fakes.acceptance = Acceptance(on_fakes.log, on_fakes.ledger, Full(), FakeClock())
    with pytest.raises(OSError, match="no space"):
        on_fakes.acceptance.step()
    assert on_fakes.log.committed == 0


def test_a_ledger_that_fails_leaves_the_log_where_it_was() -> None:
    class Failing(InMemoryLedger):
        def accept(self, jobs: Sequence[Job], now: datetime, storm: StormPolicy = NO_STORMS) -> list[Admission]:
            raise LedgerUnavailableError("disk_full", "the disk is full")

    on_fakes = AcceptanceOnFakes(a_job())
    on_fakes.acceptance = Acceptance(on_fakes.log, Failing(), on_fakes.dead_letters, FakeClock())
    with pytest.raises(LedgerUnavailableError):
        on_fakes.acceptance.step()
    assert on_fakes.log.committed == 0


def test_a_crash_between_ledger_and_log_repeats_and_doubles_nothing() -> None:
    on_fakes = AcceptanceOnFakes(a_job("e-1"), a_job("e-2"))
    jobs = [msgspec.json.decode(record.value or b"", type=Job) for record in on_fakes.log.records]
    on_fakes.ledger.accept(jobs, START)
    accepted = on_fakes.acceptance.step()
    assert accepted.admissions == {Admission.DUPLICATE: 2}
    assert on_fakes.ledger.counts()[State.QUEUED] == 2
    assert on_fakes.log.committed == 2


def test_it_takes_no_more_records_at_once_than_it_may_and_says_what_became_of_them() -> None:
    opened = [a_job(f"e-{number}", trigger=Trigger.OPENED, once="k") for number in range(2)]
    on_fakes = AcceptanceOnFakes(*opened, opened[0], max_records=2)
    assert on_fakes.acceptance.step().admissions == {Admission.ACCEPTED: 1, Admission.DROPPED: 1}
    assert on_fakes.acceptance.step().admissions == {Admission.DUPLICATE: 1}
    assert on_fakes.acceptance.step().records == 0


def test_words_of_a_later_engine_that_only_inform_cost_no_job() -> None:
    raw = altered(b'"other_triggers":[]', b'"other_triggers":["reopened","closed"]')
    raw = raw.replace(b'"categories":["product.contacts"]', b'"categories":["team.contacts","product.contacts"]')
    on_fakes = AcceptanceOnFakes(raw, altered(b'"trigger":"status_changed"', b'"trigger":"reopened"'))
    on_fakes.acceptance.step()
    entry = on_fakes.ledger.find(a_job("e-bad").id)
    assert entry is not None
    assert [*entry.job.other_triggers, *entry.job.categories] == [Trigger.CLOSED, Category.PRODUCT_CONTACTS]
    # A new trigger says what to write: nobody can guess that, so it waits among the dead letters.
    assert len(on_fakes.dead_letters.letters) == 1
