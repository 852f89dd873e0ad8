"""An explanation as data."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.explanation import AbsentPerson, EventExplanation, NeededChange, ReachedPerson, StoppedEntry
from tocsin.authoring.explain.changes import Change
from tocsin.authoring.explain.explanation import Explanation, Reached, Stopped


def view(explanation: Explanation) -> EventExplanation:
    """The explanation as it is printed for programs."""
    decision = explanation.trace.decision
    absent = explanation.absent
    return EventExplanation(
        event=decision.event.id,
        source=decision.event.source,
        ticket=decision.event.ticket.id,
        contract=decision.event.ticket.contract,
        triggers=list(decision.triggers),
        now=decision.now,
        rulebook=decision.rulebook,
        reached=[_reached(one) for one in explanation.reached],
        stopped=[_stopped(one) for one in explanation.stopped],
        absent=None if absent is None else AbsentPerson(absent.person, _changes(absent.changes)),
        then=explanation.then,
    )


def _reached(one: Reached) -> ReachedPerson:
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
        same_mailbox=[*one.others],
    )


def _stopped(one: Stopped) -> StoppedEntry:
    skip = one.skip
    return StoppedEntry(
        skip.person,
        skip.category,
        skip.reason,
        skip.trigger,
        skip.channel,
        one.why,
        _changes(one.changes),
        skip.record,
    )


def _changes(changes: Sequence[Change] | None) -> list[NeededChange] | None:
    if changes is None:
        return None
    return [
        NeededChange(one.record, one.field, one.action.value, one.value, one.does, not one.is_past) for one in changes
    ]
