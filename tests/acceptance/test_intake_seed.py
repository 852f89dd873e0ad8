"""`tocsin intake seed`: what a helpdesk's export tells is known before the first post, and alerts nobody."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.ticket_states import SqliteTicketStates
from engine.stages.s1_triggers import raised_triggers
from intake.acceptance import Acceptance, Accepted, Delivery
from schemas.event import read_event
from schemas.topics import TICKETS
from tests.intake.posts import SOURCE, START, TICKET, Post, post, whole
from tests.support.engine_on_fakes import Still
from tests.support.intake.in_memory_sink import InMemoryEventSink
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in


def seed(folder: Path, *lines: Any, expect: int = 0, options: tuple[str, ...] = ()) -> Result:
    export = folder / "export.jsonl"
    export.write_text("".join(f"{json.dumps(one)}\n" for one in lines), encoding="utf-8")
    command = ["intake", "seed", str(export), "--data", str(folder), *options]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result


def line(**ticket: Any) -> dict[str, Any]:
    return {"source": SOURCE, "time": START.isoformat(), "ticket": whole(**ticket)}


def raised(folder: Path, one: Post) -> set[str]:
    """What a post raises after the export was read."""
    with closing(SqliteTicketStates(database_in(folder))) as states:
        acceptance = Acceptance(states, InMemoryEventSink(), Still(datetime.now(UTC)))
        answer = acceptance.webhook(Delivery(b"", lambda: one.observation, SOURCE, one.delivery))
        assert isinstance(answer, Accepted)
    with closing(SqliteLog(database_in(folder))) as log:
        [record] = log.read(TICKETS)
    return {one.value for one in raised_triggers(read_event(record.value or b"", START))}


def test_the_first_post_after_it_is_compared_with_it(tmp_path: Path) -> None:
    said = seed(tmp_path, line(contract=None), line(id="T-2")).stdout
    assert said == "2 tickets read, 2 states kept, 0 were known as new\n"
    assert raised(tmp_path, post(5, whole(contract="C-7", status="solved"))) == {"opened", "status_changed"}


def test_without_it_a_first_sight_means_nothing(tmp_path: Path) -> None:
    seed(tmp_path, line(id="T-2"))
    assert raised(tmp_path, post(5, whole(status="solved"))) == set()


def test_it_may_be_read_twice_and_puts_no_event_into_the_log(tmp_path: Path) -> None:
    seed(tmp_path, line())
    assert "0 states kept, 1 were known as new" in seed(tmp_path, line(status="other")).stdout
    with closing(SqliteLog(database_in(tmp_path))) as log:
        assert log.read(TICKETS) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (line(id=None), "data.ticket.id"),
        (line(status=["x"]), "data.ticket.status"),
        ({"source": SOURCE, "time": "yesterday", "ticket": whole()}, "time"),
        ({"source": SOURCE, "ticket": whole()}, "time"),
        ({**line(), "tickets": 1}, "tickets"),
        (7, "export.jsonl:2"),
    ],
)
def test_a_line_that_is_refused_is_named_and_the_others_are_kept(tmp_path: Path, wrong: Any, words: str) -> None:
    result = seed(tmp_path, line(), wrong, line(id="T-2"), expect=1)
    assert "export.jsonl:2: " in result.stderr
    assert words in result.stderr
    assert "2 states kept" in result.stdout
    assert "1 lines refused" in result.stdout


def test_a_mapping_reads_lines_as_bodies_of_posts(tmp_path: Path) -> None:
    mapping = tmp_path / "desk.yaml"
    fields = ", ".join(f"{name}: $.{name}" for name in whole() if name != "id")
    mapping.write_text(f"source: {SOURCE}\ntime: $.saved\nticket: {{id: $.number, {fields}}}\n", encoding="utf-8")
    body = {**whole(), "number": TICKET, "saved": START.isoformat()}
    said = seed(tmp_path, body, {"saved": START.isoformat()}, expect=1, options=("--as", str(mapping)))
    assert "1 states kept" in said.stdout
    assert "ticket.id" in said.stderr
    assert raised(tmp_path, post(5, whole(status="solved"))) == {"status_changed"}
