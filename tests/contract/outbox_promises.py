"""What every ledger promises to tell the world: each change once in the outbox, and nothing that did not happen."""

from __future__ import annotations

import msgspec

from schemas.directory import SuppressionRecord
from schemas.outcome import Outcome
from schemas.topics import OUTCOMES, SUPPRESSIONS
from sender.ledger.port import Ledger, Retention
from sender.ledger.restrictions import Pause
from sender.records import Report
from sender.states import Hold, Transition
from tests.contract.ledger_promises import FAR, HOUR, LEASE, on
from tests.contract.storm_promises import OVER, STORM, saves
from tests.support.sender.fakes import START, a_job


def told(ledger: Ledger, limit: int = 1_000) -> list[Outcome]:
    records = [one.record for one in ledger.outbox(limit) if one.record.topic == OUTCOMES]
    return [msgspec.json.decode(record.value or b"", type=Outcome) for record in records]


def every_change_but_a_claim_is_told(ledger: Ledger) -> None:
    job, behind = a_job("e-1", "T-7"), a_job("e-2", "T-8")
    assert list(ledger.outbox(10)) == []
    ledger.accept([job, behind, job], START)
    claimed, _ = ledger.claim(START, 10, LEASE)
    ledger.record([Report(job.id, 1, Transition.DEFERRED, START + HOUR, 451, "try later")], START)
    [again] = ledger.claim(START + HOUR, 10, LEASE)
    ledger.record([on(again, Transition.DELIVERED)], START + HOUR)
    ours = [one for one in told(ledger) if one.job == job.id]
    assert [(one.transition, one.sequence) for one in ours] == [("accepted", 1), ("deferred", 3), ("delivered", 5)]
    assert [(one.state, one.attempt, one.at) for one in ours][1:] == [
        ("queued", 1, START),
        ("delivered", 2, START + HOUR),
    ]
    assert (ours[1].reply, ours[1].ticket, ours[1].person) == ("451 try later", "T-7", claimed.job.person)
    assert {one.record.key for one in ledger.outbox(10)} == {b"T-7", b"T-8"}


def what_did_not_happen_is_not_told(ledger: Ledger) -> None:
    ledger.accept([a_job()], START)
    [claimed] = ledger.claim(START, 10, LEASE)
    ledger.record([on(claimed, Transition.RELEASED, START), Report("nobody", 1, Transition.DELIVERED)], START)
    ledger.accept([a_job()], START)
    ledger.lift("nobody", START)
    assert [one.transition for one in told(ledger)] == ["accepted"]


def storms_are_told(ledger: Ledger) -> None:
    ledger.accept(saves(4), START, STORM)
    ledger.record([on(one, Transition.DELIVERED) for one in ledger.claim(START, 1, LEASE)], START)
    ledger.record([on(one, Transition.DELIVERED) for one in ledger.claim(START, 1, LEASE)], START)
    ledger.end_storms(OVER, STORM)
    ledger.record([on(one, Transition.DELIVERED) for one in ledger.claim(OVER, 1, LEASE)], OVER)
    last = [[one.transition for one in told(ledger) if one.job == job.id] for job in saves(4)[2:]]
    assert last == [["accepted", "held", "bundled", "delivered"], ["accepted", "held", "carries", "delivered"]]


def the_end_of_a_pause_is_told(ledger: Ledger) -> None:
    ledger.pause(Pause("acme", None, START, ""))
    ledger.accept([a_job(customer="acme")], START)
    ledger.record([on(one, Transition.HELD, hold=Hold.PAUSED) for one in ledger.claim(START, 1, LEASE)], START)
    ledger.resume("acme", None, START)
    assert [one.transition for one in told(ledger)] == ["accepted", "held", "resumed"]


def changes_of_suppressions_are_told(ledger: Ledger) -> None:
    record = SuppressionRecord("email/zoe@acme.example", address="zoe@acme.example", reason="hard_bounce")
    changed = SuppressionRecord(record.id, address="zoe@acme.example", reason="by hand")
    ledger.suppress([record, record], START)
    ledger.suppress([changed], START)
    ledger.lift(record.id, START)
    records = [one.record for one in ledger.outbox(10)]
    assert {(one.topic, one.key) for one in records} == {(SUPPRESSIONS, b"suppression/email/zoe@acme.example")}
    values = [None if one.value is None else msgspec.json.decode(one.value, type=SuppressionRecord) for one in records]
    assert values == [record, changed, None]


def the_suppression_of_a_report_is_told(ledger: Ledger) -> None:
    ledger.accept([a_job()], START)
    [claimed] = ledger.claim(START, 10, LEASE)
    record = SuppressionRecord("email/zoe@acme.example", address="zoe@acme.example")
    ledger.record([Report(claimed.job.id, 1, Transition.REFUSED, suppress=record)], START)
    assert sorted(one.record.topic for one in ledger.outbox(10)) == [OUTCOMES, OUTCOMES, SUPPRESSIONS]


def what_was_published_is_forgotten_alone(ledger: Ledger) -> None:
    jobs = [a_job(f"e-{number}") for number in range(5)]
    ledger.accept(jobs, START)
    first, second = ledger.outbox(2)
    assert first.id < second.id
    assert list(ledger.outbox(2)) == [first, second]
    ledger.published([first.id])
    ledger.published([first.id])
    assert [one.job for one in told(ledger)] == [job.id for job in jobs[1:]]
    ledger.published([one.id for one in ledger.outbox(10)])
    assert list(ledger.outbox(10)) == []
    ledger.accept([a_job("e-9")], START)
    assert [one.id > second.id for one in ledger.outbox(10)] == [True]


def what_waits_to_be_published_outlives_its_job(ledger: Ledger) -> None:
    job = a_job(expires=START + HOUR)
    ledger.accept([job], START)
    ledger.record([on(one, Transition.DELIVERED) for one in ledger.claim(START, 1, LEASE)], START)
    assert ledger.prune(FAR, Retention(finished=HOUR)) == 1
    assert [one.transition for one in told(ledger)] == ["accepted", "delivered"]
