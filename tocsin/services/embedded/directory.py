"""The directory of embedded mode: for the engine, with the suppressions that the sender wrote; and for the sender."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog

from adapters.sqlite.event_log import SqliteLog
from engine.directory.directory import Directory
from engine.directory.records import Person
from engine.ports import DirectorySource
from schemas.directory import SuppressionRecord, read_record, widest_suppression
from schemas.log import Record
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from schemas.refusal import RefusedError
from schemas.topics import SUPPRESSIONS
from sender.privacy.people_index import LEFT
from sender.records import LedgerEntry

log = structlog.get_logger()

KIND: Final = "suppression"
AT_ONCE: Final = 1_000


class SuppressedDirectory:
    """A DirectorySource on a folder and on the log's topic of suppressions. It belongs to one thread.

    `pseudonyms` recognises suppressions of people who were forgotten.
    """

    def __init__(self, folder: DirectorySource, event_log: SqliteLog, pseudonyms: Pseudonyms = NO_PSEUDONYMS) -> None:
        self._folder = folder
        self._pseudonyms = pseudonyms
        self._log = event_log
        self._offset = 0
        self._suppressions: dict[str, SuppressionRecord] = {}
        self._unreadable: dict[str, SuppressionRecord | None] = {}
        self._directory: Directory | None = None

    def current(self) -> Directory:
        """See engine.ports.DirectorySource."""
        directory = self._folder.current()
        if directory is not self._directory:
            # The folder was read again: its new directory holds none of these yet.
            self._directory = directory
            directory.pseudonyms = self._pseudonyms
            for known in self._suppressions.values():
                directory.apply(known)
            for name, held in self._unreadable.items():
                directory.mark_unreadable(KIND, name, held)
        while records := self._log.read(SUPPRESSIONS, self._offset, AT_ONCE):
            for record in records:
                self._apply(directory, record)
            self._offset = records[-1].offset + 1
        return directory

    def _apply(self, directory: Directory, record: Record) -> None:
        name = (record.key or b"").decode(errors="replace").removeprefix(f"{KIND}/")
        self._suppressions.pop(name, None)
        self._unreadable.pop(name, None)
        if record.value is None:
            directory.remove(KIND, name)
            return
        try:
            read = read_record(record.value)
        except RefusedError as error:
            log.warning("suppression_unreadable", offset=record.offset, code=error.code)
            self._unreadable[name] = widest_suppression(name, record.value)
            directory.mark_unreadable(KIND, name, self._unreadable[name])
            return
        if isinstance(read, SuppressionRecord):
            self._suppressions[read.id] = read
            for refusal in directory.apply(read):
                log.warning("suppression_without_secret", suppression=read.id, problem=refusal.reason)


class OwnSuppressions:
    """A DirectorySource with the records of another one, to which suppressions may be added apart from it."""

    def __init__(self, source: DirectorySource, pseudonyms: Pseudonyms) -> None:
        self._source = source
        self._pseudonyms = pseudonyms
        self._base: Directory | None = None
        self._own = Directory()

    def current(self) -> Directory:
        """See engine.ports.DirectorySource."""
        base = self._source.current()
        if base is not self._base:
            self._base, self._own = base, base.with_own_suppressions(self._pseudonyms)
        return self._own


class DirectoryPeople:
    """A People on a directory of its own. It belongs to one thread."""

    def __init__(self, source: DirectorySource) -> None:
        self._source = source
        self._directory = Directory()

    def look(self) -> bool:
        """See sender.ports.People."""
        self._directory = self._source.current()
        return True

    def withdrawal(self, entry: LedgerEntry, now: datetime) -> str | None:
        """See sender.ports.People."""
        job = entry.job
        who = job.person
        person = self._directory.person(who.kind, who.id)
        if person is None:
            if not self._directory.is_unreadable(who.kind, who.id):
                return LEFT
            # Their record is there, so they have not left: what was decided goes out, unless a suppression stands.
            person = Person(who.kind, who.id, None, None, None, (), 0)
        standing = self._directory.is_suppressed(person, job.channel, job.address, entry.trigger, now)
        return "suppressed" if standing else None
