"""What every ledger promises of the digests in which storms end."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain

from msgspec.structs import replace

from schemas.job import PersonRef
from schemas.vocabulary import Audience, PersonKind
from sender.ledger.port import Ledger
from sender.ledger.restrictions import Pause
from sender.records import Report
from sender.states import Hold, State, Transition
from sender.storms.digests import parted_report
from sender.storms.scheduled import COMPANY
from tests.contract.ledger_promises import HOUR, LEASE, found, ids, on, state
from tests.contract.storm_promises import OVER, STORM, a_storm, deliver, holds, said, saved, saves
from tests.support.sender.fakes import START


def a_storm_ends_in_a_digest(ledger: Ledger) -> None:
    first, second, third = held = a_storm(ledger, [*saves(4), saved("f-1", ticket="T-2")])
    assert ledger.end_storms(OVER - timedelta(microseconds=1), STORM) == 0
    assert (ledger.end_storms(OVER, STORM), ledger.end_storms(OVER, STORM)) == (1, 0)
    assert [state(ledger, job.id) for job in held] == [State.BUNDLED, State.BUNDLED, State.QUEUED]
    assert holds(ledger, held) == [None] * 3
    assert ids(ledger.bundle(third.id)) == [first.id, second.id]
    assert (said(ledger, first), said(ledger, third)) == (
        ["accepted", "held", "bundled"],
        ["accepted", "held", "carries"],
    )
    assert ledger.history(third.id)[-1].text == "a digest of 3"
    assert ledger.history(first.id)[-1].text == f"in the digest that {third.id} carries"
    [carrier] = ledger.claim(OVER, 10, LEASE)
    assert (carrier.job, carrier.standing.digest) == (third, True)
    assert (ledger.bundle("nobody"), ledger.bundle(first.id)) == ([], [])


def a_digest_is_for_one_contact_alone(ledger: Ledger) -> None:
    """Two people of one mailbox, in whichever order their jobs came, also where they hear of the same tickets."""
    people = [PersonRef(PersonKind.CONTACT, one) for one in ("ct-1", "ct-2")]
    jobs = [*saves(3), *(saved(f"f-{n}", ticket=f"T-{n // 2}", person=people[n % 2]) for n in range(20))]
    held = a_storm(ledger, jobs)
    ledger.end_storms(OVER, STORM)
    told: list[str] = []
    while sent := ledger.claim(OVER, 100, LEASE):
        for entry in sent:
            listed = [*ledger.bundle(entry.job.id), entry]
            assert {one.job.person for one in listed} == {entry.job.person}
            told += ids(listed)
        ledger.record([on(entry, Transition.DELIVERED) for entry in sent], OVER)
    assert sorted(told) == sorted(job.id for job in held)
    for ticket in {job.ticket for job in held}:
        lane = [job.id for job in held if job.ticket == ticket]
        assert [job for job in told if job in lane] == lane
    carriers = [job for job in held if "carries" in said(ledger, job)]
    assert [job.person for job in carriers] == people


def collaborators_of_one_mailbox_share_a_digest(ledger: Ledger) -> None:
    people = [PersonRef(PersonKind.COLLABORATOR, one) for one in ("co-1", "co-2")]
    jobs = [saved(f"e-{n}", ticket=f"T-{n}", person=people[n % 2], audience=Audience.COLLABORATORS) for n in range(6)]
    held = a_storm(ledger, jobs)
    ledger.end_storms(OVER, STORM)
    assert ids(ledger.bundle(held[-1].id)) == [job.id for job in held[:-1]]


def what_a_digest_of_another_reader_lists_goes_out_in_one_of_its_own(ledger: Ledger) -> None:
    first, second, carrier = a_storm(ledger, saves(5))
    ledger.end_storms(OVER, STORM)
    [claimed] = ledger.claim(OVER, 10, LEASE)
    other = PersonRef(PersonKind.CONTACT, "ct-9")
    parted = [
        parted_report(replace(one, job=replace(one.job, person=other)), claimed) for one in ledger.bundle(carrier.id)
    ]
    assert parted_report(claimed, claimed) is None
    assert ledger.record([one for one in parted if one is not None], OVER) == []
    ledger.record([on(claimed, Transition.DELIVERED)], OVER)
    assert (holds(ledger, [first, second]), state(ledger, carrier.id)) == ([Hold.STORM] * 2, State.DELIVERED)
    assert ledger.end_storms(OVER, STORM) == 1
    assert ids(ledger.bundle(second.id)) == [first.id]
    assert deliver(ledger, OVER) == [second.id]


def a_lone_one_just_goes_out(ledger: Ledger) -> None:
    [lone] = a_storm(ledger, saves(3))
    ledger.end_storms(OVER, STORM)
    assert said(ledger, lone) == ["accepted", "held", "resumed"]
    [entry] = ledger.claim(OVER, 10, LEASE)
    assert (entry.job, entry.standing.digest) == (lone, False)


def a_digest_lists_no_more_than_it_may(ledger: Ledger) -> None:
    small = replace(STORM, digest_size=3)
    jobs = [*saves(4, "T-1"), *saves(2, "T-2"), *saves(7, "T-3")]
    held = a_storm(ledger, jobs)
    ledger.end_storms(OVER, small)
    entries = [found(ledger, job.id) for job in held]
    bundles = {entry.job.id: ids(ledger.bundle(entry.job.id)) for entry in entries if entry.standing.digest}
    lone = [job.id for job in held if said(ledger, job)[-1] == "resumed"]
    assert max(map(len, bundles.values())) <= small.digest_size - 1
    assert sorted([*lone, *bundles, *chain(*bundles.values())]) == sorted(job.id for job in held)
    told: list[str] = []
    while sent := deliver(ledger, OVER):
        told += [job for carrier in sent for job in [*bundles.get(carrier, []), carrier]]
    for ticket in ("T-1", "T-2", "T-3"):
        lane = [job.id for job in held if job.ticket == ticket]
        assert [job for job in told if job in lane] == lane


def a_digest_overtakes_no_older_job(ledger: Ledger) -> None:
    jobs = [saved("e-1", ticket="T-1"), saved("e-2", ticket="T-2"), *saves(2, "T-1"), *saves(3, "T-2")]
    ledger.accept(jobs, START, STORM)
    first, stuck = ledger.claim(START, 10, LEASE)
    ledger.record([on(first, Transition.DELIVERED), on(stuck, Transition.DEFERRED, START + HOUR)], START)
    ledger.end_storms(OVER, STORM)
    assert ids(ledger.bundle(jobs[3].id)) == [jobs[2].id]
    assert ids(ledger.bundle(jobs[6].id)) == [jobs[4].id, jobs[5].id]
    assert deliver(ledger, OVER) == [jobs[3].id]
    assert deliver(ledger, START + HOUR) == [stuck.job.id]
    assert deliver(ledger, START + HOUR) == [jobs[6].id]


def later_jobs_wait_for_the_digest(ledger: Ledger) -> None:
    held = a_storm(ledger, [*saves(3, "T-1"), *saves(2, "T-2"), *saves(1, "T-3")])
    ledger.end_storms(OVER, STORM)
    behind = [saved(f"g-{ticket}", ticket=ticket) for ticket in ("T-1", "T-2")]
    ledger.accept(behind, OVER)
    assert deliver(ledger, OVER) == [held[-1].id]
    assert deliver(ledger, OVER) == [job.id for job in behind]


def a_bundle_ends_as_its_carrier(ledger: Ledger) -> None:
    first, second, carrier = held = a_storm(ledger, saves(5))
    ledger.end_storms(OVER, STORM)
    ledger.record([Report(second.id, 0, Transition.CANCELLED)], OVER)
    assert ids(ledger.bundle(carrier.id)) == [first.id]
    [claimed] = ledger.claim(OVER, 10, LEASE)
    refusal = Report(carrier.id, claimed.standing.attempt, Transition.REFUSED, code=550, text="no such user")
    ledger.record([refusal], OVER + HOUR)
    assert [state(ledger, job.id) for job in held] == [State.FAILED, State.CANCELLED, State.FAILED]
    last = ledger.history(first.id)[-1]
    assert (last.transition, last.code, last.text, last.at) == ("refused", 550, "no such user", OVER + HOUR)
    assert ledger.bundle(carrier.id) == []


def what_a_digest_failed_to_tell_is_resent_in_one(ledger: Ledger) -> None:
    first, second, carrier = held = a_storm(ledger, saves(5))
    ledger.end_storms(OVER, STORM)
    [claimed] = ledger.claim(OVER, 10, LEASE)
    ledger.record([on(claimed, Transition.REFUSED)], OVER)
    ledger.record(
        [Report(one.id, found(ledger, one.id).standing.attempt, Transition.RESENT, OVER) for one in held], OVER
    )
    assert (holds(ledger, held), deliver(ledger, OVER)) == ([Hold.DIGEST] * 3, [])
    ledger.end_schedules(OVER + COMPANY, STORM)
    assert deliver(ledger, OVER + COMPANY) == [carrier.id]
    assert {state(ledger, one.id) for one in held} == {State.DELIVERED}
    assert said(ledger, first)[-3:] == said(ledger, second)[-3:] == ["held", "bundled", "delivered"]


def a_former_carrier_is_resent_alone(ledger: Ledger) -> None:
    first, carrier = a_storm(ledger, saves(4))
    ledger.end_storms(OVER, STORM)
    [claimed] = ledger.claim(OVER, 10, LEASE)
    ledger.record([on(claimed, Transition.REFUSED)], OVER)
    ledger.record([Report(carrier.id, 1, Transition.RESENT, OVER)], OVER)
    ledger.end_schedules(OVER + COMPANY, STORM)
    [again] = ledger.claim(OVER + COMPANY, 10, LEASE)
    assert (again.job, again.standing.digest, ledger.bundle(carrier.id)) == (carrier, False, [])
    ledger.record([on(again, Transition.DELIVERED)], OVER + COMPANY)
    assert state(ledger, first.id) is State.FAILED


def what_a_digest_may_have_told_is_never_called_expired(ledger: Ledger) -> None:
    first, carrier = a_storm(ledger, saves(4))
    ledger.end_storms(OVER, STORM)
    unknowns = []
    for transition in (Transition.UNDECIDED, Transition.LAPSED, Transition.DEFERRED):
        [claimed] = ledger.claim(OVER, 10, LEASE)
        ledger.record([on(claimed, transition, OVER)], OVER)
        unknowns.append(found(ledger, first.id).standing.unknowns)
    assert unknowns == [1, 2, 2]
    assert (found(ledger, carrier.id).standing.unknowns, len(ledger.history(first.id))) == (2, 3)


def a_bundled_job_can_end_alone(ledger: Ledger) -> None:
    soon = START + HOUR
    hasty = replace(saved("e-9"), expires=soon)
    held = a_storm(ledger, [*saves(2), hasty, *saves(2, "T-2")])
    ledger.end_storms(OVER, STORM)
    late = ledger.overdue(soon, 10)
    assert [(entry.job.id, entry.standing.state) for entry in late] == [(hasty.id, State.BUNDLED)]
    ledger.record([on(late[0], Transition.EXPIRED)], soon)
    assert ids(ledger.bundle(held[-1].id)) == [held[1].id]
    deliver(ledger, soon)
    assert [state(ledger, job.id) for job in held] == [State.EXPIRED, State.DELIVERED, State.DELIVERED]


def no_digest_waits_for_what_it_lists(ledger: Ledger) -> None:
    first, second, carrier = a_storm(ledger, saves(5))
    ledger.end_storms(OVER, STORM)
    assert ledger.next_due() == OVER
    behind = saved("g-1")
    ledger.accept([behind], OVER)
    assert deliver(ledger, OVER) == [carrier.id]
    ledger.record([Report(first.id, 0, Transition.RESENT, OVER)], OVER)
    assert [state(ledger, job.id) for job in (first, second)] == [State.DELIVERED] * 2
    assert deliver(ledger, OVER) == [behind.id]


def what_a_digest_lists_is_sent_as_the_digest_is(ledger: Ledger) -> None:
    soon = START + HOUR
    first, carrier = a_storm(ledger, [*saves(2), replace(saved("e-9"), expires=soon), saved("e-10")])
    ledger.end_storms(OVER, STORM)
    [claimed] = ledger.claim(OVER, 10, timedelta(days=1))
    cancelled = Report(first.id, 0, Transition.CANCELLED)
    assert (ledger.overdue(soon, 10), ledger.next_due()) == ([], OVER + timedelta(days=1))
    assert ledger.record([cancelled], OVER) == [cancelled]
    ledger.record([on(claimed, Transition.DEFERRED, OVER + HOUR)], OVER)
    assert ledger.record([cancelled], OVER) == []
    assert (state(ledger, first.id), state(ledger, carrier.id)) == (State.CANCELLED, State.QUEUED)


def a_carrier_that_is_stopped_leaves_its_digest_to_the_others(ledger: Ledger) -> None:
    for transition in (Transition.WITHDRAWN, Transition.CANCELLED):
        jobs = [saved(f"{transition}-{number}", address=f"{transition}@x.example") for number in range(5)]
        first, second, carrier = a_storm(ledger, jobs)
        ledger.end_storms(OVER, STORM)
        if transition is Transition.WITHDRAWN:
            ledger.claim(OVER, 10, LEASE)
        attempt = found(ledger, carrier.id).standing.attempt
        assert ledger.record([Report(carrier.id, attempt, transition)], OVER) == []
        assert [state(ledger, job.id) for job in (first, second)] == [State.HELD] * 2
        assert ledger.end_storms(OVER, STORM) == 1
        assert ids(ledger.bundle(second.id)) == [first.id]
        assert deliver(ledger, OVER) == [second.id]
        assert state(ledger, first.id) is State.DELIVERED


def what_a_digest_lists_can_be_left_out_by_who_sends_it(ledger: Ledger) -> None:
    first, second, carrier = a_storm(ledger, saves(5))
    ledger.end_storms(OVER, STORM)
    [claimed] = ledger.claim(OVER, 10, LEASE)
    stopped = [Report(first.id, 0, Transition.WITHDRAWN), Report(second.id, 0, Transition.HELD, hold=Hold.PAUSED)]
    ledger.pause(Pause(None, second.form.template, OVER, ""))
    held = Report(first.id, 0, Transition.HELD, hold=Hold.PERSON)
    assert ledger.record([held], OVER) == [held]
    assert ledger.record(stopped, OVER) == []
    assert ledger.bundle(carrier.id) == []
    ledger.record([on(claimed, Transition.DELIVERED)], OVER)
    wanted = [State.WITHDRAWN, State.HELD, State.DELIVERED]
    assert [state(ledger, job.id) for job in (first, second, carrier)] == wanted


def what_is_too_large_goes_out_in_halves(ledger: Ledger) -> None:
    held = a_storm(ledger, saves(7))
    ledger.end_storms(OVER, STORM)
    [claimed] = ledger.claim(OVER, 10, LEASE)
    later = OVER + HOUR / 60
    assert ledger.record([on(claimed, Transition.DIVIDED, until=later)], OVER) == []
    first, middle, fourth, carrier = held[0], held[1], held[2:-1], held[-1]
    assert (ids(ledger.bundle(middle.id)), ids(ledger.bundle(carrier.id))) == ([first.id], [one.id for one in fourth])
    assert deliver(ledger, OVER) == [middle.id]
    [claimed] = ledger.claim(later, 10, LEASE)
    assert claimed.job == carrier
    ledger.record([on(claimed, Transition.DIVIDED, until=later)], later)
    while deliver(ledger, later):
        pass
    assert {state(ledger, job.id) for job in held} == {State.DELIVERED}
    assert said(ledger, first)[-3:] == ["held", "bundled", "delivered"]
