"""`tocsin explain`: who got what and why, from the decisions that were kept; who would, of an event that may come."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from adapters.files.directory_folder import load_directory
from engine.directory.directory import Directory
from schemas.job import PersonRef
from schemas.vocabulary import PersonKind
from tocsin.cli.console import FOUND_FAULTS, NowOption, RulesOption, moment, say, stop, told
from tocsin.cli.kafka_options import CREDENTIALS, PrefixOption, cluster, kafka_failures
from tocsin.cli.ledger_options import LedgerOption, opened_ledger
from tocsin.deciding import setting
from tocsin.event_files import read_one
from tocsin.explaining import telling, view
from tocsin.explaining.explanation import Explainer
from tocsin.explaining.world import Rules
from tocsin.looking_back import telling as past_telling
from tocsin.looking_back import view as past_view
from tocsin.looking_back.kept import Archive, kept_in_data, kept_on_kafka
from tocsin.looking_back.telling import Histories, no_histories
from tocsin.running.embedded import database_in


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=CREDENTIALS)(explain)


def explain(
    asked: Annotated[
        str | None,
        typer.Argument(help="With --data or --kafka: a ticket's id, or an event's. Else: a file with one event."),
    ] = None,
    event: Annotated[
        Path | None, typer.Option("--event", "-e", help="File with an event that may come; `-`: standard input.")
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option("--directory", "-d", help="The directory's records. For what was decided: only to name people."),
    ] = None,
    rules: RulesOption = None,
    now: NowOption = "event",
    person: Annotated[
        str | None, typer.Option("--person", "-p", help="Only about this person: contact/ct-1, collaborator/co-1.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Data folder of `tocsin up`; with --kafka: of the sender, for what became of it."),
    ] = None,
    kafka: Annotated[
        str | None, typer.Option("--kafka", help="Kafka's brokers, HOST:PORT, with commas between them.")
    ] = None,
    prefix: PrefixOption = "",
    ledger: LedgerOption = None,
    since: Annotated[
        str, typer.Option("--since", help="How far to look back: 7d, 12h, 30m, or a time (2026-03-02T09:15:00Z).")
    ] = "7d",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say who got what because of a ticket's events, and why others did not: what was decided, or would be.

    What was decided: `tocsin explain T-1042 --data DATA` (or --kafka) answers from the decisions that were kept when
    they were made, whatever directory and rules say today, with what became of each message.

    What would be decided: `tocsin explain --event event.json --directory DIR` decides about an event that may come.
    For everyone who would not be alerted it names the smallest set of changes with which they would: record, field and
    value. The event is judged as at its own time: --now 2026-03-02T09:15:00Z judges it as at another.
    """
    who = None if person is None else _person(person)
    with kafka_failures():
        if data is not None or kafka is not None:
            if asked is None or event is not None:
                raise typer.BadParameter("name a ticket or an event by its id: `tocsin explain T-1042 --data DATA`")
            archive = _archive(data) if kafka is None else kept_on_kafka(cluster(kafka, prefix))
            _look_back(asked, archive, _histories(data, ledger), _since(since), directory, who, json)
        else:
            _look_ahead(_event_file(asked, event), directory, rules, now, who, json)


def _look_back(
    asked: str,
    archive: Archive,
    histories_of: AbstractContextManager[Histories],
    since: datetime,
    directory: Path | None,
    who: PersonRef | None,
    json: bool,
) -> None:
    kept = archive(asked, since)
    if not kept:
        stop(f"no decision about {asked} is kept since {since:%Y-%m-%d %H:%M} UTC (see --since)", FOUND_FAULTS)
    with histories_of as histories:
        if json:
            say(_encoded(past_view.view(asked, since, kept, histories, who)))
            return
        names = Directory() if directory is None else load_directory(directory).directory
        for text in past_telling.told(kept, names, histories, who):
            say(text)


def _archive(data: Path | None) -> Archive:
    return kept_in_data(_database(data or Path()))


def _database(data: Path) -> Path:
    database = database_in(data)
    if not database.is_file():
        raise typer.BadParameter(f"{database} does not exist", param_hint="--data")
    return database


@contextmanager
def _histories(data: Path | None, url: str | None) -> Iterator[Histories]:
    """What became of jobs: from the ledger in a data folder or in PostgreSQL, where one was named."""
    if data is None and url is None:
        yield no_histories
        return
    with opened_ledger(None if url else data, url) as ledger:
        yield ledger.history


def _look_ahead(
    event: Path, directory: Path | None, rules: Path | None, now: str | None, who: PersonRef | None, json: bool
) -> None:
    if directory is None:
        raise typer.BadParameter("name the directory's folder", param_hint="--directory")
    at = moment(now)
    with setting(directory, rules) as around:
        told(around.loaded)
        line = read_one(event, at or datetime.now(UTC))
        if line.event is None:
            raise line.refused or AssertionError("a line without an event was refused")
        explainer = Explainer(around.loaded.directory, Rules.of(rules, around.rulebook), around.matcher)
        found = explainer.explain(line.event, at or line.event.time, who)
        for text in [_encoded(view.view(found))] if json else telling.told(found):
            say(text)


def _encoded(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def _event_file(asked: str | None, event: Path | None) -> Path:
    if (asked is None) == (event is None):
        raise typer.BadParameter("name a file with an event (--event), or a ticket's id and where to look (--data)")
    return event or Path(asked or "")


_SPAN: Final = re.compile(r"(\d{1,5})([dhm])")
_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}


def _since(text: str) -> datetime:
    found = _SPAN.fullmatch(text)
    if found is not None:
        return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})
    return moment(text) or datetime.now(UTC)


def _person(text: str) -> PersonRef:
    kind, slash, person_id = text.partition("/")
    if not slash or not person_id or kind not in tuple(PersonKind):
        raise typer.BadParameter(f"{text!r} is not of the form contact/ID or collaborator/ID", param_hint="--person")
    return PersonRef(PersonKind(kind), person_id)
