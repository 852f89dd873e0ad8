"""What holds jobs for a time in the ledger: how storms and schedules end, and what a digest lists."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sender.records import LedgerEntry
from sender.storms.storm import StormPolicy


class Storms(Protocol):
    """Ends the storms and schedules by which jobs are held. They begin in JobQueue.accept."""

    def end_storms(self, now: datetime, storm: StormPolicy, limit: int = 10) -> int:
        """End at most `limit` holds of mailboxes whose time is over by this policy; says how many.

        Where the policy asks for digests, the jobs that the storm held are grouped (see sender.storms.digests): the
        newest of each group carries its digest, and the others are bundled with it. A lone one just goes out. Else the
        jobs stay held, for a person to release or until they expire. A carrier does not wait for its own bundle in
        their lane.
        """
        ...

    def end_schedules(self, now: datetime, storm: StormPolicy, limit: int = 50) -> int:
        """Let go what was held until now for at most `limit` recipients; says for how many.

        What digests collected for one reader until now goes out in one message, grouped and carried as in `end_storms`,
        also where that was for several moments. What quiet hours held goes out message by message, or as a digest where
        that would be a storm.
        """
        ...

    def bundle(self, carrier: str) -> list[LedgerEntry]:
        """The jobs that are bundled with this carrier, in the order of their acceptance.

        Without the texts that no digest shows (see sender.storms.digests.as_listed): there may be thousands.
        """
        ...
