"""Decisions and sightings of tickets, made up for tests of the history."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from history.entries import Entry, Sighting
from history.ports import Batch, Move, Part
from schemas.decision import DecidedJob, DecisionRecord, Skip
from schemas.job import PersonRef
from schemas.topics import DECISIONS, TICKETS
from schemas.vocabulary import Category, Channel, PersonKind, Reason, Trigger

START = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ZOE = PersonRef(PersonKind.CONTACT, "ct-1")
LI = PersonRef(PersonKind.COLLABORATOR, "co-1")
PART = Part(DECISIONS, 0)
EVENTS = Part(TICKETS, 0)
SOURCE = "/helpdesk"


def told(person: PersonRef = ZOE, *rules: str) -> DecidedJob:
    categories = [Category.SITE_CONTACTS]
    return DecidedJob("j", person, Channel.EMAIL, Trigger.OPENED, categories, [*rules] or ["site-contacts"])


def not_told(reason: Reason = Reason.OWN_TICK_OFF, person: PersonRef | None = LI) -> Skip:
    return Skip(person, Category.SITE_COLLABORATORS, reason)


def decided(
    *entries: DecidedJob | Skip,
    ticket: str = "T-1",
    contract: str | None = "C-7",
    customer: str | None = "acme",
    reference: str | None = None,
    source: str = SOURCE,
) -> DecisionRecord:
    jobs = [one for one in entries if isinstance(one, DecidedJob)]
    skipped = [one for one in entries if isinstance(one, Skip)]
    return DecisionRecord(
        "e", source, ticket, contract, [Trigger.OPENED], jobs, skipped, START, "r", reference, customer
    )


def entry(decision: DecisionRecord, offset: int, at: datetime | None = None, partition: int = 0) -> Entry:
    when = START + offset * MINUTE if at is None else at
    return Entry(when, partition, offset, decision, msgspec.json.encode(decision))


def batch(
    entries: Sequence[Entry] = (),
    sightings: Sequence[Sighting] = (),
    expected: int | None = None,
    end: int | None = None,
) -> Batch:
    """A batch of one part, which it moves from `expected` to behind its last entry."""
    behind = max((one.offset for one in entries), default=-1) + 1 if end is None else end
    return Batch([Move(PART, expected, behind)], entries, sightings)


def sighting(
    ticket: str = "T-1",
    title: str | None = "Invoices do not print",
    seen: datetime = START,
    reference: str | None = "2026-1042",
) -> Sighting:
    return Sighting(SOURCE, ticket, reference, title, seen, is_of_event=True)


TITLES = (
    "Imprimante en panne",
    "Éditions: FACTURES illisibles",
    "printer",
    "no print, no invoice",
    None,
    "",
    "İ œ ß 1",
)
WORDS = ("print", "fact", "e", "en panne", "2026", "t-1", "no p", "", "§", "ZZ", "İ")


class RandomHelpdesk:
    """Decisions of few tickets, people and rules, so that most of them meet."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.offset = 0
        self.people = [PersonRef(kind, f"p-{number}") for kind in PersonKind for number in range(3)]

    def moment(self) -> datetime:
        """Some of them are the same."""
        return START + self.random.randrange(0, 4 * 60) * 30 * MINUTE

    def decision(self) -> DecisionRecord:
        choice = self.random.choice
        jobs = [told(choice(self.people), choice(("a", "b", "c"))) for _ in range(self.random.randrange(3))]
        skips = [not_told(choice([*Reason]), choice([*self.people, None])) for _ in range(self.random.randrange(4))]
        return decided(
            *jobs,
            *skips,
            ticket=f"T-{self.random.randrange(6)}",
            contract=choice(("C-1", "C-2", None)),
            customer=choice(("acme", "globex", None)),
            reference=choice(("2026-1", "RÉF 7", None)),
            source=choice((SOURCE, "/other")),
        )

    def entries(self) -> list[Entry]:
        found = []
        for _ in range(self.random.randrange(5)):
            found.append(entry(self.decision(), self.offset, self.moment(), self.random.randrange(2)))
            self.offset += 1
        return found

    def sightings(self) -> list[Sighting]:
        choice = self.random.choice
        return [
            Sighting(
                choice((SOURCE, "/other")),
                f"T-{self.random.randrange(6)}",
                choice(("2026-1", "réf 7", None)),
                choice(TITLES),
                self.moment(),
                is_of_event=True,
            )
            for _ in range(self.random.randrange(4))
        ]
