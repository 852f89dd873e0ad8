"""A decision in words, as a person would ask for it: who gets what, and where each other person stopped."""

from __future__ import annotations

from collections.abc import Iterator

from engine.decide import Decision
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from schemas.job import Job, PersonRef
from schemas.vocabulary import Trigger
from tocsin.explaining.case import Case, called, utc
from tocsin.explaining.reasons import in_words


def explanation(
    decision: Decision, directory: Directory, rulebook: Rulebook, person: PersonRef | None = None
) -> list[str]:
    """The lines of an explanation; of one person alone where one is given."""
    lines = [*_heading(decision)]
    jobs = [job for job in decision.jobs if person is None or person == job.person]
    cases = [
        Case(skip, decision, directory, rulebook)
        for skip in decision.skipped
        if person is None or skip.person in (None, person)
    ]
    if jobs:
        lines += ["", "Alerted:", *(line for job in jobs for line in _job(job, directory))]
    whole = [case for case in cases if case.skip.person is None and case.skip.category is None]
    others = [case for case in cases if case not in whole]
    if whole:
        lines += ["", "Nobody is alerted:", *(line for case in whole for line in _reason(case, directory))]
    if others:
        lines += ["", "Not alerted:", *(line for case in others for line in _reason(case, directory))]
    if person is not None and not jobs and all(case.skip.person != person for case in cases) and not whole:
        lines += ["", f"{person} is not attached to anything that this ticket and its contract name."]
    return lines


def _heading(decision: Decision) -> Iterator[str]:
    event, ticket = decision.event, decision.event.ticket
    yield f"Event {event.id} of {utc(event.time)}, ticket {ticket.reference or ticket.id}: {ticket.title or ''}"
    raised = ", ".join(decision.triggers) or "nothing that alerts"
    yield f"The save means: {raised}. Contract: {ticket.contract or 'none'}. Judged as at {utc(decision.now)}."


def _job(job: Job, directory: Directory) -> Iterator[str]:
    also = f" (it names: {', '.join(job.other_triggers)})" if job.other_triggers else ""
    yield f"  {called(job.person, directory)} by {job.channel} to {job.address}: {job.trigger}{also}"
    reached = f"through {', '.join(job.categories)}; rules {', '.join(job.rules)}"
    yield f"      {reached}; template {job.form.template} in {job.language}"
    if job.trigger is Trigger.OPENED:
        second = f"sent as {job.otherwise.trigger}" if job.otherwise is not None else "left out"
        yield f"      once in the ticket's life: if the ticket was opened before, this is {second}"


def _reason(case: Case, directory: Directory) -> Iterator[str]:
    words, skip = in_words(case), case.skip
    who = "" if skip.person is None else called(skip.person, directory) + " "
    through = "" if skip.category is None else f"through {skip.category}"
    subject = f"{who}{through}".strip()
    yield f"  {subject}{': ' if subject else ''}{words.why} [{skip.reason}]"
    yield f"      → {words.record}, field {words.field}: {words.change}"
