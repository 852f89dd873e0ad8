"""What is told as a cause is one: its words are true of the records, and what it names, changed, opens the gate."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from engine.decide import Decision, decide
from engine.directory.records import Person
from schemas.decision import Skip
from schemas.mailbox import mailbox
from schemas.vocabulary import Channel, PersonKind, Reason
from tests.support.helpdesk.random_helpdesks import Desk, decided, desk_of
from tests.support.oracle.chance import NOW
from tocsin.authoring.explain import reasons
from tocsin.authoring.explain.case import Case, Words
from tocsin.authoring.explain.changes import ChangeError, Fields, apply
from tocsin.authoring.explain.reasons import in_words

DESKS = 40
EVENTS = 6
"""Of each desk."""


class Told(Struct, frozen=True):
    """An entry of a decision with its words, and all that it was decided by."""

    desk: Desk
    wire: Fields
    decision: Decision
    case: Case
    words: Words

    @property
    def skip(self) -> Skip:
        return self.case.skip

    @property
    def person(self) -> Person:
        assert self.case.person is not None
        return self.case.person

    def after(self, content: Fields) -> Skip | None:
        """The same entry under other rules; None where there is none any more."""
        return entry(decided(self.wire, self.desk.records, content), self.skip)


def entry(decision: Decision, like: Skip) -> Skip | None:
    """The entry of the same person and category."""
    found = (one for one in decision.skipped if (one.person, one.category) == (like.person, like.category))
    return next(found, None)


def told_in(desk: Desk) -> Iterator[Told]:
    directory, rules = desk.directory, desk.rules
    for wire, event in [*desk.readable()][:EVENTS]:
        decision = decide(event, directory, rules.rulebook, NOW)
        for skip in decision.skipped:
            case = Case(skip, decision, directory, rules.rulebook)
            yield Told(desk, wire, decision, case, in_words(case))


# --- true of the records


def no_active_mode(told: Told) -> bool:
    active = {mode.channel for mode in told.person.modes if mode.active}
    names = {"e-mail": Channel.EMAIL, "fax": Channel.FAX, "SMS": Channel.SMS, "chat": Channel.CHAT}
    if told.words.why == "the person has no mode of reception":
        return not told.person.modes
    if told.words.why == "no mode of reception is active":
        return bool(told.person.modes) and not active
    found = re.fullmatch(
        r"the rules that match here send by (\S+), and no \1 address of theirs is active \((.*)\)", told.words.why
    )
    assert found is not None, told.words.why
    named = {channel for name, channel in names.items() if name in found[2].partition(", but")[0]}
    return (
        names[found[1]] not in active
        and named == active != set()
        and sends(told, names[found[1]])
        and not any(sends(told, channel) for channel in active)
    )


def sends(told: Told, channel: Channel) -> bool:
    """Whether the rules would bring the person something on this channel, if they had an active address on it."""
    key = str(told.skip.person)
    addresses = {"email": "new@address.example", "fax": "+33149999999", "sms": "+33649999999", "chat": "@new"}
    record = {**told.desk.records[key], "modes": [{"channel": channel, "address": addresses[channel], "active": True}]}
    after = entry(decided(told.wire, {**told.desk.records, key: record}, told.desk.content), told.skip)
    return after is None or after.reason.depth > Reason.NO_ACTIVE_MODE.depth


def own_save(told: Told) -> bool:
    actor, person = told.decision.event.actor, told.person
    is_them = actor.id == person.id and actor.kind is not None and actor.kind.person_kind is person.kind
    if told.words.why == "the person made this save":
        return is_them
    own = {mailbox(mode.address) for mode in person.modes if mode.channel is Channel.EMAIL}
    return not is_them and mailbox(told.words.why.rpartition(" ")[2]) in own


def status_internal(told: Told) -> bool:
    statuses: dict[str, Any] = told.desk.content["settings"]["statuses"]
    quoted = re.findall("`(.*?)`", told.words.why)
    if "is internal" in told.words.why:
        return bool(statuses.get(quoted[0]) == "internal")
    before, now = quoted
    return bool(statuses.get(before, before) == statuses.get(now, now) != "internal")


def same_mailbox(told: Told) -> bool:
    reader = told.words.why.partition(" reads the same mailbox")[0].rpartition("(")[2].removesuffix(")")
    own = {(mode.channel, mailbox(mode.address)) for mode in told.person.modes if mode.active}
    jobs = [job for job in told.decision.jobs if str(job.person) == reader]
    return any((job.channel, mailbox(job.address)) in own and job.person.kind is PersonKind.CONTACT for job in jobs)


def not_visible(told: Told) -> bool:
    event = told.decision.event
    told_of = ("keeps this save internal" in told.words.why, "not visible to customers" in told.words.why)
    return told_of == (event.notify == "internal", event.ticket.visible_to_customer is False)


TRUE: Mapping[Reason, Callable[[Told], bool]] = {
    Reason.NO_ACTIVE_MODE: no_active_mode,
    Reason.OWN_SAVE: own_save,
    Reason.STATUS_INTERNAL: status_internal,
    Reason.SAME_MAILBOX: same_mailbox,
    Reason.NOT_VISIBLE: not_visible,
}


def untrue(desk: Desk) -> Iterator[str]:
    for told in told_in(desk):
        is_true = TRUE.get(told.skip.reason)
        if is_true is not None and not is_true(told):
            yield f"{told.wire['id']} {told.skip}: {told.words.why}"


# --- a cause: changed, it stops nobody any more


def idle(desk: Desk) -> Iterator[str]:
    """Causes that, changed as the words say, leave the person with the same words."""
    for told in told_in(desk):
        if not any(is_another(told, change) for change in told.words.changes):
            yield f"{told.wire['id']} {told.skip}: {told.words.why}"


def is_another(told: Told, change: Any) -> bool:
    """Whether the entry is gone, further, or says something else after this change."""
    try:
        applied = apply(change, told.wire, told.desk.records, told.desk.content)
        after = decided(applied.event, dict(applied.records), applied.rules)
    except ChangeError:
        return False
    found = entry(after, told.skip)
    if found is None or found.reason is not told.skip.reason:
        return True
    desk = msgspec.structs.replace(told.desk, records=applied.records, content=applied.rules)
    return in_words(Case(found, after, desk.directory, desk.rules.rulebook)).why != told.words.why


def false_misses(desk: Desk) -> Iterator[str]:
    """Of the rules that `no_rule` names: what is told of one, all changed, must be enough, and no part of it alone."""
    for told in told_in(desk):
        if told.skip.reason is not Reason.NO_RULE:
            continue
        _, _, inside = told.words.why.partition(" here (")
        for said in filter(None, inside.removesuffix(")").split("; ")):
            name, _, causes = said.partition(" ")
            changes = [*changes_for(told, name, causes)]
            name = f"{told.wire['id']} {told.skip}: {said}"
            if not changes:
                yield f"{name}: no cause"
            elif stays(told, changes):
                yield f"{name}: more is missing"
            elif len(changes) > 1 and not all(
                stays(told, [one for one in changes if one is not left_out]) for left_out in changes
            ):
                yield f"{name}: not all of it is a cause"


Edit = Callable[[dict[str, Any]], None]


def changes_for(told: Told, name: str, causes: str) -> Iterator[tuple[str, Edit]]:
    if "is not on " in causes:
        on = [trigger.value for trigger in told.decision.triggers]
        yield name, lambda rule: rule.update(on=[*rule["on"], *on])
    if "asks for `" in causes:
        yield name, lambda rule: rule.pop("if")
    if " takes its place" in causes:
        other = causes.partition("matches, but ")[2].removesuffix(" takes its place")
        yield other, lambda rule: rule.pop("instead_of")
    if "does not send by" in causes:
        yield name, lambda rule: rule.pop("send")


def stays(told: Told, changes: list[tuple[str, Edit]]) -> bool:
    content = copy.deepcopy(dict(told.desk.content))
    for name, edit in changes:
        (rule,) = [one for one in content["rules"] if one["rule"] == name]
        edit(rule)
    after = told.after(content)
    return after is not None and after.reason is Reason.NO_RULE


# --- the tests


@pytest.mark.parametrize("seed", range(0, DESKS, 10))
def test_what_is_told_is_true_and_a_cause(seed: int) -> None:
    for number in range(seed, seed + 10):
        desk = desk_of(number)
        assert [*untrue(desk), *idle(desk), *false_misses(desk)] == []


@pytest.mark.parametrize("reason", TRUE)
def test_every_kind_of_cause_is_among_them(reason: Reason) -> None:
    """Else the test says nothing about it."""
    assert any(told.skip.reason is reason for number in range(DESKS) for told in told_in(desk_of(number)))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.NO_ACTIVE_MODE, "no mode of reception is active"),
        (Reason.OWN_SAVE, "the person made this save"),
    ],
)
def test_a_cause_that_is_none_is_noticed(reason: Reason, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = reasons.PHRASING[reason]
    monkeypatch.setitem(reasons.PHRASING, reason, lambda case: msgspec.structs.replace(right(case), why=words))
    assert any(line for number in range(DESKS) for line in untrue(desk_of(number)))


def test_a_rule_of_which_too_much_is_told_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it was: every channel and trigger that the rule lacks, though it would match on another."""
    right = reasons.PHRASING[Reason.NO_RULE]
    monkeypatch.setitem(
        reasons.PHRASING, Reason.NO_RULE, lambda case: right(msgspec.structs.replace(case, is_one_way=True))
    )
    assert any(line for number in range(DESKS) for line in false_misses(desk_of(number)))
