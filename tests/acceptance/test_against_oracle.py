"""Whole random helpdesks, decided by the engine and by an independent reading of the semantics."""

from __future__ import annotations

import json
import random
from datetime import datetime
from typing import Any

import pytest

from engine import field_values
from engine.decide import decide
from engine.directory.directory import Directory
from engine.language import languages_of
from engine.rulebook.conditions import evaluate
from engine.rulebook.problems import RulebookError
from engine.rulebook.rulebook import Rulebook
from engine.schedules import soonest
from engine.stages import s4_rule_matching as rule_matching
from engine.stages import s5_person_gates as person_gates
from engine.stages import s7_job_writing
from schemas.directory import RECORD_KINDS, record_from_data, widest_suppression
from schemas.event import read_event
from schemas.refusal import RefusedError
from schemas.vocabulary import Channel
from tests.support.helpdesk.events import rules
from tests.support.oracle.chance import NOW
from tests.support.oracle.compare import difference
from tests.support.oracle.conditions import as_text
from tests.support.oracle.helpdesk import random_helpdesk, random_settings
from tests.support.oracle.oracle import expected
from tests.support.oracle.reading import unreadable_records
from tests.support.oracle.rules import random_digests, random_rules
from tocsin.cli.decide import decision_view

MAIN_SITE = {"all": "required", "not_site": "not_for_site", "off": "not_required"}


def rulebook_with(settings: dict[str, Any]) -> Rulebook:
    return rules(
        {
            "when_unnamed": dict.fromkeys(settings.get("when_unnamed") or (), "none"),
            "statuses": settings.get("status_labels") or {},
            "main_site": MAIN_SITE[settings.get("main_site", "all")],
            "stale_after_hours": int(settings.get("stale_hours", 72)),
            "language": settings.get("default_language", "en"),
            "fields": {"owner": {"type": "text"}, "place": {"type": "text"}},
        },
        *[written(rule) for rule in settings.get("rules", ())],
    )


def written(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule of the oracle as a rule file has it."""
    entry: dict[str, Any] = {key: rule[key] for key in ("rule", "for", "on", "instead_of") if key in rule}
    if "status" in rule:
        entry["if"] = f"ticket.status == {json.dumps(rule['status'])}"
    if "asks" in rule:
        entry["if"] = as_text(rule["asks"])
    send = {key: rule[key] for key in ("channels", "digest", "languages") if key in rule}
    return entry | ({"send": send} if send else {})


def directory_of(records: list[dict[str, Any]]) -> Directory:
    directory = Directory()
    for record in records:
        try:
            directory.apply(record_from_data(record))
        except RefusedError:
            if record.get("kind") in RECORD_KINDS and isinstance(record.get("id"), str):
                held = widest_suppression(record["id"], record) if record["kind"] == "suppression" else None
                directory.mark_unreadable(record["kind"], record["id"], held)
    return directory


def actual(event: dict[str, Any], directory: Directory, rulebook: Rulebook) -> dict[str, Any]:
    try:
        read = read_event(json.dumps(event).encode(), NOW)
    except RefusedError as error:
        return {"refused": error.shown()}
    decision = decide(read, directory, rulebook, NOW)
    decided: dict[str, Any] = json.loads(json.dumps(decision_view(decision), default=_plain))
    # The command does not print them.
    for job, shown in zip(decision.jobs, decided["jobs"], strict=True):
        shown["languages"] = list(job.languages)
    return decided


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else {"kind": value.kind, "id": value.id}


def settings_with_rules(chance: random.Random, records: list[dict[str, Any]]) -> dict[str, Any]:
    """Random settings, and random rules that a rule file may have."""
    settings = random_settings(chance)
    of_people = not unreadable_records(records)
    own = [*random_digests(chance), *random_rules(chance, of_people=of_people)]
    rules = {rule["rule"]: rule for rule in own}
    while True:
        settings["rules"] = list(rules.values())
        try:
            rulebook_with(settings)
        except RulebookError:
            rules.popitem()
        else:
            return settings


@pytest.mark.parametrize("seed", range(0, 600, 100))
def test_engine_and_oracle_decide_alike(seed: int) -> None:
    differences = []
    for number in range(seed, seed + 100):
        chance = random.Random(number)
        records, events = random_helpdesk(chance)
        settings = settings_with_rules(chance, records) if number % 2 else {}
        rulebook, directory = rulebook_with(settings), directory_of(records)
        for event in events:
            wanted = expected(event, records, NOW, **settings)
            differences += [
                (number, event["id"], line) for line in difference(wanted, actual(event, directory, rulebook))
            ]
    assert differences == []


def test_the_comparison_notices_a_gate_that_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    open_gates = tuple(gate for gate in person_gates.PERSON_GATES if gate is not person_gates.ticket_is_their_own)
    monkeypatch.setattr(person_gates, "PERSON_GATES", open_gates)
    with pytest.raises(AssertionError):
        test_engine_and_oracle_decide_alike(0)


def test_the_comparison_notices_a_rule_that_brings_it_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s7_job_writing, "soonest", lambda rules, *more: soonest(rules[:1], *more))
    with pytest.raises(AssertionError, match="due"):
        test_engine_and_oracle_decide_alike(0)


def test_the_comparison_notices_languages_that_are_read_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_rules(person: Any, customer: Any, _: Any, policy: Any) -> tuple[str, ...]:
        return languages_of(person, customer, (), policy)

    monkeypatch.setattr(s7_job_writing, "languages_of", without_rules)
    with pytest.raises(AssertionError, match="languages"):
        test_engine_and_oracle_decide_alike(0)


@pytest.mark.parametrize(
    ("place", "name", "wrong"),
    [
        (field_values, "_is_reopened", lambda scope: scope.event.previous is not None),
        (evaluate, "folded", lambda text: text),
        (evaluate, "is_in", lambda value, values: value is not None and len(values or ()) > 0),
        (rule_matching, "_INDEX", dict.fromkeys(Channel, 0)),
    ],
)
def test_the_comparison_notices_a_condition_that_is_read_otherwise(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, wrong: Any
) -> None:
    monkeypatch.setattr(place, name, wrong)
    with pytest.raises(AssertionError):
        [*map(test_engine_and_oracle_decide_alike, range(0, 600, 100))]
