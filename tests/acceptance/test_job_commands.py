"""What an operator does with jobs, suppressions and pauses, on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import time_machine
from typer.testing import CliRunner, Result

from adapters.postgres.ledger import PostgresLedger
from tests.support.sender.operated_ledger import BURIED, DELIVERED, FAILED, NOW, PAUSED, fill, filled
from tocsin.cli.app import app


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """The options that name a ledger with jobs of every kind."""
    if request.param == "sqlite":
        yield ["--data", str(filled(tmp_path / "data"))]
        return
    url = request.getfixturevalue("postgres_url")
    with closing(PostgresLedger(url)) as ledger:
        fill(ledger)
    yield ["--ledger", url]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """One that nothing is done to."""
    return ["--data", str(filled(tmp_path_factory.mktemp("data")))]


def run(*arguments: str, expect: int = 0) -> Result:
    with time_machine.travel(NOW, tick=False):
        result = CliRunner().invoke(app, arguments)
    assert result.exit_code == expect, result.output
    return result


def listed(place: list[str], *filters: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("jobs", "list", *place, "--json", *filters).stdout.splitlines()]


def ids(place: list[str], *filters: str) -> set[str]:
    return {one["job"] for one in listed(place, *filters)}


FOUND = [
    (["--state", "failed"], {FAILED}),
    (["--state", "failed", "--state", "delivered"], {FAILED, DELIVERED, *BURIED[:2]}),
    (["--hold", "storm"], {*BURIED[2:]}),
    (["--hold", "paused"], {PAUSED}),
    (["--ticket", "T-1042"], {FAILED, DELIVERED}),
    (["--ticket", "T-1042", "--person", "contact/ct-2"], {DELIVERED}),
    (["--customer", "acme-lab"], {PAUSED}),
    (["--template", "external/closed", "--state", "failed"], {FAILED}),
    (["--template", "external/opened"], set()),
    (["--since", "2026-03-02T09:15:01Z"], set()),
    (["--until", "2026-03-02T10:15:01+01:00", "--state", "failed"], {FAILED}),
    (["--person", "collaborator/ct-2"], set()),
    (["--limit", "1"], {BURIED[4]}),
]
"""Filters, and the jobs that they let through."""


def test_jobs_are_found_by_what_is_known_of_them(place: list[str]) -> None:
    for filters, expected in FOUND:
        assert ids(place, *filters) == expected, filters


def test_a_failed_delivery_shows_the_servers_own_words_and_who_was_told_why(place: list[str]) -> None:
    shown = run("jobs", "show", FAILED, *place).stdout
    assert "refused → failed          attempt 1    550 5.1.1 <zoe@acme.example>: Recipient address rejected" in shown
    assert "to contact/ct-1 (contacts) by email: zoe@acme.example" in shown
    assert "because of product.contacts: product-contacts" in shown
    assert "550 5.1.1" in run("jobs", "list", *place, "--state", "failed").stdout


def test_texts_are_shown_only_where_they_are_asked_for(place: list[str]) -> None:
    secret = "Since this morning"
    for output in ([], ["--json"]):
        assert secret not in run("jobs", "show", FAILED, *place, *output).output
        assert secret in run("jobs", "show", FAILED, *place, *output, "--text").stdout
    assert secret not in run("jobs", "list", *place, "--json").output
    assert "zoe@acme.example" not in json.dumps([{**one, "text": None} for one in listed(place)])


def test_what_is_shown_as_json_holds_each_change(place: list[str]) -> None:
    shown = json.loads(run("jobs", "show", FAILED, *place, "--json").stdout)
    assert [change["transition"] for change in shown["changes"]] == ["accepted", "claimed", "refused"]
    assert shown["changes"][2]["code"] == 550
    assert shown["standing"]["state"] == "failed"
    assert shown["categories"] == ["product.contacts"]


def test_a_failed_job_is_sent_again_under_its_id(place: list[str]) -> None:
    said = run("jobs", "resend", FAILED, *place, "--reason", "their mailbox is back").stdout
    assert said == f"{FAILED}: will be sent again, under the same id and Message-ID\n"
    [job] = listed(place, "--state", "queued")
    assert (job["job"], job["text"]) == (FAILED, "their mailbox is back")
    again = run("jobs", "resend", FAILED, *place, expect=1)
    assert "it is queued: only what is failed, cancelled or withdrawn can be resent" in again.stderr


def test_what_a_storm_holds_is_released_by_person(place: list[str]) -> None:
    chosen = ["--hold", "storm", "--person", "contact/ct-7"]
    refused = run("jobs", "release", *place, *chosen, expect=1)
    assert "these are 3 jobs: say --yes" in refused.stderr
    assert ids(place, "--hold", "storm") == {*BURIED[2:]}, "nothing is done before a yes"
    assert run("jobs", "release", *place, *chosen, "--yes").stderr.splitlines()[-1] == "3 released"
    assert ids(place, "--state", "queued") == {*BURIED[2:]}


def test_filters_may_be_as_wide_as_one_likes(place: list[str]) -> None:
    run("jobs", "cancel", *place, "--customer", "acme", "--yes")
    assert ids(place, "--state", "cancelled") == {*BURIED[2:]}, "what went out or failed stays as it is"
    run("jobs", "resend", *place, "--customer", "acme", "--state", "cancelled", "--yes")
    assert ids(place, "--state", "queued") == {*BURIED[2:]}
    run("jobs", "hold", *place, "--customer", "acme", "--yes")
    assert ids(place, "--hold", "person") == {*BURIED[2:]}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["jobs", "show", "nope"], 1, "nope: there is no such job"),
        (["jobs", "cancel", "nope", DELIVERED], 1, "these are 2 jobs"),
        (["jobs", "cancel", "nope", DELIVERED, "--yes"], 1, f"{DELIVERED}: it is delivered: only what is queued,"),
        (["jobs", "cancel"], 2, "name jobs by their ids, or by a filter"),
        (["jobs", "cancel", FAILED, "--ticket", "T-1042"], 2, "not by both"),
        (["jobs", "cancel", "--state", "delivered"], 2, "none of these states can be left by cancel"),
        (
            ["jobs", "list", "--person", "nobody"],
            1,
            "the ledger has nobody who is called 'nobody', and no directory is at hand",
        ),
        (["jobs", "list", "--since", "yesterday"], 2, "is no time such as"),
        (["jobs", "list", "--since", "2026-03-02T09:15:00"], 2, "has no offset"),
        (["suppressions", "lift", "nope"], 1, "there is no such suppression"),
        (["suppressions", "add", "--address", "a@b.example", "--person", "contact/ct-1"], 2, "either --address or"),
        (["suppressions", "add", "--address", "a, b@c.example"], 2, "this is not one e-mail address"),
        (["suppressions", "add", "--address", "zoe", "--channel", "sms"], 2, "this is no sms number"),
        (["suppressions", "add", "--person", "nobody"], 1, "name a person by id (contact/ct-1), by name"),
        (["pause"], 2, "either --customer or --template"),
        (["resume", "--customer", "acme"], 1, "customer acme is not paused"),
    ],
)
def test_what_can_not_be_done_is_named(folder: list[str], arguments: list[str], code: int, said: str) -> None:
    before = listed(folder)
    assert said in " ".join(run(*arguments, *folder, expect=code).stderr.split())
    assert listed(folder) == before


def test_suppressions_are_added_listed_and_lifted(place: list[str]) -> None:
    def known() -> dict[str, dict[str, Any]]:
        lines = run("suppressions", "list", *place, "--json").stdout.splitlines()
        return {one["id"]: one for one in map(json.loads, lines)}

    assert known().keys() == {"email/zoe@acme.example"}, "the relay said that it is dead"
    run("suppressions", "add", *place, "--address", " Lea@ACME.example".strip(), "--until", "2026-06-01T02:00:00+02:00")
    run("suppressions", "add", *place, "--person", "contact/ct-7", "--channel", "sms", "--trigger", "closed")
    run("suppressions", "add", *place, "--person", "collaborator/co-1", "--reason", "on leave")
    assert {name: one["until"] for name, one in known().items() if name != "email/zoe@acme.example"} == {
        "collaborator/co-1": None,
        "contact/ct-7/sms/closed": None,
        "email/lea@acme.example": "2026-06-01T00:00:00Z",
    }
    assert "replaced" in run("suppressions", "add", *place, "--person", "collaborator/co-1").stdout
    run("suppressions", "lift", "email/lea@acme.example", *place)
    assert "email/lea@acme.example" not in known()


def test_pauses_are_made_listed_and_ended(place: list[str]) -> None:
    run("pause", *place, "--template", "external/opened", "--reason", "the new text is wrong")
    shown = run("pauses", *place).stdout.splitlines()
    assert shown == [
        "customer acme-lab  since 2026-03-02T08:15:00Z  they move to a new mail server",
        "template external/opened  since 2026-03-02T09:30:00Z  the new text is wrong",
    ]
    run("resume", *place, "--customer", "acme-lab")
    assert ids(place, "--state", "queued") == {PAUSED}
    assert len(run("pauses", *place).stdout.splitlines()) == 1


def test_a_ledger_has_to_be_named_and_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_LEDGER", raising=False)
    assert "--data FOLDER or --ledger" in run("jobs", "list", expect=2).stderr
    both = ["--data", str(filled(tmp_path)), "--ledger", "postgresql://x"]
    assert "--data FOLDER or --ledger" in run("jobs", "list", *both, expect=2).stderr
    missing = str(tmp_path / "no")
    assert f"there is no ledger in {missing}" in run("jobs", "list", "--data", missing, expect=3).stderr
    assert not (tmp_path / "no").exists(), "looking makes none"


def test_a_folder_that_is_named_comes_before_the_environments_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_LEDGER", "postgresql://localhost:1/nowhere")
    assert ids(["--data", str(filled(tmp_path))], "--state", "failed") == {FAILED}
    run("jobs", "list", expect=3)


def test_words_of_others_move_no_terminal(place: list[str]) -> None:
    run("pause", *place, "--customer", "x", "--reason", "a\x1b[2Jb\nc")
    shown = run("pauses", *place).stdout
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 2
