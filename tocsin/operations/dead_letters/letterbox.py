"""Where dead letters lie, on Kafka or in a data folder, and how they are sent again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from adapters.kafka.appender import KafkaAppender
from adapters.kafka.place_reader import PlaceReader
from adapters.kafka.records import record_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import TopicReader
from adapters.sqlite.event_log import PARTITION, SqliteLog
from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS
from tocsin.config.data_folder import database_in
from tocsin.operations.dead_letters.letters import Letter, Place

_AT_ONCE: Final = 1_000


class Letterbox(Struct, frozen=True):
    """The topic of dead letters, and a way back into other topics.

    `letters` gives those that were there when it was asked, `at` the one at a place without reading others, or None.
    """

    letters: Callable[[], Iterator[Letter]]
    at: Callable[[Place], Letter | None]
    append: Callable[[Iterable[NewRecord]], int]


@contextmanager
def letterbox_on_kafka(settings: KafkaSettings) -> Iterator[Letterbox]:
    """The dead letters of a cluster."""
    with ExitStack() as opened:

        @cache
        def places() -> PlaceReader:
            return opened.enter_context(closing(PlaceReader(settings, DEAD_LETTERS)))

        @cache
        def appender() -> KafkaAppender:
            return opened.enter_context(closing(KafkaAppender(settings)))

        def letters() -> Iterator[Letter]:
            with closing(TopicReader(settings, [DEAD_LETTERS])) as reader:
                for found in reader.read_to_end():
                    yield Letter(record_of(found, settings))

        def at(place: Place) -> Letter | None:
            found = places().read(place.partition, place.offset)
            return None if found is None else Letter(record_of(found, settings))

        yield Letterbox(letters, at, lambda records: appender().append(records))


@contextmanager
def letterbox_in(data: Path) -> Iterator[Letterbox]:
    """The dead letters of embedded mode."""
    with closing(SqliteLog(database_in(data))) as log:

        def letters() -> Iterator[Letter]:
            offset, end = 0, log.end(DEAD_LETTERS)
            # Records that are sent again meanwhile may leave new letters, which were not asked for.
            while records := [one for one in log.read(DEAD_LETTERS, offset, _AT_ONCE) if one.offset < end]:
                yield from map(Letter, records)
                offset = records[-1].offset + 1

        def at(place: Place) -> Letter | None:
            # The log gives the next record that it still has, which may be a later one.
            found = log.read(DEAD_LETTERS, place.offset, 1) if place.partition == PARTITION else []
            return next((Letter(one) for one in found if one.offset == place.offset), None)

        yield Letterbox(letters, at, lambda records: log.append(records, datetime.now(UTC)))


RECORDS_AT_ONCE: Final = 500
BYTES_AT_ONCE: Final = 8_388_608


def _not_here(letter: Letter) -> None:
    raise ValueError(f"{letter.place}: it is a post of a helpdesk, and nothing takes it in")


class Redrive:
    """Sends the records of dead letters again, each once, however many letters it has left.

    `refuse` is told of a letter that can't be sent again, and why; the others go on. `sent` and `refused` count them.
    `take_post` takes in posts of helpdesks again; it may raise ValueError.
    Where sending fails in between, at least `sent` records are back.
    """

    def __init__(
        self,
        append: Callable[[Iterable[NewRecord]], int],
        refuse: Callable[[str], None],
        take_post: Callable[[Letter], None] = _not_here,
    ) -> None:
        self._append = append
        self._take_post = take_post
        self._refuse = refuse
        self._seen: set[bytes] = set()
        self._batch: list[NewRecord] = []
        self._bytes = 0
        self.sent = 0
        self.refused = 0

    def send(self, letters: Iterable[Letter]) -> None:
        """Send all of these. Raises what `append` does."""
        for letter in letters:
            try:
                if letter.is_post:
                    self._take_post(letter)
                    self.sent += 1
                else:
                    self._add(letter.again())
            except ValueError as error:
                self.refused += 1
                self._refuse(str(error))
        self._flush()

    def _add(self, record: NewRecord) -> None:
        # A record that was sent again before its cause was mended has left a second letter.
        # A digest rather than the record: any number of letters may be sent again in one run.
        digest = blake2b(msgspec.msgpack.encode(record), digest_size=16).digest()
        if digest in self._seen:
            return
        self._seen.add(digest)
        self._batch.append(record)
        self._bytes += len(record.value or b"") + len(record.key or b"")
        if len(self._batch) >= RECORDS_AT_ONCE or self._bytes >= BYTES_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._batch:
            self.sent += self._append(self._batch)
        self._batch, self._bytes = [], 0
