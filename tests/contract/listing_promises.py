"""What every ledger promises of lists of jobs, and of which jobs a claim leaves alone."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from schemas.job import Job, PersonRef
from schemas.vocabulary import Channel, PersonKind, Trigger
from sender.ledger.claimable import Claimable
from sender.ledger.port import Ledger
from sender.records import Report, Selection, Subject, recipient_of
from sender.states import Hold, State, Transition
from tests.contract.ledger_promises import HOUR, LEASE, ids, on
from tests.support.sender.fakes import START, a_job

LI = PersonRef(PersonKind.COLLABORATOR, "ct-1")


def listed(ledger: Ledger, limit: int = 100, before: Job | None = None, **selection: Any) -> list[str]:
    lines = ledger.list(Selection(**selection), limit, None if before is None else before.id)
    return ids(line.entry for line in lines)


def newest_first(*jobs: Job) -> list[str]:
    return [job.id for job in reversed(jobs)]


def a_list_comes_page_by_page(ledger: Ledger) -> None:
    assert ledger.list(Selection(), 10) == []
    jobs = [a_job(f"e-{number}", f"T-{number % 2}") for number in range(7)]
    ledger.accept(jobs[:5], START)
    ledger.accept(jobs[5:], START + HOUR)
    assert listed(ledger) == newest_first(*jobs)
    assert listed(ledger, 3) == newest_first(*jobs[4:])
    assert listed(ledger, 3, jobs[4]) == newest_first(*jobs[1:4])
    assert listed(ledger, 3, jobs[1]) == newest_first(jobs[0])
    assert listed(ledger, 3, jobs[0]) == []
    assert listed(ledger, 3, a_job("nobody")) == []
    assert listed(ledger, 2, jobs[5], ticket="T-1") == newest_first(jobs[1], jobs[3])


def a_line_tells_when_its_job_came_and_changed(ledger: Ledger) -> None:
    ledger.accept([a_job()], START)
    [claimed] = ledger.claim(START, 1, LEASE)
    ledger.record([on(claimed, Transition.DELIVERED)], START + HOUR)
    [line] = ledger.list(Selection(), 10)
    assert line.entry == ledger.find(claimed.job.id)
    assert (line.accepted, line.changed) == (START, START + HOUR)


def a_list_holds_what_was_selected(ledger: Ledger) -> None:
    ours = replace(a_job("e-1", "T-1", customer="acme"), person=LI)
    opened = a_job("e-2", "T-2", trigger=Trigger.OPENED)
    theirs = a_job("e-3", "T-1", "b@x.example", customer="rival")
    ledger.accept([ours, opened, theirs], START)
    assert listed(ledger, ticket="T-1") == newest_first(ours, theirs)
    assert listed(ledger, person=LI) == newest_first(ours)
    assert listed(ledger, person=ours.person, ticket="T-2") == []
    assert listed(ledger, customer="rival") == newest_first(theirs)
    assert listed(ledger, template="external/opened") == newest_first(opened)
    assert listed(ledger, template="external/status_changed", ticket="T-1", customer="acme") == newest_first(ours)


def the_newest_job_of_each_ticket_and_person_is_found(ledger: Ledger) -> None:
    assert ledger.newest_of_each(Subject.TICKET, 10) == []
    old = a_job("e-1", "T-2")
    ledger.accept([old, replace(a_job("e-2", "T-1"), person=LI)], START)
    ledger.accept([a_job("e-3", "T-2"), a_job("e-4", "T-3")], START + HOUR)
    newest = ledger.newest_of_each(Subject.TICKET, 10)
    assert [(job.ticket, job.event) for job in newest] == [("T-1", "e-2"), ("T-2", "e-3"), ("T-3", "e-4")]
    assert [job.ticket for job in ledger.newest_of_each(Subject.TICKET, 2)] == ["T-1", "T-2"]
    assert [job.ticket for job in ledger.newest_of_each(Subject.TICKET, 2, "T-2")] == ["T-3"]
    assert ledger.newest_of_each(Subject.TICKET, 2, "T-3") == []
    people = [(job.person, job.event) for job in ledger.newest_of_each(Subject.PERSON, 10)]
    assert people == [(LI, "e-2"), (old.person, "e-4")]


def people_are_found_by_their_mailbox(ledger: Ledger) -> None:
    fax = replace(a_job("e-2", address="+331"), person=LI, channel=Channel.FAX)
    ledger.accept(
        [a_job("e-1", address="zoe@x.example"), replace(a_job("e-3", address="Zoe@X.example"), person=LI)], START
    )
    ledger.accept([fax], START)
    assert ledger.people_at(" ZOE@x.example") == sorted([LI, a_job().person])
    assert ledger.people_at("+331") == [LI]
    assert ledger.people_at("zo@x.example") == []


def a_list_is_of_the_states_that_were_asked_for(ledger: Ledger) -> None:
    jobs = [a_job(f"e-{number}", f"T-{number}") for number in range(6)]
    ledger.accept(jobs, START)
    for entry, then in zip(ledger.claim(START, 2, LEASE), (Transition.DELIVERED, Transition.REFUSED), strict=True):
        ledger.record([on(entry, then)], START)
    holds = [Report(jobs[2].id, 0, Transition.HELD, hold=Hold.PERSON)]
    holds.append(Report(jobs[3].id, 0, Transition.HELD, hold=Hold.MODE))
    ledger.record(holds, START)
    either = frozenset({State.QUEUED, State.DELIVERED})
    assert listed(ledger, states=frozenset({State.FAILED})) == newest_first(jobs[1])
    assert listed(ledger, states=either) == newest_first(jobs[0], *jobs[4:])
    assert listed(ledger, 1, jobs[5], states=either) == newest_first(jobs[4])
    assert listed(ledger, 9, jobs[4], states=either) == newest_first(jobs[0])
    assert listed(ledger, states=either, ticket="T-4") == newest_first(jobs[4])
    assert listed(ledger, hold=Hold.MODE) == newest_first(jobs[3])
    assert listed(ledger, hold=Hold.MODE, states=frozenset({State.HELD, State.QUEUED})) == newest_first(jobs[3])
    assert listed(ledger, hold=Hold.MODE, states=frozenset({State.QUEUED})) == []


def a_list_is_of_the_times_that_were_asked_for(ledger: Ledger) -> None:
    jobs = [a_job(f"e-{number}") for number in range(4)]
    for hours, job in enumerate(jobs):
        ledger.accept([job], START + hours * HOUR)
    assert listed(ledger, since=START + HOUR) == newest_first(*jobs[1:])
    assert listed(ledger, until=START + 2 * HOUR) == newest_first(*jobs[:2])
    assert listed(ledger, since=START + HOUR, until=START + 3 * HOUR, ticket="T-1") == newest_first(*jobs[1:3])
    assert listed(ledger, 9, jobs[2], since=START + HOUR) == newest_first(jobs[1])


def a_list_is_of_the_customers_that_may_be_seen(ledger: Ledger) -> None:
    jobs = [a_job(f"e-{name}", customer=name) for name in ("acme", "rival", "other")]
    jobs.append(replace(a_job("e-none"), customer=None))
    ledger.accept(jobs, START)
    ours = frozenset({"acme", "other", "no such"})
    assert listed(ledger, customers=ours) == newest_first(jobs[0], jobs[2])
    assert listed(ledger, 1, jobs[2], customers=ours) == newest_first(jobs[0])
    assert listed(ledger, customers=ours, customer="rival") == []
    assert listed(ledger, customers=ours, states=frozenset({State.QUEUED, State.HELD})) == newest_first(
        jobs[0], jobs[2]
    )
    assert listed(ledger, customers=frozenset()) == []


def jobs_are_counted_from_a_moment_on(ledger: Ledger) -> None:
    for hours in range(3):
        ledger.accept([a_job(f"e-{hours}", f"T-{hours}")], START + hours * HOUR)
    ledger.record([Report(a_job("e-1", "T-1").id, 0, Transition.HELD, hold=Hold.PERSON)], START + 2 * HOUR)
    counted = ledger.counts(START + HOUR)
    assert {state: number for state, number in counted.items() if number} == {State.QUEUED: 1, State.HELD: 1}
    assert set(counted) == set(State)
    assert sum(ledger.counts(START + 3 * HOUR).values()) == 0
    assert ledger.counts(START) == ledger.counts()


def a_claim_leaves_alone_what_it_should_avoid(ledger: Ledger) -> None:
    jobs = [
        a_job("e-1", address="a@Down.example"),
        a_job("e-1", address="b@up.example"),
        a_job("e-1", address="+33 1 23", channel=Channel.FAX),
        a_job("e-1", address="c@sub.down.example"),
    ]
    ledger.accept(jobs, START)
    assert ids(ledger.claim(START, 1, LEASE, Claimable(not_domains={"down.example", "up.example"}))) == [jobs[2].id]
    others = Claimable(not_domains=["down.example", "nobody's"])
    assert ids(ledger.claim(START, 9, LEASE, others)) == [jobs[1].id, jobs[3].id]
    assert ids(ledger.claim(START, 9, LEASE)) == [jobs[0].id]


def a_claim_passes_by_mailboxes_that_wait(ledger: Ledger) -> None:
    jobs = [a_job(f"e-{one}", f"T-{one}", f"{name}@acme.example") for one, name in enumerate("aabbc")]
    ledger.accept(jobs, START)
    a, b = recipient_of(jobs[0]), recipient_of(jobs[2])
    assert ids(ledger.claim(START, 1, LEASE, Claimable(not_recipients={a, b}))) == [jobs[4].id]
    waiting = Claimable(not_domains={"acme.example"}, despite={b})
    assert ids(ledger.claim(START, 1, LEASE, waiting)) == [jobs[2].id], "its own pause is over, and that is what counts"
    assert ids(ledger.claim(START, 9, LEASE, replace(waiting, not_recipients=[b]))) == []
    assert ids(ledger.claim(START, 9, LEASE)) == [jobs[0].id, jobs[1].id, jobs[3].id]


def of_a_mailbox_or_domain_in_doubt_one_job_goes_alone(ledger: Ledger) -> None:
    jobs = [a_job(f"e-{one}", f"T-{one}", f"{name}@acme.example") for one, name in enumerate("aabbc")]
    jobs.append(a_job("e-9", "T-9", "d@rival.example"))
    ledger.accept(jobs, START)
    a = recipient_of(jobs[0])
    in_doubt = Claimable(alone={a, "acme.example"})
    assert ids(ledger.claim(START, 9, LEASE, in_doubt)) == [jobs[0].id, jobs[2].id, jobs[5].id]
    busy = Claimable(of_each=2, under_way={a: 1})
    assert ids(ledger.claim(START, 9, LEASE, busy)) == [jobs[1].id, jobs[3].id, jobs[4].id]
    assert ledger.claim(START, 9, LEASE) == []


def of_one_mailbox_so_many_are_claimed(ledger: Ledger) -> None:
    jobs = [a_job(f"e-{one}", f"T-{one}", f"{name}@acme.example") for one, name in enumerate("aaab")]
    ledger.accept(jobs, START)
    assert ids(ledger.claim(START, 9, LEASE, Claimable(of_each=2))) == [jobs[0].id, jobs[1].id, jobs[3].id]


def texts_are_claimed_by_their_channel(ledger: Ledger) -> None:
    channels = (Channel.EMAIL, Channel.FAX, Channel.SMS, Channel.CHAT, Channel.SMS)
    jobs = [a_job(f"e-{one}", address=f"+33 1 0{one}", channel=channel) for one, channel in enumerate(channels)]
    ledger.accept(jobs, START)
    assert ids(ledger.claim(START, 9, LEASE, Claimable("sms", not_domains={"sms"}))) == []
    assert ids(ledger.claim(START, 9, LEASE, Claimable("sms"))) == [jobs[2].id, jobs[4].id]
    assert ids(ledger.claim(START, 9, LEASE, Claimable("mail"))) == [jobs[0].id, jobs[1].id]
    assert ids(ledger.claim(START, 9, LEASE, Claimable("chat"))) == [jobs[3].id]
