"""Small random helpdesks and the saves of their tickets, dense where the semantics have corners.

Few ids and few mailboxes, so that people meet each other and themselves; every record is what a platform
could send. All of it happens around `NOW`, which is what to decide with.
"""

import random
from typing import Any

from tests.support.oracle.chance import (
    ABSENT,
    AUDIENCES,
    BAD_ADDRESSES,
    BENEFICIARY,
    CHATS,
    CLIENT,
    COLLABORATORS,
    CONTACTS,
    CONTRACTS,
    CUSTOMERS,
    FAXES,
    INVOICED,
    KINDS,
    MAILBOXES,
    NO_COLLABORATOR,
    NO_CONTACT,
    PRODUCTS,
    SERVICES,
    SITES,
    STRANGER,
    TRIGGERS,
    Record,
    Value,
    beside,
    chance,
    hours_from_now,
    in_other_case,
    pick,
    present,
    rarely_none,
    some,
)
from tests.support.oracle.conditions import GROUPS, TAGS
from tests.support.oracle.saves import event


def random_helpdesk(rng: random.Random) -> tuple[list[Record], list[Record]]:
    """The records of a directory, in the order in which they arrive, and events to decide on it."""
    records = [
        *(contract(rng, name) for name in CONTRACTS),
        *(customer(rng, name) for name in CUSTOMERS if not chance(rng, 0.05)),
        *(place("site", rng, name) for name in SITES[: rng.choice((2, 3, 3))]),
        *(place("product", rng, name) for name in PRODUCTS[: rng.choice((2, 3, 3))]),
        *(place("service", rng, name) for name in SERVICES[: rng.choice((1, 2, 3))]),
        *(contact(rng, name) for name in CONTACTS if not chance(rng, 0.06)),
        *(collaborator(rng, name) for name in COLLABORATORS if not chance(rng, 0.06)),
        *(suppression(rng, number) for number in range(rng.choice((0, 0, 1, 1, 2, 4)))),
    ]
    rng.shuffle(records)
    events = [event(rng, number) for number in range(6)]
    return with_history(rng, records), events


def random_settings(rng: random.Random) -> dict[str, Any]:
    """Settings of a rule file, as keyword arguments of `oracle.expected`; most often none."""
    settings: dict[str, Any] = {}
    if chance(rng, 0.4):
        settings["when_unnamed"] = {kind for kind in ("product", "site", "service") if chance(rng, 0.5)}
    if chance(rng, 0.7):
        settings["status_labels"] = status_labels(rng)
    if chance(rng, 0.4):
        settings["main_site"] = rng.choice(("all", "not_site", "off"))
    if chance(rng, 0.2):
        settings["stale_hours"] = rng.choice((1, 24, 100))
    return settings


def status_labels(rng: random.Random) -> dict[str, Any]:
    """Some statuses internal, some with the same label, some not mapped; every label in every language."""
    running, done = {"en": "Running", "fr": "En cours"}, {"en": "Done", "fr": "Fait"}
    paused_in_french = {"en": "Running", "fr": "En pause"}
    known = {
        "new": rng.choice((running, done)),
        "in_progress": running,
        "waiting": rng.choice((running, paused_in_french, "internal")),
        "closed_int": "internal",
        "solved": done,
    }
    return {status: label for status, label in known.items() if chance(rng, 0.8)}


def contract(rng: random.Random, name: str) -> Record:
    """A contract; one in five or so has something about it that keeps alerts back."""
    return present(
        kind="contract",
        id=name,
        reference=f"CT-{name}",
        type=pick(rng, {"commitment": 97, "time_and_material": 3}),
        status=pick(rng, {"active": 60, ABSENT: 20, None: 17, "suspended": 2, "draft": 1}),
        valid_from=pick(rng, {ABSENT: 30, None: 15, "2026-01-01": 33, "2026-03-01": 18, "2026-03-02": 4}),
        valid_to=pick(rng, {ABSENT: 30, None: 15, "2026-12-31": 33, "2026-03-02": 18, "2026-03-01": 4}),
        alerts_enabled=pick(rng, {True: 57, ABSENT: 20, None: 20, False: 3}),
        recipients=rarely_none(rng, ticks(rng), 0.04),
        client=pick(rng, {CLIENT: 9, BENEFICIARY: 1}),
        invoiced_client=rarely_none(rng, INVOICED, 0.3),
        beneficiaries=rarely_none(rng, some(rng, (BENEFICIARY, INVOICED), 0.6), 0.1),
        client_reads_beneficiaries=pick(rng, {True: 35, ABSENT: 20, None: 15, False: 30}),
        products=rarely_none(rng, some(rng, PRODUCTS, 0.65)),
        sites=rarely_none(rng, some(rng, SITES, 0.65)),
        services=rarely_none(rng, some(rng, SERVICES, 0.6)),
        tags=rarely_none(beside(rng), some(beside(rng), TAGS, 0.4), 0.2),
        **people(rng),
    )


def ticks(rng: random.Random) -> Record:
    """Which recipient categories a contract enables."""
    tick = {True: 80, False: 8, ABSENT: 7, None: 5}
    enabled = {kind: present(**{audience: pick(rng, tick) for audience in AUDIENCES}) for kind in KINDS}
    return present(**{kind: rarely_none(rng, enabled[kind]) for kind in KINDS})


def people(rng: random.Random, share: float = 0.33) -> Record:
    """The contacts and collaborators attached to an object; a few are unknown, a few objects have none."""
    contacts = some(rng, CONTACTS, share) + some(rng, (NO_CONTACT,), 0.06)
    collaborators = some(rng, COLLABORATORS, share) + some(rng, (NO_COLLABORATOR,), 0.06)
    return present(contacts=rarely_none(rng, contacts), collaborators=rarely_none(rng, collaborators))


def customer(rng: random.Random, name: str) -> Record:
    """A customer, with its main site and the triggers that it has enabled."""
    return present(
        kind="customer",
        id=name,
        name=name.upper(),
        main_site=pick(rng, {"S-1": 65, "S-2": 20, ABSENT: 8, None: 7}),
        language=pick(rng, {"fr": 40, "en": 30, ABSENT: 15, None: 15}),
        time_zone=rarely_none(rng, "Europe/Paris", 0.3),
        alerts=rarely_none(rng, customer_alerts(rng), 0.05),
        tags=rarely_none(beside(rng), some(beside(rng), TAGS, 0.4), 0.2),
        languages=languages(beside(rng)),
        **people(rng),
    )


def customer_alerts(rng: random.Random) -> Record:
    """What a customer's record says for each trigger."""
    alert = {True: 82, False: 8, ABSENT: 6, None: 4}
    enabled = {trigger: pick(rng, alert) for trigger in TRIGGERS}
    written = {trigger: {"enabled": on} if isinstance(on, bool) else on for trigger, on in enabled.items()}
    return present(**written)


def place(kind: str, rng: random.Random, name: str) -> Record:
    """A site, a product or a service. Whose they say they are decides nothing."""
    owner = {"site": ("customer", CUSTOMERS), "service": ("contract", CONTRACTS)}.get(kind)
    belongs = {owner[0]: rng.choice(owner[1])} if owner else {}
    return present(kind=kind, id=name, name=f"{kind} {name}", **belongs, **people(rng))


def contact(rng: random.Random, name: str) -> Record:
    """An external person."""
    return present(
        kind="contact",
        id=name,
        customer=pick(rng, {CLIENT: 50, BENEFICIARY: 25, INVOICED: 10, STRANGER: 9, "ghost": 2, ABSENT: 2, None: 2}),
        acts_for=rarely_none(rng, some(rng, CUSTOMERS, 0.15), 0.3),
        sites=rarely_none(rng, some(rng, SITES, 0.75)),
        **person(rng),
    )


def collaborator(rng: random.Random, name: str) -> Record:
    """An internal person."""
    return present(kind="collaborator", id=name, **person(rng))


def person(rng: random.Random) -> Record:
    """What contacts and collaborators have in common."""
    return present(
        name="Zoé Martin",
        language=pick(rng, {"fr": 30, "en": 30, ABSENT: 20, None: 20}),
        time_zone=rarely_none(rng, "Asia/Tokyo", 0.6),
        modes=rarely_none(rng, [mode(rng) for _ in range(rng.choice((0, 1, 1, 2, 2, 2, 3)))], 0.04),
        alerts=rarely_none(rng, some(rng, TRIGGERS, 0.75), 0.04),
        groups=rarely_none(beside(rng), some(beside(rng), (*GROUPS, *SITES), 0.4), 0.2),
        languages=languages(beside(rng)),
    )


def languages(rng: random.Random) -> Value:
    """A list of languages, most often none; some of it can't be read, has no templates, or is too much."""
    lists: tuple[Value, ...] = (["fr", "en"], ["en", "fr"], ["de"], ["nl", "fr-CA", "fr"], [])
    odd: tuple[Value, ...] = ("fr", 5, {}, ["fr", 7, None, ""], ["de", "nl", "sv", "it", "fr"])
    if chance(rng, 0.75):
        return rng.choice((ABSENT, ABSENT, None))
    return rng.choice(odd) if chance(rng, 0.2) else rng.choice(lists)


def mode(rng: random.Random) -> Value:
    """A mode of reception; a few are bad and are lost alone."""
    if chance(rng, 0.04):
        return bad_mode(rng)
    channel = pick(rng, {"email": 66, "fax": 20, "sms": 8, "chat": 6})
    return {"channel": channel, "address": address(rng, channel), "active": chance(rng, 0.85)}


def address(rng: random.Random, channel: str) -> str:
    """An address on this channel; one number may be that of a fax and of a phone."""
    few = {"email": MAILBOXES, "chat": CHATS}.get(channel, FAXES)
    return in_other_case(rng, rng.choice(few))


def bad_mode(rng: random.Random) -> Value:
    """A mode that can't be read, or whose address is none or several."""
    good = {"channel": "email", "address": rng.choice(MAILBOXES), "active": True}
    address = rng.choice(BAD_ADDRESSES)
    return rng.choice(
        (
            good | {"address": address},
            good | {"address": address},
            good | {"address": None},
            good | {"address": 7},
            good | {"active": "yes"},
            good | {"channel": "pigeon"},
            "m1@desk.example",
        )
    )


UNTIL = {
    None: 3,
    ABSENT: 2,
    hours_from_now(5): 3,
    hours_from_now(0): 2,
    hours_from_now(-5): 2,
    "2026-03-02T10:30:01+01:00": 1,
}


def suppression(rng: random.Random, number: int) -> Record:
    """A suppression of an address on its channel, or of a person on one channel or on all."""
    channel = pick(rng, {"email": 64, "fax": 22, "sms": 8, "chat": 6})
    if chance(rng, 0.6):
        whom = {"address": address(rng, channel), "person": rng.choice((None, ABSENT))}
    else:
        kind, names = rng.choice((("contact", CONTACTS), ("collaborator", COLLABORATORS)))
        whom = {"address": rng.choice((None, ABSENT)), "person": f"{kind}/{rng.choice(names)}"}
        channel = pick(rng, {channel: 40, None: 40, ABSENT: 20})
    stopped = some(rng, TRIGGERS, 0.5) or ["closed"]
    return present(
        kind="suppression",
        id=f"sup-{number}",
        channel=channel,
        triggers=rng.choice((None, ABSENT, stopped, stopped)),
        reason=rng.choice(("hard_bounce", "opted_out")),
        since=pick(rng, {hours_from_now(-700): 6, hours_from_now(1): 1, None: 1, ABSENT: 1}),
        until=pick(rng, UNTIL),
        **whom,
    )


GARBLED: dict[str, tuple[Record, ...]] = {
    "contract": ({"type": 7}, {"products": "P-1"}, {"recipients": []}, {"alerts_enabled": "yes"}),
    "customer": ({"alerts": []}, {"main_site": 3}, {"contacts": "ct-1"}),
    "site": ({"contacts": "ct-1"}, {"collaborators": [[]]}),
    "product": ({"contacts": "ct-1"}, {"collaborators": {}}),
    "service": ({"contacts": 5}, {"collaborators": "co-1"}),
    "contact": ({"sites": "S-1"}, {"acts_for": 5}, {"modes": {}}, {"alerts": "opened"}),
    "collaborator": ({"modes": "m1@desk.example"}, {"alerts": "opened"}),
    "suppression": ({"until": "soon"}, {"triggers": "opened"}),
}
OLDER: dict[str, Record] = {
    "contract": {"type": "time_and_material"},
    "customer": {"alerts": {}},
    "contact": {"alerts": list(TRIGGERS), "sites": list(SITES)},
    "collaborator": {"alerts": list(TRIGGERS)},
    "suppression": {"until": None, "triggers": None},
}


def with_history(rng: random.Random, records: list[Record]) -> list[Record]:
    """The records, with older selves of some before them, and some that can't be read in their last state."""
    history: list[Record] = []
    latest: list[Record] = []
    for record in records:
        kind = record["kind"]
        if chance(rng, 0.06):
            history.append(record | OLDER.get(kind, {"contacts": list(CONTACTS)}))
        garbled = chance(rng, 0.03)
        if garbled and chance(rng, 0.7):
            history.append(record)
        latest.append(record | rng.choice(GARBLED[kind]) if garbled else record)
    oddities: list[Record] = [
        {"kind": "printer", "id": "ct-1"},
        {"kind": "contact", "id": None},
        {"kind": "contact"},
    ]
    return [*history, *(odd for odd in oddities if chance(rng, 0.05)), *latest]
