"""`tocsin coverage`, as people and scripts use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.documents.pages import blocks
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import write_directory
from tocsin.cli.app import app

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "tocsin" / "demo" / "helpdesk"
NOW = ("--now", "2026-03-02T09:15:00Z")


def run(*arguments: object, expect: int) -> str:
    result = CliRunner().invoke(app, ["coverage", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result.stdout


@pytest.fixture
def desk() -> Helpdesk:
    """A helpdesk without a gap."""
    desk = Helpdesk()
    places = ("product/P-erp", "site/S-paris", "contract/C-7", "service/V-1", "customer/acme")
    desk.contact("ct-1", *places)
    desk.collaborator("co-1", *places)
    form = {"enabled": True, "template": "external/opened", "subject_keyword": "[T]"}
    triggers = ("opened", "resolved", "closed", "status_changed")
    desk.put({"kind": "customer", "id": "acme", "alerts": dict.fromkeys(triggers, form)})
    return desk


def test_without_a_gap_the_exit_code_is_0(desk: Helpdesk, tmp_path: Path) -> None:
    said = run("-d", write_directory(tmp_path / "d", desk), expect=0)
    assert said.splitlines()[-1] == "no gaps, no remarks"


def test_a_customer_without_a_form_of_its_own_is_a_remark(desk: Helpdesk, tmp_path: Path) -> None:
    desk.put({"kind": "customer", "id": "acme", "alerts": {"opened": {"enabled": True}}})
    said = run("-d", write_directory(tmp_path / "d", desk), expect=0)
    assert "customer/acme: alerts.opened has no template and no keyword" in said
    assert said.splitlines()[-1] == "no gaps, 1 remark"


def test_a_language_without_templates_counts_people(desk: Helpdesk, tmp_path: Path) -> None:
    desk.put({"kind": "customer", "id": "acme", "language": "pt-BR"})
    desk.contact("ct-2", language="sv")
    found = json.loads(run("-d", write_directory(tmp_path / "d", desk), "--json", expect=1))
    assert found["gaps"]["language_without_templates"]["groups"] == {"pt-BR": 1, "sv": 1}


def test_bad_records_are_counted_whatever_their_number(desk: Helpdesk, tmp_path: Path) -> None:
    folder = write_directory(tmp_path / "d", desk)
    (folder / "bad.jsonl").write_text('{"kind": "site"}\n' * 1500)
    (folder / "notes.csv").write_text("a,b\n")
    found = json.loads(run("-d", folder, "--json", "--examples", 2, expect=1))
    assert found["gaps"]["bad_record"]["count"] == 1500
    assert len(found["gaps"]["bad_record"]["examples"]) == 2
    assert found["remarks"]["file_remark"]["groups"] == {"unused_file": 1}


def test_the_page_shows_what_the_demo_s_directory_gives() -> None:
    (shown,) = blocks(ROOT / "docs" / "coverage.md", "text")
    said = run("-d", DEMO / "directory", DEMO / "rules.yaml", "--examples", 1, *NOW, expect=1)
    assert said == shown


def test_it_lists_where_customers_stand_before_rules_and_rules_before_customers(desk: Helpdesk, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "extends: default\nrules:\n"
        '  - {rule: mild, for: contacts, on: [opened], send: {keyword: "[MILD]"}}\n'
        '  - {rule: strong, for: all, on: [closed], send: {keyword: "[STRONG]"}, overrides_customer: true}\n'
    )
    said = run("-d", write_directory(tmp_path / "d", desk), rules, expect=0)
    assert (
        "the keyword is `[T]` of customer/acme, alerts.opened.subject_keyword, before that of the rule `mild`" in said
    )
    assert (
        "the keyword of the rule `strong` stands before `[T]` of customer/acme, alerts.closed.subject_keyword" in said
    )
    assert said.splitlines()[-1] == "no gaps, 2 remarks"
