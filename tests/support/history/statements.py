"""The statements by which a history answers and is filled, for tests of their plans."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from adapters.sql_history import filling, forgetting, listing, tickets
from history.ports import Choice
from schemas.job import PersonRef
from schemas.vocabulary import PersonKind, Reason

_THEN: Final = datetime(2026, 3, 2, tzinfo=UTC)
_ZOE: Final = PersonRef(PersonKind.CONTACT, "ct-1")

CHOICES: Final = {
    "all": Choice(),
    "time": Choice(since=_THEN, until=_THEN),
    "person": Choice(person=_ZOE),
    "person told": Choice(person=_ZOE, told=True),
    "person reasons": Choice(person=_ZOE, told=False, reasons=frozenset({Reason.NO_RULE}), since=_THEN),
    "contract": Choice(contract="C-1"),
    "customer": Choice(customer="acme", since=_THEN, until=_THEN),
    "reason": Choice(reason=Reason.NO_RULE, since=_THEN, until=_THEN),
}
LISTS: Final = {
    f"{name}{' paged' if paged else ''}": listing.list_statement(choice, paged=paged)[0]
    for name, choice in CHOICES.items()
    for paged in (False, True)
} | {"ticket": listing.TICKET.format(behind=""), "ticket paged": listing.TICKET.format(behind=listing.behind("seq"))}

SEARCHES: Final = {
    "one rare": tickets.rare_statement(["a"], [])[0],
    "two rare": tickets.rare_statement(["a", "b"], [])[0],
    "rare and common": tickets.rare_statement(["a"], ["b", "c"])[0],
    "common": tickets.scan_statement(["a", "b"])[0],
    "end of scan": tickets.END_OF_SCAN,
    "is it common": tickets.COMMON,
    "id": tickets.BY_ID,
    "reference": tickets.BY_REFERENCE,
    "known": tickets.KNOWN,
}
COUNTS: Final = {"hours": listing.HOURS, "names": listing.NAMES}
UPKEEP: Final = {
    "oldest": filling.OLDEST,
    "since": filling.SINCE,
    "oldest tickets": tickets.OLDEST,
    "titles": tickets.PAGE,
    "of person": forgetting.OF_PERSON,
    "of records": forgetting.OF_RECORDS,
    "delete person": filling.DELETE_PERSON,
}
EVERY: Final = LISTS | SEARCHES | COUNTS | UPKEEP
