"""`tocsin explain`: who got what and why, from the decisions that were kept; who would, of an event that may come."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct

from adapters.files.directory_folder import load_directory
from engine.directory.directory import Directory
from schemas.job import PersonRef
from schemas.vocabulary import PersonKind
from sender.ledger.port import LedgerUnavailableError
from tocsin.authoring.deciding import decision_inputs
from tocsin.authoring.event_files import read_one
from tocsin.authoring.explain import report
from tocsin.authoring.explain.explanation import Explainer
from tocsin.authoring.explain.scenario import Rules
from tocsin.cli.console import FOUND_FAULTS, UNUSABLE, NowOption, moment, say, say_json, stop, told, warn
from tocsin.cli.ledger import opened_ledger
from tocsin.cli.options import KAFKA_CREDENTIALS, Form, add_command
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import DATA, DIRECTORY, RULES
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_settings
from tocsin.operations.history import report as past_report
from tocsin.operations.history.kept import Archive, Fates, kept_in_data, kept_on_kafka


def register(app: typer.Typer) -> None:
    """Add the command."""
    forms = (
        Form(DIRECTORY, ("-d",), "The directory's records. For what was decided: only to name people."),
        Form(RULES, ("-r",)),
        Form(DATA, meaning="Data folder of `tocsin up`; with --kafka: of the sender, for what became of messages."),
    )
    add_command(app, "explain", explain, *forms, epilog=KAFKA_CREDENTIALS)


def explain(
    settings: Settings,
    asked: Annotated[
        str | None,
        typer.Argument(
            help="A ticket's id, or an event's, for what was decided; or a file with one event, as --event."
        ),
    ] = None,
    event: Annotated[
        Path | None, typer.Option("--event", "-e", help="File with an event that may come; `-`: standard input.")
    ] = None,
    now: NowOption = "event",
    person: Annotated[
        str | None, typer.Option("--person", "-p", help="Only about this person: contact/ct-1, collaborator/co-1.")
    ] = None,
    since: Annotated[
        str, typer.Option("--since", help="How far to look back: 7d, 12h, 30m, or a time (2026-03-02T09:15:00Z).")
    ] = "7d",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say who got what because of a ticket's events, and why others did not: what was decided, or would be.

    What was decided: `tocsin explain T-1042` answers from the decisions that were kept when they were made, on Kafka
    or in the data folder of `tocsin up`, whatever directory and rules say today, with what became of each message.

    What would be decided: `tocsin explain --event event.json` decides about an event that may come. For everyone who
    would not be alerted it names the smallest set of changes with which they would: record, field and value. The event
    is judged as at its own time: --now 2026-03-02T09:15:00Z judges it as at another.
    """
    who = None if person is None else _person(person)
    if asked is not None and event is None and _is_about_the_past(asked, settings):
        _look_back(settings, asked, _since(since), who, json)
    else:
        _look_ahead(settings, _event_file(settings, asked, event), now, who, json)


def _is_about_the_past(asked: str, settings: Settings) -> bool:
    """Whether a word is an id. Where no place of decisions is named beside it, a file that there is comes first."""
    if settings.is_named(KAFKA) or settings.is_named(DATA):
        return True
    return (settings[KAFKA] is not None or settings[DATA] is not None) and not _is_file(asked)


def _is_file(asked: str) -> bool:
    # A pipe is one as well, and an id may be longer than the name of a file.
    return asked == "-" or (os.path.exists(asked) and not os.path.isdir(asked))  # noqa: PTH110, PTH112


class _Place(Struct, frozen=True):
    """Where decisions are kept, as a person is told, and where it is known what became of their messages."""

    name: str
    archive: Archive
    fates: AbstractContextManager[Fates]


def _place(settings: Settings) -> _Place:
    brokers = settings.either(KAFKA, DATA)[KAFKA]
    if brokers is not None:
        return _Place(f"on Kafka ({brokers})", kept_on_kafka(kafka_settings(settings)), _fates(settings))
    database = database_in(settings[DATA] or Path())
    if not database.is_file():
        raise typer.BadParameter(f"{database} does not exist", param_hint=settings.named(DATA))
    return _Place(f"in {database}", kept_in_data(database), _fates(settings))


def _look_back(settings: Settings, asked: str, since: datetime, who: PersonRef | None, json: bool) -> None:
    place, directory = _place(settings), settings[DIRECTORY]
    kept = place.archive(asked, since)
    if not kept:
        stop(f"no decision about {asked} is kept {place.name} since {since:%Y-%m-%d %H:%M} UTC (--since)", FOUND_FAULTS)
    with place.fates as fates:
        if json:
            say_json(past_report.view(asked, since, kept, fates, who))
        else:
            names = Directory() if directory is None else load_directory(directory).directory
            for text in past_report.told(kept, names, fates, who):
                say(text)
    if fates.unknown is not None:
        said = f"what became of the jobs is unknown, since the ledger can't be asked: {fates.unknown}"
        # Whoever names a ledger asks for its answers as well; settings are the same for every command.
        stop(said, UNUSABLE) if settings.is_named(LEDGER) else warn(said)


@contextmanager
def _fates(settings: Settings) -> Iterator[Fates]:
    """What became of messages: from the ledger in a data folder or in PostgreSQL, where one is named."""
    settings = settings.either(LEDGER, DATA)
    url, data = settings[LEDGER], settings[DATA]
    if url is not None:
        settings = settings.without(DATA)
    elif data is None:
        yield Fates()
        return
    elif not settings.is_named(DATA) and not database_in(data).is_file():
        # The settings of an installation are the same where its sender's folder is not.
        warn(f"{settings.named(DATA)}: there is no ledger in {data}, so what became of messages is not told")
        yield Fates()
        return
    with ExitStack() as opened:
        try:
            ledger = opened.enter_context(opened_ledger(settings))
        except LedgerUnavailableError as error:
            fates = Fates(unknown=str(error))
        else:
            fates = Fates(ledger.history)
        yield fates


def _look_ahead(settings: Settings, event: Path, now: str | None, who: PersonRef | None, json: bool) -> None:
    directory, rules = settings[DIRECTORY], settings[RULES]
    if directory is None:
        raise typer.BadParameter("name the directory's folder", param_hint=DIRECTORY.names)
    at = moment(now)
    with decision_inputs(directory, rules) as around:
        told(around.loaded)
        line = read_one(event, at or datetime.now(UTC))
        if line.event is None:
            raise line.refused or AssertionError("a line without an event was refused")
        explainer = Explainer(around.loaded.directory, Rules.of(rules, around.rulebook), around.matcher)
        found = explainer.explain(line.event, at or line.event.time, who)
        if json:
            say_json(report.view(found))
            return
        for text in report.told(found):
            say(text)


def _event_file(settings: Settings, asked: str | None, event: Path | None) -> Path:
    if event is not None:
        if asked is not None or settings.is_named(KAFKA) or settings.is_named(DATA):
            raise typer.BadParameter("name a ticket or an event by its id, or a file with an event (--event), not both")
        return event
    if asked is None:
        raise typer.BadParameter("name a ticket's id, or an event's; or a file with an event that may come (--event)")
    if not _is_file(asked):
        raise typer.BadParameter(
            f"there is no file {asked!r}; if it is an id, say where decisions are kept: {KAFKA.names}, or {DATA.names}"
        )
    return Path(asked)


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
