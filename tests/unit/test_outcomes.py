"""What the ledger tells the world of one change."""

from __future__ import annotations

import msgspec
import pytest

from schemas.directory import SuppressionRecord, read_record
from schemas.outcome import Outcome
from schemas.topics import OUTCOMES, SUPPRESSIONS
from schemas.vocabulary import Channel, Trigger
from sender.ledger.outbox import UNTOLD, outcome_record, suppression_record
from sender.ledger.restrictions import Pause
from sender.records import Change, LedgerEntry
from sender.states import Standing, State, Transition
from tests.support.sender.fakes import START, a_job

ENTRY = LedgerEntry(a_job(), False, Standing(State.FAILED, attempt=2, changes=5))


def change(transition: Transition, code: int | None = None, text: str | None = None) -> Change:
    return Change(5, START, transition, State.FAILED, 2, code, text, "a fault of the template")


def outcome(entry: LedgerEntry, of: Change) -> Outcome:
    record = outcome_record(entry, of)
    assert record is not None
    assert (record.topic, record.key) == (OUTCOMES, entry.job.ticket.encode())
    return msgspec.json.decode(record.value or b"", type=Outcome)


def test_an_outcome_says_what_happened_to_whom() -> None:
    told = outcome(ENTRY, change(Transition.REFUSED, 550, "no such user"))
    job = ENTRY.job
    assert (told.job, told.source, told.event, told.ticket) == (job.id, job.source, job.event, job.ticket)
    assert (told.person, told.channel, told.trigger) == (job.person, job.channel, job.trigger)
    assert (told.state, told.transition, told.sequence, told.attempt) == ("failed", "refused", 5, 2)
    assert (told.at, told.reply) == (START, "550 no such user")


@pytest.mark.parametrize(("code", "text", "reply"), [(None, "cut off", "cut off"), (250, None, "250"), (None,) * 3])
def test_a_reply_is_what_was_said(code: int | None, text: str | None, reply: str | None) -> None:
    assert outcome(ENTRY, change(Transition.DELIVERED, code, text)).reply == reply


def test_a_diverted_job_goes_by_its_other_trigger() -> None:
    job = a_job(trigger=Trigger.OPENED, once="k", otherwise=Trigger.STATUS_CHANGED)
    assert outcome(LedgerEntry(job, True, ENTRY.standing), change(Transition.REFUSED)).trigger is Trigger.STATUS_CHANGED


@pytest.mark.parametrize("transition", Transition)
def test_everything_but_a_claim_and_its_end_without_a_try_is_told(transition: Transition) -> None:
    assert (outcome_record(ENTRY, change(transition)) is None) == (transition in UNTOLD)
    assert frozenset({Transition.CLAIMED, Transition.FREED}) == UNTOLD


def test_a_suppression_is_told_in_the_shape_that_the_engine_reads() -> None:
    record = SuppressionRecord("email/zoe@acme.example", Channel.EMAIL, "zoe@acme.example", until=START)
    told, gone = suppression_record(record), suppression_record(record, lifted=True)
    assert (told.topic, told.key) == (gone.topic, gone.key) == (SUPPRESSIONS, b"suppression/email/zoe@acme.example")
    assert told.value is not None
    assert (read_record(told.value), gone.value) == (record, None)


@pytest.mark.parametrize(("customer", "template"), [(None, None), ("acme", "external/opened")])
def test_a_pause_is_for_one_thing(customer: str | None, template: str | None) -> None:
    with pytest.raises(ValueError, match="one of them"):
        Pause(customer, template, START, "")
