"""`tocsin explain T-1042`: what was decided, from the decisions that were kept when they were made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import typer
from msgspec import Struct

from adapters.files.directory_folder import load_directory
from engine.directory.directory import Directory
from schemas.job import PersonRef
from sender.ledger.port import LedgerUnavailableError
from tocsin.authoring.finding import ref_in
from tocsin.cli.console import FOUND_FAULTS, UNUSABLE, say, say_json, stop, warn
from tocsin.cli.directory_at_hand import directory_at_hand
from tocsin.cli.explain_ahead import Asking
from tocsin.cli.ledger import opened_ledger
from tocsin.cli.named_records import person_named, the_one
from tocsin.cli.parsing import moment
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import DATA, DIRECTORY
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_settings
from tocsin.operations.history import report
from tocsin.operations.history.kept import (
    Archive,
    Fates,
    Kept,
    Tickets,
    kept_in_data,
    kept_on_kafka,
    tickets_in_data,
    tickets_on_kafka,
)

_SPAN: Final = re.compile(r"(\d{1,5})([dhm])")
_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}


def look_back(settings: Settings, asked: str, since: str, asking: Asking) -> None:
    """Say what was decided about a ticket, by its id or reference, or an event, and what became of each message.

    `since` is a span that is looked back (7d, 12h, 30m), or a time. Ends the command where nothing is kept, or where
    the ledger that is to tell what became of messages can't.
    """
    place, directory, begin = _place(settings), settings[DIRECTORY], _since(since)
    kept = place.archive(asked, begin) or _of_reference(asked, place, begin)
    if not kept:
        stop(f"no decision about {asked} is kept {place.name} since {begin:%Y-%m-%d %H:%M} UTC (--since)", FOUND_FAULTS)
    names = Directory() if directory is None else load_directory(directory).directory
    who = None if asking.person is None else _one_of_these(asking.person, kept, settings)
    with place.fates as fates:
        if asking.json:
            say_json(report.view(asked, begin, kept, fates, who))
        else:
            for text in _lines(kept, names, fates, who, details=asking.details):
                say(text)
    if fates.unknown is not None:
        said = f"what became of the jobs is unknown, since the ledger can't be asked: {fates.unknown}"
        # Whoever names a ledger asks for its answers as well; settings are the same for every command.
        stop(said, UNUSABLE) if settings.is_named(LEDGER) else warn(said)


def _of_reference(asked: str, place: _Place, since: datetime) -> list[Kept]:
    """The decisions of the ticket that people call so."""
    ticket = the_one(asked, "tickets", place.tickets(asked, since))
    return [] if ticket is None else place.archive(ticket, since)


def _one_of_these(text: str, kept: Sequence[Kept], settings: Settings) -> PersonRef:
    """The person who is meant: by id, of those whom the decisions name; else by the directory at hand."""
    ref = ref_in(text)
    if ref is not None:
        return ref
    named = {job.person for one in kept for job in one.decision.jobs}
    skipped = {skip.person for one in kept for skip in one.decision.skipped}
    meant = [one for one in named | skipped if one is not None and one.id == text]
    if len(meant) == 1:
        return meant[0]
    names = directory_at_hand(settings)
    if names is None:
        advice = f"name them by kind and id (contact/ct-1), or a directory ({DIRECTORY.names}) that has their names"
        stop(f"these decisions name nobody {text!r}: {advice}", FOUND_FAULTS)
    return person_named(text, names)


def _lines(
    kept: Sequence[Kept], names: Directory, fates: Fates, who: PersonRef | None, *, details: bool
) -> Iterator[str]:
    if who is None:
        yield from report.summed_up(kept, names, fates)
        if not details:
            yield from ("", "Every save and every person: --details; all about one of them: --person.")
            return
        yield ""
    yield from report.told(kept, names, fates, who)


class _Place(Struct, frozen=True):
    """Where decisions are kept, as a person is told, and where it is known what became of their messages."""

    name: str
    archive: Archive
    tickets: Tickets
    fates: AbstractContextManager[Fates]


def _place(settings: Settings) -> _Place:
    brokers = settings.either(KAFKA, DATA)[KAFKA]
    if brokers is not None:
        cluster, name = kafka_settings(settings), f"on Kafka ({brokers})"
        return _Place(name, kept_on_kafka(cluster), tickets_on_kafka(cluster), _fates(settings))
    database = database_in(settings[DATA] or Path())
    if not database.is_file():
        raise typer.BadParameter(f"{database} does not exist", param_hint=settings.named(DATA))
    return _Place(f"in {database}", kept_in_data(database), tickets_in_data(database), _fates(settings))


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


def _since(text: str) -> datetime:
    found = _SPAN.fullmatch(text)
    if found is not None:
        return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})
    return moment(text) or datetime.now(UTC)
