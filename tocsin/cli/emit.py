"""`tocsin emit`: append events to the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer

from adapters.sqlite.event_log import SqliteLog
from schemas.log import NewRecord
from schemas.topics import TICKETS
from tocsin.cli.console import FOUND_FAULTS, named_failures, say, warn
from tocsin.event_files import Line, read_lines
from tocsin.running.embedded import database_in

BATCH: Final = 1_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(emit)


def emit(
    file: Annotated[Path, typer.Argument(help="File of events, one JSON object a line; `-`: standard input.")],
    data: Annotated[Path, typer.Option("--data", help="The data folder of `tocsin up`.")],
    as_is: Annotated[
        bool,
        typer.Option(
            "--as-is", help="Append refused events too, as a platform would send them: they are dead-lettered."
        ),
    ] = False,
) -> None:
    """Append events to the log from which `tocsin up` takes them, running or not.

    An event that is refused is named and left out (the exit code is then 1); the others are appended. Sending a file
    twice doubles nothing:
    the same events make the same jobs, and those are known already.
    """
    appended = refused = 0
    with named_failures():
        data.mkdir(parents=True, exist_ok=True)
        log = SqliteLog(database_in(data))
        try:
            lines = read_lines(file, datetime.now(UTC))
            while batch := list(islice(lines, BATCH)):
                refused += sum(_named(file, line) for line in batch)
                appended += log.append(_records(batch, as_is), datetime.now(UTC))
        finally:
            log.close()
    say(f"{appended} events appended" + (f", {refused} refused" if refused else ""))
    raise typer.Exit(FOUND_FAULTS if refused else 0)


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
