"""`tocsin suppressions`: who gets no messages, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from schemas.directory import SuppressionRecord, checked
from schemas.mailbox import address_fault, mailbox
from schemas.reading import IDENTIFIER_LENGTH
from schemas.vocabulary import Channel, Trigger
from sender.messages.plain_text import one_line
from tocsin.cli.console import FOUND_FAULTS, say, say_json, stop, warn
from tocsin.cli.ledger import opened_ledger
from tocsin.cli.named_records import the_one
from tocsin.cli.names import Names
from tocsin.cli.options import add_command
from tocsin.cli.parsing import in_utf8, moment_of
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.ledgers import OpenLedger
from tocsin.operations.jobs.lines import WHOLE

PAGE: Final = 500
BY_HAND: Final = "by_hand"


def register(app: typer.Typer) -> None:
    """Add the commands. They work while a sender runs."""
    suppressions = typer.Typer(help="Suppressions: who gets no messages, and why.", no_args_is_help=True)
    add_command(suppressions, "suppressions list", list_suppressions)
    add_command(suppressions, "suppressions add", add)
    add_command(suppressions, "suppressions lift", lift)
    app.add_typer(suppressions, name="suppressions")


def list_suppressions(
    settings: Settings,
    person: Annotated[
        str | None, typer.Option("--person", help="Only those of a person and their addresses: contact/ct-1, id, name.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object each, one a line.")] = False,
) -> None:
    """List the sender's own suppressions, ended ones too; those of the directory stand there."""
    number, now = 0, datetime.now(UTC)
    with opened_ledger(settings) as opened:
        is_wanted = _all if person is None else _of_person(Names.of(settings, opened), person)
        for one in filter(is_wanted, _kept(opened)):
            say_json(one) if as_json else say(_line(one, now))
            number += 1
    warn(f"{number} suppressions")


def add(
    settings: Settings,
    address: Annotated[str | None, typer.Option("--address", help="Nothing goes to this address on --channel.")] = None,
    person: Annotated[
        str | None, typer.Option("--person", help="Nothing goes to this person: contact/ct-1, id, name.")
    ] = None,
    channel: Annotated[
        Channel | None, typer.Option("--channel", help="Of an address: email unless named. Of a person: all.")
    ] = None,
    trigger: Annotated[list[Trigger] | None, typer.Option("--trigger", help="Only for these; may be repeated.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Until this time, 2026-03-02T09:15:00Z.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is told in outcomes.")] = BY_HAND,
) -> None:
    """Suppress an address, or a person. What waits for them ends as withdrawn when its turn comes."""
    if (address is None) == (person is None):
        raise typer.BadParameter("name whom: either --address or --person")
    with opened_ledger(settings) as opened:
        who = None if person is None else str(Names.of(settings, opened, acts=True).person(person))
        record = _record(address, who, channel, trigger, until, reason)
        new = opened.suppress([record], datetime.now(UTC))
    say(f"{record.id}: {'suppressed' if new else 'replaced'}")


def lift(
    suppression: Annotated[
        str, typer.Argument(help="The id of one, as `list` names it; or the address or person that has no other.")
    ],
    settings: Settings,
) -> None:
    """Forget a suppression. What it has withdrawn stays so, unless it is sent again: tocsin jobs resend."""
    with opened_ledger(settings) as opened:
        meant = _meant(suppression, opened, settings)
        if meant is None or not opened.lift(meant, datetime.now(UTC)):
            stop(f"{suppression}: there is no such suppression in the ledger: tocsin suppressions list", FOUND_FAULTS)
    say(f"{meant}: lifted")


def _meant(text: str, ledger: OpenLedger, settings: Settings) -> str | None:
    """The suppression of this id, address or person; None where there is none. Several are listed, and stay."""
    wanted = mailbox(in_utf8(text, "SUPPRESSION"))
    of_address: list[SuppressionRecord] = []
    for one in _kept(ledger):
        if one.id == text:
            return one.id
        if one.address is not None and mailbox(one.address) == wanted:
            of_address.append(one)
    found = of_address
    if not found:
        people = {str(ref) for ref in Names.of(settings, ledger, acts=True).people(text)}
        found = [one for one in _kept(ledger) if one.person in people] if people else []
    the_only = the_one(text, "suppressions", found, lambda one: [_line(one, datetime.now(UTC))])
    return None if the_only is None else the_only.id


def _kept(ledger: OpenLedger) -> Iterator[SuppressionRecord]:
    after = ""
    while page := ledger.suppressions(PAGE, after):
        yield from page
        after = page[-1].id


def _all(_record: SuppressionRecord) -> bool:
    return True


def _of_person(names: Names, text: str) -> Callable[[SuppressionRecord], bool]:
    who = names.person(text)
    mailboxes = names.mailboxes(who)
    return lambda one: one.person == str(who) or (one.address is not None and mailbox(one.address) in mailboxes)


def _record(
    address: str | None,
    person: str | None,
    channel: Channel | None,
    triggers: list[Trigger] | None,
    until: str | None,
    reason: str,
) -> SuppressionRecord:
    if address is not None:
        channel = channel or Channel.EMAIL
        fault = address_fault(channel, address)
        if fault is not None:
            raise typer.BadParameter(fault, param_hint="--address")
    names = [name for name in Trigger if name in (triggers or ())]
    record = SuppressionRecord(
        id=_id(address, person, channel, names),
        channel=channel,
        address=address,
        person=person,
        triggers=[name.value for name in names] or None,
        reason=reason,
        since=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        until=None if until is None else moment_of(until, "--until"),
    )
    if len(record.id) > IDENTIFIER_LENGTH:
        raise typer.BadParameter(f"its id would have more than {IDENTIFIER_LENGTH} characters")
    checked(record)
    return record


def _id(address: str | None, person: str | None, channel: Channel | None, triggers: list[Trigger]) -> str:
    """`email/zoe@acme.example` as where it bounces, `contact/ct-1/email/opened` as where somebody opts out."""
    if address is not None:
        parts = [f"{channel}", mailbox(address)]
    elif channel is not None or triggers:
        parts = [person or "", channel.value if channel is not None else "*"]
    else:
        parts = [person or ""]
    return "/".join([*parts, "+".join(triggers)] if triggers else parts)


def _line(record: SuppressionRecord, now: datetime) -> str:
    whom = record.address or record.person or "somebody who was forgotten"
    what = ", ".join(record.triggers) if record.triggers is not None else "all"
    ended = record.until is not None and record.until <= now
    term = "" if record.until is None else f" {'ended' if ended else 'until'} {record.until.isoformat()}"
    on = f"{record.channel or 'every channel'}, {what}"
    return one_line(f"{record.id}  {whom} ({on}): {record.reason} since {record.since}{term}", 2 * WHOLE)
