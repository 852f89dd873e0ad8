"""Who is still there, for a sender in embedded mode: as its folder says."""

from __future__ import annotations

from datetime import datetime

from engine.directory.directory import Directory
from engine.ports import DirectorySource
from sender.entries import Entry
from sender.people_index import LEFT


class DirectoryPeople:
    """A People on a directory of its own. It belongs to one thread."""

    def __init__(self, source: DirectorySource) -> None:
        self._source = source
        self._directory = Directory()

    def look(self) -> bool:
        """See sender.ports.People."""
        self._directory = self._source.current()
        return True

    def withdrawal(self, entry: Entry, now: datetime) -> str | None:
        """See sender.ports.People."""
        job = entry.job
        person = self._directory.person(job.person.kind, job.person.id)
        if person is None:
            return LEFT
        standing = self._directory.is_suppressed(person, job.channel, job.address, entry.trigger, now)
        return "suppressed" if standing else None
