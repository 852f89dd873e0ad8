"""An explanation as lines, as a person would ask for it, and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from engine.decide import Decision
from engine.directory.directory import Directory
from schemas.explanation import AbsentPerson, EventExplanation, NeededChange, ReachedPerson, StoppedEntry
from schemas.job import Job, Schedule
from schemas.vocabulary import Trigger
from tocsin.authoring.explain.case import called, utc
from tocsin.authoring.explain.changes import Change
from tocsin.authoring.explain.explanation import MOST_SEARCHED, Absent, Explanation, Reached, Stopped
from tocsin.authoring.explain.summary import Summary
from tocsin.authoring.explain.ties import not_concerned

_SHOWN: Final = 10


def summed_up(explanation: Explanation) -> list[str]:
    """The explanation in a few lines: of everyone who is not told, the main reasons by count."""
    directory = explanation.directory
    summary = Summary(lambda person: called(person, directory))
    for one in explanation.reached:
        for person in (one.job.person, *one.others):
            summary.tell(person, f"{one.job.trigger} by {one.job.channel}{_when(one.job)}")
    whole = [one for one in explanation.stopped if _is_whole(one)]
    for stopped in explanation.stopped:
        if stopped not in whole:
            summary.stop(stopped.skip, stopped.why)
    lines = [*_heading(explanation.full.decision), ""]
    if whole:
        return [
            *lines,
            "Nobody is alerted:",
            *(line for one in whole for line in _stopped(one, directory)),
            *_then(explanation),
        ]
    return [*lines, *summary.lines("Alerted", "Not alerted")]


def _is_whole(one: Stopped) -> bool:
    return one.skip.person is None and one.skip.category is None


def told(explanation: Explanation) -> list[str]:
    """The lines of an explanation."""
    directory = explanation.directory
    lines = [*_heading(explanation.full.decision)]
    if explanation.reached:
        lines += ["", "Alerted:", *(line for one in explanation.reached for line in _reached(one, directory))]
    whole = [one for one in explanation.stopped if _is_whole(one)]
    others = [one for one in explanation.stopped if one not in whole]
    if whole:
        lines += ["", "Nobody is alerted:", *(line for one in whole for line in _stopped(one, directory))]
        lines += _then(explanation)
    if others:
        lines += ["", "Not alerted:", *(line for one in others for line in _stopped(one, directory))]
    if len(others) > MOST_SEARCHED:
        lines += ["", f"Changes were looked for in the first {MOST_SEARCHED} entries: ask about one person (--person)."]
    if explanation.absent is not None:
        lines += ["", *_absent(explanation.absent, whole != [], explanation)]
    return lines


def _heading(decision: Decision) -> Iterator[str]:
    event, ticket = decision.event, decision.event.ticket
    yield f"Event {event.id} of {utc(event.time)}, ticket {ticket.reference or ticket.id}: {ticket.title or ''}"
    raised = ", ".join(decision.triggers) or "nothing that alerts"
    yield f"The save means: {raised}. Contract: {ticket.contract or 'none'}. Judged as at {utc(decision.now)}."


def _reached(one: Reached, directory: Directory) -> Iterator[str]:
    job = one.job
    also = f" (it names: {', '.join(job.other_triggers)})" if job.other_triggers else ""
    yield f"  {called(job.person, directory)} by {job.channel} to {job.address}: {job.trigger}{also}"
    reached = f"through {', '.join(job.categories)}; rules {', '.join(job.rules)}"
    keyword = f", keyword {job.form.subject_keyword}" if job.form.subject_keyword else ""
    yield f"      {reached}; template {job.form.template} in {', '.join(job.languages)}{keyword}"
    if one.subject:
        yield f"      subject: {one.subject}"
    yield from (f"      {contest.said}" for contest in one.contests)
    if job.schedule is not None:
        yield f"      {_later(job.schedule, job)}"
    yield from _once(job)
    if one.others:
        others = ", ".join(called(who, directory) for who in one.others)
        yield f"      the same mailbox, and so the same message: {others}"


def _when(job: Job) -> str:
    """When the message goes out, in few words; nothing where that is at once."""
    return "" if job.schedule is None or job.expires <= job.schedule.at else f", {job.schedule.said}"


def _later(schedule: Schedule, job: Job) -> str:
    if job.expires <= schedule.at:
        return f"at once, since it would expire before it is due ({schedule.said}: {utc(schedule.at)})"
    how = "in the digest of" if schedule.digest else "held until"
    return f"{how} {utc(schedule.at)} ({schedule.said})"


def _once(job: Job) -> Iterator[str]:
    if job.trigger is Trigger.OPENED:
        second = f"sent as {job.otherwise.trigger}" if job.otherwise is not None else "left out"
        yield f"      once in the ticket's life: if the ticket was opened before, this is {second}"


def _stopped(one: Stopped, directory: Directory) -> Iterator[str]:
    skip = one.skip
    who = "" if skip.person is None else called(skip.person, directory) + " "
    subject = f"{who}{'' if skip.category is None else f'through {skip.category}'}".strip()
    yield f"  {subject}{': ' if subject else ''}{one.why} [{skip.reason}]"
    yield from _changes(one.changes)


def _changes(changes: Sequence[Change] | None) -> Iterator[str]:
    """What is to be done, all of it."""
    for number, change in enumerate(changes or ()):
        yield f"      → {'and ' if number else ''}{change.shown()}"


def _then(explanation: Explanation) -> Iterator[str]:
    people = [called(who, explanation.directory) for who in explanation.then]
    if not people:
        yield "      then nobody would be told all the same; ask about a person to see why (--person)"
        return
    more = f" and {len(people) - _SHOWN} more" if len(people) > _SHOWN else ""
    yield f"      then these would be told: {', '.join(people[:_SHOWN])}{more}"


def _absent(absent: Absent, is_whole: bool, explanation: Explanation) -> Iterator[str]:
    who = called(absent.person, explanation.directory)
    if is_whole:
        yield f"{who} would be told after:"
    else:
        why = not_concerned(absent.person, explanation.full.decision, explanation.directory)
        yield f"{who} {why}. To be told:"
    yield from _changes(absent.changes)


def view(explanation: Explanation) -> EventExplanation:
    """The explanation as it is printed for programs."""
    decision = explanation.full.decision
    absent = explanation.absent
    return EventExplanation(
        event=decision.event.id,
        source=decision.event.source,
        ticket=decision.event.ticket.id,
        contract=decision.event.ticket.contract,
        triggers=list(decision.triggers),
        now=decision.now,
        rulebook=decision.rulebook,
        reached=[_reached_view(one) for one in explanation.reached],
        stopped=[_stopped_view(one) for one in explanation.stopped],
        absent=None if absent is None else AbsentPerson(absent.person, _changes_view(absent.changes)),
        then=explanation.then,
    )


def _reached_view(one: Reached) -> ReachedPerson:
    job = one.job
    return ReachedPerson(
        person=job.person,
        channel=job.channel,
        address=job.address,
        trigger=job.trigger,
        other_triggers=job.other_triggers,
        categories=job.categories,
        rules=job.rules,
        template=job.form.template,
        language=job.language,
        languages=[*job.languages],
        same_mailbox=[*one.others],
        keyword=job.form.subject_keyword,
        subject=one.subject,
        precedence=[contest.said for contest in one.contests],
    )


def _stopped_view(one: Stopped) -> StoppedEntry:
    skip = one.skip
    return StoppedEntry(
        skip.person,
        skip.category,
        skip.reason,
        skip.trigger,
        skip.channel,
        one.why,
        _changes_view(one.changes),
        skip.record,
    )


def _changes_view(changes: Sequence[Change] | None) -> list[NeededChange] | None:
    if changes is None:
        return None
    return [
        NeededChange(one.record, one.field, one.action.value, one.value, one.does, not one.is_past) for one in changes
    ]
