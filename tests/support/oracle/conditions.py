"""Conditions of rules, read once more: from plain JSON, character by character, without a thought for speed.

A condition is a list here: `["not", …]`, `["and", …, …]`, `["or", …, …]`, or a comparison such as
`["contains", "ticket.title", "outage"]`, `["listed", "on-call", "person.groups"]`, `["same", "ticket.site", "S-1"]`,
`["fields", "person.id", "ticket.custom.owner"]`, `["field listed", "ticket.site", "person.groups"]`, `["reopened"]`.
"""

import json
import random
import unicodedata
from typing import Any

from tests.support.oracle.people import Attempt

Condition = list[Any]

WITHIN = ("contains", "starts with", "ends with", "contains word")


def is_met(condition: Condition, attempt: Attempt) -> bool:
    """Whether a condition holds for this save, trigger, person and channel."""
    word, *parts = condition
    if word == "not":
        return not is_met(parts[0], attempt)
    if word in ("and", "or"):
        met = [is_met(part, attempt) for part in parts]
        return all(met) if word == "and" else any(met)
    if word == "reopened":
        return is_reopened(attempt)
    if word in WITHIN:
        text = value(parts[0], attempt)
        return isinstance(text, str) and stands_there(word, as_compared(text), as_compared(parts[1]))
    if word == "same":
        return bool(value(parts[0], attempt) == parts[1])
    if word == "listed":
        return parts[0] in (value(parts[1], attempt) or [])
    one, other = value(parts[0], attempt), value(parts[1], attempt)
    return one is not None and (one == other if word == "fields" else one in (other or []))


def value(field: str, attempt: Attempt) -> Any:
    """What the field has; None where it has nothing."""
    save = attempt.save
    if field == "channel":
        return attempt.channel
    record, _, name = field.partition(".")
    if name.startswith("custom."):
        return (save.ticket.get("custom") or {}).get(name.removeprefix("custom."))
    if field == "person.id":
        return attempt.person[1] if attempt.record else None
    holders: dict[str, Any] = {
        "ticket": save.ticket,
        "contract": save.contract,
        "customer": save.known.get(("customer", save.customer), {}),
        "person": attempt.record,
    }
    found = holders[record].get(name)
    return None if found == "" and field == "ticket.site" else found


def is_reopened(attempt: Attempt) -> bool:
    """It was resolved, or closed for the customer, before the save, and is neither now."""
    marks = ("resolution_marked", "closed_for_customer")
    before, now = attempt.save.data.get("previous") or {}, attempt.save.ticket
    return any(before.get(mark) for mark in marks) and not any(now[mark] for mark in marks)


def as_compared(text: str) -> str:
    """Without case, in the composed form of compatibility."""
    for form in ("NFD", "NFKC"):
        text = unicodedata.normalize(form, text).casefold()
    return unicodedata.normalize("NFKC", text)


def stands_there(relation: str, text: str, wanted: str) -> bool:
    """Whether the wanted text stands at a place where the relation asks for it."""
    places = [at for at in range(len(text) - len(wanted) + 1) if text[at : at + len(wanted)] == wanted]
    if relation == "ends with":
        return len(text) - len(wanted) in places
    if relation == "starts with":
        return 0 in places
    return any(relation == "contains" or is_word(text, at, at + len(wanted)) for at in places)


def is_word(text: str, start: int, end: int) -> bool:
    """Whether no word goes on across either end; all texts here are of scripts with blanks."""
    return not (goes_on(text, start) or goes_on(text, end))


def goes_on(text: str, at: int) -> bool:
    """Whether a word stands on both sides of this place."""
    return 0 < at < len(text) and all(one.isalnum() or one == "_" for one in text[at - 1 : at + 1])


# --- made at random

TITLES = (
    "Invoices do not Print",
    "Привет 👋",
    "",
    "OUTAGE in Lyon",
    "Two outages, cafe\u0301 closed",
    "[P1] outage",
    "no-outage_x",
    "CAFÉ: Outage!",
)
PARTS = ("outage", "Outage", "out", "café", "cafe", "[p1]", "ПРИВЕТ", "print")
GROUPS = ("on-call", "managers", "On-Call")
TAGS = ("gold", "key-account")


def random_condition(rng: random.Random, *, of_people: bool, depth: int = 2) -> Condition:
    """A condition; `of_people`: it may ask about records of people and customers."""
    if depth and rng.random() < 0.5:
        word = rng.choice(("not", "and", "or"))
        parts = [random_condition(rng, of_people=of_people, depth=depth - 1) for _ in range(1 if word == "not" else 2)]
        return [word, *parts]
    comparisons: list[Condition] = [
        *([rng.choice(WITHIN), "ticket.title", rng.choice(PARTS)] for _ in range(5)),
        ["same", "channel", rng.choice(("email", "fax", "sms"))],
        ["listed", rng.choice(TAGS), "contract.tags"],
        ["fields", "ticket.site", "ticket.custom.place"],
        ["reopened"],
    ]
    if of_people:
        comparisons += [
            ["listed", rng.choice(GROUPS), "person.groups"],
            ["listed", rng.choice(TAGS), "customer.tags"],
            ["fields", "person.id", "ticket.custom.owner"],
            ["field listed", "ticket.site", "person.groups"],
        ]
    return rng.choice(comparisons)


def as_text(condition: Condition) -> str:
    """The condition as a rule file has it."""
    word, *parts = condition
    if word == "not":
        return f"not ({as_text(parts[0])})"
    if word in ("and", "or"):
        return f" {word} ".join(f"({as_text(part)})" for part in parts)
    if word == "reopened":
        return "ticket.reopened"
    if word in ("fields", "field listed"):
        return f"{parts[0]} {'==' if word == 'fields' else 'in'} {parts[1]}"
    if word == "listed":
        return f"{json.dumps(parts[0], ensure_ascii=False)} in {parts[1]}"
    return f"{parts[0]} {'==' if word == 'same' else word} {json.dumps(parts[1], ensure_ascii=False)}"
