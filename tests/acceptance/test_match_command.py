"""`tocsin match`, and the rules that `diff` and `coverage` name since they match none of recorded events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.support.helpdesk.events import Helpdesk, envelope
from tests.support.helpdesk.files import write_directory, write_events
from tocsin.authoring.lint import seen_values
from tocsin.authoring.matches import report as reporting
from tocsin.authoring.matches import tally as tallying
from tocsin.cli.app import app

RULES = """
extends: default
rules:
  - rule: high
    for: product.contacts
    on: [opened]
    if: ticket.priority == "high" and person.language == "fr"
    send: {keyword: "[HIGH]"}
  - {rule: slip, for: product.contacts, if: ticket.product == "P-erpp", send: {keyword: "[S]"}}
  - {rule: replaced, for: product.contacts, if: ticket.priority == "high"}
  - {rule: instead, for: product.contacts, on: [opened], if: ticket.priority == "high", instead_of: replaced}
"""


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    desk = Helpdesk()
    desk.contact("ct-1", "product/P-erp", name="Zoé Martin", language="fr")
    desk.contact("ct-2", "product/P-erp", name="Ana", language="fr", modes=[])
    desk.contact("ct-3", "product/P-erp", name="Bo", language="en")
    events = [
        envelope({"priority": "high"}, {"previous": None}),
        envelope({"priority": "low", "id": "T-2"}, {"previous": None}, id="E-2"),
        envelope({"priority": "high"}, {"previous": {"status": "new"}}, id="E-3"),
        envelope({"priority": "high"}, {"previous": {}}, id="E-4"),
        envelope({"priority": "high", "id": "T-3"}, {"previous": None}, id="E-5"),
    ]
    (tmp_path / "rules.yaml").write_text(RULES)
    file = write_events(tmp_path / "events.jsonl", events)
    return ["-e", str(file), "-d", str(write_directory(tmp_path / "d", desk))]


def run(*arguments: str, expect: int = 0) -> Result:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result


def matched(rule: str, given: list[str], tmp_path: Path, expect: int = 0) -> dict[str, Any]:
    said = run("match", rule, "-r", str(tmp_path / "rules.yaml"), *given, "--json", expect=expect).stdout
    found: dict[str, Any] = json.loads(said)
    return found


def test_it_says_how_many_and_which_and_what_keeps_the_rule_from_the_others(given: list[str], tmp_path: Path) -> None:
    found = matched("high", given, tmp_path)
    assert (found["events"], found["matched"], found["bring_messages"]) == (5, 2, 2)
    assert (found["tickets"], found["people"], found["people_told"]) == (2, 2, 1)
    assert found["not_told"] == {"no_active_mode": 2}
    assert found["examples"][0]["people"] == ["contact/ct-1", "contact/ct-2"]
    assert found["not_matched"] == {
        '`ticket.priority == "high"` does not hold': 1,
        "the save means status_changed, which the rule is not `on`": 1,
        "the event alerts nobody [no_trigger]": 1,
    }
    words = run("match", "high", "-r", str(tmp_path / "rules.yaml"), *given).stdout
    assert "It matches 2 of 5 events\n  of 2 tickets, for 2 people\n" in words
    assert "event E-1: Zoé Martin (contact/ct-1), Ana (contact/ct-2)" in words
    assert "  2: no_active_mode\n     such as Ana (contact/ct-2), event E-1: " in words
    assert "nobody [no_trigger]\n     such as event E-4: this save neither opens, resolves or closes" in words


def test_a_rule_that_matches_nothing_ends_with_one(given: list[str], tmp_path: Path) -> None:
    found = matched("slip", given, tmp_path, expect=1)
    assert found["not_matched"]['`ticket.product == "P-erpp"` does not hold'] == 4


def test_a_rule_matches_where_another_takes_its_place(given: list[str], tmp_path: Path) -> None:
    found = matched("replaced", given, tmp_path)
    assert (found["matched"], found["bring_messages"]) == (3, 1)
    assert next(iter(found["not_told"])) == tallying.OTHERWISE_TOLD


def test_a_rule_that_is_not_there_is_proposed(given: list[str], tmp_path: Path) -> None:
    said = run("match", "hihg", "-r", str(tmp_path / "rules.yaml"), *given, expect=1).stderr
    assert "there is no rule 'hihg': did you mean `high`?" in said


def test_diff_and_coverage_name_the_rules_that_match_nothing(given: list[str], tmp_path: Path) -> None:
    rules = str(tmp_path / "rules.yaml")
    said = run("diff", "default", rules, *given, expect=1).stdout
    assert said.endswith("New rules that match none of these 5 events (why: `tocsin match RULE`): 1\n  slip\n")
    data = json.loads(run("diff", rules, "default", *given, "--json", expect=1).stdout)
    assert data["unmatched_rules"] == {"old": ["slip"], "new": []}
    found = json.loads(run("coverage", rules, *given, "--json", expect=1).stdout)["gaps"]["rule_unmatched"]
    assert [(one["record"], one["why"]) for one in found["examples"]] == [("rule slip", "it matches none of 5 events")]
    without = json.loads(run("coverage", rules, *given[2:], "--json", expect=1).stdout)
    assert "rule_unmatched" not in without["gaps"]


def test_what_is_kept_of_events_is_bounded(given: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (tallying, reporting):
        monkeypatch.setattr(module, "MOST_TOLD_APART", 1)
    found = matched("high", given, tmp_path)
    assert (found["tickets"], len(found["examples"])) == (1, 2)
    assert "at least 1 ticket" in run("match", "high", "-r", str(tmp_path / "rules.yaml"), *given).stdout
    monkeypatch.setattr(seen_values, "MOST_OTHERS", 0)
    said = run("check", str(tmp_path / "rules.yaml"), *given).stdout
    assert "the directory has no product 'P-erpp': did you mean `P-erp`?" in said


def test_what_an_event_had_is_no_slip(given: list[str], tmp_path: Path) -> None:
    """Platforms name products before the directory has them."""
    rules = tmp_path / "rules.yaml"
    unknown = envelope({"product": "P-erpp"}, {"previous": None}, id="E-6")
    events = Path(given[1])
    write_events(events, [*map(json.loads, events.read_text().splitlines()), unknown])
    assert "unknown_value" not in run("check", str(rules), *given).stdout
    assert "unknown_value" in run("check", str(rules), *given[2:]).stdout
