"""Who is alerted, and why the others are not: the semantics, read once more, without a thought for speed.

It covers the ten default rules (one per recipient category, without conditions, on every channel), and rules of one's
own for any categories, whose condition is a status, or one as in conditions.py: those about people and customers only
where every record of those can be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.support.oracle.digests import due
from tests.support.oracle.gates import GATES, PASSED, address_of, gates_passed, unreadable_at_stop
from tests.support.oracle.languages import languages
from tests.support.oracle.people import (
    CATEGORIES,
    Attempt,
    Category,
    Labels,
    Person,
    Save,
    Settings,
    attempts,
    people_in,
    unreadable_objects,
    why_object_leads_nowhere,
)
from tests.support.oracle.reading import TRIGGERS, Record, is_refused, known_records, moment, unreadable_records
from tests.support.oracle.rules import OwnRule, rules_of
from tests.support.oracle.triggers import triggers_of

SILENT_ORIGINS = ("import", "merge", "test", "auto_reply")


def expected(
    event: Record,
    directory: list[Record],
    now: datetime,
    *,
    when_unnamed: frozenset[str] | set[str] = frozenset(),
    status_labels: Labels | None = None,
    main_site: str = "all",
    stale_hours: float = 72,
    default_language: str = "en",
    rules: Sequence[OwnRule] = (),
) -> Record:
    """The decision on one event: `event`, `triggers`, `jobs` and `skipped`, or `{"refused": True}`.

    `when_unnamed` holds the object kinds of which an unnamed object means nobody; `status_labels` maps a
    status to "internal" or to a label per language; `main_site` is "all", "not_site" (the category site needs
    no link to the main site) or "off". `rules` are those of the file beside the default ones.
    """
    if is_refused(event):
        return {"refused": True}
    settings = Settings(
        frozenset(when_unnamed), status_labels or {}, main_site, stale_hours, default_language, tuple(rules)
    )
    return decided(Save(event, known_records(directory), unreadable_records(directory), now, settings))


def decided(save: Save) -> Record:
    """The decision on a save that is valid on the wire."""
    event, triggers = save.event, triggers_of(save.event)
    silence = why_silent(save, triggers)
    if silence:
        whole = {"person": None, "category": None, "reason": silence}
        if silence == "unreadable_record":
            whole["record"] = f"contract/{save.ticket['contract']}"
        return {"event": event["id"], "triggers": triggers, "jobs": [], "skipped": [whole]}
    return {"event": event["id"], "triggers": triggers} | people_decided(save, triggers)


def why_silent(save: Save, triggers: list[str]) -> str | None:
    """The first reason why the event alerts nobody as a whole."""
    if not triggers:
        return "no_trigger"
    if save.data.get("notify") is False:
        return "notify_off"
    if save.data.get("origin") in SILENT_ORIGINS:
        return "origin"
    if save.now - save.time > timedelta(hours=save.settings.stale_hours):
        return "stale"
    if save.ticket["contract"] is None:
        return "no_contract"
    if ("contract", save.ticket["contract"]) in save.unreadable:
        return "unreadable_record"
    if ("contract", save.ticket["contract"]) not in save.known:
        return "unknown_contract"
    if save.contract["type"] != "commitment":
        return "not_commitment"
    if save.contract.get("alerts_enabled") is False:
        return "alerts_disabled"
    return None if is_in_force(save) else "not_in_force"


def is_in_force(save: Save) -> bool:
    """Whether the contract is active and the ticket's day, in UTC, lies within its validity."""
    created_at = save.ticket.get("created_at")
    day = (moment(created_at) if created_at else save.time).date().isoformat()
    first, last = save.contract.get("valid_from"), save.contract.get("valid_to")
    if save.contract.get("status") not in (None, "active"):
        return False
    return (first is None or first <= day) and (last is None or day <= last)


@dataclass
class Letter:
    """What one person gets at one mailbox, before it is known who else reads that mailbox."""

    person: Person
    channel: str
    mailbox: str
    address: str
    trigger: str
    categories: list[Category] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)

    @property
    def precedence(self) -> tuple[bool, int, str]:
        """Smaller goes first: contacts, then the more telling trigger, then the smaller id as text."""
        kind, name = self.person
        return kind != "contact", TRIGGERS.index(self.trigger), name


def people_decided(save: Save, triggers: list[str]) -> Record:
    """Jobs and skips of an event that may alert."""
    pairs = [(category, person) for category in CATEGORIES for person in people_in(save, category)]
    tried = [attempt for category, person in pairs for attempt in attempts(save, category, person, triggers)]
    passed = [attempt for attempt in tried if gates_passed(attempt) == PASSED]
    jobs = merged(letters(passed))
    added = {(category, one.person) for _, together in jobs for one in together for category in one.categories}
    skipped = [
        skip(person, category, *why_not(category, person, tried))
        for category, person in pairs
        if (category, person) not in added or is_in_doubt(category, person, tried)
    ]
    skipped += [
        skip(None, category, "unreadable_record", record)
        for category in CATEGORIES
        for record in unreadable_objects(save, category)
    ]
    nowhere = [(category, why_object_leads_nowhere(save, category)) for category in CATEGORIES]
    skipped += [skip(None, category, reason) for category, reason in nowhere if reason]
    written = [as_job(first, together) | when(first, passed) | in_which(first, passed) for first, together in jobs]
    return {"jobs": written, "skipped": skipped}


def when(letter: Letter, passed: list[Attempt]) -> Record:
    """When a letter goes out, by all of its audience who read the mailbox and hear of the same; nothing: at once."""
    bringing = [
        one
        for one in passed
        if address_of(one) == (letter.channel, letter.mailbox)
        and (one.trigger, one.person[0]) == (letter.trigger, letter.person[0])
    ]
    moment = due(next(one for one in bringing if one.person == letter.person), bringing)
    return {} if moment is None else {"due": moment}


def in_which(letter: Letter, passed: list[Attempt]) -> Record:
    """The languages of a letter, by the rules that bring it to this person; a text message has one."""
    bringing = [
        one
        for one in passed
        if address_of(one) == (letter.channel, letter.mailbox)
        and (one.trigger, one.person) == (letter.trigger, letter.person)
    ]
    found = languages(bringing[0], bringing)
    return {"languages": found[:1] if letter.channel == "sms" else found}


def letters(passed: list[Attempt]) -> list[Letter]:
    """One letter per person and mailbox, for the most telling trigger, with every category that led there."""
    found: dict[tuple[Person, str, str], Letter] = {}
    for attempt in sorted(passed, key=lambda one: TRIGGERS.index(one.trigger)):
        channel, box = address_of(attempt)
        address = attempt.mode["address"] if attempt.mode else ""
        letter = found.setdefault(
            (attempt.person, channel, box), Letter(attempt.person, channel, box, address, attempt.trigger)
        )
        if attempt.category not in letter.categories:
            letter.categories.append(attempt.category)
        letter.rules += rules_of(attempt)
    return list(found.values())


def merged(written: list[Letter]) -> list[tuple[Letter, list[Letter]]]:
    """For each mailbox the letter that is sent, and those of its audience, whose categories it carries."""
    boxes: dict[tuple[str, str], list[Letter]] = {}
    for letter in sorted(written, key=lambda one: one.precedence):
        boxes.setdefault((letter.channel, letter.mailbox), []).append(letter)
    return [(box[0], [one for one in box if one.person[0] == box[0].person[0]]) for box in boxes.values()]


def doubts(category: Category, person: Person, tried: list[Attempt]) -> list[str]:
    """The records that can't be read and at which a person stopped in a category."""
    mine = [attempt for attempt in tried if (attempt.category, attempt.person) == (category, person)]
    return [record for record in map(unreadable_at_stop, mine) if record is not None]


def is_in_doubt(category: Category, person: Person, tried: list[Attempt]) -> bool:
    """Whether a record that can't be read may have kept a person from a message."""
    return doubts(category, person, tried) != []


def why_not(category: Category, person: Person, tried: list[Attempt]) -> tuple[str, str | None]:
    """The furthest gate that a person reached in a category, and the record without which nobody knows how far."""
    if in_doubt := doubts(category, person, tried):
        return "unreadable_record", in_doubt[0]
    mine = [attempt for attempt in tried if (attempt.category, attempt.person) == (category, person)]
    furthest = max(gates_passed(attempt) for attempt in mine)
    return ("same_mailbox" if furthest == PASSED else GATES[furthest][0]), None


def reference(person: Person | None) -> dict[str, str] | None:
    """A person as decisions write them."""
    return None if person is None else {"kind": person[0], "id": person[1]}


def skip(person: Person | None, category: Category, reason: str, record: str | None = None) -> Record:
    """One line of what did not happen."""
    line = {"person": reference(person), "category": category.name, "reason": reason}
    return line if record is None else line | {"record": record}


def as_job(first: Letter, together: list[Letter]) -> dict[str, Any]:
    """The job of a mailbox, in the shape of a decision."""
    through = [category for category in CATEGORIES if any(category in one.categories for one in together)]
    return {
        "person": reference(first.person),
        "channel": first.channel,
        "address": first.address,
        "trigger": first.trigger,
        "categories": [category.name for category in through],
        "rules": list(dict.fromkeys(rule for one in together for rule in one.rules)),
    }
