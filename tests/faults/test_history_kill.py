"""The filler of a history is killed again and again, between any two of its statements: nothing is lost or doubled."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.history import SqliteHistory
from history.ports import Choice, Part
from schemas.log import NewRecord
from schemas.topics import DECISIONS, TICKETS
from tests.support.helpdesk.files import created
from tests.support.history.made_decisions import ZOE, decided, not_told, told

CHILD = Path(__file__).parent / "history_child.py"
ROOT = Path(__file__).parents[2]
SAVES = 90


def a_log(path: Path) -> None:
    with closing(SqliteLog(path)) as log:
        for number in range(SAVES):
            decision = msgspec.json.encode(decided(told(ZOE, "a"), not_told(), ticket=f"T-{number}"))
            event = msgspec.json.encode(created(number, title=f"printer {number}"))
            log.append([NewRecord(TICKETS, None, event), NewRecord(DECISIONS, None, decision)], datetime.now(UTC))


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_killed_at_any_moment(tmp_path: Path, kills: int) -> None:
    path = tmp_path / "tocsin.db"
    a_log(path)
    rng = random.Random(kills)
    for _ in range(kills):
        with subprocess.Popen([sys.executable, str(CHILD), str(path)], stdout=subprocess.PIPE, cwd=ROOT) as child:
            assert child.stdout is not None
            # From the first batch on, so that each kill meets it at work.
            child.stdout.readline()
            time.sleep(rng.uniform(0, 0.02))
            child.kill()
    subprocess.run([sys.executable, str(CHILD), str(path)], stdout=subprocess.DEVNULL, cwd=ROOT, check=True)
    now = datetime.now(UTC) + timedelta(hours=1)
    with closing(SqliteHistory(path)) as history:
        kept = [one.decision.ticket for one in history.decisions(Choice(person=ZOE), SAVES + 1)]
        assert kept == [f"T-{number}" for number in reversed(range(SAVES))]
        assert len(history.tickets_with("printer", SAVES + 1).items) == SAVES
        assert sum(one.alerts for one in history.hours(now - timedelta(days=2), now)) == SAVES
        assert [one.decisions for one in history.rules(now - timedelta(days=2), now)] == [SAVES]
        assert history.positions() == {Part(TICKETS, 0): SAVES, Part(DECISIONS, 0): SAVES}
