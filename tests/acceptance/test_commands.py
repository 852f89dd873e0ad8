"""The command line, as people and scripts use it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.durable_rules.matcher import RuleEngineError
from adapters.rule_files.load import DEFAULT_FILE
from engine.stages.s4_rule_matching import Answer, Question
from schemas.generate import FOLDER, main, stale
from tests.support.helpdesk.events import Helpdesk, envelope, fax
from tests.support.helpdesk.files import created, write_directory, write_events
from tocsin.authoring import deciding
from tocsin.cli.app import app


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", "product/P-erp", name="Zoé Martin")
    desk.contact("ct-2", "contract/C-7", sites=[], modes=[fax("+33140000001")])
    desk.contact("ct-3", "contract/C-7", alerts=["closed"])
    desk.collaborator("co-1", "site/S-paris")
    return desk


@pytest.fixture
def directory(desk: Helpdesk, tmp_path: Path) -> Path:
    return write_directory(tmp_path / "directory", desk)


def run(*arguments: object, expect: int = 0, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin, catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result


def save(previous: Any = None, ticket: Any = None, **data: Any) -> dict[str, Any]:
    return envelope(ticket, {"previous": previous, **data})


class TestDecide:
    def test_one_line_for_each_event(self, directory: Path, tmp_path: Path) -> None:
        events = write_events(tmp_path / "events.jsonl", [save(), save({"title": "old"})])
        first, second = map(json.loads, run("decide", "-d", directory, "--now", "event", events).stdout.splitlines())
        assert first == {
            "event": "E-1",
            "triggers": ["opened"],
            "jobs": [
                {
                    "person": {"kind": "contact", "id": "ct-1"},
                    "channel": "email",
                    "address": "ct-1@acme.example",
                    "trigger": "opened",
                    "categories": ["product.contacts", "contract.contacts"],
                    "rules": ["product-contacts", "contract-contacts"],
                },
                {
                    "person": {"kind": "collaborator", "id": "co-1"},
                    "channel": "email",
                    "address": "co-1@desk.example",
                    "trigger": "opened",
                    "categories": ["site.collaborators"],
                    "rules": ["site-collaborators"],
                },
                {
                    "person": {"kind": "contact", "id": "ct-2"},
                    "channel": "fax",
                    "address": "+33140000001",
                    "trigger": "opened",
                    "categories": ["contract.contacts"],
                    "rules": ["contract-contacts"],
                },
            ],
            "skipped": [
                {
                    "person": {"kind": "contact", "id": "ct-3"},
                    "category": "contract.contacts",
                    "reason": "own_tick_off",
                }
            ],
        }
        assert second["skipped"] == [{"person": None, "category": None, "reason": "no_trigger"}]

    def test_without_a_time_old_events_are_stale(self, directory: Path, tmp_path: Path) -> None:
        events = write_events(tmp_path / "events.jsonl", [save()])
        assert json.loads(run("decide", "-d", directory, events).stdout)["skipped"][0]["reason"] == "stale"
        judged = run("decide", "-d", directory, "--now", "2026-03-02T10:00:00+01:00", events)
        assert len(json.loads(judged.stdout)["jobs"]) == 3

    def test_refused_events_have_a_line_and_an_exit_code(self, directory: Path, tmp_path: Path) -> None:
        events = tmp_path / "events.jsonl"
        events.write_bytes(b'{"id": "E-9"}\n\nnot json\n' + json.dumps(save()).encode() + b"\n")
        result = run("decide", "-d", directory, "--now", "event", events, expect=1)
        first, second, third = map(json.loads, result.stdout.splitlines())
        assert (first["event"], first["line"], first["jobs"]) == ("E-9", 1, [])
        assert first["refused"][0]["field"] == "specversion"
        assert (second["event"], second["line"]) == (None, 3)
        assert len(third["jobs"]) == 3

    def test_events_may_come_through_a_pipe(self, directory: Path) -> None:
        result = run("decide", "-d", directory, "--now", "event", "-", stdin=json.dumps(save()).encode())
        assert len(json.loads(result.stdout)["jobs"]) == 3

    @pytest.mark.parametrize("now", ["yesterday", "2026-03-02T10:00:00"])
    def test_a_wrong_time_is_a_wrong_command_line(self, directory: Path, tmp_path: Path, now: str) -> None:
        assert "--now" not in run("decide", "-d", directory, "--now", now, tmp_path, expect=2).stdout

    def test_a_missing_file_is_named(self, directory: Path, tmp_path: Path) -> None:
        assert "absent" in run("decide", "-d", tmp_path / "absent", "x.jsonl", expect=3).stderr
        assert "x.jsonl" in run("decide", "-d", directory, "x.jsonl", expect=3).stderr

    def test_rules_with_a_mistake_are_named_at_their_place(self, directory: Path, tmp_path: Path) -> None:
        rules = tmp_path / "rules.yaml"
        rules.write_text("extends: default\nrules:\n  - {rule: a, for: nothing}\n")
        result = run("decide", "-d", directory, "-r", rules, "x.jsonl", expect=1)
        assert f"{rules}:3:20: `nothing` is not allowed here" in result.stderr


class TestExplain:
    def test_it_says_who_gets_what_and_what_would_have_to_change(self, directory: Path, tmp_path: Path) -> None:
        event = write_events(tmp_path / "event.json", [save()])
        words = run("explain", "-d", directory, event, "--details").stdout
        assert "Zoé Martin (contact/ct-1) by email to ct-1@acme.example: opened" in words
        assert (
            "contact/ct-3 through contract.contacts: the person's own tick for `opened` is off [own_tick_off]" in words
        )
        assert "→ contact/ct-3, field alerts: add opened" in words

    def test_of_one_person_alone(self, directory: Path, tmp_path: Path) -> None:
        event = write_events(tmp_path / "event.json", [save()])
        words = run("explain", "-d", directory, event, "--person", "contact/ct-3").stdout
        assert "ct-3" in words
        assert "ct-1" not in words
        nobody = run("explain", "-d", directory, event, "--person", "contact/ct-99").stdout
        assert "contact/ct-99 is not attached to anything" in nobody
        assert run("explain", "-d", directory, event, "--person", "ct-3").stdout == words

    def test_an_event_that_alerts_nobody_says_why(self, directory: Path, tmp_path: Path) -> None:
        event = write_events(tmp_path / "event.json", [save(None, {"contract": None, "status": "x"}, origin="import")])
        assert "[no_trigger]" in run("explain", "-d", directory, event, "--details").stdout


class TestDerive:
    def test_it_shows_the_rules_that_run(self, desk: Helpdesk, tmp_path: Path) -> None:
        desk.put({"kind": "contract", "id": "C-7", "recipients": {"site": {"contacts": True}}})
        words = run("derive", "C-7", "-d", write_directory(tmp_path / "d", desk)).stdout
        assert "ticked: site.contacts\n" in words
        assert [line for line in words.splitlines() if line.startswith("  site-contacts")]
        assert "product-contacts" not in words

    def test_an_unknown_contract_is_named(self, directory: Path) -> None:
        assert "did you mean `C-7`" in run("derive", "c-7", "-d", directory, expect=1).stderr


class TestValidate:
    def test_a_well_formed_event_and_what_it_would_do(self, directory: Path, tmp_path: Path) -> None:
        event = write_events(tmp_path / "event.json", [save()])
        assert "well-formed. The save means: opened." in run("validate", event).stdout
        assert "Zoé Martin" in run("validate", event, "-d", directory).stdout

    def test_what_is_wrong_is_named_with_field_value_and_reason(self, tmp_path: Path) -> None:
        event = write_events(tmp_path / "event.json", [save(None, {"status": 3})])
        assert "data.ticket.status: expected `str | null`, got `int` (got 3)" in run("validate", event, expect=1).stderr


class TestCheck:
    def test_the_shipped_rules_have_no_problem(self) -> None:
        assert run("check").stdout == "no problems\n"

    def test_a_customer_without_template_and_a_language_without_templates_are_remarks(
        self, desk: Helpdesk, tmp_path: Path
    ) -> None:
        desk.contact("ct-1", language="pt-BR")
        words = run("check", "-d", write_directory(tmp_path / "d", desk)).stdout
        assert "customer/acme: alerts.opened has no template and no keyword: the rule file's default is used" in words
        assert "language pt-BR of 1 person has no templates: they get what else they ask for, or en" in words

    def test_a_bad_record_is_named_and_the_exit_code_says_so(self, desk: Helpdesk, tmp_path: Path) -> None:
        desk.contact("ct-1", modes=[{"channel": "email", "address": "x;y@z.example", "active": True}])
        words = run("check", "-d", write_directory(tmp_path / "d", desk), expect=1).stdout
        assert "contact ct-1: modes[0].address: this is not one e-mail address" in words
        assert "x;y@z.example" in words

    def test_an_internal_field_in_a_template_for_contacts_is_an_error(self, tmp_path: Path) -> None:
        rules = own_rules(tmp_path)
        template = tmp_path / "templates" / "external" / "opened.en.txt.j2"
        template.write_text(template.read_text() + "\n{{ ticket.internal_notes }}\n")
        words = run("check", rules, expect=1).stdout
        assert "external/opened.en.txt.j2:" in words
        assert "internal_notes" in words

    def test_a_template_that_a_customer_names_must_be_there(self, desk: Helpdesk, tmp_path: Path) -> None:
        opened = {"enabled": True, "template": "external/acme", "subject_keyword": "[A]"}
        desk.put({"kind": "customer", "id": "acme", "alerts": {"opened": opened}})
        words = run("check", "-d", write_directory(tmp_path / "d", desk), expect=1).stdout
        assert "external/acme" in words

    def test_a_collaborator_at_a_contacts_mailbox_is_a_remark(self, desk: Helpdesk, tmp_path: Path) -> None:
        desk.collaborator("co-2", modes=[{"channel": "email", "address": "CT-1@acme.example", "active": True}])
        words = run("check", "-d", write_directory(tmp_path / "d", desk)).stdout
        assert "collaborator/co-2 and contact/ct-1 share a mailbox" in words


def own_rules(folder: Path) -> Path:
    """The shipped rules and templates, copied to be changed."""
    shutil.copytree(DEFAULT_FILE.parent, folder, dirs_exist_ok=True)
    return folder / "default.yaml"


class TestEmit:
    def test_refused_events_are_named_and_left_out(self, tmp_path: Path) -> None:
        events = tmp_path / "events.jsonl"
        events.write_bytes(json.dumps(created(1)).encode() + b"\n{}\n")
        result = run("emit", events, "--data", tmp_path / "data", expect=1)
        assert result.stdout == "1 events appended, 1 refused\n"
        assert f"{events}:2: specversion: this required field is missing" in result.stderr
        assert run("emit", events, "--data", tmp_path / "data", "--as-is", expect=1).stdout.startswith(
            "2 events appended"
        )


def test_every_command_teaches() -> None:
    for command in ("demo", "up", "emit", "validate", "decide", "explain", "derive", "check"):
        assert len(run(command, "--help").stdout.splitlines()) > 10


def test_the_published_schemas_are_those_of_the_types(capsys: pytest.CaptureFixture[str]) -> None:
    assert stale() == []
    assert main(["--check"]) == 0
    assert {file.name for file in FOLDER.iterdir()} >= {"ticket-event.schema.json", "rule-file.schema.json"}


class FailingMatcher:
    """A rule engine that never answers."""

    def __init__(self, *_: object) -> None:
        pass

    def __enter__(self) -> FailingMatcher:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def match(self, questions: Sequence[Question]) -> Sequence[Answer]:
        raise RuleEngineError("the child ended")


def test_where_the_rule_engine_fails_the_plain_evaluator_answers_and_results_stay_apart_from_logs(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "DurableMatcher", FailingMatcher)
    events = write_events(tmp_path / "events.jsonl", [save()])
    result = run("decide", "-d", directory, "--now", "event", events)
    assert len(json.loads(result.stdout)["jobs"]) == 3
    assert "rule_engine_failed" in result.stderr


def test_the_end_of_the_calendar_is_no_crash(directory: Path, tmp_path: Path) -> None:
    event = {**save(), "time": "9999-12-31T23:59:59Z"}
    events = write_events(tmp_path / "events.jsonl", [event])
    assert len(json.loads(run("decide", "-d", directory, "--now", "event", events).stdout)["jobs"]) == 3
    run("decide", "-d", directory, "--now", "0001-01-01T00:00:00+14:00", events, expect=2)


def test_the_version_is_said() -> None:
    assert run("--version").stdout == f"tocsin {version('tocsin')}\n"
