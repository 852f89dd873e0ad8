"""Few ids, few mailboxes, and the dice: what random helpdesks are made of."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Value = Any  # of JSON, or ABSENT
Record = dict[str, Value]

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ABSENT: Value = object()

TRIGGERS = ("opened", "resolved", "closed", "status_changed")
KINDS = ("product", "site", "contract", "service", "customer")
AUDIENCES = ("contacts", "collaborators")
CHANNELS = ("email", "fax", "sms", "chat")
NOT_FROM_PEOPLE = ("import", "merge", "test", "auto_reply")
STATUSES = ("new", "in_progress", "waiting", "closed_int", "solved")

CONTRACTS = ("C-1", "C-2")
CLIENT, INVOICED, BENEFICIARY, STRANGER = "acme", "acme-holding", "acme-lab", "rival"
CUSTOMERS = (CLIENT, INVOICED, BENEFICIARY, STRANGER)
SITES = ("S-1", "S-2", "S-3")
PRODUCTS = ("P-1", "P-2", "P-3")
SERVICES = ("V-1", "V-2", "V-3")
# "x-1" is a contact and a collaborator; "10" is before "2" as text and after it as a number.
CONTACTS = ("ct-1", "ct-2", "ct-10", "ct-3", "x-1")
COLLABORATORS = ("co-1", "co-2", "co-10", "x-1")
NO_CONTACT, NO_COLLABORATOR = "ct-lost", "co-lost"

INTERNATIONAL = "zo\u00e9@b\u00fccher.example"
OTHER_SPELLINGS = (INTERNATIONAL, "zoe\u0301@bu\u0308cher.example", "zo\u00e9@xn--bcher-kva.example")
MAILBOXES = (*(f"m{number}@desk.example" for number in range(1, 7)), INTERNATIONAL)
FAXES = ("+33140000001", "+33140000002", "+33140000003")
CHATS = ("#support", "@zoe", "12345")
BAD_ADDRESSES = (
    " m1@desk.example",
    "m1@desk.example, m2@desk.example",
    "x;m3@desk.example",
    "m4@desk.example\n",
    "m5@desk.example\nBcc: boss@rival.example",
    "nobody",
    "",
)


def chance(rng: random.Random, share: float) -> bool:
    """True in this share of cases."""
    return rng.random() < share


def pick(rng: random.Random, weights: Mapping[Value, float]) -> Value:
    """One of the values, by its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def beside(rng: random.Random) -> random.Random:
    """Dice of their own: what is thrown with them changes nothing that the others give."""
    return random.Random(str(rng.getstate()))


def some(rng: random.Random, names: Sequence[str], share: float) -> list[str]:
    """Each of the names with this chance, in any order."""
    chosen = [name for name in names if chance(rng, share)]
    rng.shuffle(chosen)
    return chosen


def rarely_none(rng: random.Random, value: Value, share: float = 0.06) -> Value:
    """The value, or seldom null or nothing at all."""
    return rng.choice((ABSENT, None)) if chance(rng, share) else value


def present(**fields: Value) -> Record:
    """A record of the fields that are there."""
    return {name: value for name, value in fields.items() if value is not ABSENT}


def in_other_case(rng: random.Random, address: str) -> str:
    """The same mailbox, written as people write it."""
    spelled = rng.choice(OTHER_SPELLINGS) if address == INTERNATIONAL else address
    return rng.choice((spelled, spelled, spelled.upper(), spelled.title()))


def hours_from_now(hours: float) -> str:
    """A moment before or after NOW, as it goes over the wire."""
    return (NOW + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")
