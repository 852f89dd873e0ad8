"""Who is still there, for a sender in embedded mode: as its folder says."""

from __future__ import annotations

from datetime import datetime

from engine.directory.directory import Directory
from engine.directory.records import Person
from engine.ports import DirectorySource
from sender.privacy.people_index import LEFT
from sender.records import LedgerEntry


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
            # They have not left: what was decided about them goes out, unless a suppression stands.
            person = Person(who.kind, who.id, None, None, None, (), 0)
        standing = self._directory.is_suppressed(person, job.channel, job.address, entry.trigger, now)
        return "suppressed" if standing else None
