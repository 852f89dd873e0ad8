"""`tocsin lag`: how far engine and sender are behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Annotated, Final

import typer
from msgspec import UNSET
from rich.console import Group
from rich.live import Live

from schemas.lag import GroupLag, PartitionLag, Status, WaitingTicket, WaitingTickets
from schemas.topics import JOBS, TICKETS
from tocsin.cli.console import FOUND_FAULTS, say, say_json
from tocsin.cli.options import KAFKA_CREDENTIALS, add_command
from tocsin.config.settings.declared.processes import ENGINE_GROUP, SENDER_GROUP
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_settings
from tocsin.operations.lag import GroupOnTopic, looks, with_tickets
from tocsin.printing.tables import Cell, is_terminal, layout, table
from tocsin.services.lifecycle.deadline import stopping

LOOKS: Final = 5
"""In one window, where the command looks for one window alone."""
COLUMNS: Final = ("partition", "state", "records", "oldest waits", "committed", "end", "instance", "caught up in")
TICKET_COLUMNS: Final = ("ticket", "contract", "waits", "came", "partition", "offset", "records")
COLOURS: Final = {Status.OK: "green", Status.WARN: "yellow"}
STOP_WITHIN: Final = timedelta(seconds=2)
"""Nothing is lost where a look is cut; a person waits."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "lag", lag, epilog=KAFKA_CREDENTIALS)


def lag(
    settings: Settings,
    group: Annotated[
        list[str] | None, typer.Option("--group", help="GROUP=TOPIC, may be repeated. Else engine and sender.")
    ] = None,
    window: Annotated[float, typer.Option("--window", min=1, help="Seconds over which a state is judged.")] = 5.0,
    watch: Annotated[bool, typer.Option("--watch", help="Look again until Ctrl-C or SIGTERM.")] = False,
    tickets: Annotated[
        bool, typer.Option("--tickets", help="Name the tickets that wait the longest; records are read for it.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="With --tickets: at most so many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a group, one a line.")] = False,
) -> None:
    """Show how far the groups are behind: in records, and in how long the oldest record has waited.

    OK: goes on. WARN: goes on, but falls further behind. STALL: has an owner who commits nothing. STOP: nobody has the
    partition. REWIND: the group's offset went back. A group need not be running; one that has never committed counts
    from the beginning of the topic. The exit code is 1 where a group is not OK, and 3 where Kafka does not answer.
    """
    if tickets and watch:
        raise typer.BadParameter("tickets are looked for once: leave out --watch", param_hint="--tickets")
    groups = tuple(_group_on_topic(one) for one in group) if group else _services(settings)
    span, every = timedelta(seconds=window), timedelta(seconds=window / LOOKS)
    cluster = kafka_settings(settings)
    if watch:
        with stopping(STOP_WITHIN) as asked:
            _show(looks(cluster, groups, span, every, asked.event.wait), as_json)
        return
    *_, last = islice(looks(cluster, groups, span, every), LOOKS + 1)
    if tickets:
        last = [with_tickets(cluster, one, limit) for one in last]
    _print(last, as_json)
    raise typer.Exit(0 if all(one.status is Status.OK for one in last) else FOUND_FAULTS)


def _show(seen: Iterator[list[GroupLag]], as_json: bool) -> None:
    if as_json or not is_terminal():
        for found in seen:
            _print(found, as_json)
        return
    with Live(console=layout(), auto_refresh=False) as live:
        for found in seen:
            live.update(Group(*map(_table, found)), refresh=True)


def _services(settings: Settings) -> tuple[GroupOnTopic, ...]:
    """The groups that engine and sender have by the settings."""
    return GroupOnTopic(settings.given(ENGINE_GROUP), TICKETS), GroupOnTopic(settings.given(SENDER_GROUP), JOBS)


def _group_on_topic(text: str) -> GroupOnTopic:
    group, equals, topic = text.partition("=")
    if not (group and equals and topic):
        raise typer.BadParameter(f"{text!r} is not of the form GROUP=TOPIC", param_hint="--group")
    return GroupOnTopic(group, topic)


def _print(found: list[GroupLag], as_json: bool) -> None:
    for one in found:
        if as_json:
            say_json(one)
        else:
            layout().print(_table(one))
            if one.waiting is not UNSET:
                _print_tickets(one, one.waiting)


def _table(group: GroupLag) -> Group:
    members = ", ".join(group.members) or "nobody"
    wait = "" if group.seconds is None else f", the oldest waits {_seconds(group.seconds)}"
    title = f"{group.group} on {group.topic}: {group.status}, {group.records} records{wait} (running: {members})"
    return table(title, COLUMNS, map(_row, group.partitions))


def _row(one: PartitionLag) -> tuple[Cell, ...]:
    ends = "never at this pace" if one.catches_up is None else _seconds(one.catches_up)
    return (
        str(one.partition),
        ((one.status.value, COLOURS.get(one.status, "red")),),
        str(one.records),
        "unknown" if one.seconds is None else _seconds(one.seconds),
        "never" if one.committed is None else str(one.committed),
        str(one.end),
        one.owner or "nobody",
        "" if one.records == 0 else ends,
    )


def _print_tickets(group: GroupLag, waiting: WaitingTickets) -> None:
    if not waiting.tickets:
        say(f"no ticket waits for {group.group}" if waiting.is_whole else f"what waits for {group.group} was not read")
        return
    title = f"waits the longest for {group.group}"
    layout().print(table(title, TICKET_COLUMNS, map(_ticket_row, waiting.tickets)))
    say(_more(waiting))


def _ticket_row(one: WaitingTicket) -> tuple[Cell, ...]:
    came = one.came.isoformat(timespec="seconds")
    ids = (one.ticket or "?", one.contract or "?")
    return (*ids, _seconds(one.seconds), came, str(one.partition), str(one.offset), str(one.records))


def _more(waiting: WaitingTickets) -> str:
    if waiting.is_whole and not waiting.more_records:
        return "no other record waits"
    number = f"{waiting.more_tickets} more tickets with {waiting.more_records} records wait"
    if waiting.is_whole:
        return number
    return f"at least {number.replace(' with ', ', and with them about ')}: too many to be read in one look"


def _seconds(seconds: float) -> str:
    whole = timedelta(seconds=int(seconds))
    return f"{seconds:.1f} s" if whole < timedelta(minutes=2) else str(whole)
