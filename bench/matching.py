"""Rules matched by durable_rules, with and without remembered answers: `python -m bench matching --json`.

The yardstick: the plain-Python evaluator, on the same questions. The two take turns; each figure is a median. `ratio`
says how many questions durable_rules answers from memory, at 10 rules, for each one that the evaluator answers.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import islice, product
from statistics import median
from time import perf_counter
from typing import Any

import msgspec

from adapters.durable_rules.matcher import DurableMatcher
from bench.measuring import report
from engine.rulebook.build import build_rulebook
from engine.rulebook.rulebook import ALL_TICKS, Rulebook
from engine.stages.s4_rule_matching import Question, ReferenceMatcher, RuleMatcher
from schemas.rule_file import RuleFile
from schemas.vocabulary import Audience, Trigger

BATCH = 400
"""Questions asked together, no two of which durable_rules could take for the same."""

PRIORITIES = ("low", "normal", "high", "critical")
LANGUAGES = ("en", "fr", "de")


def main() -> None:
    """Ask the same questions in turns, with 10 and 100 rules, and report microseconds for one question."""
    parser = argparse.ArgumentParser(prog="python -m bench matching", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    arguments = parser.parse_args()
    result: dict[str, Any] = {"bench": "matching"}
    for rules in (10, 100):
        result |= {f"{name}_{rules}_rules_us": us for name, us in measure(rules, arguments.rounds).items()}
    ratio = round(result["reference_10_rules_us"] / result["remembered_10_rules_us"], 3)
    report({**result, "ratio": ratio}, arguments.json)


def measure(rules: int, rounds: int) -> dict[str, float]:
    """Microseconds for one question, by who answers it."""
    rulebook = rulebook_of(rules)
    questions = questions_about(rulebook, rules)
    with DurableMatcher(rulebook, cache_size=0) as evaluating, DurableMatcher(rulebook) as remembering:
        matchers: dict[str, RuleMatcher] = {
            "reference": ReferenceMatcher(),
            "evaluated": evaluating,
            "remembered": remembering,
        }
        expected = ReferenceMatcher().match(questions)
        for matcher in matchers.values():
            assert list(matcher.match(questions)) == expected
        taken: dict[str, list[float]] = {name: [] for name in matchers}
        for _ in range(rounds):
            for name, matcher in matchers.items():
                taken[name].append(seconds(matcher, questions))
        assert not evaluating.restarts + remembering.restarts
    return {name: round(median(found) / BATCH * 1e6, 2) for name, found in taken.items()}


def seconds(matcher: RuleMatcher, questions: Sequence[Question]) -> float:
    """How long one batch takes."""
    start = perf_counter()
    matcher.match(questions)
    return perf_counter() - start


def rulebook_of(rules: int) -> Rulebook:
    """Rules of three comparisons each, of which some match most tickets and some match few."""
    forms = {trigger.value: {"template": "any/any"} for trigger in Trigger}
    content = {
        "defaults": {"contacts": forms, "collaborators": forms, "fax": {"template": "any/any"}},
        "settings": {"fields": {"severity": {"type": "number"}}},
        "rules": [
            {
                "rule": f"rule-{number}",
                "for": "site.contacts",
                "if": f'ticket.priority in ("{PRIORITIES[number % 4]}", "critical")'
                f' and ticket.custom.severity >= {number} and person.language != "{LANGUAGES[number % 3]}"',
            }
            for number in range(rules)
        ],
    }
    return build_rulebook(msgspec.convert(content, RuleFile), digest="bench")


def questions_about(rulebook: Rulebook, rules: int) -> list[Question]:
    """A batch of questions."""
    severities = [index * rules / 10 + 0.5 for index in range(10)]
    combined = product(severities, PRIORITIES, LANGUAGES, Trigger)
    questions = [
        Question(
            rulebook.derive(ALL_TICKS),
            Audience.CONTACTS,
            trigger,
            {"ticket.priority": priority, "ticket.custom.severity": severity, "person.language": language},
        )
        for severity, priority, language, trigger in islice(combined, BATCH)
    ]
    assert len(questions) == BATCH
    return questions
