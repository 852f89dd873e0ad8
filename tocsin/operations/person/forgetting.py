"""Forgets a person wherever something can be changed, and says what stays where it can't, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import msgspec
from msgspec import Struct, field

from adapters.kafka.topics import TOPICS as SPECS
from adapters.sqlite.erasing import erase_deleted
from adapters.sqlite.event_log import SqliteLog
from schemas.job import Job, PersonRef
from schemas.log import Record
from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS, OUTCOMES, SUPPRESSIONS, TICKETS
from sender.ledger.operator_actions import selected
from sender.privacy.forgetting import BY_REASON, ID_PREFIX, Blanked, Forgetting, Forgotten, hashed, mark
from sender.publisher import Publisher
from sender.records import Report, Selection
from sender.states import FINISHED, State, Transition
from tocsin.config.data_folder import database_in
from tocsin.config.groups import ENGINE_GROUP, SENDER_GROUP
from tocsin.operations.person.finding import Known, job_in, mails_of, named, suppressions_of
from tocsin.operations.person.places import AT_ONCE, Places
from tocsin.services.embedded.data_folder import FolderInUseError, LogTopics, sole_owner

_ROUNDS: Final = 3
"""Withdrawing the carrier of a digest holds what it lists, which is withdrawn in the next round."""

_NOTED: Final = 1_000

LONGEST: Final = max(spec.kept for spec in SPECS if spec.name in {TICKETS, JOBS} and spec.kept is not None)
"""How long a job, or an event that leads to one, can come back from a topic."""


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
    posts: int = 0
    history: int = 0
    is_of_id_alone: bool = False
    is_erased: bool = True
    is_running: bool = False

    @property
    def has_changed(self) -> bool:
        """Whether there was anything to forget."""
        changed = (self.withdrawn, self.jobs, self.others, self.suppressions, self.mails, self.posts, self.history)
        return any((*changed, *self.records.values()))

    @property
    def is_incomplete(self) -> bool:
        """Whether it has to be done again, since something was in use."""
        return bool(self.open or any(self.unread.values()) or not self.is_erased)


def forget(places: Places, one: Known, who: str, why: str, now: datetime) -> Outcome:
    """Forget them. It may be done again, and goes on where it was cut off.

    Raises LedgerUnavailableError and DatabaseError.
    """
    done = Outcome(shared=len(one.shared))
    done.suppressions, done.is_of_id_alone = _hash_suppressions(places, one, now)
    if places.data is not None:
        # Jobs that the sender has not taken in yet are accepted here, so that they are withdrawn too. When the sender
        # reads them, it finds that the ledger knows them.
        pending = _pending(places, one.person)
        while jobs := list(islice(pending, AT_ONCE)):
            places.ledger.accept(jobs, now)
    done.withdrawn = _withdraw(places, one.person, now)
    for file in [file for file, _ in mails_of(places, one)]:
        file.unlink()
        done.mails += 1
    # Their own jobs come last: a run that goes on where this one was cut off reads in them by what they are known.
    done.others = _blank_jobs(places, one.sparing_own).others
    done.posts = places.posts.rewrite(one.forgetting.value)
    if places.data is not None:
        _blank_log(places, one, done, now)
    # Once the log has been blanked, from which it is filled.
    done.history = _blank_history(places, one)
    own = _blank_jobs(places, one.forgetting)
    done.jobs, done.open = own.own, own.open
    [written, *_] = places.pseudonyms.of_person(str(one.person))
    # Noted once: whoever is forgotten again, without anything left, keeps the first date.
    if done.has_changed or noted(places, one.person) is None:
        places.ledger.note_forgotten(Forgotten(now, written, who, one.forgetting.text(why)))
    if places.database is not None:
        done.is_erased = erase_deleted(places.database)
    return done


def _hash_suppressions(places: Places, one: Known, now: datetime) -> tuple[int, bool]:
    """Put hashes in the place of what they asked for, before that goes.

    Says how many are kept so, and whether one is of their id alone, since no address is known. What stands for a
    mailbox that others have too stays as it is.
    """
    forgetting = one.forgetting
    found = [
        record
        for record in suppressions_of(places, one)
        if (record.reason != BY_REASON if record.id.startswith(ID_PREFIX) else forgetting.is_subject(record))
    ]
    kept = [made for record in found for made in hashed(record, one.own, forgetting, places.pseudonyms, now)]
    number = places.ledger.suppress(kept, now)
    places.ledger.suppress([mark(one.person, places.pseudonyms, now, LONGEST)], now)
    for record in found:
        if not record.id.startswith(ID_PREFIX):
            places.ledger.lift(record.id, now)
    channels = {address.channel for address in one.addresses}
    of_person = [record for record in found if record.person]
    return number, any(
        not channels if record.channel is None else record.channel not in channels for record in of_person
    )


def noted(places: Places, person: PersonRef) -> Forgotten | None:
    """When this person was forgotten last; None where they never were."""
    hashes = places.pseudonyms.of_person(str(person))
    return next((one for one in places.ledger.forgotten(_NOTED) if one.person in hashes), None)


def was_begun(places: Places, person: PersonRef) -> bool:
    """Whether somebody has begun to forget this person, or has done so."""
    hashes = set(places.pseudonyms.of_person(str(person)))
    if noted(places, person) is not None:
        return True
    begun = (next(iter(places.ledger.suppressions(1, (ID_PREFIX + one)[:-1])), None) for one in hashes)
    return any(record is not None and record.person_hash in hashes for record in begun)


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
            # `record` gives back what changed nothing, such as a job that a sender has claimed meanwhile.
            number += len(reports) - len(places.ledger.record(reports, now))
        if not ids:
            break
    return number


def _withdrawals(places: Places, ids: Sequence[str]) -> Iterator[Report]:
    for job in ids:
        entry = places.ledger.find(job)
        if entry is None:
            continue
        # A message that may have arrived can't be withdrawn any more; further tries are stopped.
        is_unknown = entry.standing.state is State.UNKNOWN
        transition = Transition.CANCELLED if is_unknown else Transition.WITHDRAWN
        yield Report(job, entry.standing.attempt, transition, text=BY_REASON)


def _blank_jobs(places: Places, forgetting: Forgetting) -> Blanked:
    """Blank all jobs, page by page; says how many there were in all."""
    own, others, still_open = 0, 0, 0
    after: int | None = 0
    while after is not None:
        # Page by page, so that no transaction holds up the senders for long.
        page = places.ledger.blank(forgetting, AT_ONCE, after)
        own, others, still_open, after = own + page.own, others + page.others, still_open + page.open, page.after
    return Blanked(None, own, others, still_open)


def _blank_history(places: Places, one: Known) -> int:
    forgetting, changed, reached = one.forgetting, 0, None
    # A batch that was read before the log was blanked may be kept meanwhile: it moves the positions.
    while reached != (now := places.history.positions()):
        reached = now
        changed += places.history.rewrite(one.person, forgetting.value, forgetting.text)
    return changed


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
                # Outcomes that still wait in the outbox would reach the log after it was blanked.
                Publisher(places.ledger, LogTopics(path, _At(now))).drain()
                log.compact(SUPPRESSIONS, now + timedelta(days=1))
        except FolderInUseError:
            done.is_running = True
        for topic in (DECISIONS, OUTCOMES, DEAD_LETTERS):
            done.records[topic] = log.rewrite(topic, without, log.end(topic))
        done.records[TICKETS] = log.rewrite(TICKETS, without, log.position(TICKETS, ENGINE_GROUP))
        done.unread[TICKETS] = sum(1 for _ in named(places.records(TICKETS), one, places))
        # Jobs of the person are in the ledger by now, whether the sender has read them or not; those of others are not.
        taken_in = log.position(JOBS, SENDER_GROUP)
        done.records[JOBS] = log.rewrite(JOBS, without_in_job, log.end(JOBS))


class _At(Struct, frozen=True):
    """A clock that stands."""

    moment: datetime

    def now(self) -> datetime:
        """The moment."""
        return self.moment
