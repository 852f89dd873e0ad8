"""A file of an older version: its jobs go on as if they had always been kept in the present way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from adapters.sql_ledger.migrations import scripts_of
from adapters.sql_ledger.moments import to_micros
from adapters.sqlite import database
from adapters.sqlite.ledger import SqliteLedger
from schemas.job import Job
from schemas.vocabulary import Trigger
from sender.ledger.claimable import Claimable
from sender.records import Report, Selection, lane_of
from sender.states import FINISHED, Hold, State, Transition
from sender.storms.storm import StormPolicy
from tests.support.sender import respelled_ledger
from tests.support.sender.fakes import START, a_job

HOUR = timedelta(hours=1)
STORM = StormPolicy(limit=3)
OPENED = {"trigger": Trigger.OPENED, "once": "k"}

SAVED = [
    (a_job("e-1", **OPENED), State.DELIVERED),  # type: ignore[arg-type]
    (a_job("e-2", otherwise=Trigger.STATUS_CHANGED, **OPENED), State.QUEUED),  # type: ignore[arg-type]
    (a_job("e-3", **OPENED), State.DROPPED),  # type: ignore[arg-type]
    (a_job("e-4", address=" Zoe@ACME.example", customer="acme"), State.HELD),
]
"""Jobs of one ticket and mailbox, and how they stood in the file of the older version."""

JOBS = """
    INSERT INTO jobs (id, lane, open, head, state, due, expires, diverted, attempt, unknowns, faults, changes, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 2, ?) RETURNING seq
"""
CHANGES = """
    INSERT INTO job_changes (job, sequence, at, transition, state, attempt) VALUES (?, ?, ?, 'accepted', 'queued', 0)
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as the second version of its tables left it."""
    path = tmp_path / "tocsin.db"
    older = scripts_of("adapters.sqlite")[:2]
    with monkeypatch.context() as patch:
        patch.setattr(database, "scripts_of", lambda _: older)
        with closing(database.open_database(path)) as connection, database.transaction(connection):
            for number, (job, state) in enumerate(SAVED):
                keep(connection, job, state, START + number * HOUR)
    return path


def keep(connection: sqlite3.Connection, job: Job, state: State, at: object) -> None:
    is_open = state not in FINISHED
    due = to_micros(START) if state is State.QUEUED else None
    moments = (due, to_micros(job.expires))
    diverted = job.otherwise is not None
    row = (job.id, lane_of(job), is_open, due is not None, state.value, *moments, diverted, msgspec.json.encode(job))
    [(seq,)] = connection.execute(JOBS, row).fetchall()
    micros = to_micros(at)  # type: ignore[arg-type]
    connection.executemany(CHANGES, [(seq, 1, micros), (seq, 2, micros + 60_000_000)])


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(path)) as ledger:
        yield ledger


def test_every_job_is_still_there_and_stands_as_it_did(ledger: SqliteLedger) -> None:
    for job, state in SAVED:
        entry = ledger.find(job.id)
        assert entry is not None
        assert (entry.job, entry.standing.state) == (job, state)
        assert entry.standing.hold is (Hold.PERSON if state is State.HELD else None)
    assert list(ledger.outbox(10)) == []


def test_a_lane_goes_on_where_it_was(ledger: SqliteLedger) -> None:
    ledger.accept([a_job("e-9")], START)
    [claimed] = ledger.claim(START, 10, HOUR, Claimable(not_domains={"rival.example"}))
    assert claimed.job == SAVED[1][0]
    ledger.record([Report(claimed.job.id, 1, Transition.DELIVERED)], START)
    assert ledger.claim(START, 10, HOUR) == []
    ledger.record([Report(SAVED[3][0].id, 0, Transition.RELEASED, START)], START)
    assert [entry.job for entry in ledger.claim(START, 10, HOUR)] == [SAVED[3][0]]


def test_what_had_come_counts_for_a_storm_unless_it_was_dropped(ledger: SqliteLedger) -> None:
    late = replace(a_job("e-8"), context=replace(SAVED[0][0].context, saved_at=START + STORM.window))
    ledger.accept([late, a_job("e-9")], START, STORM)
    holds = [entry and entry.standing.hold for entry in (ledger.find(late.id), ledger.find(a_job("e-9").id))]
    assert holds == [None, Hold.STORM]


def test_its_jobs_are_listed_by_whatever_is_known_of_them(ledger: SqliteLedger) -> None:
    ids = [job.id for job, _ in reversed(SAVED)]
    assert [line.entry.job.id for line in ledger.list(Selection(), 9)] == ids
    found = ledger.list(Selection(ticket="T-1", person=SAVED[0][0].person, since=START + HOUR), 9)
    assert [line.entry.job.id for line in found] == ids[:-1]
    assert (found[0].accepted, found[0].changed) == (START + 3 * HOUR, START + 3 * HOUR + HOUR / 60)
    assert [line.entry.job.id for line in ledger.list(Selection(customer="acme"), 9)] == ids[:1]
    assert [line.entry.job.id for line in ledger.list(Selection(template="external/opened"), 9)] == [ids[1], ids[3]]


def test_what_avoids_a_domain_avoids_its_old_jobs(ledger: SqliteLedger) -> None:
    assert ledger.claim(START, 10, HOUR, Claimable(not_domains={"acme.example"})) == []


def test_a_file_is_brought_up_to_date_whole_or_not_at_all(path: Path) -> None:
    """A body that can't be read stops it, and the older version can still use the file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE jobs SET body = x'7b7d' WHERE seq = 2")
        connection.commit()
    with pytest.raises(sqlite3.OperationalError):
        SqliteLedger(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        columns = {row[1] for row in connection.execute("PRAGMA table_info(jobs)")}
    assert "recipient" not in columns


def test_what_was_kept_under_two_spellings_of_a_mailbox_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tocsin.db"
    before = scripts_of("adapters.sqlite")[: database._MAILBOXES - 1]
    with monkeypatch.context() as patch, respelled_ledger.older_mailboxes(monkeypatch):
        patch.setattr(database, "scripts_of", lambda _: before)
        with closing(SqliteLedger(path)) as older:
            respelled_ledger.fill(older)
    with closing(SqliteLedger(path)) as ledger:
        respelled_ledger.check(ledger)
