"""`tocsin decide`: who would be alerted, as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import UNSET

from engine.decide import Decision, decide_all
from schemas.decision import Skip
from schemas.job import Job
from tocsin.authoring.deciding import DecisionInputs, decision_inputs
from tocsin.authoring.event_files import Batch, Line, batches, read_lines
from tocsin.cli.console import FOUND_FAULTS, say_json, told
from tocsin.cli.options import Form, add_command
from tocsin.cli.parsing import NowOption, moment
from tocsin.config.settings.declared.processes import DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "decide", decide, Form(RULES, ("-r",)), Form(DIRECTORY, ("-d",)))


def decide(
    events: Annotated[Path, typer.Argument(help="File of events, one JSON object a line; `-`: standard input.")],
    settings: Settings,
    now: NowOption = None,
) -> None:
    """Decide about events, and print one JSON line for each. Nothing is sent.

    A line holds the event's id, the triggers that its save raised, a job for each message, and everyone who was
    skipped, with the category and the reason (an entry without person and category is about the event as a whole). An
    event that is refused has a line with `refused`: field, value and reason; the exit code is then 1.

    Old events alert nobody, so to look at the past: tocsin decide --now event …
    """
    at = moment(now)
    received = at or datetime.now(UTC)
    refused = 0
    with decision_inputs(settings.given(DIRECTORY), settings[RULES]) as around:
        told(around.loaded)
        for batch in batches(read_lines(events, received), at):
            refused += batch.refused
            for answer in _answers(batch, around):
                say_json(answer)
    raise typer.Exit(FOUND_FAULTS if refused else 0)


def _answers(batch: Batch, around: DecisionInputs) -> Iterator[dict[str, Any]]:
    decisions = iter(decide_all(batch.cases, around.loaded.directory, around.rulebook, around.matcher))
    for line in batch.lines:
        yield decision_view(next(decisions)) if line.event is not None else _refused_view(line)


def decision_view(decision: Decision) -> dict[str, Any]:
    """A decision as the command prints it."""
    return {
        "event": decision.event.id,
        "triggers": decision.triggers,
        "jobs": [_job_view(job) for job in decision.jobs],
        "skipped": [skip_view(skip) for skip in decision.skipped],
    }


def skip_view(skip: Skip) -> dict[str, Any]:
    """An entry as the command prints it."""
    shown = {"person": skip.person, "category": skip.category, "reason": skip.reason}
    return shown if skip.record is UNSET else {**shown, "record": skip.record}


def _job_view(job: Job) -> dict[str, Any]:
    """One that goes out at once has no `due`."""
    shown = {
        "person": job.person,
        "channel": job.channel,
        "address": job.address,
        "trigger": job.trigger,
        "categories": job.categories,
        "rules": job.rules,
    }
    return shown if job.schedule is None else {**shown, "due": job.schedule.at, "when": job.schedule.said}


def _refused_view(line: Line) -> dict[str, Any]:
    refusals = line.refused.refusals if line.refused is not None else ()
    return {"event": line.event_id, "line": line.number, "triggers": [], "jobs": [], "skipped": [], "refused": refusals}
