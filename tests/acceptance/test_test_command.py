"""`tocsin test`, as people and CI use it."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import parse

import pytest
from typer.testing import CliRunner, Result

from tests.support.documents.pages import blocks
from tocsin.cli.app import app

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "tocsin" / "demo" / "helpdesk" / "rules.yaml"


def run(*arguments: object, expect: int = 0) -> Result:
    result = CliRunner().invoke(app, ["test", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result


def test_the_default_rules_are_tested_with_the_rule_engine() -> None:
    assert "all passed" in run().stdout


def test_the_demo_s_rules_are_tested() -> None:
    assert "all passed" in run(DEMO).stdout


def test_a_rule_that_is_changed_fails_its_tests(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(DEMO.read_text().replace("ticket.custom.severity >= 4", "ticket.custom.severity >= 3"))
    tests = DEMO.with_name("rules.test.yaml").read_text()
    (tmp_path / "rules.test.yaml").write_text(
        tests.replace("directory: directory", f"directory: {DEMO.parent}/directory")
    )
    said = run(rules, "--junit", tmp_path / "results.xml", expect=1).stdout
    assert "A milder ticket is told as usual" in said
    assert "contact/zoe got `opened` by e-mail, with keyword `[Work stopped]`, expected `[Opened]`" in said
    assert said.splitlines()[-1] == "9 tests: 1 failed"
    assert parse(tmp_path / "results.xml").getroot().get("failures") == "1"  # noqa: S314 - our own


def test_what_is_not_exercised_is_named() -> None:
    said = run(DEMO, "--coverage").stdout
    assert "  customer-contacts: no test expects a message of this rule" in said
    assert "  suppressed (contacts): no test names this reason" in said
    assert "critical-till-in-french" not in said


def test_tests_are_chosen_by_name() -> None:
    assert run("-k", "MAIN SITE").stdout.splitlines() == ["1 test: all passed"]
    assert "no test of" in run("-k", "nothing has this name", expect=1).output


def test_rules_without_tests_are_told_where_tests_would_stand(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: default\n")
    assert "mine.test.yaml beside it" in run(tmp_path / "mine.yaml").output


def test_faults_of_all_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: default\n")
    for name in ("a", "b"):
        (tmp_path / f"{name}.test.yaml").write_text("tests:\n  - test: one\n    expct: {}\n")
    said = run(tmp_path / "mine.yaml", expect=1).output
    assert all(f"{name}.test.yaml:" in said for name in ("a", "b"))


@pytest.mark.parametrize("text", blocks(ROOT / "docs" / "testing-rules.md", "yaml"))
def test_the_page_s_tests_pass(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: default\n")
    (tmp_path / "mine.test.yaml").write_text(text)
    assert "all passed" in run(tmp_path / "mine.yaml").stdout


def test_the_page_shows_how_a_failure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = ROOT / "docs" / "testing-rules.md"
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(
        "extends: default\nrules: [{rule: product-contacts, for: product.contacts, on: [resolved]}]\n"
    )
    Path("mine.test.yaml").write_text(blocks(page, "yaml")[0])
    assert run("mine.yaml", expect=1).stdout == blocks(page, "text")[0]
