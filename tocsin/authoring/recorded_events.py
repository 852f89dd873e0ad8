"""Events as they came, to be judged again: in a file, in a topic of Kafka, in the log of a data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from adapters.kafka.records import record_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import Part, TopicReader
from adapters.sqlite.event_log import SqliteLog
from schemas.log import Record
from tocsin.authoring.event_files import Line, line_of, read_lines

_AT_ONCE: Final = 1_000


def events_in_file(path: Path) -> Iterator[Line]:
    """The events of a JSONL file, one line in memory at a time."""
    return read_lines(path, datetime.now(UTC))


def events_in_topic(settings: KafkaSettings, topic: str, since: datetime | None = None) -> Iterator[Line]:
    """The events of a topic from its beginning, or a moment, to its end, as that is now. Nothing is committed."""
    part = None if since is None else Part(since)
    with closing(TopicReader(settings, (topic,), part=part)) as reader:
        for number, found in enumerate(reader.read_to_end(), 1):
            yield from _line(number, record_of(found, settings))


def events_in_data(database: Path, topic: str, since: datetime | None = None) -> Iterator[Line]:
    """The events that the log of a data folder still keeps, and that came since a moment, where one is given."""
    with closing(SqliteLog(database)) as log:
        offset = 0
        while records := log.read(topic, offset, _AT_ONCE):
            for record in records:
                if since is None or record.timestamp >= since:
                    yield from _line(record.offset, record)
            offset = records[-1].offset + 1


def _line(number: int, record: Record) -> Iterator[Line]:
    if record.value is not None:
        yield line_of(number, record.value, record.timestamp, dict(record.headers))
