"""What every ledger promises of suppressions and pauses."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from schemas.directory import SuppressionRecord
from schemas.job import Job, PersonRef
from schemas.log import NewRecord
from schemas.pseudonyms import Pseudonyms
from schemas.topics import SUPPRESSIONS
from schemas.vocabulary import Channel, PersonKind, Trigger
from sender.ledger.port import Ledger, Retention
from sender.ledger.restrictions import Pause
from sender.records import Report
from sender.states import Hold, State, Transition
from tests.contract.ledger_promises import HOUR, LEASE, found, on, state
from tests.support.sender.fakes import START, a_job

TEMPLATE = "external/status_changed"
SECRETS = Pseudonyms(["a secret of today", "a secret of long ago"])
CT_7 = PersonRef(PersonKind.CONTACT, "ct-7")
DEAD = SuppressionRecord("email/zoe@acme.example", Channel.EMAIL, "zoe@acme.example", reason="hard_bounce")


def with_entry(ledger: Ledger, job: Job) -> Job:
    ledger.accept([job], START)
    return job


def suppressing(ledger: Ledger, job: Job, after: timedelta = timedelta(0)) -> str | None:
    record = ledger.suppressing(found(ledger, job.id), START + after)
    return None if record is None else record.id


def suppressions_are_kept_by_their_ids(ledger: Ledger) -> None:
    one, two = DEAD, SuppressionRecord("contact/ct-9/email", person="contact/ct-9", triggers=["opened"], until=START)
    assert ledger.suppress([one, two, one], START) == 2
    changed = SuppressionRecord(one.id, Channel.EMAIL, "zoe@acme.example", reason="by hand", since="2026-03-02")
    assert ledger.suppress([changed], START) == 0
    assert list(ledger.suppressions(10)) == [two, changed]
    assert list(ledger.suppressions(1)) == [two]
    assert list(ledger.suppressions(10, after=two.id)) == [changed]
    assert (ledger.lift(one.id, START), ledger.lift(one.id, START)) == (True, False)
    assert list(ledger.suppressions(10)) == [two]


def a_suppression_that_says_nothing_new_is_kept_as_it_was(ledger: Ledger) -> None:
    first = SuppressionRecord("contact/ct-1/email", person="contact/ct-1", reason="opted_out", since="2026-03-02")
    assert ledger.suppress([first], START) == 1
    for day in range(3, 6):
        assert ledger.suppress([replace(first, since=f"2026-03-0{day}")], START) == 0
    assert list(ledger.suppressions(10)) == [first]
    assert len(ledger.outbox(10)) == 1
    ledger.suppress([replace(first, until=START, since="2026-03-06")], START)
    assert len(ledger.outbox(10)) == 2


def a_suppression_stands_for_its_mailbox(ledger: Ledger) -> None:
    job = with_entry(ledger, a_job(address=" ZOE@acme.example"))
    other = with_entry(ledger, a_job(address="li@desk.example"))
    fax = with_entry(ledger, a_job(channel=Channel.FAX))
    assert suppressing(ledger, job) is None
    ledger.suppress([DEAD], START)
    assert (suppressing(ledger, job), suppressing(ledger, other), suppressing(ledger, fax)) == (DEAD.id, None, None)
    ledger.suppress([SuppressionRecord(DEAD.id, None, "Zoe@ACME.example ")], START)
    assert (suppressing(ledger, job), suppressing(ledger, fax)) == (DEAD.id, DEAD.id)
    ledger.lift(DEAD.id, START)
    assert suppressing(ledger, job) is None


def a_suppression_stands_for_its_person(ledger: Ledger) -> None:
    job, fax = with_entry(ledger, a_job()), with_entry(ledger, a_job(channel=Channel.FAX, address="+33 1 23"))
    ledger.suppress([SuppressionRecord("a", person="contact/ct-2"), SuppressionRecord("b", person="contact/ct")], START)
    assert suppressing(ledger, job) is None
    ledger.suppress([SuppressionRecord("c", Channel.FAX, person="contact/ct-1")], START)
    assert (suppressing(ledger, job), suppressing(ledger, fax)) == (None, "c")
    ledger.suppress([SuppressionRecord("d", person="contact/ct-1")], START)
    assert suppressing(ledger, job) == "d"


def a_suppression_stands_for_its_triggers(ledger: Ledger) -> None:
    opened = a_job("e-1", trigger=Trigger.OPENED, once="k", otherwise=Trigger.STATUS_CHANGED)
    diverted = a_job("e-2", trigger=Trigger.OPENED, once="k", otherwise=Trigger.STATUS_CHANGED)
    ledger.accept([opened, diverted], START)
    ledger.suppress([SuppressionRecord("a", person="contact/ct-1", triggers=["status_changed", "sung"])], START)
    assert (suppressing(ledger, opened), suppressing(ledger, diverted)) == (None, "a")
    ledger.suppress([SuppressionRecord("a", person="contact/ct-1", triggers=[])], START)
    assert suppressing(ledger, diverted) is None


def a_suppression_ends(ledger: Ledger) -> None:
    job = with_entry(ledger, a_job())
    ledger.suppress([SuppressionRecord("a", person="contact/ct-1", until=START + HOUR)], START)
    assert suppressing(ledger, job, HOUR - timedelta(microseconds=1)) == "a"
    assert suppressing(ledger, job, HOUR) is None


def a_suppression_stands_for_who_was_forgotten(ledger: Ledger) -> None:
    job = with_entry(ledger, a_job(address="Zoe@acme.example"))
    later = with_entry(ledger, a_job("e-2", address="zoe@acme.example", trigger=Trigger.CLOSED, person=CT_7))
    other = with_entry(ledger, a_job("e-3", address="li@desk.example", trigger=Trigger.CLOSED, person=CT_7))
    [old] = Pseudonyms(["a secret of long ago"]).of_mailbox("zoe@acme.example")
    ledger.suppress([SuppressionRecord("a", Channel.EMAIL, triggers=["closed"], address_hash=old)], START)

    def held_by(job: Job, pseudonyms: Pseudonyms = SECRETS) -> str | None:
        found_one = ledger.suppressing(found(ledger, job.id), START, pseudonyms)
        return None if found_one is None else found_one.id

    assert [held_by(one) for one in (job, later, other)] == [None, "a", None]
    assert held_by(later, Pseudonyms(["the wrong secret"])) is None
    assert suppressing(ledger, later) is None
    [person, _] = SECRETS.of_person("contact/ct-1")
    ledger.suppress([SuppressionRecord("b", person_hash=person)], START)
    assert [held_by(one) for one in (job, other)] == ["b", None]


def a_suppression_is_forgotten_after_its_end(ledger: Ledger) -> None:
    retention = Retention(finished=2 * HOUR)
    ends = SuppressionRecord("a", person="contact/ct-1", until=START + HOUR)
    longer = SuppressionRecord("b", person="contact/ct-1", until=START + 2 * HOUR)
    ledger.suppress([ends, longer, DEAD], START)
    assert ledger.prune(START + 3 * HOUR - timedelta(microseconds=1), retention) == 0
    ledger.published([one.id for one in ledger.outbox(10)])
    assert ledger.prune(START + 3 * HOUR, retention) == 1
    assert list(ledger.suppressions(10)) == [longer, DEAD]
    assert [one.record for one in ledger.outbox(10)] == [NewRecord(SUPPRESSIONS, b"suppression/a", None)]
    ledger.suppress([SuppressionRecord("b", person="contact/ct-1")], START)
    assert ledger.prune(START + 9 * HOUR, retention) == 0


def a_report_brings_its_suppression_or_nothing(ledger: Ledger) -> None:
    job = with_entry(ledger, a_job())
    ledger.claim(START, 1, LEASE)
    void = Report(job.id, 7, Transition.REFUSED, suppress=DEAD)
    assert ledger.record([void], START) == [void]
    assert list(ledger.suppressions(10)) == []
    ledger.record([Report(job.id, 1, Transition.REFUSED, code=550, suppress=DEAD)], START)
    assert list(ledger.suppressions(10)) == [DEAD]


def paused(ledger: Ledger, *jobs: Job) -> list[Job]:
    """These jobs, held for a pause by the sender after it had claimed them."""
    ledger.accept(jobs, START)
    claimed = ledger.claim(START, 10, LEASE)
    assert ledger.record([on(one, Transition.HELD, hold=Hold.PAUSED) for one in claimed], START) == []
    return list(jobs)


def pauses_are_kept_until_they_are_ended(ledger: Ledger) -> None:
    by_template = Pause(None, TEMPLATE, START, "typo")
    by_customer = Pause("acme", None, START - HOUR, "asked for it")
    for one in (by_template, by_customer, Pause("acme", None, START, "again")):
        ledger.pause(one)
    assert list(ledger.pauses()) == [by_customer, by_template]
    assert not ledger.resume(TEMPLATE, None, START)
    assert not ledger.resume("rival", None, START)
    assert (ledger.resume("acme", None, START), ledger.resume("acme", None, START)) == (True, False)
    assert list(ledger.pauses()) == [by_template]


def the_end_of_a_pause_lets_go_what_it_held(ledger: Ledger) -> None:
    ledger.pause(Pause("acme", None, START, ""))
    ledger.pause(Pause("rival", None, START, ""))
    job, other = paused(ledger, a_job(customer="acme"), a_job(ticket="T-2", address="b@x.example", customer="rival"))
    by_hand = with_entry(ledger, a_job("e-3", "T-3", customer="acme"))
    ledger.record([Report(by_hand.id, 0, Transition.HELD, hold=Hold.PERSON)], START)
    ledger.resume("acme", None, START + HOUR)
    assert [state(ledger, one.id) for one in (job, other, by_hand)] == [State.QUEUED, State.HELD, State.HELD]
    last = ledger.history(job.id)[-1]
    assert (last.transition, last.at, last.text) == ("resumed", START + HOUR, "no longer paused")
    [again] = ledger.claim(START + HOUR, 10, LEASE)
    assert (again.job, again.standing.released) == (job, False)


def what_another_pause_holds_stays(ledger: Ledger) -> None:
    ledger.pause(Pause("acme", None, START, ""))
    ledger.pause(Pause(None, TEMPLATE, START, ""))
    ours, nobodys = paused(ledger, a_job(customer="acme"), a_job(ticket="T-2", address="b@x.example"))
    ledger.resume("acme", None, START)
    assert state(ledger, ours.id) is State.HELD
    ledger.pause(Pause("acme", None, START, ""))
    ledger.resume(None, TEMPLATE, START)
    assert (state(ledger, ours.id), state(ledger, nobodys.id)) == (State.HELD, State.QUEUED)
    ledger.resume("acme", None, START)
    assert state(ledger, ours.id) is State.QUEUED


def a_template_is_that_under_which_a_job_goes_out(ledger: Ledger) -> None:
    ledger.pause(Pause(None, TEMPLATE, START, ""))
    opened = {"trigger": Trigger.OPENED, "once": "k", "otherwise": Trigger.STATUS_CHANGED}
    ledger.accept([a_job("e-1", address="b@x.example", **opened)], START)  # type: ignore[arg-type]
    ledger.record([on(one, Transition.DELIVERED) for one in ledger.claim(START, 10, LEASE)], START)
    [diverted] = paused(ledger, a_job("e-2", **opened))  # type: ignore[arg-type]
    assert state(ledger, diverted.id) is State.HELD
    ledger.resume(None, TEMPLATE, START)
    assert state(ledger, diverted.id) is State.QUEUED


def what_is_held_for_a_pause_that_has_ended_is_let_go(ledger: Ledger) -> None:
    """The sender may have read of the pause just before it ended."""
    ledger.pause(Pause("acme", None, START, ""))
    ledger.accept([a_job(customer="acme")], START)
    [claimed] = ledger.claim(START, 10, LEASE)
    ledger.resume("acme", None, START)
    ledger.record([on(claimed, Transition.HELD, hold=Hold.PAUSED)], START)
    assert [change.transition.value for change in ledger.history(claimed.job.id)][-2:] == ["held", "resumed"]
    assert len(ledger.claim(START, 10, LEASE)) == 1
