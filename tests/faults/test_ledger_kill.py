"""A sender that is killed at any moment leaves a ledger that holds all that it had said was done."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.sqlite.ledger import SqliteLedger
from sender.ledger.port import Ledger
from sender.records import Selection
from sender.states import FINISHED, TABLE, State
from tests.faults.ledger_child import BATCH, batch, work
from tests.support.sender.in_memory_ledger import InMemoryLedger

KILLS = 10
Said = dict[str, set[str]]


def run_and_kill(path: Path, seed: str, lines: int) -> Said:
    """Let a child work until it has said so many things, kill it in the midst of the next, and tell what it said."""
    said: Said = defaultdict(set)
    command = [sys.executable, "-m", "tests.faults.ledger_child", str(path), seed]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(lines):
            note(said, child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        for line in child.stdout:
            # A line without its end was torn: the child had not finished saying it.
            if line.endswith("\n"):
                note(said, line)
    assert child.returncode == -signal.SIGKILL
    return said


def note(said: Said, line: str) -> None:
    what, *names = line.split()
    said[what].update(names)


def check(ledger: Ledger, said: Said) -> None:
    """Everything that was said is there, what was begun is there whole or not at all, histories follow the table.

    Each bundled job has a carrier, and each change was told.
    """
    for name in said["accepted"]:
        assert all(ledger.find(job.id) for job in batch(name)), f"event {name} was accepted and is lost"
    for job in said["delivered"]:
        entry = ledger.find(job)
        assert entry is not None
        assert entry.standing.state is State.DELIVERED, f"{job} was delivered, its state is not"
    for job in said["claimed"]:
        follow(ledger, job)
    assert sum(ledger.counts().values()) % BATCH == 0, "a batch was taken in by halves"
    check_digests_and_outbox(ledger)


def check_digests_and_outbox(ledger: Ledger) -> None:
    entries = [line.entry for line in ledger.list(Selection(), 100_000)]
    carriers = [one for one in entries if one.standing.digest and one.standing.state not in FINISHED]
    bundled = [one.job.id for one in entries if one.standing.state is State.BUNDLED]
    listed = [one.job.id for carrier in carriers for one in ledger.bundle(carrier.job.id)]
    assert sorted(listed) == sorted(bundled), "a digest was made by halves"
    changes = sum(one.standing.changes - one.standing.attempt for one in entries)
    assert len(ledger.outbox(100_000)) == changes, "a change was told twice or never"


def follow(ledger: Ledger, job: str) -> None:
    state: State | None = None
    for number, change in enumerate(ledger.history(job), start=1):
        way = TABLE[change.transition]
        assert state in way.sources or not (state or way.sources)
        assert (change.sequence, change.state) == (number, way.target)
        state = change.state
    entry = ledger.find(job)
    assert entry is not None
    assert (entry.standing.state, entry.standing.changes) == (state, len(ledger.history(job)))


def test_a_ledger_survives_being_killed_at_any_moment(tmp_path: Path) -> None:
    path, chance = tmp_path / "tocsin.db", random.Random(7)
    said: Said = defaultdict(set)
    for kill in range(KILLS):
        for what, names in run_and_kill(path, f"s{kill}", chance.randint(1, 60)).items():
            said[what] |= names
        with closing(SqliteLedger(path)) as ledger:
            check(ledger, said)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert len(said["accepted"]) > KILLS
    assert said["storms"] - {"0"}, "no storm ended"
    assert said["delivered"]


class Killed(Exception):  # noqa: N818 - no error, but the end of a child that is made up
    pass


@pytest.mark.parametrize("lost", ["accepted", "delivered", "told"])
def test_the_check_sees_what_was_lost(lost: str) -> None:
    ledger, said = InMemoryLedger(), defaultdict[str, set[str]](set)

    def say(line: str) -> None:
        note(said, line)
        if len(said["delivered"]) > 20:
            raise Killed

    with pytest.raises(Killed):
        work(ledger, "s", say)
    check(ledger, said)
    victim = sorted(said["delivered"])[3]
    if lost == "accepted":
        del ledger.jobs[victim]
    elif lost == "told":
        del ledger.records[len(said["delivered"])]
    else:
        kept = ledger.jobs[victim]
        kept.entry = replace(kept.entry, standing=replace(kept.entry.standing, state=State.SENDING))
    with pytest.raises(AssertionError):
        check(ledger, said)
