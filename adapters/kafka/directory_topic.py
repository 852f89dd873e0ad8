"""The directory out of its compacted topic, complete before the first decision and up to date before each other."""

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
"""Keys that name no record and are remembered: where there are more, they have one cause."""


class Records(Protocol):
    """What the records go into."""

    def apply(self, record: Record) -> Sequence[Refusal]:
        """Take in a record, in place of one with its kind and id; says what of it can't be used."""
        ...

    def remove(self, kind: str, record_id: str) -> None:
        """Forget a record."""
        ...

    def mark_unreadable(self, kind: str, record_id: str, held: SuppressionRecord | None = None) -> None:
        """Forget a record's older form: its newest can't be read. `held` is what a suppression may hold back."""
        ...


class Complaint(Struct, frozen=True):
    """What can't be used: which record (`kind/id`, empty for a key that names none), where it stands, and why."""

    record: str
    topic: str
    partition: int
    offset: int
    code: str
    problem: str


def logged(complaint: Complaint) -> None:
    """Name it in the log."""
    log.warning("directory_problem", **asdict(complaint))


class DirectoryFeed:
    """Feeds the records of the topics of directory and suppressions into something. It belongs to one thread.

    A record that can't be read is marked as such, and its older form forgotten: after a restart too, since the topic
    keeps the newest of each key. One whose key names no record changes nothing; such are remembered until their key is
    removed. `problems` counts what was refused, by code; `tell` is told of each. `between`: see TopicReader.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        into: Records,
        between: Callable[[], None] = go_on,
        tell: Callable[[Complaint], None] = logged,
    ) -> None:
        self._reader = TopicReader(settings, (DIRECTORY, SUPPRESSIONS), between=between, whole=True)
        self._suppressions = settings.real(SUPPRESSIONS)
        self._names = RecordNames()
        self._unnamed: dict[tuple[str, bytes], Complaint] = {}
        self._into = into
        self._tell = tell
        self.is_complete = False
        """Whether all that there was at some moment has been read."""
        self.problems: Counter[str] = Counter()

    def catch_up(self) -> None:
        """Take in every change that is known by now. Raises KafkaUnavailableError where that can't be known."""
        with nullcontext() if self.is_complete else collector_off():
            for found in self._reader.read_to_end():
                self._apply(found)
        self.is_complete = True

    def close(self) -> None:
        """Let go of connections."""
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
        """The records that are there by now under keys that name none: at most MAX_UNNAMED."""
        return self._unnamed.values()

    def _without_name(self, found: Any, error: RefusedError) -> None:
        if found.value is None:
            # Whatever stood there is gone, and nothing else is meant.
            self._unnamed.pop(_mark(found), None)
            return
        complaint = self._complain(found, "", error)
        if len(self._unnamed) < MAX_UNNAMED:
            self._unnamed[_mark(found)] = complaint

    def _named(self, found: Any) -> Named | None:
        if found.topic == self._suppressions:
            # Only the sender writes there.
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
        # A key that names no record may be anything, so that its place says which it is.
        record = ascii(name)[1:-1]
        complaint = Complaint(record, found.topic, found.partition, found.offset, error.code, str(error))
        self._tell(complaint)
        return complaint


class Read(Records, Protocol):
    """What the records go into, and what tells which of them can't be read."""

    def unreadable(self) -> Iterable[str]:
        """Their names."""
        ...


def unreadable_on(settings: KafkaSettings, into: Read | None = None) -> list[Complaint]:
    """Why each record can't be read that can't be by now, in the order of their names; then those without a name.

    All others go into `into`, if it is given.
    Raises KafkaUnavailableError where the topics can't be read to their end.
    """
    # One that is empty may count as false.
    directory, told = Directory() if into is None else into, dict[str, Complaint]()
    feed = DirectoryFeed(settings, directory, tell=lambda one: told.update({one.record: one}))
    with closing(feed):
        feed.catch_up()
    named = [told[name] for name in sorted(ascii(one)[1:-1] for one in directory.unreadable())]
    return named + sorted(feed.unnamed, key=lambda one: (one.topic, one.partition, one.offset))


class DirectoryTopic:
    """A DirectorySource on those topics. It belongs to one thread. `between`: see TopicReader.

    By `pseudonyms`, suppressions of people who were forgotten are recognised.
    """

    def __init__(
        self, settings: KafkaSettings, between: Callable[[], None] = go_on, pseudonyms: Pseudonyms = NO_PSEUDONYMS
    ) -> None:
        self._directory = Directory(pseudonyms)
        self._feed = DirectoryFeed(settings, self._directory, between)
        self.loaded_within = timedelta(0)
        """How long it took to complete it at first."""

    @property
    def problems(self) -> Counter[str]:
        """What was refused, by code."""
        return self._feed.problems

    @property
    def unnamed(self) -> int:
        """How many records are there by now under keys that name none."""
        return len(self._feed.unnamed)

    @property
    def records(self) -> int:
        """How many it holds by now."""
        return len(self._directory)

    def current(self) -> Directory:
        """See engine.ports.DirectorySource. Raises KafkaUnavailableError where that can't be known now."""
        was_complete, started = self._feed.is_complete, time.monotonic()
        self._feed.catch_up()
        if not was_complete:
            seconds = round(time.monotonic() - started, 3)
            self.loaded_within = timedelta(seconds=seconds)
            log.info("directory_loaded", records=self.records, seconds=seconds, problems=dict(self.problems))
        return self._directory

    def close(self) -> None:
        """Let go of connections."""
        self._feed.close()


def _mark(found: Any) -> tuple[str, bytes]:
    """What tells keys apart in little space: one may be as long as a record."""
    return found.topic, hashlib.blake2b(found.key or b"", digest_size=16).digest()


def _shared(named: Named) -> RefusedError:
    reason = (
        f"this key stood for {named.instead_of}/{named.id} until now, and stands for {named.kind}/{named.id}: Kafka "
        "keeps only the newest record of a key, so add the kind to the key"
    )
    return RefusedError("shared_key", Refusal("key", reason))
