"""Which rules and gates the tests exercise, and which they leave out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from engine.rulebook.rulebook import MainSite, Rule, Rulebook
from schemas.decision import Skip
from schemas.vocabulary import Audience, Category, Reason, Trigger
from tocsin.authoring.rule_tests.expectations import expected_jobs, named_skips
from tocsin.authoring.rule_tests.preparing import EVENT_REASONS
from tocsin.authoring.rule_tests.running import Result

CONTACTS_ALONE: Final = frozenset(
    {
        Reason.CUSTOMER_TRIGGER_OFF,
        Reason.NOT_MAIN_SITE,
        Reason.NOT_VISIBLE,
        Reason.NOT_OWN,
        Reason.STATUS_INTERNAL,
    }
)
"""Gates that are not asked of collaborators."""

NEVER_IN_TESTS: Final = Reason.UNREADABLE_RECORD
"""A record of a test's directory that can't be read is a fault of the test."""

COLLABORATORS_ALONE: Final = frozenset({Reason.SAME_MAILBOX})
"""A contact who shares a mailbox is joined with its other readers, never skipped."""


class Gate(Struct, frozen=True, order=True):
    """A reason for which nobody, or someone of this audience, is not alerted."""

    reason: Reason
    audience: Audience | None

    def __str__(self) -> str:
        """As it is listed: `own_save (contacts)`."""
        return self.reason if self.audience is None else f"{self.reason} ({self.audience})"


class Exercised(Struct, frozen=True):
    """What passing tests exercise.

    `unsent` are rules that decided no expected message, `unheld` those that held back in no test (their tick was off,
    or they did not match). `ungated` are gates that no test names as a reason, `impossible` those that these rules and
    settings never close.
    """

    rules: int
    gates: int
    unsent: list[str]
    unheld: list[str]
    ungated: list[Gate]
    impossible: list[Gate]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return not (self.unsent or self.unheld or self.ungated)


def coverage_of(rulebook: Rulebook, results: Sequence[Result]) -> Exercised:
    """What these tests exercise; one that failed exercises nothing."""
    # A test that fails shows nothing about the rules: nobody knows which of the two is wrong.
    passed = [result for result in results if not result.differences]
    sent = {name for one in passed for job in expected_jobs(one.test.expect, one.decision) for name in job.rules}
    held = {name for one in passed for name in _held_back(one, rulebook.rules)}
    closed = {_gate(skip) for one in passed for skip in named_skips(one.test.expect, one.decision)}
    possible = [gate for gate in all_gates() if _is_possible(gate, rulebook)]
    names = rulebook.names
    return Exercised(
        rules=len(names),
        gates=len(possible),
        unsent=[name for name in names if name not in sent],
        unheld=[name for name in names if name not in held],
        ungated=[gate for gate in possible if gate not in closed],
        impossible=[gate for gate in all_gates() if gate not in possible],
    )


def all_gates() -> Iterator[Gate]:
    """Every reason, for each audience that it is about, in the order of the gates."""
    for reason in Reason:
        if reason is NEVER_IN_TESTS:
            continue
        if reason in EVENT_REASONS:
            yield Gate(reason, None)
            continue
        if reason not in COLLABORATORS_ALONE:
            yield Gate(reason, Audience.CONTACTS)
        if reason not in CONTACTS_ALONE:
            yield Gate(reason, Audience.COLLABORATORS)


def _gate(skip: Skip) -> Gate:
    return Gate(skip.reason, None if skip.category is None else skip.category.audience)


def _held_back(result: Result, rules: Sequence[Rule]) -> Iterator[str]:
    """The rules for a category that someone was in, and that brought them nothing because they do not match."""
    expect, decision = result.test.expect, result.decision
    reasons = (Reason.CATEGORY_OFF, Reason.NO_RULE)
    # A test with `others: none` says that everyone whom it does not name gets nothing.
    silent = decision.skipped if expect.others == "none" else named_skips(expect, decision)
    stopped = {skip.category for skip in silent if skip.person is not None and skip.reason in reasons}
    jobs = expected_jobs(expect, decision)
    for rule in rules:
        otherwise = any(rule.category in job.categories and rule.name not in job.rules for job in jobs)
        if otherwise or rule.category in stopped:
            yield rule.name


def _is_possible(gate: Gate, rulebook: Rulebook) -> bool:
    """Whether the gate can be closed at all by these rules and settings."""
    match gate.reason:
        case Reason.NO_RULE:
            categories = [category for category in Category if category.audience is gate.audience]
            return not all(_always_matches(category, rulebook.rules) for category in categories)
        case Reason.NOT_MAIN_SITE:
            return rulebook.policy.main_site is not MainSite.NOT_REQUIRED
        case Reason.STATUS_INTERNAL:
            return bool(rulebook.policy.statuses)
        case _:
            return True


def _always_matches(category: Category, rules: Sequence[Rule]) -> bool:
    """Whether some rule matches everyone in this category, for each trigger and on some channel."""
    return all(
        any(
            rule.category is category and rule.condition is None and trigger in rule.triggers and _stays(rule, rules)
            for rule in rules
        )
        for trigger in Trigger
    )


def _stays(rule: Rule, rules: Sequence[Rule]) -> bool:
    """Whether what may take the rule's place is for the same category, so that one of them matches."""
    others = {other.name for other in rules if other.instead_of == rule.name}
    return all(
        any(other.name == name and other.category is rule.category and _stays(other, rules) for other in rules)
        for name in others
    )
