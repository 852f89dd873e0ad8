"""Says what was done when a person was forgotten, what is left of them, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from adapters.files.kept_files import FOLDER as KEPT
from adapters.files.kept_files import MAX_INDEX_BYTES
from adapters.files.opening import read_bounded
from adapters.kafka.topics import TOPICS as SPECS
from schemas.topics import SUPPRESSIONS
from sender.privacy.forgetting import Forgetting
from tocsin.operations.person.finding import TOPICS, Known
from tocsin.operations.person.forgetting import LONGEST, Outcome
from tocsin.operations.person.places import Places


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
    if done.posts:
        yield f"  posts: {done.posts} states of tickets, deliveries and posts to helpdesks blanked"
    if done.history:
        yield f"  history: {done.history} decisions and titles of tickets blanked"
    if done.mails:
        yield f"  {done.mails} mails of the demo's mailbox deleted"
    yield from _left(places, one, done, now)


def _left(places: Places, one: Known, done: Outcome, now: datetime) -> Iterator[str]:
    if done.shared:
        yield f"Kept: {done.shared} of their mailboxes are others' too; what the person asked for does not hold there"
    if done.is_of_id_alone:
        yield (
            "Left: no address of theirs is known, so that what they asked for holds for this id alone, and not for "
            "their mailbox under another: forget them again with --address"
        )
    if done.open:
        yield f"Left: {done.open} messages that are being sent at this moment: forget them again when that is done"
    yield from _left_in_topics(now) if places.data is None else _left_in_data(places.data, one, done)
    if places.database is None:
        yield "Left: old versions of rows until PostgreSQL's next VACUUM, and its write-ahead log and backups"
    elif not done.is_erased:
        yield "Left: the file is in use, and what was deleted can still be found in it: stop its sender, forget again"
    if one.is_in_directory:
        until = (now + LONGEST).date().isoformat()
        yield f"Left: the directory still has {one.person}: let the platform remove them"
        yield f"Nothing goes out to them until {until}; from then on, alerts do if they are still there"
    yield "Left: mails at the relay, logs, traces and backups (docs/privacy.md)"


def _left_in_data(data: Path, one: Known, done: Outcome) -> Iterator[str]:
    # As long as the directory has the person, its copies have them too, and that is said below.
    if not one.is_in_directory and _is_in_copies(data / KEPT, one.forgetting):
        yield f"Left: copies of the directory's files in {KEPT}, until `tocsin up` has read those without them"
    for topic, number in done.unread.items():
        if number:
            yield f"Left: {number} records of {topic} that were not read yet: forget them again once they are"
    if done.is_running:
        yield "Left: `tocsin up` is at work; its log names lifted suppressions by their ids for two hours at most"


def _is_in_copies(folder: Path, forgetting: Forgetting) -> bool:
    for file in folder.glob("*") if folder.is_dir() else ():
        with suppress(OSError):
            content = read_bounded(file, MAX_INDEX_BYTES, folder)
            if forgetting.value(content) != content:
                return True
    return False


def _left_in_topics(now: datetime) -> Iterator[str]:
    for spec in SPECS:
        if spec.name in TOPICS and spec.kept is not None:
            until = (now + spec.kept).date().isoformat()
            yield f"Left: {spec.name} can't be changed: it keeps records for {spec.kept.days} days, until {until}"
    yield f"Left: {SUPPRESSIONS} until Kafka has compacted it, a day later at the earliest"
