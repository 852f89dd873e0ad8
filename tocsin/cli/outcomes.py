"""`tocsin outcomes`: what is posted to helpdesks, what waits and why, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
import typer

from outcomes.ports import Disabled, KeptPost, PostListing, PostState, Selection, Standing
from sender.messages.plain_text import one_line
from tocsin.cli.console import FOUND_FAULTS, say, say_json, stop, warn
from tocsin.cli.ledger import opened_outcomes
from tocsin.cli.options import add_command
from tocsin.config.settings.in_force import Settings
from tocsin.operations.jobs.lines import WHOLE
from tocsin.operations.jobs.outlook import ago, time

PAGE: Final = 500
MOST_RESENT: Final = 10_000

EndpointOption = Annotated[str | None, typer.Option("--endpoint", help="Posts to this endpoint.")]
StateOption = Annotated[PostState | None, typer.Option("--state", help="Posts in this state.")]
TicketOption = Annotated[str | None, typer.Option("--ticket", help="Posts about this ticket, by its id.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def register(app: typer.Typer) -> None:
    """Add the commands. They work while a sender runs."""
    outcomes = typer.Typer(help="Outcomes: what is posted to helpdesks, and what waits.", no_args_is_help=True)
    add_command(outcomes, "outcomes list", list_posts)
    for command in (show, endpoints, resend, enable):
        add_command(outcomes, f"outcomes {command.__name__}", command)
    app.add_typer(outcomes, name="outcomes")


def list_posts(
    settings: Settings,
    endpoint: EndpointOption = None,
    state: StateOption = None,
    ticket: TicketOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List posts, the newest first: id, since when, state, what of which ticket to whom, tries, the last answer."""
    wanted = Selection(endpoint=endpoint, state=state, ticket=ticket)
    now, number = datetime.now(UTC), 0
    with opened_outcomes(settings) as posts:
        for one in _pages(posts, wanted, limit):
            number += 1
            if as_json:
                say_json(_object(one))
            else:
                say(_line(one, now))
    warn(f"{number} posts" + (", perhaps more: --limit" if number == limit else ""))


def show(
    post: Annotated[str, typer.Argument(help="The id of a post, as `list` names it: its webhook-id.")],
    settings: Settings,
) -> None:
    """Show one post: how it stands, and what it says."""
    with opened_outcomes(settings) as posts:
        found = posts.list(Selection(id=post), 1)
    if not found:
        stop(f"{post}: there is no such post: tocsin outcomes list", FOUND_FAULTS)
    say(_line(found[0], datetime.now(UTC)))
    say_json(msgspec.json.decode(found[0].body))


def endpoints(settings: Settings, as_json: JsonOption = False) -> None:
    """Say of each endpoint that has posts how many wait, since when, how many were given up, whether it is disabled."""
    with opened_outcomes(settings) as posts:
        standings = {one.endpoint: one for one in posts.standing()}
        disabled = {one.endpoint: one for one in posts.disabled()}
    now = datetime.now(UTC)
    for name in sorted(standings.keys() | disabled.keys()):
        standing = standings.get(name, Standing(name, 0, None, 0))
        if as_json:
            gone = disabled.get(name)
            say_json(msgspec.to_builtins(standing) | {"disabled": None if gone is None else gone.since})
        else:
            say("  ".join(_standing(standing, disabled.get(name), now)))
    warn(f"{len(standings.keys() | disabled.keys())} endpoints with posts")


def resend(
    settings: Settings,
    post: Annotated[str | None, typer.Argument(help="The id of a post, as `list` names it; else filters.")] = None,
    endpoint: EndpointOption = None,
    state: StateOption = None,
    ticket: TicketOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it to more than one.")] = False,
) -> None:
    """Post again what was given up, and at once what waits, under the same webhook-id; by its id, or by filters.

    What was delivered is posted again by its id alone, or with --state delivered.
    """
    wanted = Selection(endpoint=endpoint, state=state, ticket=ticket, id=post)
    if wanted == Selection():
        raise typer.BadParameter("name a post by its id, or posts by --endpoint, --state or --ticket")
    now = datetime.now(UTC)
    with opened_outcomes(settings) as posts:
        if post is None and not yes:
            there = sum(1 for one in _pages(posts, wanted, PAGE + 1) if state or one.state is not PostState.DELIVERED)
            stop(f"these are {'more than ' if there > PAGE else ''}{min(there, PAGE)} posts: say --yes", FOUND_FAULTS)
        number = posts.resend(wanted, now, MOST_RESENT)
    if not number:
        stop(f"{'' if post is None else f'{post}: '}there is no such post: tocsin outcomes list", FOUND_FAULTS)
    say(f"{number} posts go out again, under the same webhook-id")
    if number == MOST_RESENT:
        warn("perhaps there are more: say it again")


def enable(
    endpoint: Annotated[str, typer.Argument(help="The name of the endpoint.")],
    settings: Settings,
) -> None:
    """Post again to an endpoint that was disabled, since it had answered 410 Gone: what waits goes out at once."""
    with opened_outcomes(settings) as posts:
        if not posts.enable(endpoint):
            stop(f"{endpoint}: it is not disabled: tocsin outcomes endpoints", FOUND_FAULTS)
        posts.resend(Selection(endpoint=endpoint, state=PostState.WAITING), datetime.now(UTC), MOST_RESENT)
    say(f"{endpoint}: enabled")


def _pages(posts: PostListing, wanted: Selection, limit: int) -> Iterator[KeptPost]:
    number, before = 0, None
    while number < limit and (page := posts.list(wanted, min(PAGE, limit - number), before)):
        yield from page
        number, before = number + len(page), page[-1].id


def _line(one: KeptPost, now: datetime) -> str:
    about = f"{one_line(one.type, WHOLE)} of {one_line(one.ticket, WHOLE)} to {one_line(one.endpoint, WHOLE)}"
    tries = f"{one.attempts} tries" if one.attempts != 1 else "1 try"
    notes = [one_line(one.said, WHOLE)] if one.said else []
    if one.due is not None:
        notes.append(f"next try {time(one.due)}" if one.due > now else "due")
    said = f"({'; '.join(notes)})" if notes else ""
    return "  ".join(part for part in (one.id, time(one.made), one.state.value, about, tries, said) if part)


def _standing(standing: Standing, disabled: Disabled | None, now: datetime) -> Iterator[str]:
    name = one_line(standing.endpoint, WHOLE)
    yield f"{name}:"
    since = "" if standing.oldest is None else f", the oldest came {ago(standing.oldest, now)}"
    yield f"{standing.waiting} wait{since}"
    yield f"{standing.given_up} given up"
    if disabled is not None:
        yield f"disabled since {time(disabled.since)} ({one_line(disabled.why, WHOLE)}): tocsin outcomes enable {name}"


def _object(one: KeptPost) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.structs.asdict(one)
    del found["body"]
    return found
