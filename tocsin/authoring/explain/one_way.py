"""Why one message, which other rules or records bring about, does not come about by these."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from msgspec import Struct

from engine.decide import Decision
from engine.decide_in_full import FullDecision, Way, decide_in_full
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from engine.stages.s5_person_gates import active_addresses
from schemas.decision import Skip
from schemas.event import Event
from schemas.job import Job
from schemas.mailbox import mailbox
from schemas.vocabulary import Reason
from tocsin.authoring.explain.case import Case
from tocsin.authoring.explain.reasons import in_words


class Cause(Struct, frozen=True):
    """The gate at which a message stops, and why in words."""

    reason: Reason
    why: str


def why_not(event: Event, now: datetime, directory: Directory, rulebook: Rulebook, job: Job) -> Cause | None:
    """Why this directory and these rules do not bring this message; None where nothing attaches the person any more.

    Only the ways of the message count: its person, categories, trigger and channel. Through another category, or for
    another trigger, the person may stop elsewhere, and that is no cause of this.
    """
    found = decide_in_full(event, directory, rulebook, now)
    skip = _whole(found.decision) or _of_ways(found, directory, job) or _of_entries(found.decision, job)
    if skip is None:
        return None
    if skip.reason in _AT_ADDRESS and _is_open(found, skip):
        return Cause(skip.reason, _AT_ADDRESS[skip.reason].format(address=job.address))
    case = Case(skip, found.decision, directory, rulebook, is_one_way=True, brought_by=tuple(job.rules))
    return Cause(skip.reason, in_words(case).why)


_AT_ADDRESS: Final = {
    Reason.NO_ACTIVE_MODE: "{address} is not active",
    Reason.SUPPRESSED: "a suppression stands for {address}",
    Reason.SAME_MAILBOX: "somebody else who reads {address} gets the message",
}
"""Why nothing goes to one address of somebody who is reached all the same."""


def _is_open(found: FullDecision, skip: Skip) -> bool:
    asked = (skip.person, skip.category, skip.trigger, skip.channel)
    return any(not way.closed and (way.person, way.category, way.trigger, way.channel) == asked for way in found.ways)


def _whole(decision: Decision) -> Skip | None:
    return decision.skipped[0] if decision.reason is not None else None


def _of_ways(found: FullDecision, directory: Directory, job: Job) -> Skip | None:
    """The furthest gate that one of the message's ways reaches."""
    skips = [
        _stop(way, found, directory, job)
        for way in found.ways
        if (way.person, way.trigger, way.channel) == (job.person, job.trigger, job.channel)
        and way.category in job.categories
    ]
    return max(skips, key=lambda skip: skip.reason.depth, default=None)


def _stop(way: Way, found: FullDecision, directory: Directory, job: Job) -> Skip:
    if not way.closed:
        region = None if found.scope is None else found.scope.policy.fax_region
        reason = _at_address(found.decision, directory, region, job)
        return Skip(way.person, way.category, reason, way.trigger, way.channel)
    reason = way.closed[0]
    if reason is Reason.UNREADABLE_RECORD and way.record is not None:
        return Skip(way.person, way.category, reason, way.trigger, way.channel, way.record)
    return Skip(way.person, way.category, reason, way.trigger, way.channel)


def _at_address(decision: Decision, directory: Directory, fax_region: str | None, job: Job) -> Reason:
    """Why nothing goes to this address of somebody who has an open way, which leads to another of theirs."""
    person = directory.person(job.person.kind, job.person.id)
    addresses = active_addresses(person, job.channel, fax_region)
    if mailbox(job.address) not in map(mailbox, addresses):
        return Reason.NO_ACTIVE_MODE
    if person is not None and directory.is_suppressed(person, job.channel, job.address, job.trigger, decision.now):
        return Reason.SUPPRESSED
    return Reason.SAME_MAILBOX


def _of_entries(decision: Decision, job: Job) -> Skip | None:
    """The entry of somebody whom no category reaches: a tick that is off, an object not attached or not known."""
    return max(_entries(decision, job), key=lambda skip: (skip.person is not None, skip.reason.depth), default=None)


def _entries(decision: Decision, job: Job) -> Iterator[Skip]:
    for skip in decision.skipped:
        if skip.category in job.categories and skip.person in (None, job.person):
            yield skip
