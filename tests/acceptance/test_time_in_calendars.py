"""`time in CALENDAR` in whole decisions: by the event's time alone, in both evaluators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.durable_rules.matcher import DurableMatcher
from adapters.rule_files.load import load_rulebook
from engine.decide import decide
from engine.rulebook.rulebook import Rulebook
from tests.support.helpdesk.events import Helpdesk, envelope, event_of
from tests.support.helpdesk.files import write_directory, write_events
from tocsin.cli.app import app

RULES = """
extends: default
calendars:
  support:
    time_zone: Europe/Paris
    open: {mon-fri: "09:00-18:00"}
    holidays: [FR]
  night: {time_zone: Europe/Paris, open: {sun: "02:00-03:00"}}
rules:
  - {rule: product-collaborators, for: product.collaborators, if: time in support}
  - {rule: on-call, for: product.collaborators, if: time not in support and not time in night}
  - {rule: nightly, for: product.collaborators, if: time in night}
"""


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    file = tmp_path_factory.mktemp("rules") / "rules.yaml"
    file.write_text(RULES)
    return load_rulebook(file)


@pytest.fixture(scope="module")
def durable(rulebook: Rulebook) -> Iterator[DurableMatcher]:
    with DurableMatcher(rulebook) as matcher:
        yield matcher


@pytest.mark.parametrize(
    ("time", "rule"),
    [
        ("2026-03-27T08:00:00Z", "product-collaborators"),  # a Friday in winter: 9:00
        ("2026-03-27T07:59:59Z", "on-call"),
        ("2026-03-30T07:00:00Z", "product-collaborators"),  # the Monday after, in summer: 9:00
        ("2026-03-30T06:59:59Z", "on-call"),
        ("2026-03-30T16:00:00Z", "on-call"),  # 18:00: the end is not in it
        ("2026-10-23T07:30:00Z", "product-collaborators"),
        ("2026-10-26T07:30:00Z", "on-call"),  # in winter again: 8:30
        ("2026-03-29T00:59:59Z", "on-call"),  # 1:59, and then it is 3:00
        ("2026-03-29T01:00:00Z", "on-call"),
        ("2026-10-25T00:30:00Z", "nightly"),  # 2:30 in summer time
        ("2026-10-25T01:30:00Z", "nightly"),  # 2:30 in winter time
        ("2026-10-25T02:00:00Z", "on-call"),
        ("2026-07-14T10:00:00Z", "on-call"),  # a Tuesday, and a holiday in France
        ("2026-07-14T23:00:00+14:00", "on-call"),
    ],
)
@pytest.mark.parametrize("late", [timedelta(), timedelta(hours=20)])
def test_the_events_time_decides_however_late_it_is_read(
    rulebook: Rulebook, durable: DurableMatcher, time: str, rule: str, late: timedelta
) -> None:
    desk = Helpdesk()
    desk.collaborator("co-1", "product/P-erp")
    event = event_of(envelope(None, {"previous": None}) | {"time": time})
    now = datetime.fromisoformat(time) + late
    for matcher in (None, durable):
        decision = decide(event, desk.directory(), rulebook, now, matcher)
        assert [job.rules for job in decision.jobs] == [[rule]]


def test_explain_says_what_the_calendars_clock_showed(tmp_path: Path) -> None:
    desk = Helpdesk()
    desk.collaborator("co-1", "product/P-erp")
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES.split("  - {rule: on-call", maxsplit=1)[0])
    event = write_events(tmp_path / "e.json", [envelope(None, {"previous": None}) | {"time": "2026-07-14T10:00:00Z"}])
    directory = write_directory(tmp_path / "d", desk)
    arguments = ["explain", "--event", event, "-d", directory, "-r", rules, "--now", "2026-07-14T10:00:00Z"]
    said = CliRunner().invoke(app, [*map(str, arguments)]).output
    assert "time in support is false (it was tue 2026-07-14 12:00 in Europe/Paris, a holiday)" in said


def test_a_rule_test_sets_the_time(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "rules.test.yaml").write_text("""
given: {collaborators: {li: {attached_to: [product]}}}
tests:
  - test: In the evening those on call hear of it
    time: 2026-03-30T18:30:00+02:00
    expect: {alerted: [{who: collaborator/li, trigger: opened, rules: [on-call]}]}
  - test: In the morning the desk does
    time: 2026-03-30T09:00:00+02:00
    expect: {alerted: [{who: collaborator/li, trigger: opened, rules: [product-collaborators]}]}
""")
    tested = CliRunner().invoke(app, ["test", str(tmp_path / "rules.yaml")])
    assert (tested.exit_code, tested.stdout) == (0, "2 tests: all passed\n")
