"""Where commands find recorded events: in a file, in a topic of Kafka, in the log of a data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from tocsin.authoring.event_files import Line
from tocsin.authoring.recorded_events import events_in_data, events_in_file, events_in_topic
from tocsin.cli.console import warn
from tocsin.cli.options import Form
from tocsin.config.data_folder import database_in
from tocsin.config.settings.declared.kafka import KAFKA
from tocsin.config.settings.declared.processes import DATA
from tocsin.config.settings.in_force import Settings
from tocsin.config.wiring.kafka import kafka_in

_TOPIC: Final = "topic:"
_HELP: Final = "File of events, one JSON object a line, or topic:NAME."

EventsOption = Annotated[str, typer.Option("--events", "-e", help=_HELP)]
MaybeEventsOption = Annotated[str | None, typer.Option("--events", "-e", help=f"Recorded events. {_HELP}")]
LOG: Final = Form(DATA, meaning="Data folder of `tocsin up`, for topic:NAME.")

_REFUSED_NAMED: Final = 10


def recorded(events: str, settings: Settings) -> Iterator[Line]:
    """The events that `--events` names; the first ones that are refused are named, and left to the reader to count."""
    if events.startswith(_TOPIC):
        return _noted(_in_topic(events.removeprefix(_TOPIC), settings))
    return _noted(events_in_file(Path(events)))


def _in_topic(topic: str, settings: Settings) -> Iterator[Line]:
    data = settings.either(KAFKA, DATA)[DATA]
    if data is not None:
        database = database_in(data)
        if not database.is_file():
            raise typer.BadParameter(f"{database} does not exist", param_hint=settings.named(DATA))
        return events_in_data(database, topic)
    cluster = kafka_in(settings)
    if cluster is None:
        raise typer.BadParameter(f"a topic is read from {KAFKA.names} or {DATA.names}", param_hint="--events")
    return events_in_topic(cluster, topic)


def size_of(events: str) -> int | None:
    """How many bytes there are to read, where that is known."""
    return None if events.startswith(_TOPIC) or events == "-" else Path(events).stat().st_size


def _noted(lines: Iterator[Line]) -> Iterator[Line]:
    left = _REFUSED_NAMED
    for line in lines:
        if line.refused is not None and left > 0:
            left -= 1
            warn(f"event {line.number}: {line.refused.shown()}")
        yield line
