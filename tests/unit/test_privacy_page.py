"""docs/privacy.md names every place where something is kept of a person, with the time for which the code keeps it."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.kafka.topics import TOPICS, TopicSpec
from adapters.sqlite.database import open_database
from intake.ports import Retention as IntakeRetention
from outcomes.posting import KEPT_FOR as POSTS_KEPT_FOR
from sender.ledger.port import Retention
from tests.support.documents.pages import prose
from tocsin.config.settings.declared.history import KEPT as HISTORY_KEPT
from tocsin.services.embedded.service import KEPT_FOR, TOMBSTONES_KEPT

PAGE = Path(__file__).parents[2] / "docs" / "privacy.md"
ROWS: list[tuple[str, str, str]] = re.findall(
    r"^\| (.+?) \| (.+?) \| (.+?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE
)


def kept(place: str) -> str:
    """The time that the row of this place names."""
    [found] = [time for name, _, time in ROWS if place in name]
    return found


def days(time: timedelta) -> str:
    return f"{time.days} days"


@pytest.mark.parametrize("spec", TOPICS, ids=lambda spec: spec.name)
def test_each_topic_is_there_with_its_time(spec: TopicSpec) -> None:
    named = kept(f"topic `{spec.name}`")
    assert spec.kept is None or named == days(spec.kept)


def test_each_table_of_the_ledger_is_there(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "tocsin.db")) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    own = {name for name in tables if not name.startswith(("sqlite_", "log_"))}
    assert "jobs" in own
    ledger = " ".join(name for name, _, _ in ROWS if name.startswith(("ledger", "intake", "history")))
    assert {name for name in own if f"`{name}`" not in ledger} == set()


def test_the_times_of_ledger_and_log_are_those_of_the_code() -> None:
    retention, of_intake = Retention(), IntakeRetention()
    assert kept("intake: `deliveries`").startswith(days(of_intake.deliveries))
    assert kept("intake: `ticket_states`").startswith(days(of_intake.states))
    assert days(retention.finished) in kept("`jobs`")
    assert days(retention.finished) in kept("ledger: `suppressions`")
    assert days(retention.finished) in kept("ledger: `storms`")
    assert kept("ledger: `once_keys`").startswith(days(retention.once))
    assert kept("history: `decisions`").startswith(days(HISTORY_KEPT))
    assert kept("history: `decided_tickets`").startswith(days(HISTORY_KEPT))
    assert days(KEPT_FOR) in kept("log of embedded mode")
    assert "an hour" in kept("log of embedded mode")
    assert timedelta(hours=1) == TOMBSTONES_KEPT
    assert days(retention.finished) in prose(PAGE)
    assert kept("ledger: `outcome_posts`").startswith(days(POSTS_KEPT_FOR))
