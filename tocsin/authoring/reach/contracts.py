"""Contracts with an enabled category that reaches nobody, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from engine.decide import Decision
from engine.directory.directory import Directory
from engine.directory.records import Contract
from engine.rulebook.rulebook import Rulebook
from schemas.decision import Skip
from schemas.job import PersonRef
from schemas.vocabulary import Category, ObjectKind, Reason
from tocsin.authoring.explain.case import Case, called
from tocsin.authoring.explain.reasons import in_words
from tocsin.authoring.reach.gaps import Gap, GapCode
from tocsin.authoring.reach.probing import probe


def contract_gaps(contract: Contract, directory: Directory, rulebook: Rulebook, now: datetime) -> Iterator[Gap]:
    """What is wrong with one contract, as at this time."""
    enabled = [category for category in Category if category.bit & contract.ticks]
    if not enabled:
        return
    decisions = probe(contract, directory, rulebook, now)
    # A reason about the event as a whole is the same for all tickets of the contract.
    if decisions[0].reason is not None:
        yield _out_of_use(contract, decisions[0], directory, rulebook)
        return
    reached = {category for decision in decisions for category in _reached(decision)}
    for category in enabled:
        if category not in reached:
            yield _nobody(contract, category, decisions, directory, rulebook)


def _reached(decision: Decision) -> Iterator[Category]:
    for job in decision.jobs:
        yield from job.categories
    for skip in decision.skipped:
        # Whoever stands behind a contact's mailbox is told what the contact is not.
        if skip.reason is Reason.SAME_MAILBOX and skip.category is not None:
            yield skip.category


def _out_of_use(contract: Contract, decision: Decision, directory: Directory, rulebook: Rulebook) -> Gap:
    skip = decision.skipped[0]
    words = in_words(Case(skip, decision, directory, rulebook))
    change = f"{words.record}, field {words.field}: {words.change}"
    return Gap(GapCode.CONTRACT_OUT_OF_USE, f"contract/{contract.id}", words.why, change, skip.reason)


def _nobody(
    contract: Contract, category: Category, decisions: Sequence[Decision], directory: Directory, rulebook: Rulebook
) -> Gap:
    record = f"contract/{contract.id}, category {category}"
    furthest = _furthest(category, decisions)
    if not furthest:
        why, change = _unattached(contract, category, directory)
        return Gap(GapCode.CATEGORY_REACHES_NOBODY, record, why, change, "nobody_attached")
    reasons = Counter(skip.reason for _, skip in furthest.values())
    # Whoever came furthest needs the least to be reached, so their gate is the one to show.
    person, (decision, skip) = max(furthest.items(), key=lambda one: one[1][1].reason.depth)
    words = in_words(Case(skip, decision, directory, rulebook))
    counted = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    people = "person" if len(furthest) == 1 else "people"
    why = f"{len(furthest)} {people} ({counted}); {called(person, directory)}: {words.why}"
    change = f"{words.record}, field {words.field}: {words.change}"
    return Gap(GapCode.CATEGORY_REACHES_NOBODY, record, why, change, skip.reason)


def _furthest(category: Category, decisions: Sequence[Decision]) -> dict[PersonRef, tuple[Decision, Skip]]:
    """The furthest gate of each person in a category, over all tickets that were made up."""
    found: dict[PersonRef, tuple[Decision, Skip]] = {}
    for decision in decisions:
        for skip in decision.skipped:
            if skip.person is None or skip.category is not category:
                continue
            known = found.get(skip.person)
            if known is None or known[1].reason.depth < skip.reason.depth:
                found[skip.person] = (decision, skip)
    return found


def _unattached(contract: Contract, category: Category, directory: Directory) -> tuple[str, str]:
    kind, audience = category.object_kind, category.audience
    change = f"attach {audience} there, or take the contract's tick {category} away"
    if kind is ObjectKind.CONTRACT:
        return f"the contract lists no {audience}", change
    named = contract.attached_ids(kind)
    if not named:
        return f"no {kind} is attached to the contract", f"attach one, or take its tick {category} away"
    unreadable = [one for one in named if directory.is_unreadable(kind, one)]
    if unreadable:
        return f"the records of some of its {kind}s can't be read: {_some(unreadable)}", "mend them"
    known = [one for one in named if directory.attached(kind, one) is not None]
    if not known:
        return f"the directory has none of its {kind}s: {_some(named)}", "load them"
    return f"no {audience} are attached to {_some(known)}", change


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004 - enough to recognise
    return ", ".join(names[:3]) + rest
