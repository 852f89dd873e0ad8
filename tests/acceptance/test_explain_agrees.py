"""`explain` and `decide` never disagree, and following the smallest change does let the person through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from engine.decide import Decision, decide
from engine.decide_in_full import FullDecision, decide_in_full
from schemas.decision import Skip
from schemas.job import PersonRef
from schemas.mailbox import mailbox
from schemas.vocabulary import Category, PersonKind, Reason
from tests.support.helpdesk.random_helpdesks import Desk, asking_for_lists, decided, desk_of, directory_of
from tests.support.oracle.chance import NOW
from tocsin.authoring.explain import explanation as explaining
from tocsin.authoring.explain import reasons, smallest
from tocsin.authoring.explain.case import Case, Words, adds
from tocsin.authoring.explain.changes import Action, Change, ChangeError, Fields, Records, apply
from tocsin.authoring.explain.explanation import Explainer, Explanation
from tocsin.authoring.explain.records import DirectoryRecords
from tocsin.authoring.explain.report import told, view
from tocsin.authoring.explain.scenario import Neighbours
from tocsin.cli.decide import decision_view, skip_view

Entry = tuple[PersonRef | None, Category | None, str | UnsetType]


def seeds(quick: int, slow: int) -> list[Any]:
    """Batches of ten helpdesks: few for every run, more for the long one."""
    marked = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(quick * 10, slow * 10, 10)]
    return [*range(0, quick * 10, 10), *marked]


# --- explain and decide


@pytest.fixture
def without_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who and why, without what would have to change: that is another test's."""
    monkeypatch.setattr(explaining, "smallest", lambda _scenario, _target: None)


@pytest.mark.parametrize("seed", seeds(4, 30))
@pytest.mark.usefixtures("without_search")
def test_explain_and_decide_never_disagree(seed: int) -> None:
    assert [line for number in range(seed, seed + 10) for line in disagreements(desk_of(number))] == []


def disagreements(desk: Desk) -> Iterator[str]:
    directory, rules = desk.directory, desk.rules
    explainer = Explainer(directory, rules)
    for wire, event in desk.readable():
        decision = decide(event, directory, rules.rulebook, NOW)
        wanted = decision_view(decision)
        found = explainer.explain(event, NOW)
        if shown_as_decide_does(found) != wanted:
            yield f"{wire['id']}: as data"
        if sorted(told_reasons(found)) != sorted(skip.reason.value for skip in decision.skipped):
            yield f"{wire['id']}: in words"
        for person in {skip.person for skip in decision.skipped if skip.person is not None}:
            alone = explainer.explain(event, NOW, person)
            if [one.skip for one in alone.stopped] != [one for one in decision.skipped if one.person in (None, person)]:
                yield f"{wire['id']}: of {person} alone"
            if not around_them(explainer, event, person, decision):
                yield f"{wire['id']}: in the scenario of {person}"


def shown_as_decide_does(found: Explanation) -> dict[str, Any]:
    shown = view(found)
    fields = ("person", "channel", "address", "trigger", "categories", "rules")
    return {
        "event": shown.event,
        "triggers": tuple(shown.triggers),
        "jobs": [{name: getattr(one, name) for name in fields} for one in shown.reached],
        "skipped": [skip_view(Skip(one.person, one.category, one.reason, record=one.record)) for one in shown.stopped],
    }


def told_reasons(found: Explanation) -> Iterator[str]:
    for line in told(found):
        if line.endswith("]") and line.startswith("  ") and not line.startswith("      "):
            yield line.rpartition("[")[2].removesuffix("]")


def around_them(explainer: Explainer, event: Any, person: PersonRef, decision: Decision) -> bool:
    """Whether the small scenario, in which changes for a person are tried, decides about them as the whole one does."""
    around = explaining._Around(explainer._directory, explainer._rules, event, NOW)
    full, _ = around.scenario([person]).decide()
    return entries_of(full.decision, person) == entries_of(decision, person)


def entries_of(decision: Decision, person: PersonRef) -> list[Skip]:
    return [skip for skip in decision.skipped if skip.person == person]


@pytest.mark.usefixtures("without_search")
def test_the_comparison_notices_an_entry_that_explain_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(*arguments: Any) -> FullDecision:
        found = decide_in_full(*arguments)
        return msgspec.structs.replace(
            found, decision=msgspec.structs.replace(found.decision, skipped=found.decision.skipped[:-1])
        )

    monkeypatch.setattr(explaining, "decide_in_full", forgetful)
    assert any(line for number in range(10) for line in disagreements(desk_of(number)))


@pytest.mark.usefixtures("without_search")
def test_the_comparison_notices_a_small_scenario_that_forgets_suppressions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Neighbours, "records", lambda self, _people, _now: DirectoryRecords(self._directory, {}))
    assert any(line for number in range(10) for line in disagreements(desk_of(number)))


# --- the smallest change


@pytest.mark.parametrize("seed", seeds(2, 12))
def test_following_the_smallest_change_lets_the_person_through(seed: int) -> None:
    assert [line for number in range(seed, seed + 10) for line in misleading(desk_of(number))] == []


LISTS = ("groups", "tags")


@pytest.mark.parametrize("seed", seeds(1, 6))
def test_following_a_change_of_a_list_lets_the_person_through(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    changes: list[Change] = []
    right = smallest.smallest

    def kept(*asked: Any) -> tuple[Change, ...] | None:
        found = right(*asked)
        changes.extend(one for one in found or () if one.field in LISTS)
        return found

    monkeypatch.setattr(explaining, "smallest", kept)
    assert [line for number in (seed + 2, seed + 3) for line in misleading(asking_for_lists(number))] == []
    if not seed:
        assert {change.action for change in changes} == {Action.ADD, Action.SET}
        assert {change.record.partition("/")[0] for change in changes} == {*PersonKind, "customer", "contract"}


def test_a_change_of_a_list_that_does_not_help_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A control: the group of somebody else's rule, which opens nothing."""
    right = smallest.smallest

    def wrong(*asked: Any) -> tuple[Change, ...] | None:
        found = right(*asked)
        return found and tuple(
            msgspec.structs.replace(one, value="elsewhere") if one.field in LISTS else one for one in found
        )

    monkeypatch.setattr(explaining, "smallest", wrong)
    assert any(line for number in range(1) for line in misleading(asking_for_lists(number)))


def misleading(desk: Desk) -> Iterator[str]:
    """Explanations whose changes do not help, or of which a part would be enough."""
    explainer = Explainer(desk.directory, desk.rules)
    for wire, event in desk.readable():
        found = explainer.explain(event, NOW)
        pool = [*dict.fromkeys(map(repr, chain.from_iterable(one.changes or () for one in found.stopped)))]
        singles = {repr(one): one for entry in found.stopped for one in entry.changes or ()}
        for one in found.stopped:
            entry = (one.skip.person, one.skip.category, one.skip.record)
            name = f"{wire['id']} {entry} {one.skip.reason}: {one.changes}"
            if one.changes is None or not lets_through(desk, wire, one.changes, entry):
                yield f"{name}: not let through"
            elif any(lets_through(desk, wire, part, entry) for part in parts(one.changes)):
                yield f"{name}: not all of them are needed"
            elif len(one.changes) > 2 and any(lets_through(desk, wire, [singles[key]], entry) for key in pool):
                yield f"{name}: a single change is enough"


def parts(changes: Sequence[Change]) -> Iterator[list[Change]]:
    if len(changes) > 1:
        for left_out in changes:
            yield [one for one in changes if one is not left_out]


def lets_through(desk: Desk, event: Fields, changes: Sequence[Change], entry: Entry) -> bool:
    """Whether these changes, made to what goes over the wire, lead to a message at a mailbox of the person."""
    records, content = desk.records, desk.content
    try:
        for change in changes:
            applied = apply(change, event, records, content)
            event, records, content = applied.event, applied.records, applied.rules
        decision = decided(event, dict(records), content)
    except ChangeError:
        return False
    return is_through(decision, records, entry)


def is_through(decision: Decision, records: Records, entry: Entry) -> bool:
    person, category, record = entry
    stopped = [skip for skip in decision.skipped if (skip.person, skip.category) == entry[:2]]
    if person is not None:
        # Beside a message, another record may be unreadable that might bring one more.
        stopped = [skip for skip in stopped if skip.record in (UNSET, record)]
    elif record is not UNSET:
        stopped = [skip for skip in stopped if skip.record == record]
    if decision.reason is not None or stopped:
        return False
    if person is None:
        return True
    found = directory_of({str(person): records[str(person)]} if str(person) in records else {})
    known = found.person(person.kind, person.id)
    active = [(mode.channel, mailbox(mode.address)) for mode in known.modes if mode.active] if known else []
    return any(
        category in job.categories and (job.channel, mailbox(job.address)) in active and job.person.kind is person.kind
        for job in decision.jobs
    )


@pytest.mark.parametrize("reason", [Reason.OWN_TICK_OFF, Reason.CATEGORY_OFF, Reason.SUPPRESSED, Reason.NO_ACTIVE_MODE])
def test_advice_that_does_not_help_is_noticed(monkeypatch: pytest.MonkeyPatch, reason: Reason) -> None:
    right = reasons.PHRASING[reason]

    def wrong(case: Case) -> Words:
        nothing = adds("contact/ct-1", ("sites",), "S-elsewhere", "do what does not help")
        return msgspec.structs.replace(right(case), changes=(nothing,))

    monkeypatch.setitem(reasons.PHRASING, reason, wrong)
    monkeypatch.setattr(smallest, "LONGEST", 4)
    assert any(line for number in range(10) for line in misleading(desk_of(number)))


def test_advice_that_asks_for_too_much_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    needless = adds("contact/ct-1", ("sites",), "S-elsewhere", "do what is not needed")
    found = smallest.smallest
    monkeypatch.setattr(explaining, "smallest", lambda scenario, target: (*(found(scenario, target) or ()), needless))
    assert any(line for number in range(10) for line in misleading(desk_of(number)))


def test_somebody_who_is_attached_to_nothing_is_let_through_too() -> None:
    for number in range(5):
        desk = desk_of(number)
        explainer = Explainer(desk.directory, desk.rules)
        for wire, event in desk.readable():
            person = PersonRef(PersonKind.COLLABORATOR, "co-new")
            absent = explainer.explain(event, NOW, person).absent
            assert absent is not None
            assert absent.changes
            assert any(lets_through(desk, wire, absent.changes, (person, category, UNSET)) for category in Category)
