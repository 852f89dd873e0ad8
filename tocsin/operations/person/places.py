"""Where something may be kept of a person: the ledger, the topics, the directory, and files beside the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.kafka.records import record_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import TopicReader
from adapters.sqlite.event_log import SqliteLog
from engine.directory.directory import Directory
from history.ports import HistoryStore
from intake.ports import KeptPost, KeptPosts
from outcomes.ports import KeptOutcomes
from schemas.log import Record
from schemas.pseudonyms import Pseudonyms
from sender.ledger.port import Ledger
from tocsin.demo.stage import MARK, Stage

AT_ONCE: Final = 500


class KeptOfPosts:
    """What is kept of posts, of those that came in and of those that go out to helpdesks."""

    def __init__(self, came_in: KeptPosts, go_out: KeptOutcomes) -> None:
        self._came_in = came_in
        self._go_out = go_out

    def kept(self) -> Iterator[KeptPost]:
        """See intake.ports.KeptPosts."""
        yield from self._came_in.kept()
        yield from (KeptPost(one.place, one.key, one.body) for one in self._go_out.kept())

    def rewrite(self, change: Callable[[bytes], bytes]) -> int:
        """See intake.ports.KeptPosts."""
        return self._came_in.rewrite(change) + self._go_out.rewrite(change)


Records = Callable[[str], Iterator[Record]]
"""All records of a topic that there are when it is asked, one after another."""


class Places(Struct, frozen=True):
    """Everything at hand.

    `data` is the folder of embedded mode, whose log can be changed; None: on Kafka. `database` is the file with the
    ledger; None: it is in PostgreSQL.
    """

    ledger: Ledger
    posts: KeptPosts
    history: HistoryStore
    records: Records
    directory: Directory
    pseudonyms: Pseudonyms
    data: Path | None = None
    database: Path | None = None

    def mails(self) -> Iterator[Path]:
        """The files of the demo's mailbox."""
        # Only the demo keeps mail beside its data: a folder of this name elsewhere is somebody else's.
        if self.data is not None and (self.data / MARK).is_file():
            yield from sorted(Stage(self.data).mails.glob("*.eml"))


def records_in(log: SqliteLog) -> Records:
    """The records of embedded mode's log."""

    def read(topic: str) -> Iterator[Record]:
        offset, end = 0, log.end(topic)
        while found := [one for one in log.read(topic, offset, AT_ONCE) if one.offset < end]:
            yield from found
            offset = found[-1].offset + 1

    return read


def records_on(settings: KafkaSettings) -> Records:
    """The records on Kafka."""

    def read(topic: str) -> Iterator[Record]:
        with closing(TopicReader(settings, [topic])) as reader:
            for found in reader.read_to_end():
                yield record_of(found, settings)

    return read
