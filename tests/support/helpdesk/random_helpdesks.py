"""Random helpdesks with rules of their own, for whatever explains decisions about them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from engine.decide import Decision, decide
from engine.directory.directory import Directory
from engine.rulebook.build import build_rulebook
from engine.rulebook.problems import RulebookError
from engine.rulebook.rulebook import Rulebook
from schemas.directory import RECORD_KINDS, record_from_data, widest_suppression
from schemas.event import Event, read_event
from schemas.refusal import RefusedError
from schemas.rule_file import RuleFile
from schemas.vocabulary import Category, Trigger
from tests.support.helpdesk.rulebooks import base
from tests.support.oracle.chance import NOW
from tests.support.oracle.helpdesk import random_helpdesk, random_settings
from tests.support.oracle.rules import random_languages
from tocsin.authoring.explain.changes import Fields, Records
from tocsin.authoring.explain.scenario import Rules

MAIN_SITE = {"all": "required", "not_site": "not_for_site", "off": "not_required"}
CONDITIONS = (
    'ticket.priority == "high"',
    'person.language == "fr"',
    'ticket.status in ("new", "waiting") and not ticket.closed_for_customer == true',
    'ticket.customer != "acme" or previous.status == "new"',
    'person.id == "ct-1" or person.id == "co-1"',
)

ASKING_FOR_LISTS = (
    '"on-call" in person.groups',
    'not "managers" in person.groups and ticket.priority == "high"',
    '"key-account" in customer.tags or "gold" in contract.tags',
    "ticket.customer in contract.tags",
)
"""Conditions for which a person's groups, or the tags of customer and contract, decide."""


class Desk(Struct, frozen=True):
    """A directory's records, the content of a rule file, and events, all as they go over the wire."""

    records: Records
    content: Fields
    events: Sequence[Fields]

    @property
    def directory(self) -> Directory:
        return directory_of(self.records)

    @property
    def rules(self) -> Rules:
        return Rules(self.content, rulebook_of(self.content))

    def readable(self) -> Iterator[tuple[Fields, Event]]:
        """The events that are not refused, as they were sent and as they are read."""
        for wire in self.events:
            event = event_of(wire)
            if event is not None:
                yield wire, event


def desk_of(seed: int) -> Desk:
    """One random helpdesk."""
    chance = random.Random(seed)
    records, events = random_helpdesk(chance)
    return Desk(latest(records), rule_content(chance), events)


def asking_for_lists(seed: int) -> Desk:
    """One whose default rules all ask for groups and tags, so that nearly everybody lacks one."""
    desk, chance = desk_of(seed), random.Random(seed)
    rules = [
        {"rule": category.replace(".", "-"), "for": category.value, "if": chance.choice(ASKING_FOR_LISTS)}
        for category in Category
    ]
    return msgspec.structs.replace(desk, content={**desk.content, "rules": rules})


def latest(records: list[dict[str, Any]]) -> Records:
    """The last record of each kind and id, whether it can be read or not."""
    kept: dict[str, Fields] = {}
    for record in records:
        if record["kind"] in RECORD_KINDS and isinstance(record.get("id"), str):
            kept.pop(f"{record['kind']}/{record['id']}", None)
            kept[f"{record['kind']}/{record['id']}"] = record
    return kept


def rule_content(chance: random.Random) -> Fields:
    """The ten default rules, and often some that narrow, add, or take the place of one."""
    settings = random_settings(chance)
    content = {
        "extends": "default",
        "settings": {
            "when_unnamed": dict.fromkeys(sorted(settings.get("when_unnamed") or ()), "none"),
            "statuses": settings.get("status_labels") or {},
            "main_site": MAIN_SITE[settings.get("main_site", "all")],
            "stale_after_hours": int(settings.get("stale_hours", 72)),
        },
    }
    rules = [random_rule(chance, number) for number in range(chance.choice((0, 0, 1, 3, 6)))]
    named = list({rule["rule"]: rule for rule in rules}.values())
    while not is_right({**content, "rules": named}):
        named.pop()
    return {**content, "rules": named}


def is_right(content: Fields) -> bool:
    """Whether a rule file with this content is without mistakes."""
    try:
        rulebook_of(content)
    except RulebookError:
        return False
    return True


def random_rule(chance: random.Random, number: int) -> dict[str, Any]:
    """One rule: in the place of a default one, or of its own."""
    category = chance.choice(list(Category))
    default = category.replace(".", "-")
    several = chance.sample([one.value for one in Category if one is not category], 2)
    whom = chance.choice((category.value, category.value, [category.value, *several], category.audience.value, "all"))
    rule: dict[str, Any] = {"rule": chance.choice((default, f"own-{number}")), "for": whom}
    if chance.random() < 0.5:
        rule["on"] = chance.sample([trigger.value for trigger in Trigger], chance.choice((1, 2)))
    if chance.random() < 0.5:
        rule["if"] = chance.choice(CONDITIONS)
    if chance.random() < 0.4:
        rule["send"] = {"channels": [chance.choice(("email", "fax"))]}
    if languages := random_languages(chance):
        rule["send"] = rule.get("send", {}) | languages
    if rule["rule"] != default and chance.random() < 0.6:
        rule["instead_of"] = default
    return rule


def rulebook_of(content: Fields) -> Rulebook:
    """The rulebook of a rule file with this content."""
    return build_rulebook(msgspec.convert(content, RuleFile), "test", base())


def directory_of(records: Records) -> Directory:
    """The directory of these records."""
    directory = Directory()
    for record in records.values():
        try:
            directory.apply(record_from_data(record))
        except RefusedError:
            kind, record_id = record["kind"], record["id"]
            held = widest_suppression(record_id, record) if kind == "suppression" else None
            directory.mark_unreadable(kind, record_id, held)
    return directory


def event_of(wire: Fields) -> Event | None:
    """The event; None where it is refused."""
    try:
        return read_event(json.dumps(wire).encode(), NOW)
    except RefusedError:
        return None


def decided(event: Fields, records: Records, content: Fields) -> Decision:
    """The decision, made from what goes over the wire alone."""
    read = read_event(json.dumps(event).encode(), NOW)
    return decide(read, directory_of(records), rulebook_of(content), NOW)
