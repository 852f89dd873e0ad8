"""`tocsin jobs`: what became of each message, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from msgspec.structs import replace

from sender.ledger.jobs import JobListing, Jobs
from sender.ledger.operator_actions import PAGE, Act, act_on, selected, states_for
from sender.proof import Proofs, tokens_in
from sender.records import Selection
from tocsin.cli.console import FOUND_FAULTS, say, say_json, stop, warn
from tocsin.cli.job_filters import JobFilters
from tocsin.cli.ledger import opened_ledger
from tocsin.cli.names import Names
from tocsin.cli.options import add_command, without
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.signing import installation_secrets
from tocsin.operations.jobs import lines
from tocsin.operations.jobs.objects import listed_object, shown_object
from tocsin.operations.jobs.outlook import ahead_of
from tocsin.printing.tables import is_terminal

SHOWN: Final = 100
"""Jobs that are named one by one where many are changed."""

JobsArgument = Annotated[list[str] | None, typer.Argument(help="Ids of jobs, as `list` names them; else filters.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it to more than one.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Kept with the change, and told in the outcome.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a job, one a line.")]


def register(app: typer.Typer) -> None:
    """Add the commands. They work while a sender runs."""
    jobs = typer.Typer(help="Jobs: what became of each message, and what to do about it.", no_args_is_help=True)
    add_command(jobs, "jobs list", list_jobs)
    for command in (show, resend, cancel, hold, release):
        add_command(jobs, f"jobs {command.__name__}", command)
    app.add_typer(jobs, name="jobs")


def list_jobs(
    settings: Settings,
    filters: JobFilters,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List jobs, the newest first: id, when accepted, state, trigger, channel, person, ticket, and the last words."""
    filters.plain()  # a slip in the command line comes before one in the ledger
    with opened_ledger(settings) as opened:
        wanted = filters.selection(Names.of(settings, opened))
        words = lines.WORDS if is_terminal() else lines.WHOLE
        now = datetime.now(UTC)
        number, before, waits = 0, None, opened.waits(now)
        while number < limit and (page := opened.list(wanted, min(PAGE, limit - number), before)):
            for listed in page:
                changes = opened.history(listed.entry.job.id)
                last = changes[-1] if changes else None
                if as_json:
                    say_json(listed_object(listed, last, waits, now))
                else:
                    say(lines.line(listed, last, waits, now, words))
            number, before = number + len(page), page[-1].entry.job.id
    warn(f"{number} jobs" + (", perhaps more: --limit" if number == limit else ""))


def show(
    job: Annotated[str, typer.Argument(help="The id of a job, as `list` names it, or the Message-ID of its message.")],
    settings: Settings,
    text: Annotated[bool, typer.Option("--text", help="With the texts that the message is made of.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show one job: who is told of what and why, how it stands, and each change with the server's own words."""
    with opened_ledger(settings) as opened:
        if "@" in job:
            folder = settings.either(LEDGER, DATA)[DATA]
            job = Proofs(installation_secrets(settings, folder)).first(tokens_in(job)) or job
        entry = opened.find(job)
        if entry is None:
            stop(f"{job}: there is no such job: tocsin jobs list", FOUND_FAULTS)
        now = datetime.now(UTC)
        changes, bundled, waits = opened.history(job), opened.bundle(job), opened.waits(now)
        ahead = ahead_of(opened, entry, bundled)
    if as_json:
        say_json(shown_object(entry, changes, bundled, waits, now, ahead, texts=text))
        return
    parts = [
        *lines.heading(entry),
        "",
        *lines.standing(entry, changes, bundled, waits, now, ahead),
        *lines.changes_of(changes),
    ]
    for line in [*parts, "", *lines.texts(entry)] if text else parts:
        say(line)


def resend(
    settings: Settings,
    filters: Annotated[JobFilters, without("hold")],
    jobs: JobsArgument = None,
    reason: ReasonOption = None,
    yes: YesOption = False,
) -> None:
    """Send again what ended as failed, cancelled or withdrawn: under the same id and Message-ID, until it expires.

    Whoever has the first copy and gets a second sees one message. Who is suppressed, or left, still gets none.
    """
    _do(settings, Act.RESEND, jobs, filters, reason, yes)


def cancel(
    settings: Settings,
    filters: JobFilters,
    jobs: JobsArgument = None,
    reason: ReasonOption = None,
    yes: YesOption = False,
) -> None:
    """Stop what has not gone out. It can be sent again by `resend`."""
    _do(settings, Act.CANCEL, jobs, filters, reason, yes)


def hold(
    settings: Settings,
    filters: Annotated[JobFilters, without("state", "hold")],
    jobs: JobsArgument = None,
    reason: ReasonOption = None,
    yes: YesOption = False,
) -> None:
    """Keep back what waits, until it is released or expires. Later jobs of its ticket and mailbox wait behind it."""
    _do(settings, Act.HOLD, jobs, filters, reason, yes)


def release(
    settings: Settings,
    filters: Annotated[JobFilters, without("state")],
    jobs: JobsArgument = None,
    reason: ReasonOption = None,
    yes: YesOption = False,
) -> None:
    """Let go what is held, whatever holds it: no mode and no pause holds it again.

    What waits for its digest or for the end of quiet hours goes out at once. What something else holds goes back to
    them, and where they are over, out in one message with what else is late.
    """
    _do(settings, Act.RELEASE, jobs, filters, reason, yes)


_SAID: Final = {
    Act.RESEND: "will be sent again, under the same id and Message-ID",
    Act.CANCEL: "cancelled",
    Act.HOLD: "held",
    Act.RELEASE: "released",
}


def _do(
    settings: Settings, act: Act, named: Sequence[str] | None, filters: JobFilters, reason: str | None, yes: bool
) -> None:
    filters.plain()
    with opened_ledger(settings) as opened:
        wanted = filters.selection(Names.of(settings, opened, acts=True))
        _change(opened, act, named, wanted, reason, yes)


def _change(
    ledger: Jobs, act: Act, named: Sequence[str] | None, wanted: Selection, reason: str | None, yes: bool
) -> None:
    """Do it to the jobs that were named, or selected; the exit code is 1 where one that was named stays as it is."""
    jobs = _chosen(ledger, act, named, wanted)
    if len(jobs) > 1 and not yes:
        stop(f"these are {len(jobs)} jobs: say --yes to {act} them all", FOUND_FAULTS)
    number, faults = 0, 0
    for done in act_on(ledger, jobs, act, datetime.now(UTC), reason):
        number, faults = number + (done.objection is None), faults + (done.objection is not None)
        if done.objection is not None:
            warn(f"{done.job}: {done.objection}")
        elif number <= SHOWN:
            say(f"{done.job}: {_SAID[act]}")
    if len(jobs) != 1:
        warn(f"{number} {_SAID[act]}" + (f", {faults} left as they are" if faults else ""))
    if faults and named:
        raise typer.Exit(FOUND_FAULTS)


def _chosen(ledger: JobListing, act: Act, named: Sequence[str] | None, wanted: Selection) -> list[str]:
    is_filtered = wanted != Selection()
    if named and is_filtered:
        raise typer.BadParameter("name jobs by their ids, or by filters, not by both")
    if named:
        return list(dict.fromkeys(named))
    if not is_filtered:
        raise typer.BadParameter("name jobs by their ids, or by a filter such as --ticket or --since")
    return selected(ledger, _narrowed(wanted, act))


def _narrowed(wanted: Selection, act: Act) -> Selection:
    """Only jobs to which it can be done, so that a filter may be as wide as one likes."""
    possible = states_for(act)
    states = wanted.states & possible if wanted.states else possible
    if not states:
        listed = ", ".join(sorted(possible))
        raise typer.BadParameter(f"none of these states can be left by {act}: only {listed}", param_hint="--state")
    return replace(wanted, states=states)
