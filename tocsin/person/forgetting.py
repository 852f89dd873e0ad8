"""Forgets a person wherever something can be changed, and says what stays where it can't, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct, field

from adapters.kafka.topics import TOPICS as SPECS
from adapters.sqlite.erasing import erase_deleted
from adapters.sqlite.event_log import SqliteLog
from schemas.job import Job, PersonRef
from schemas.log import Record
from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS, OUTCOMES, SUPPRESSIONS, TICKETS
from sender.by_hand import selected
from sender.entries import Report, Selection
from sender.forgetting import BY_REASON, ID_PREFIX, Forgotten, hashed, mark
from sender.publisher import Publisher
from sender.states import FINISHED, State, Transition
from tocsin.person.finding import TOPICS, Known, job_in, mails_of, named, suppressions_of
from tocsin.person.places import AT_ONCE, Places
from tocsin.running.embedded import FolderInUseError, LogTopics, database_in, sole_owner
from tocsin.running.groups import ENGINE_GROUP, SENDER_GROUP

_ROUNDS: Final = 3
"""Withdrawing the carrier of a digest holds what it lists, which is withdrawn in the next round."""

_LONGEST: Final = max(spec.kept for spec in SPECS if spec.name in {TICKETS, JOBS} and spec.kept is not None)
"""How long what was decided, or may still be, can come back from a topic."""


class Outcome(Struct):
    """What was done, and what is left."""

    withdrawn: int = 0
    jobs: int = 0
    others: int = 0
    open: int = 0
    suppressions: int = 0
    shared: int = 0
    records: dict[str, int] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)
    mails: int = 0
    is_erased: bool = True
    is_running: bool = False

    @property
    def is_incomplete(self) -> bool:
        """Whether it has to be done again, since something was in use."""
        return bool(self.open or any(self.unread.values()) or not self.is_erased)


def forget(places: Places, one: Known, who: str, why: str, now: datetime) -> Outcome:
    """Forget them. It may be done again, and goes on where it was cut off.

    Raises LedgerUnavailableError and DatabaseError.
    """
    done = Outcome(shared=len(one.addresses & one.shared))
    done.suppressions = _hash_suppressions(places, one, now)
    if places.data is not None:
        # Jobs that the sender has not taken in yet: it will find that it knows them.
        pending = list(_pending(places, one.person))
        for start in range(0, len(pending), AT_ONCE):
            places.ledger.accept(pending[start : start + AT_ONCE], now)
    done.withdrawn = _withdraw(places, one.person, now)
    _blank_jobs(places, one, done)
    if places.data is not None:
        _blank_log(places, one, done, now)
    for file in [*mails_of(places, one)]:
        file.unlink()
        done.mails += 1
    [written, *_] = places.pseudonyms.of_person(str(one.person))
    places.ledger.note_forgotten(Forgotten(now, written, who, one.forgetting.text(why)))
    if places.database is not None:
        done.is_erased = erase_deleted(places.database)
    return done


def _hash_suppressions(places: Places, one: Known, now: datetime) -> int:
    """Put hashes in the place of what they asked for, before that goes; says how many are kept so."""
    found = [record for record in suppressions_of(places, one) if not record.id.startswith(ID_PREFIX)]
    forgetting = one.forgetting
    kept = [made for record in found for made in hashed(record, one.own, forgetting, places.pseudonyms, now)]
    places.ledger.suppress([*kept, mark(one.person, places.pseudonyms, now, _LONGEST)], now)
    for record in found:
        places.ledger.lift(record.id, now)
    return len(kept)


def _pending(places: Places, person: PersonRef) -> Iterator[Job]:
    for record in places.records(JOBS):
        job = job_in(record)
        if job is not None and job.person == person and places.ledger.find(job.id) is None:
            yield job


def _withdraw(places: Places, person: PersonRef, now: datetime) -> int:
    waiting = frozenset(state for state in State if state not in FINISHED and state is not State.SENDING)
    number = 0
    for _ in range(_ROUNDS):
        ids = selected(places.ledger, Selection(person=person, states=waiting))
        for start in range(0, len(ids), AT_ONCE):
            reports = list(_withdrawals(places, ids[start : start + AT_ONCE]))
            number += len(reports) - len(places.ledger.record(reports, now))
        if not ids:
            break
    return number


def _withdrawals(places: Places, ids: Sequence[str]) -> Iterator[Report]:
    for job in ids:
        entry = places.ledger.find(job)
        if entry is None:
            continue
        # What may have arrived can't be withdrawn: it is stopped.
        is_unknown = entry.standing.state is State.UNKNOWN
        transition = Transition.CANCELLED if is_unknown else Transition.WITHDRAWN
        yield Report(job, entry.standing.attempt, transition, text=BY_REASON)


def _blank_jobs(places: Places, one: Known, done: Outcome) -> None:
    forgetting, after = one.forgetting, 0
    while True:
        page = places.ledger.blank(forgetting, AT_ONCE, after)
        done.jobs, done.others, done.open = done.jobs + page.own, done.others + page.others, done.open + page.open
        if page.after is None:
            return
        after = page.after


def _blank_log(places: Places, one: Known, done: Outcome, now: datetime) -> None:
    """Rewrite the records of embedded mode's log: they stay where they are, and can be read as before."""
    assert places.data is not None  # noqa: S101 - of the one who calls
    path, forgetting = database_in(places.data), one.forgetting

    def without(record: Record) -> bytes | None:
        return None if record.value is None else forgetting.value(record.value)

    def without_in_job(record: Record) -> bytes | None:
        job = job_in(record)
        if job is None or record.value is None:
            return without(record)
        if forgetting.is_theirs(job):
            return msgspec.json.encode(forgetting.job(job))
        return forgetting.context(record.value) if record.offset < taken_in else record.value

    with closing(SqliteLog(path)) as log:
        try:
            with sole_owner(places.data):
                Publisher(places.ledger, LogTopics(path, _At(now))).drain()
                log.compact(SUPPRESSIONS, now + timedelta(days=1))
        except FolderInUseError:
            done.is_running = True
        for topic in (DECISIONS, OUTCOMES, DEAD_LETTERS):
            done.records[topic] = log.rewrite(topic, without, log.end(topic))
        done.records[TICKETS] = log.rewrite(TICKETS, without, log.position(TICKETS, ENGINE_GROUP))
        done.unread[TICKETS] = sum(1 for _ in named(places.records(TICKETS), one, places))
        # Theirs are known to the ledger, whether the sender has read them or not.
        taken_in = log.position(JOBS, SENDER_GROUP)
        done.records[JOBS] = log.rewrite(JOBS, without_in_job, log.end(JOBS))


class _At(Struct, frozen=True):
    """A clock that stands."""

    moment: datetime

    def now(self) -> datetime:
        """The moment."""
        return self.moment


def told(places: Places, one: Known, done: Outcome, now: datetime) -> Iterator[str]:
    """What was done and what is left, in lines."""
    yield f"{one.person}: forgotten"
    yield f"  ledger: {done.jobs} jobs blanked, {done.withdrawn} of them withdrawn before they went out"
    if done.others:
        yield f"  ledger: {done.others} jobs of others named them, and do not any more"
    yield f"  suppressions: {done.suppressions} kept as hashes, so that they hold when the mailbox or id comes again"
    for topic, number in done.records.items():
        if number:
            yield f"  {topic}: {number} records blanked"
    if done.mails:
        yield f"  {done.mails} mails of the demo's mailbox deleted"
    yield from _left(places, one, done, now)


def _left(places: Places, one: Known, done: Outcome, now: datetime) -> Iterator[str]:
    if done.shared:
        yield f"Kept: {done.shared} of their mailboxes are others' too; what the person asked for does not hold there"
    if done.open:
        yield f"Left: {done.open} messages that are being sent at this moment: forget them again when that is done"
    yield from _left_in_topics(now) if places.data is None else _left_in_data(done)
    if places.database is None:
        yield "Left: old versions of rows until PostgreSQL's next VACUUM, and its write-ahead log and backups"
    elif not done.is_erased:
        yield "Left: the file is in use, and what was deleted can still be found in it: stop its sender, forget again"
    if one.is_in_directory:
        until = (now + _LONGEST).date().isoformat()
        yield f"Left: the directory still has {one.person}: let the platform remove them"
        yield f"Nothing goes out to them until {until}; from then on, alerts do if they are still there"
    yield "Left: mails at the relay, logs, traces and backups (docs/privacy.md)"


def _left_in_data(done: Outcome) -> Iterator[str]:
    for topic, number in done.unread.items():
        if number:
            yield f"Left: {number} records of {topic} that were not read yet: forget them again once they are"
    if done.is_running:
        yield "Left: `tocsin up` is at work; its log names lifted suppressions by their ids for two hours at most"


def _left_in_topics(now: datetime) -> Iterator[str]:
    for spec in SPECS:
        if spec.name in TOPICS and spec.kept is not None:
            until = (now + spec.kept).date().isoformat()
            yield f"Left: {spec.name} can't be changed: it keeps records for {spec.kept.days} days, until {until}"
    yield f"Left: {SUPPRESSIONS} until Kafka has compacted it, a day later at the earliest"
