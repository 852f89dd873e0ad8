"""The last check of a claimed job before its message is composed: is it still wanted, and may it go out now?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from schemas.directory import SuppressionRecord
from schemas.job import PersonRef
from schemas.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from schemas.vocabulary import Channel, Trigger
from sender.delivery_mode import LIVE, DeliveryMode
from sender.ledger.restrictions import Pause, Restrictions
from sender.ports import People
from sender.records import LedgerEntry, Report
from sender.states import Hold, Transition
from sender.storms.digests import parted_report

Asked = dict[tuple[PersonRef, Channel, str, Trigger], SuppressionRecord | None]
"""What suppresses the jobs of a person, a channel, an address and a trigger."""


class Gate:
    """Withdraws jobs that nobody may get any more, and holds those that may not go yet. Used from the ledger's thread.

    Without `people`, everybody counts as still being in the directory. By `pseudonyms` people are recognised who were
    forgotten since, so that what they asked for still holds.
    """

    def __init__(
        self,
        ledger: Restrictions,
        people: People | None = None,
        mode: DeliveryMode = LIVE,
        pseudonyms: Pseudonyms = NO_PSEUDONYMS,
    ) -> None:
        self._ledger = ledger
        self._people = people
        self._mode = mode
        self._pseudonyms = pseudonyms
        self._pauses: Sequence[Pause] = ()

    def look(self) -> bool:
        """Read pauses and directory anew. False while the directory was never complete: nothing may be claimed then."""
        self._pauses = self._ledger.pauses()
        return self._people is None or self._people.look()

    def stops(self, entry: LedgerEntry, now: datetime, asked: Asked | None = None) -> Report | None:
        """What stops this job; None where it may go out.

        A job that was released by a person passes modes and pauses. What was withdrawn stays so, whoever released it.
        `asked` is for jobs that are looked at together: what suppresses one is not asked for each of its like.
        """
        reason = self._withdrawal(entry, now, {} if asked is None else asked)
        if reason is not None:
            return _report(entry, Transition.WITHDRAWN, reason)
        if entry.standing.released:
            return None
        paused = next((pause for pause in self._pauses if _holds(pause, entry)), None)
        if paused is not None:
            what = f"customer {paused.customer}" if paused.customer is not None else f"template {paused.template}"
            return _report(entry, Transition.HELD, f"{what} is paused", Hold.PAUSED)
        if self._mode.holds(entry.job):
            return _report(entry, Transition.HELD, "the sender is not live for this customer", Hold.MODE)
        return None

    def parts(self, entry: LedgerEntry, carrier: LedgerEntry) -> Report | None:
        """What keeps this job out of the digest that lists it, to go out in another one; None where it may stay."""
        return parted_report(entry, carrier, self._mode)

    def _withdrawal(self, entry: LedgerEntry, now: datetime, asked: Asked) -> str | None:
        job = entry.job
        like = (job.person, job.channel, job.address, entry.trigger)
        if like not in asked:
            asked[like] = self._ledger.suppressing(entry, now, self._pseudonyms)
        suppression = asked[like]
        if suppression is not None:
            return f"suppressed: {suppression.reason}"
        return None if self._people is None else self._people.withdrawal(entry, now)


def _holds(pause: Pause, entry: LedgerEntry) -> bool:
    if pause.customer is not None:
        return pause.customer == entry.job.customer
    return pause.template == entry.form.template


def _report(entry: LedgerEntry, transition: Transition, text: str, hold: Hold | None = None) -> Report:
    if entry.standing.unknowns and transition is Transition.WITHDRAWN:
        text += "; an earlier try may have arrived"
    return Report(entry.job.id, entry.standing.attempt, transition, text=text, hold=hold)
