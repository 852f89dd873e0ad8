"""Random saves of tickets, valid and not."""

import random
from collections.abc import Sequence

from tests.support.oracle.chance import (
    ABSENT,
    BENEFICIARY,
    CLIENT,
    COLLABORATORS,
    CONTACTS,
    INVOICED,
    MAILBOXES,
    NOT_FROM_PEOPLE,
    PRODUCTS,
    SERVICES,
    SITES,
    STATUSES,
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
from tests.support.oracle.conditions import TITLES
from tests.support.oracle.reading import is_written


def event(rng: random.Random, number: int) -> Record:
    """A save of a ticket; about one in twenty-five is invalid."""
    ticket = random_ticket(rng, f"T-{rng.randint(1, 3)}")
    what_was = pick(rng, {created: 18, full_previous: 26, partial_previous: 32, listed: 13, typed: 11})
    kind, known = what_was(rng, ticket)
    data = present(
        ticket=ticket,
        actor=actor(rng),
        origin=pick(rng, {"user": 46, "automation": 18, ABSENT: 18, None: 14} | dict.fromkeys(NOT_FROM_PEOPLE, 1.5)),
        notify=pick(rng, {True: 42, ABSENT: 22, None: 20, "internal": 12, False: 5}),
        **known,
    )
    saved = present(
        specversion="1.0",
        id=f"01JD-{number}",
        source="/helpdesk",
        type=kind,
        subject=ticket["id"],
        time=event_time(rng),
        datacontenttype="application/json",
        data=data,
    )
    return spoiled(rng, saved) if chance(rng, 0.04) else saved


def event_time(rng: random.Random) -> Value:
    """When the platform says that it happened: mostly just now, sometimes nearly stale, or ahead."""
    hours = pick(rng, {-0.25: 62, -23.0: 9, -71.9: 7, -72: 5, -72.001: 2, -3000: 3, 26: 8, 0: 5})
    as_text = hours_from_now(hours)
    return pick(rng, {as_text: 90, as_text.replace("Z", "+00:00"): 8, ABSENT: 2})


def random_ticket(rng: random.Random, name: str) -> Record:
    """A ticket as it is now."""
    return present(
        id=name,
        reference=f"2026-{name}",
        contract=pick(rng, {"C-1": 62, "C-2": 32, None: 3, "C-lost": 2}),
        customer=pick(rng, {CLIENT: 38, BENEFICIARY: 26, INVOICED: 9, None: 13, STRANGER: 9, "ghost": 4}),
        product=object_named(rng, PRODUCTS),
        site=object_named(rng, SITES),
        service=object_named(rng, SERVICES),
        title=beside(rng).choice(TITLES) if rng.choice((True, True, False)) else "",
        external_description=pick(rng, {"Since this morning …": 76, None: 6, "": 6, " \n\t ": 6, "<p><br></p>": 6}),
        internal_notes=rng.choice((ABSENT, None, "known bug 881")),
        status=rng.choice(STATUSES),
        priority=rng.choice(("low", "high", None, ABSENT)),
        resolution_marked=chance(rng, 0.5),
        closed_for_customer=chance(rng, 0.45),
        closed_internally=rng.choice((True, False, ABSENT)),
        visible_to_customer=pick(rng, {True: 55, ABSENT: 20, None: 13, False: 12}),
        created_at=created_at(rng),
        first_described_at=pick(rng, {ABSENT: 50, None: 20, hours_from_now(-1): 30}),
        custom=rng.choice((ABSENT, owned(beside(rng)))),
    )


def owned(rng: random.Random) -> Record:
    """Custom fields, of which two name a person and a site."""
    return {"severity": 2, "owner": rng.choice((*CONTACTS, *COLLABORATORS)), "place": rng.choice(SITES)}


def object_named(rng: random.Random, names: Sequence[str]) -> Value:
    """An object of the ticket: attached or not, known or not, or none named."""
    named = rng.choice(names)
    return pick(rng, {named: 50, None: 24, ABSENT: 22, f"{named}-lost": 4})


def created_at(rng: random.Random) -> Value:
    """Around midnight in UTC between the 1st and the 2nd of March, often written with another offset."""
    return rng.choice(
        (
            ABSENT,
            None,
            "2026-03-02T09:00:00Z",
            "2026-03-01T12:00:00Z",
            "2026-03-01T23:59:59Z",
            "2026-03-02T00:00:00Z",
            "2026-03-02T00:30:00+01:00",
            "2026-03-01T23:30:00-01:00",
            "2026-02-28T22:00:00-03:00",
            "2026-03-03T01:00:00+02:00",
        )
    )


def actor(rng: random.Random) -> Value:
    """Who made the save: often someone whom it would alert, known by id or by an address in another case."""
    kind = pick(rng, {"collaborator": 30, "contact": 30, "system": 12, None: 8, ABSENT: 10})
    names = {"collaborator": COLLABORATORS, "contact": CONTACTS}.get(kind, CONTACTS + COLLABORATORS)
    email = pick(rng, {None: 50, ABSENT: 20, in_other_case(rng, rng.choice(MAILBOXES)): 30})
    who = present(kind=kind, id=pick(rng, {rng.choice(names): 70, None: 20, ABSENT: 10}), email=email)
    return rarely_none(rng, who, 0.15)


# --- what was before

LONG_AGO = hours_from_now(-9)
UNTELLING: tuple[Record, ...] = (
    {"closed_internally": False},
    {"title": "Earlier title"},
    {"visible_to_customer": False},
    {"customer": STRANGER},
    {"product": "P-3"},
    {"first_described_at": LONG_AGO},
)


def created(rng: random.Random, ticket: Record) -> tuple[str, Record]:
    """The first save."""
    return "ticket.saved", {"previous": None}


def full_previous(rng: random.Random, ticket: Record) -> tuple[str, Record]:
    """The whole ticket as it was."""
    return "ticket.saved", {"previous": ticket | changes(rng, ticket)}


def partial_previous(rng: random.Random, ticket: Record) -> tuple[str, Record]:
    """Only the fields that changed, or a few more; now and then nothing did."""
    unchanged = {field: ticket[field] for field in some(rng, sorted(ticket), 0.1)}
    return "ticket.saved", {"previous": {} if chance(rng, 0.03) else unchanged | changes(rng, ticket)}


def listed(rng: random.Random, ticket: Record) -> tuple[str, Record]:
    """The platform names the triggers itself; they agree with the ticket nearly always."""
    possible = [trigger for trigger in TRIGGERS if fits(trigger, ticket)]
    named = some(rng, TRIGGERS if chance(rng, 0.06) else possible, 0.8)
    return "ticket.saved", {"triggers": named + (named[:1] if chance(rng, 0.1) else [])}


def typed(rng: random.Random, ticket: Record) -> tuple[str, Record]:
    """The platform names one trigger by the type of the event; it agrees with the ticket nearly always."""
    possible = [trigger for trigger in TRIGGERS if fits(trigger, ticket)]
    return f"ticket.{rng.choice(TRIGGERS if chance(rng, 0.06) else possible)}", {}


def fits(trigger: str, ticket: Record) -> bool:
    """Whether a platform in its right mind would name this trigger for this ticket."""
    described = is_written(ticket["external_description"])
    agreeing: dict[str, bool] = {
        "opened": described and ticket["contract"] is not None,
        "resolved": ticket["resolution_marked"],
        "closed": ticket["closed_for_customer"],
        "status_changed": True,
    }
    return agreeing[trigger]


def changes(rng: random.Random, ticket: Record) -> Record:
    """Some fields as they were before, most of them different from now; seldom one that raises nothing."""
    before: Record = {}
    for change in (described, contracted, marked, restated) if chance(rng, 0.95) else ():
        before |= change(rng, ticket) if chance(rng, 0.62) else {}
    if chance(rng, 0.3):
        before |= rng.choice(UNTELLING)
    return before


def described(rng: random.Random, ticket: Record) -> Record:
    """The description, and when it was first there, before the save."""
    words = rng.choice((None, "", "  \n", "<p>&nbsp;</p>", "Earlier words", "<p>Earlier words</p>"))
    return present(external_description=words, first_described_at=rng.choice((ABSENT, None, None, LONG_AGO)))


def contracted(rng: random.Random, ticket: Record) -> Record:
    """The contract before the save."""
    return {"contract": rng.choice((None, None, "C-2"))}


def marked(rng: random.Random, ticket: Record) -> Record:
    """Resolution and closure before the save: one of them or both, as a rule not yet done."""
    fields = rng.choice(
        (("resolution_marked",), ("closed_for_customer",), ("resolution_marked", "closed_for_customer"))
    )
    return {field: chance(rng, 0.12) for field in fields}


def restated(rng: random.Random, ticket: Record) -> Record:
    """The status before the save."""
    return {"status": rng.choice([*STATUSES, *(status for status in STATUSES if status != ticket["status"])])}


# --- invalid events

REQUIRED = (
    "id",
    "contract",
    "customer",
    "title",
    "external_description",
    "status",
    "resolution_marked",
    "closed_for_customer",
)
WRONG_FIELDS: tuple[Record, ...] = (
    {"id": 1042},
    {"id": None},
    {"contract": 7},
    {"customer": ["acme"]},
    {"title": 5},
    {"external_description": {}},
    {"status": 3},
    {"resolution_marked": "yes"},
    {"resolution_marked": 1},
    {"closed_for_customer": "2026-03-02"},
    {"product": 5},
    {"visible_to_customer": "no"},
    {"created_at": "yesterday"},
    {"created_at": "2026-13-01T00:00:00Z"},
)
WRONG_DATA: tuple[Record, ...] = (
    {"ticket": None},
    {"ticket": "T-1"},
    {"previous": "new"},
    {"previous": []},
    {"previous": {"resolution_marked": 0}},
    {"actor": "co-1"},
    {"notify": 3},
    {"origin": 5},
    {"triggers": "closed"},
    {"triggers": ["reopened"]},
)


def spoiled(rng: random.Random, saved: Record) -> Record:
    """The same event, with one thing wrong on the wire."""
    data = saved["data"]
    ticket = data["ticket"]
    kind = rng.randrange(5)
    if kind == 0:
        without = rng.choice(REQUIRED)
        data = data | {"ticket": {field: value for field, value in ticket.items() if field != without}}
    elif kind == 1:
        data = data | {"ticket": ticket | rng.choice(WRONG_FIELDS)}
    elif kind == 2:
        data = data | rng.choice(WRONG_DATA)
    elif kind == 3:
        data = {field: value for field, value in data.items() if field not in ("previous", "triggers")}
        saved = saved | {"type": "ticket.saved"}
    else:
        return present(**saved | rng.choice(({"id": ABSENT}, {"time": "noon"}, {"source": ABSENT}, {"data": None})))
    return saved | {"data": data}
