"""`tocsin outcomes`: what waits, since when and why, and what a person can do about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.sqlite.ledger import SqliteLedger
from adapters.sqlite.outcome_posts import SqliteOutcomePosts
from outcomes.ports import Disabled, PostState, Selection
from tests.contract.outcome_post_promises import LEASE, a_post, hear
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in


@pytest.fixture
def posts(tmp_path: Path) -> Iterator[SqliteOutcomePosts]:
    """Of four posts one waits, one was delivered and one given up; another endpoint is disabled."""
    SqliteLedger(database_in(tmp_path)).close()
    with closing(SqliteOutcomePosts(database_in(tmp_path))) as made:
        now = datetime.now(UTC)
        old = now - timedelta(days=4)
        made.keep([a_post("old", "T-1")], (), hear, old)
        made.give_up(old, now)
        made.keep([a_post("done", "T-2"), a_post("waits", "T-3")], (), hear, now - timedelta(hours=2))
        made.keep([a_post("other", "T-4", "other")], (), hear, now)
        done, waits = made.take("desk", now, 2, LEASE)
        made.answered(done, "HTTP 204", now, None)
        made.answered(waits, "HTTP 404", now, now + timedelta(hours=5))
        made.disable(Disabled("other", "place", now, "HTTP 410"))
        yield made


def run(folder: Path, *arguments: str, expect: int = 0) -> Result:
    result = CliRunner().invoke(app, ["outcomes", *arguments, "--data", str(folder)])
    assert result.exit_code == expect, result.output
    return result


def states(posts: SqliteOutcomePosts) -> dict[str, PostState]:
    return {one.id: one.state for one in posts.list(Selection(), 10)}


def test_a_list_says_what_waits_since_when_and_why(posts: SqliteOutcomePosts, tmp_path: Path) -> None:
    lines = run(tmp_path, "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["msg_other", "msg_waits", "msg_done", "msg_old"]
    assert "waiting  job.delivered of T-3 to desk  1 try  (HTTP 404; next try" in lines[1]
    assert run(tmp_path, "list", "--state", "given_up").stdout.startswith("msg_old")
    assert [json.loads(line)["id"] for line in run(tmp_path, "list", "--json", "--ticket", "T-2").stdout.splitlines()]
    assert "1 posts, perhaps more" in run(tmp_path, "list", "--limit", "1").stderr


def test_a_post_is_shown_with_what_it_says(posts: SqliteOutcomePosts, tmp_path: Path) -> None:
    posts.rewrite(lambda _: b'{"type":"job.delivered"}')
    assert run(tmp_path, "show", "msg_waits").stdout.splitlines()[1] == '{"type":"job.delivered"}'
    assert "there is no such post" in run(tmp_path, "show", "msg_none", expect=1).output


def test_endpoints_are_told_apart(posts: SqliteOutcomePosts, tmp_path: Path) -> None:
    desk, other = run(tmp_path, "endpoints").stdout.splitlines()
    assert desk == "desk:  1 wait, the oldest came 2 h ago  1 given up"
    assert other.startswith("other:  1 wait")
    assert "(HTTP 410): tocsin outcomes enable other" in other
    assert json.loads(run(tmp_path, "endpoints", "--json").stdout.splitlines()[0])["given_up"] == 1


def test_what_was_given_up_goes_out_again(posts: SqliteOutcomePosts, tmp_path: Path) -> None:
    assert "these are 2 posts: say --yes" in run(tmp_path, "resend", "--endpoint", "desk", expect=1).output
    run(tmp_path, "resend", "--endpoint", "desk", "--yes")
    assert states(posts) == {
        "msg_other": PostState.WAITING,
        "msg_waits": PostState.WAITING,
        "msg_done": PostState.DELIVERED,
        "msg_old": PostState.WAITING,
    }
    assert len(posts.take("desk", datetime.now(UTC), 9, LEASE)) == 2
    assert "go out again" in run(tmp_path, "resend", "msg_done").stdout
    assert "there is no such post" in run(tmp_path, "resend", "msg_none", expect=1).output
    run(tmp_path, "resend", expect=2)


def test_an_endpoint_is_enabled_again(posts: SqliteOutcomePosts, tmp_path: Path) -> None:
    run(tmp_path, "enable", "other")
    assert posts.disabled() == []
    assert "it is not disabled" in run(tmp_path, "enable", "other", expect=1).output
