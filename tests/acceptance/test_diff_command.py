"""`tocsin diff`: what would change, on events as they came."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.sqlite.event_log import SqliteLog
from schemas.log import NewRecord
from schemas.topics import TICKETS
from tests.support.documents.pages import blocks
from tests.support.helpdesk.events import Helpdesk, email, envelope, fax
from tests.support.helpdesk.files import write_directory, write_events
from tocsin.cli import diff as diff_command
from tocsin.cli.app import app
from tocsin.config.data_folder import database_in

ROOT = Path(__file__).parents[2]
CREATED = envelope({"priority": "high"}, {"previous": None})
CHANGED = envelope({"priority": "low"}, {"previous": {"status": "new"}}, id="E-2")


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    desk.contact("ct-1", "product/P-erp", name="Zoé Martin")
    modes = [{"channel": "email", "address": "li@desk.example", "active": True}, fax("+33140000001")]
    desk.collaborator("co-1", "contract/C-7", name="Li Wei", modes=modes)
    return desk


@pytest.fixture
def directory(desk: Helpdesk, tmp_path: Path) -> Path:
    return write_directory(tmp_path / "directory", desk)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    return write_events(tmp_path / "events.jsonl", [CREATED, CHANGED])


def rules(folder: Path, *lines: str) -> Path:
    file = folder / "new.yaml"
    file.write_text("extends: default\n" + "".join(line + "\n" for line in lines))
    return file


def run(*arguments: object, expect: int) -> Result:
    result = CliRunner().invoke(app, ["diff", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result


def changes(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json", expect=1).stdout)
    return found


def test_the_same_rules_change_nothing(directory: Path, events: Path, tmp_path: Path) -> None:
    said = run("default", rules(tmp_path), "-e", events, "-d", directory, expect=0).stdout
    assert said == "2 events: nothing changes\n"


def test_who_loses_is_told_with_rule_and_gate(directory: Path, events: Path, tmp_path: Path) -> None:
    new = rules(tmp_path, "rules:", "  - {rule: product-contacts, for: product.contacts, on: [opened]}")
    said = run("default", new, "-e", events, "-d", directory, expect=1).stdout.splitlines()
    (shown,) = blocks(ROOT / "docs" / "comparing-rules.md", "text")
    assert said == shown.splitlines()
    back = changes(new, "default", "-e", events, "-d", directory)["changes"]
    assert back["gains"]["rules"] == {"product-contacts": 1}
    assert back["gains"]["examples"][0]["reason"] == "no_rule"


@pytest.mark.parametrize(
    ("own", "kinds"),
    [
        ("send: {channels: [email]}", {"loses": 2}),
        ('if: ticket.priority == "high"\n    send: {keyword: "[HIGH]"}', {"keyword": 1}),
        ("send: {template: internal/closed}", {"template": 2}),
        ("send: {format: text}", {"format": 2}),
        ("on: [opened]\n    send: {channels: [fax]}", {"loses": 1}),
    ],
)
def test_what_is_written_otherwise(
    own: str, kinds: dict[str, int], directory: Path, events: Path, tmp_path: Path
) -> None:
    rule = f"  - rule: own\n    for: contract.collaborators\n    instead_of: contract-collaborators\n    {own}"
    found = changes("default", rules(tmp_path, "rules:", rule), "-e", events, "-d", directory)["changes"]
    assert {kind: one["messages"] for kind, one in found.items()} == kinds


def test_another_trigger_and_another_channel(directory: Path, tmp_path: Path, desk: Helpdesk) -> None:
    both = envelope({"resolution_marked": True}, {"previous": {"resolution_marked": False, "status": "new"}})
    events = write_events(tmp_path / "both.jsonl", [both])
    own = "  - {rule: contract-collaborators, for: contract.collaborators, on: [status_changed]}"
    found = changes("default", rules(tmp_path, "rules:", own), "-e", events, "-d", directory)["changes"]
    assert found["trigger"]["messages"] == 2
    assert (found["trigger"]["examples"][0]["before"]["trigger"], found["trigger"]["people"]) == ("resolved", 1)
    email = "  - {rule: contract-collaborators, for: contract.collaborators, send: {channels: [email]}}"
    by_mail = rules(tmp_path, "rules:", email)
    by_fax = tmp_path / "fax.yaml"
    by_fax.write_text(by_mail.read_text().replace("[email]", "[fax]"))
    found = changes(by_mail, by_fax, "-e", events, "-d", directory)["changes"]
    assert {kind: one["messages"] for kind, one in found.items()} == {"channel": 1}


def test_labels_that_customers_read_are_a_change_of_words(directory: Path, events: Path, tmp_path: Path) -> None:
    new = rules(tmp_path, "settings: {statuses: {in_progress: {en: We are on it}}}")
    found = changes("default", new, "-e", events, "-d", directory)["changes"]
    assert {kind: one["messages"] for kind, one in found.items()} == {"other": 2}


def test_a_changed_directory_is_compared_too(directory: Path, events: Path, tmp_path: Path, desk: Helpdesk) -> None:
    desk.put({"kind": "contact", "id": "ct-1", "alerts": ["closed"]})
    other = write_directory(tmp_path / "other", desk)
    found = changes("default", "default", "-e", events, "-d", directory, "--new-directory", other)["changes"]
    assert found["loses"]["examples"][0]["reason"] == "own_tick_off"


def test_examples_are_bounded(directory: Path, tmp_path: Path) -> None:
    events = write_events(tmp_path / "many.jsonl", [{**CREATED, "id": f"E-{number}"} for number in range(450)])
    new = rules(tmp_path, "rules:", "  - {rule: product-contacts, for: product.contacts, on: [closed]}")
    found = changes("default", new, "-e", events, "-d", directory, "--examples", 2)["changes"]["loses"]
    assert (found["messages"], found["people"], len(found["examples"])) == (450, 1, 1)


def test_what_can_not_be_compared_ends_with_two(directory: Path, events: Path, tmp_path: Path) -> None:
    bad = rules(tmp_path, "rules:", "  - {rule: own, for: product.contact}")
    assert "is not allowed here" in run("default", bad, "-e", events, "-d", directory, expect=2).output
    run("default", "default", "-e", tmp_path / "none.jsonl", "-d", directory, expect=2)
    run("default", "default", "-e", events, "-d", tmp_path / "none", expect=2)
    run("default", "default", "-e", events, expect=2)
    run("default", "default", "-e", "topic:x", "-d", directory, expect=2)
    run("default", "default", "-e", "topic:x", "-d", directory, "--data", tmp_path, expect=2)
    (tmp_path / "refused.jsonl").write_text("{}\n")
    said = run("default", "default", "-e", tmp_path / "refused.jsonl", "-d", directory, expect=2).output
    assert "no event that can be read" in said


def test_a_fault_of_the_program_is_no_change(directory: Path, events: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(diff_command, "replay", fail)
    assert "ZeroDivisionError: boom" in run("default", "default", "-e", events, "-d", directory, expect=2).output


def test_events_that_are_refused_are_counted_and_named(directory: Path, events: Path) -> None:
    events.write_text(events.read_text() + "{}\n")
    result = run("default", "default", "-e", events, "-d", directory, expect=0)
    assert result.stdout == "2 events (1 refused): nothing changes\n"
    assert result.stderr.startswith("event 3: ")


def test_the_log_of_a_data_folder_is_read(directory: Path, tmp_path: Path) -> None:
    database = database_in(tmp_path)
    log = SqliteLog(database)
    values = [json.dumps({**CREATED, "id": f"E-{number}"}).encode() for number in range(3)]
    log.append((NewRecord(TICKETS, b"T-1042", value) for value in [*values, None]), datetime.now(UTC))
    log.close()
    arguments = ("default", "default", "-e", f"topic:{TICKETS}", "--data", tmp_path, "-d", directory)
    assert run(*arguments, expect=0).stdout == "3 events: nothing changes\n"


def test_the_gate_is_that_of_the_message_that_is_lost(directory: Path, events: Path, tmp_path: Path) -> None:
    """Li keeps the e-mail, and so has no entry in the decision; what they meet elsewhere is no cause either."""
    rule = "{rule: contract-collaborators, for: contract.collaborators, send: {channels: [email]}}"
    found = changes("default", rules(tmp_path, "rules:", f"  - {rule}"), "-e", events, "-d", directory)["changes"]
    assert [one["reason"] for one in found["loses"]["examples"]] == ["no_rule"]
    said = run("default", tmp_path / "new.yaml", "-e", events, "-d", directory, expect=1).stdout
    assert "(contract-collaborators does not send by fax) [no_rule]" in said


def test_a_rule_that_is_gone_is_named_as_the_cause(directory: Path, events: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "extends: default\nrules:\n"
        "  - {rule: product-contacts, for: product.contacts, on: [closed]}\n"
        "  - {rule: mine, for: product.contacts, on: [opened]}\n"
    )
    new = rules(tmp_path, "rules:", "  - {rule: product-contacts, for: product.contacts, on: [closed]}")
    said = run(own, new, "-e", events, "-d", directory, expect=1).stdout
    assert "(there is no rule mine) [no_rule]" in said


def test_an_address_that_is_not_active_any_more_is_named(directory: Path, events: Path, tmp_path: Path) -> None:
    desk = Helpdesk()
    both = [email("zoe@acme.example"), email("zoe@home.example")]
    desk.contact("ct-1", "product/P-erp", modes=both)
    old = write_directory(tmp_path / "old", desk)
    desk.contact("ct-1", modes=[both[0], email("zoe@home.example", active=False)])
    new = write_directory(tmp_path / "changed", desk)
    said = run("default", "default", "-e", events, "-d", old, "--new-directory", new, expect=1).stdout
    assert "(now: zoe@home.example is not active [no_active_mode])" in said
