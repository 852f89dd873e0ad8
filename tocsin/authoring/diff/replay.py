"""Events from a file, a topic or a data folder, decided twice: by the old rules and directory and by the new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.kafka.records import record_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import TopicReader
from adapters.sqlite.event_log import SqliteLog
from engine.decide import Decision, decide_all
from engine.directory.directory import Directory
from engine.ports import RulesInForce
from schemas.event import Event
from schemas.log import Record
from tocsin.authoring.diff.changes import changes
from tocsin.authoring.diff.tally import Tally
from tocsin.authoring.event_files import Line, line_of, read_lines

_AT_ONCE: Final = 1_000


def events_in_file(path: Path) -> Iterator[Line]:
    """The events of a JSONL file, one line in memory at a time."""
    return read_lines(path, datetime.now(UTC))


def events_in_topic(settings: KafkaSettings, topic: str) -> Iterator[Line]:
    """The events of a topic from its beginning to its end, as that is now. Nothing is committed."""
    with closing(TopicReader(settings, (topic,))) as reader:
        for number, found in enumerate(reader.read_to_end(), 1):
            yield from _line(number, record_of(found, settings))


def events_in_data(database: Path, topic: str) -> Iterator[Line]:
    """The events that the log of a data folder still keeps."""
    with closing(SqliteLog(database)) as log:
        offset = 0
        while records := log.read(topic, offset, _AT_ONCE):
            for record in records:
                yield from _line(record.offset, record)
            offset = records[-1].offset + 1


def _line(number: int, record: Record) -> Iterator[Line]:
    if record.value is not None:
        yield line_of(number, record.value, record.timestamp, dict(record.headers))


BATCH: Final = 200


class Side(Struct, frozen=True):
    """What events are decided by."""

    directory: Directory
    rules: RulesInForce

    def decide(self, cases: list[tuple[Event, datetime]]) -> list[Decision]:
        """The decisions about events, each as judged at its time."""
        return decide_all(cases, self.directory, self.rules.rulebook, self.rules.matcher)


def replay(
    lines: Iterable[Line], old: Side, new: Side, at: datetime | None, tally: Tally, progress: Callable[[int], None]
) -> None:
    """Decide all events twice, and count what differs.

    `at` is the time by which all are judged; None: each by its own. `progress` is told how many bytes are done.
    """
    for batch in _batches(lines):
        # A line that can't be read is decided by neither side, and so is no difference.
        cases = [(line.event, at or line.event.time) for line in batch if line.event is not None]
        for _ in range(len(batch) - len(cases)):
            tally.refuse()
        for (event, _), before, after in zip(cases, old.decide(cases), new.decide(cases), strict=True):
            tally.add(event, changes(before, after))
        progress(sum(len(line.raw) + 1 for line in batch))


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    rest = iter(lines)
    # The rule engine is asked once for each batch; a whole topic may not fit into memory.
    while batch := list(islice(rest, BATCH)):
        yield batch
