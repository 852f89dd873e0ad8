"""The directory, read from its compacted topic.

It is complete before the first decision, and up to date before each later one.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing, nullcontext
from datetime import timedelta
from typing import Any, Final, Protocol

import structlog
from msgspec import Struct
from msgspec.structs import asdict

from adapters.collector import collector_off
from adapters.kafka.record_names import Named, RecordNames, name_of
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import TopicReader, go_on
from engine.directory.directory import Directory
from schemas.directory import Record, SuppressionRecord, part_code, read_record, record_kind, widest_suppression
from schemas.foreign_record import fields_in, read_any_record
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from schemas.refusal import Refusal, RefusedError
from schemas.topics import DIRECTORY, SUPPRESSIONS

log = structlog.get_logger()

_SUPPRESSIONS_ALONE: Final = ("suppression",)

MAX_UNNAMED: Final = 10_000
"""How many keys that name no record are remembered. More than that have one common cause."""


class Records(Protocol):
    """What takes the records in."""

    def apply(self, record: Record) -> Sequence[Refusal]:
        """Take in a record; it replaces one with the same kind and id. Returns what of it can't be used."""
        ...

    def remove(self, kind: str, record_id: str) -> None:
        """Forget a record."""
        ...

    def mark_unreadable(self, kind: str, record_id: str, held: SuppressionRecord | None = None) -> None:
        """Forget a record: its newest version can't be read. `held` is the widest suppression that it may be."""
        ...


class Complaint(Struct, frozen=True):
    """What can't be used: the record (`kind/id`; empty if the key names none), its place in the topic, and why."""

    record: str
    topic: str
    partition: int
    offset: int
    code: str
    problem: str


def logged(complaint: Complaint) -> None:
    """Write the complaint to the log."""
    log.warning("directory_problem", **asdict(complaint))


class DirectoryFeed:
    """Feeds the records of `topics`, which are directory and suppressions, into `into`. It belongs to one thread.

    A record that can't be read is marked as unreadable, and its older version is forgotten. A restart gives the same
    result, because the compacted topic keeps only the newest record of each key.

    A record whose key names no record changes nothing. It is remembered until a tombstone removes its key.

    `problems` counts what was refused, by code, and `tell` is called for each. `between`: see TopicReader.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        into: Records,
        between: Callable[[], None] = go_on,
        tell: Callable[[Complaint], None] = logged,
        topics: Sequence[str] = (DIRECTORY, SUPPRESSIONS),
    ) -> None:
        self._reader = TopicReader(settings, topics, between=between, whole=True)
        self._suppressions = settings.real(SUPPRESSIONS)
        self._names = RecordNames()
        self._unnamed: dict[tuple[str, bytes], Complaint] = {}
        self._into = into
        self._tell = tell
        self.is_complete = False
        """Whether the topics have been read to their end at least once."""
        self.problems: Counter[str] = Counter()

    def catch_up(self) -> None:
        """Take in every change up to now. Raises KafkaUnavailableError if the topics can't be read to their end."""
        # The first reading makes many objects that stay: looking through them for garbage is wasted time.
        with nullcontext() if self.is_complete else collector_off():
            for found in self._reader.read_to_end():
                self._apply(found)
        self.is_complete = True

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()

    def _apply(self, found: Any) -> None:
        try:
            named = self._named(found)
        except RefusedError as error:
            self._without_name(found, error)
            return
        if self._unnamed:
            self._unnamed.pop(_mark(found), None)
        if named is None:
            return
        kind, record_id = named.kind, named.id
        if named.instead_of is not None:
            # Two tables share this key. Compaction drops the older record, so drop it now as a restart would.
            self._into.remove(named.instead_of, record_id)
            self._complain(found, f"{named.instead_of}/{record_id}", _shared(named))
        try:
            record = None if found.value is None else self._record_of(found, kind, record_id)
        except RefusedError as error:
            held = widest_suppression(record_id, fields_in(found.value)) if kind == "suppression" else None
            self._into.mark_unreadable(kind, record_id, held)
            self._complain(found, f"{kind}/{record_id}", error)
            return
        if record is None:
            self._names.forget(found.key)
            self._into.remove(kind, record_id)
            return
        for refusal in self._into.apply(record):
            self._complain(found, f"{kind}/{record_id}", RefusedError(part_code(refusal), refusal))

    @property
    def unnamed(self) -> Collection[Complaint]:
        """The records that are in the topics now and whose keys name no record: at most MAX_UNNAMED."""
        return self._unnamed.values()

    def _without_name(self, found: Any, error: RefusedError) -> None:
        if found.value is None:
            # A tombstone removes what was under this key. It is no problem of its own.
            self._unnamed.pop(_mark(found), None)
            return
        complaint = self._complain(found, "", error)
        if len(self._unnamed) < MAX_UNNAMED:
            self._unnamed[_mark(found)] = complaint

    def _named(self, found: Any) -> Named | None:
        if found.topic == self._suppressions:
            # Only the sender writes to this topic, so keys of connectors are not read here.
            return Named(*name_of(found.key, _SUPPRESSIONS_ALONE))
        return self._names.of(found.key, found.value)

    def _record_of(self, found: Any, kind: str, record_id: str) -> Record | None:
        own_form_only = found.topic == self._suppressions
        record = read_record(found.value) if own_form_only else read_any_record(found.value, kind)
        if record is not None and (record_kind(record), record.id) != (kind, record_id):
            raise RefusedError("bad_record", Refusal("id", "kind and id of the record are not those of its key"))
        return record

    def _complain(self, found: Any, name: str, error: RefusedError) -> Complaint:
        self.problems[error.code] += 1
        # An id may hold any character, so escape it for the log. Without a name, partition and offset identify it.
        record = ascii(name)[1:-1]
        complaint = Complaint(record, found.topic, found.partition, found.offset, error.code, str(error))
        self._tell(complaint)
        return complaint


class Read(Records, Protocol):
    """What takes the records in, and knows which of them can't be read."""

    def unreadable(self) -> Iterable[str]:
        """The names (`kind/id`) of the records that can't be read."""
        ...


def unreadable_on(settings: KafkaSettings, into: Read | None = None) -> list[Complaint]:
    """A complaint for each record that can't be read now: first by name, then those without a name by place.

    The readable records go into `into`, if it is given. Raises KafkaUnavailableError if the topics can't be read to
    their end.
    """
    # Not `into or Directory()`: something empty that has a length counts as false.
    directory, told = Directory() if into is None else into, dict[str, Complaint]()
    # The latest complaint about a name wins. One about an older version may be out of date: `unreadable` decides.
    feed = DirectoryFeed(settings, directory, tell=lambda one: told.update({one.record: one}))
    with closing(feed):
        feed.catch_up()
    named = [told[name] for name in sorted(ascii(one)[1:-1] for one in directory.unreadable())]
    return named + sorted(feed.unnamed, key=lambda one: (one.topic, one.partition, one.offset))


class DirectoryTopic:
    """A DirectorySource on the topics of directory and suppressions. It belongs to one thread.

    `pseudonyms` recognise the suppressions of people who were forgotten. `between`: see TopicReader.
    """

    def __init__(
        self, settings: KafkaSettings, between: Callable[[], None] = go_on, pseudonyms: Pseudonyms = NO_PSEUDONYMS
    ) -> None:
        self._directory = Directory(pseudonyms)
        self._feed = DirectoryFeed(settings, self._directory, between)
        self.loaded_within = timedelta(0)
        """How long the first reading to the end took."""

    @property
    def problems(self) -> Counter[str]:
        """What was refused, by code."""
        return self._feed.problems

    @property
    def unnamed(self) -> int:
        """How many records are in the topics now whose keys name no record."""
        return len(self._feed.unnamed)

    @property
    def records(self) -> int:
        """How many records the directory holds now."""
        return len(self._directory)

    def current(self) -> Directory:
        """See engine.ports.DirectorySource. Raises KafkaUnavailableError if the topics can't be read to their end."""
        was_complete, started = self._feed.is_complete, time.monotonic()
        self._feed.catch_up()
        if not was_complete:
            seconds = round(time.monotonic() - started, 3)
            self.loaded_within = timedelta(seconds=seconds)
            log.info("directory_loaded", records=self.records, seconds=seconds, problems=dict(self.problems))
        return self._directory

    def close(self) -> None:
        """Close the connections."""
        self._feed.close()


def _mark(found: Any) -> tuple[str, bytes]:
    """Topic and digest of the key: a key may be as long as a record, and these are remembered."""
    return found.topic, hashlib.blake2b(found.key or b"", digest_size=16).digest()


def _shared(named: Named) -> RefusedError:
    reason = (
        f"this key stood for {named.instead_of}/{named.id} until now, and stands for {named.kind}/{named.id}: Kafka "
        "keeps only the newest record of a key, so add the kind to the key"
    )
    return RefusedError("shared_key", Refusal("key", reason))
