"""`tocsin history`: filled by hand, and read anew, from the log of a data folder."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from adapters.sql_ledger.moments import to_micros
from adapters.sqlite.database import open_database
from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.history import SqliteHistory
from history.ports import Choice
from schemas.log import NewRecord
from schemas.topics import DECISIONS
from tests.support.history.made_decisions import decided, told
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in

NOW, DAY = datetime.now(UTC), timedelta(days=1)


def run(*arguments: object, expect: int = 0) -> Result:
    result = CliRunner().invoke(app, ["history", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A log of five decisions, one a day, and a record that is none."""
    with closing(SqliteLog(database_in(tmp_path))) as log:
        for number in range(5):
            value = msgspec.json.encode(decided(told(), ticket=f"T-{number}"))
            log.append([NewRecord(DECISIONS, None, value)], NOW - (5 - number) * DAY)
        log.append([NewRecord(DECISIONS, None, b"{}")], NOW)
    return tmp_path


def tickets(data: Path) -> list[str]:
    with closing(SqliteHistory(database_in(data))) as history:
        return [one.decision.ticket for one in history.decisions(Choice(), 10)]


def test_what_waits_is_kept_once(data: Path) -> None:
    first = run("fill", "--data", data)
    assert "5 decisions kept, of 6 records" in first.output
    assert "1 records of the topic of decisions are none" in first.output
    assert "0 decisions kept, of 0 records" in run("fill", "--data", data).output
    assert tickets(data) == [f"T-{number}" for number in (4, 3, 2, 1, 0)]


def test_all_is_read_anew_but_for_what_the_log_has_forgotten(data: Path) -> None:
    run("fill", "--data", data)
    with closing(SqliteLog(database_in(data))) as log:
        log.prune([DECISIONS], NOW - 3.5 * DAY)
    with closing(open_database(database_in(data))) as database:
        database.execute("UPDATE decisions SET ticket = 'wrong'")
        database.execute("UPDATE decision_counts SET number = 7 WHERE starts > ?", (to_micros(NOW - 2.5 * DAY),))
    asked = run("rebuild", "--data", data, expect=1)
    assert "say --yes" in asked.output
    assert "3 decisions since" in (done := run("rebuild", "--data", data, "--yes").output)
    assert "3 decisions kept" in done
    with closing(SqliteHistory(database_in(data))) as history:
        assert len(history.decisions(Choice(), 10)) == 5
        assert [len(history.of_ticket("/helpdesk", f"T-{number}", 9)) for number in range(5)] == [0, 0, 1, 1, 1]
        assert sum(hour.decisions for hour in history.hours(NOW - 9 * DAY, NOW)) == 5


def test_where_nothing_is_kept_it_is_said(tmp_path: Path) -> None:
    assert "there is no ledger" in run("fill", "--data", tmp_path, expect=3).output
    SqliteLog(database_in(tmp_path)).close()
    assert "no decision" in run("rebuild", "--data", tmp_path, "--yes", expect=1).output
    assert "0 decisions kept" in run("fill", "--data", tmp_path).output
    run("fill", expect=2)
