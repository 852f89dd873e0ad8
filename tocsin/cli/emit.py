"""`tocsin emit`: append events to the log, in a file or on Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer

from adapters.files.private_files import private_folder
from adapters.kafka.appender import KafkaAppender
from adapters.sqlite.event_log import SqliteLog
from schemas.log import NewRecord
from schemas.topics import TICKETS
from tocsin.authoring.event_files import Line, read_lines
from tocsin.cli.console import FOUND_FAULTS, say, warn
from tocsin.cli.options import add_command
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_settings

BATCH: Final = 1_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "emit", emit)


def emit(
    file: Annotated[Path, typer.Argument(help="File of events, one JSON object a line; `-`: standard input.")],
    settings: Settings,
    as_is: Annotated[
        bool,
        typer.Option(
            "--as-is", help="Append refused events too, as a platform would send them: they are dead-lettered."
        ),
    ] = False,
) -> None:
    """Append events to the log from which `tocsin up` (--data) or `tocsin engine` (--kafka) takes them, running or not.

    An event that is refused is named and left out (the exit code is then 1); the others are appended. Sending a file
    twice doubles nothing:
    the same events make the same jobs, and those are known already.
    """
    settings = settings.either(KAFKA, DATA)
    if (settings[DATA] is None) == (settings[KAFKA] is None):
        raise typer.BadParameter("name one log: --data DATA, or --kafka HOST:PORT")
    appended = refused = 0
    with _opened(settings) as append:
        lines = read_lines(file, datetime.now(UTC))
        while batch := list(islice(lines, BATCH)):
            refused += sum(_named(file, line) for line in batch)
            appended += append(_records(batch, as_is))
    say(f"{appended} events appended" + (f", {refused} refused" if refused else ""))
    raise typer.Exit(FOUND_FAULTS if refused else 0)


Append = Callable[[Iterable[NewRecord]], int]


@contextmanager
def _opened(settings: Settings) -> Iterator[Append]:
    """What appends to the log that is named, and returns how many records there were."""
    data = settings[DATA]
    if data is None:
        with closing(KafkaAppender(kafka_settings(settings))) as appender:
            yield appender.append
    else:
        private_folder(data)
        with closing(SqliteLog(database_in(data))) as log:
            yield lambda records: log.append(records, datetime.now(UTC))


def _named(file: Path, line: Line) -> bool:
    if line.refused is not None:
        warn(f"{file}:{line.number}: {line.refused.shown()}")
    return line.refused is not None


def _records(lines: Iterable[Line], as_is: bool) -> Iterator[NewRecord]:
    for line in lines:
        if line.event is not None:
            yield NewRecord(TICKETS, line.event.ticket.id.encode(), line.raw)
        elif as_is:
            yield NewRecord(TICKETS, None, line.raw)
