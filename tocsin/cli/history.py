"""`tocsin history`: the decisions that are kept to be found, filled by hand, or anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Annotated, Final

import typer
from msgspec import Struct

from adapters.sqlite.history import SqliteHistorySource
from history.filler import Filler
from history.ports import HistorySource, HistoryStore
from tocsin.cli.console import FOUND_FAULTS, UNUSABLE, say, stop, warn
from tocsin.cli.options import KAFKA_CREDENTIALS, add_command
from tocsin.clock import SystemClock
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.history import KEEP
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.declared.sending import LEDGER
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.history import opened_history
from tocsin.config.wiring.kafka import kafka_settings
from tocsin.config.wiring.ledgers import NoLedgerError
from tocsin.operations.history import filling
from tocsin.services.lifecycle.deadline import stopping

STOP_WITHIN: Final = timedelta(seconds=10)
"""Nothing is lost where a batch is cut."""
_LOOK_AGAIN: Final = 1.0


class _Opened(Struct, frozen=True):
    source: HistorySource
    store: HistoryStore
    filler: Filler


def register(app: typer.Typer) -> None:
    """Add the commands. They work beside a service that fills the same history."""
    history = typer.Typer(help="Decisions that are kept to be found: fill in, or read anew.", no_args_is_help=True)
    add_command(history, "history fill", fill, epilog=KAFKA_CREDENTIALS)
    add_command(history, "history rebuild", rebuild, epilog=KAFKA_CREDENTIALS)
    app.add_typer(history, name="history")


def fill(
    settings: Settings,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C or SIGTERM.")] = False,
) -> None:
    """Keep what waits in the topics of events and decisions, in the ledger's database, to be found.

    `tocsin up` does it by itself. Each decision is kept once, however often and by however many this is done.
    """
    with stopping(STOP_WITHIN) as asked, _opened(settings) as opened:
        done = filling.Done()
        while True:
            done += filling.fill(opened.filler, asked.event.is_set)
            if not follow or asked.event.wait(_LOOK_AGAIN):
                break
        _tell(done)


def rebuild(
    settings: Settings,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else it is only said what would be done.")] = False,
) -> None:
    """Forget what the topics still have, and keep it anew from their beginning.

    Decisions that are older than the topics stay as they are. While it goes on, those in between are not found; a
    running service helps. Cut off, it is done again, or `tocsin history fill` ends it.
    """
    with stopping(STOP_WITHIN) as asked, _opened(settings) as opened:
        beginning = opened.source.beginning()
        if beginning is None:
            stop("there is no decision to be read anew", FOUND_FAULTS)
        when = f"{beginning:%Y-%m-%d %H:%M} UTC"
        if not yes:
            stop(f"decisions since {when} would be forgotten, and read anew: say --yes", FOUND_FAULTS)
        removed = filling.begin_anew(opened.store, beginning, asked.event.is_set)
        say(f"{removed} decisions since {when} forgotten")
        _tell(filling.fill(opened.filler, asked.event.is_set))
        if asked.event.is_set():
            warn("stopped before its end: tocsin history rebuild again")
            raise typer.Exit(FOUND_FAULTS)


def _tell(done: filling.Done) -> None:
    say(f"{done.decisions} decisions kept, of {done.records} records")
    if done.unreadable:
        warn(f"{done.unreadable} records of the topic of decisions are none, and were passed over")


@contextmanager
def _opened(settings: Settings) -> Iterator[_Opened]:
    with _source(settings) as make:
        try:
            with opened_history(settings) as store, closing(make()) as source:
                yield _Opened(source, store, Filler(source, store, SystemClock(), _kept(settings)))
        except NoLedgerError as error:
            raise typer.BadParameter(str(error)) from None


@contextmanager
def _source(settings: Settings) -> Iterator[Callable[[], HistorySource]]:
    """From where it is filled: Kafka where that is named, else the log in the data folder."""
    folder = None if settings.is_named(KAFKA) else settings.either(KAFKA, DATA)[DATA]
    for data in {folder, settings.either(LEDGER, DATA)[DATA]} - {None}:
        if data is not None and not database_in(data).is_file():
            stop(f"{settings.named(DATA)}: there is no ledger in {data}", UNUSABLE)
    if folder is not None:
        yield lambda: SqliteHistorySource(database_in(folder))
    elif settings[KAFKA] is not None:
        from adapters.kafka.history_source import KafkaHistorySource

        yield lambda: KafkaHistorySource(kafka_settings(settings))
    else:
        raise typer.BadParameter("name the data folder of `tocsin up`, or --kafka HOST:PORT and the ledger")


def _kept(settings: Settings) -> timedelta:
    return timedelta(days=settings.given(KEEP))
