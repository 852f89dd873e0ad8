"""What every history promises. Each promise is a function that fails where one breaks it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec

from history.ports import Choice, HistoryStore, Hour, Move, RuleCount
from schemas.job import PersonRef
from schemas.vocabulary import PersonKind, Reason
from tests.support.history.made_decisions import (
    EVENTS,
    LI,
    MINUTE,
    PART,
    SOURCE,
    START,
    ZOE,
    batch,
    decided,
    entry,
    not_told,
    sighting,
    told,
)

Promise = Callable[[HistoryStore], None]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOON = START.replace(hour=12, minute=0)
MORNING = START.replace(minute=0)
MIDNIGHT = START.replace(hour=0, minute=0)
FORGOTTEN = PersonRef(PersonKind.CONTACT, "(forgotten)")


def events(history: HistoryStore, choice: Choice, limit: int = 10) -> list[int]:
    """The minutes after the start at which the chosen decisions were kept: page by page, each of `limit`."""
    found: list[int] = []
    before = None
    while page := history.decisions(choice, limit, before):
        found += [(one.at - START) // MINUTE for one in page]
        before = page[-1].place
    return found


def a_batch_is_kept_once_with_its_position(history: HistoryStore) -> None:
    assert history.positions() == {}
    one = batch([entry(decided(told()), 0)])
    assert history.fill(one) == 1
    assert history.positions() == {PART: 1}
    assert history.fill(one) is None
    assert history.fill(batch([entry(decided(told()), 1)], expected=0)) is None
    assert events(history, Choice()) == [0]
    assert history.hours(MORNING, NOON) == [Hour(MORNING, 1, 1, 1)]


def a_position_that_is_not_there_keeps_the_whole_batch_out(history: HistoryStore) -> None:
    moves = [Move(EVENTS, None, 1), Move(PART, 5, 6)]
    one = msgspec.structs.replace(batch([entry(decided(told()), 5)], [sighting()]), moves=moves)
    assert history.fill(one) is None
    assert (history.positions(), events(history, Choice())) == ({}, [])
    assert history.tickets_named("T-1", 10) == []


def a_decision_that_is_read_again_is_known(history: HistoryStore) -> None:
    entries = [entry(decided(told(), not_told()), 0), entry(decided(told()), 1)]
    history.fill(batch(entries[:1]))
    assert history.fill(batch(entries, expected=1)) == 1
    assert events(history, Choice(person=ZOE)) == [1, 0]
    assert history.hours(MORNING, NOON) == [Hour(MORNING, 2, 2, 2)]


def the_same_place_at_another_time_is_another_decision(history: HistoryStore) -> None:
    history.fill(batch([entry(decided(), 0)]))
    history.fill(batch([entry(decided(), 0, START + MINUTE)], expected=1))
    assert events(history, Choice()) == [1, 0]


def the_decisions_of_a_ticket_are_those_of_its_source(history: HistoryStore) -> None:
    records = [decided(), decided(source="/other"), decided(ticket="T-2"), decided()]
    history.fill(batch([entry(one, number) for number, one in enumerate(records)]))
    first = history.of_ticket(SOURCE, "T-1", 1)
    assert [(one.at, one.decision) for one in first] == [(START + 3 * MINUTE, records[3])]
    rest = history.of_ticket(SOURCE, "T-1", 5, first[0].place)
    assert [one.at for one in rest] == [START]
    assert history.of_ticket(SOURCE, "T-1", 5, rest[0].place) == []


def lists_are_by_time_whatever_came_first(history: HistoryStore) -> None:
    history.fill(batch([entry(decided(told()), number, START + at * MINUTE) for number, at in enumerate((5, 1, 9, 1))]))
    for choice in (Choice(), Choice(person=ZOE), Choice(contract="C-7"), Choice(customer="acme")):
        assert events(history, choice, limit=1) == [9, 5, 1, 1]


def a_person_is_found_by_what_became_of_them(history: HistoryStore) -> None:
    tick, mode = not_told(Reason.OWN_TICK_OFF, ZOE), not_told(Reason.NO_ACTIVE_MODE, ZOE)
    records = [decided(told(ZOE)), decided(tick), decided(told(ZOE), mode), decided(tick, mode), decided(told(LI))]
    history.fill(batch([entry(one, number) for number, one in enumerate(records)]))
    assert events(history, Choice(person=ZOE)) == [3, 2, 1, 0]
    assert events(history, Choice(person=ZOE, told=True)) == [2, 0]
    assert events(history, Choice(person=ZOE, told=False)) == [3, 1]
    assert events(history, Choice(person=ZOE, reasons=frozenset({Reason.NO_ACTIVE_MODE})), limit=1) == [3, 2]
    both = frozenset({Reason.NO_ACTIVE_MODE, Reason.OWN_TICK_OFF})
    assert events(history, Choice(person=ZOE, told=False, reasons=both)) == [3, 1]
    assert events(history, Choice(person=PersonRef(PersonKind.COLLABORATOR, "ct-1"))) == []


def contract_customer_and_reason_lead_to_decisions_of_a_time(history: HistoryStore) -> None:
    records = [
        decided(not_told(Reason.STALE, None), contract="C-1"),
        decided(told(), contract="C-1", customer=None),
        decided(not_told(Reason.NO_RULE), not_told(Reason.NO_RULE, ZOE), contract=None, customer="globex"),
    ]
    history.fill(batch([entry(one, number) for number, one in enumerate(records)]))
    assert events(history, Choice(contract="C-1")) == [1, 0]
    assert events(history, Choice(contract="C-1", since=START + MINUTE)) == [1]
    assert events(history, Choice(customer="globex")) == [2]
    assert events(history, Choice(reason=Reason.NO_RULE)) == [2]
    assert events(history, Choice(reason=Reason.STALE, until=START)) == []
    assert events(history, Choice(until=START + 2 * MINUTE), limit=1) == [1, 0]


def counts_are_by_hour_and_those_of_rules_by_day(history: HistoryStore) -> None:
    records = [
        decided(told(ZOE, "a"), told(LI, "a", "b")),
        decided(not_told(Reason.NO_RULE), not_told(Reason.NO_RULE, ZOE)),
        decided(told(ZOE, "b"), not_told(Reason.NO_RULE)),
        decided(told(ZOE, "b")),
    ]
    times = [START, START + MINUTE, START + HOUR, START + DAY]
    history.fill(batch([entry(one, number, at) for number, (one, at) in enumerate(zip(records, times, strict=True))]))
    later = MORNING + HOUR
    assert history.hours(MORNING, MORNING + DAY) == [Hour(MORNING, 2, 1, 2), Hour(later, 1, 1, 1)]
    assert history.hours(later, later) == []
    assert history.reasons(MORNING, later) == {Reason.NO_RULE: 1}
    assert history.reasons(MORNING, MORNING + DAY) == {Reason.NO_RULE: 2}
    assert history.rules(MIDNIGHT, MIDNIGHT + DAY) == [RuleCount("a", 1, MIDNIGHT), RuleCount("b", 2, MIDNIGHT)]
    assert history.rules(MIDNIGHT, MIDNIGHT + 2 * DAY)[1] == RuleCount("b", 3, MIDNIGHT + DAY)


def a_ticket_is_found_by_its_names(history: HistoryStore) -> None:
    history.fill(batch([entry(decided(ticket="t-9", reference="RÉF  7"), 0)], [sighting()]))
    assert [one.title for one in history.tickets_named("t-1", 10)] == ["Invoices do not print"]
    assert [one.id for one in history.tickets_named(" ref 7 ", 10)] == ["t-9"]
    assert [one.reference for one in history.tickets_named("T-9", 10)] == ["RÉF  7"]
    assert history.tickets_named("2026-104", 10) == []


def names_of_any_length_and_letters_are_kept(history: HistoryStore) -> None:
    odd, long = "T-\0\u200b\U0010ffff", "\ufdfa\U0001f600" * 128
    names = {"ticket": long, "contract": long, "customer": long, "reference": long * 40, "source": long}
    decision = decided(told(PersonRef(PersonKind.CONTACT, long), "r" * 80), **names)
    history.fill(batch([entry(decision, 0), entry(decided(ticket=odd), 1)], [sighting(odd, "\0 % _ ' " + long * 9)]))
    assert [one.decision for one in history.of_ticket(long, long, 9)] == [decision]
    assert [one.decision.ticket for one in history.of_ticket(SOURCE, odd, 9)] == [odd]
    assert len(history.decisions(Choice(customer=long), 9)) == 1
    assert len(history.tickets_named(long * 40, 9)) == 1
    assert len(history.tickets_named(odd, 9)) == 1


def a_ticket_is_found_by_the_beginnings_of_its_words(history: HistoryStore) -> None:
    one, two = sighting("T-1", "Éditions: les factures n'arrivent pas"), sighting("T-2", "Facture en double")
    history.fill(batch(sightings=[one, two], end=1))
    found = {
        text: [ticket.id for ticket in history.tickets_with(text, 10).items]
        for text in ("fact", "FACT EDITION", "édit", "acture", "2026-1042", "t-2 double", "", "§")
    }
    both = ["T-2", "T-1"]
    assert found == {
        "fact": both,
        "FACT EDITION": ["T-1"],
        "édit": ["T-1"],
        "acture": [],
        "2026-1042": both,
        "t-2 double": ["T-2"],
        "": [],
        "§": [],
    }
    page = history.tickets_with("fact", 1)
    assert page.next is not None
    assert [ticket.id for ticket in history.tickets_with("fact", 1, page.next).items] == ["T-1"]


def a_ticket_is_as_its_newest_event_has_it(history: HistoryStore) -> None:
    history.fill(batch([entry(decided(reference="R-1"), 0)], [sighting(title="old", seen=START + HOUR)]))
    history.fill(batch(sightings=[sighting(title="new", seen=START + DAY, reference=None)], expected=1, end=2))
    history.fill(batch(sightings=[sighting(title="older", seen=START)], expected=2, end=3))
    history.fill(batch([entry(decided(reference="R-2"), 3, START + 2 * DAY)], expected=3))
    [ticket] = history.tickets_named("T-1", 10)
    assert (ticket.title, ticket.reference, ticket.seen) == ("new", None, START + DAY)
    assert history.tickets_with("old", 10).items == []
    assert [one.id for one in history.tickets_with("new", 10).items] == ["T-1"]


def every_ticket_is_listed_once(history: HistoryStore) -> None:
    history.fill(batch(sightings=[sighting(f"T-{number}") for number in (3, 1, 2, 1)], end=1))
    first = history.every_ticket(2)
    assert [one.id for one in first] == ["T-3", "T-1"]
    assert [one.id for one in history.every_ticket(2, first[-1].place)] == ["T-2"]


def what_is_too_old_is_forgotten_in_portions_with_its_counts(history: HistoryStore) -> None:
    entries = [entry(decided(told(ZOE, "a"), not_told(), ticket=f"T-{number}"), number) for number in range(3)]
    history.fill(batch(entries, [sighting("T-0", seen=START)]))
    assert history.prune(START + 2 * MINUTE, 1) == 2
    assert events(history, Choice(person=ZOE)) == [2, 1]
    assert history.tickets_with("invoices", 10).items == []
    assert history.prune(START + 2 * MINUTE, 9) == 2
    assert history.prune(START + 2 * MINUTE, 9) == 0
    assert events(history, Choice(reason=Reason.OWN_TICK_OFF)) == [2]
    assert history.hours(MORNING, NOON) == [Hour(MORNING, 1, 1, 1)]
    history.prune(NOON, 9)
    assert (history.hours(MORNING, NOON), history.rules(MIDNIGHT, NOON)) == ([], [])
    assert history.positions() == {PART: 3}


def all_is_read_anew_from_a_moment_on(history: HistoryStore) -> None:
    entries = [entry(decided(told()), number) for number in range(3)]
    history.fill(batch(entries))
    assert history.begin_anew(START + MINUTE, 1) == 1
    assert history.positions() == {PART: 3}
    assert history.begin_anew(START + MINUTE, 9) == 1
    assert history.begin_anew(START + MINUTE, 9) == 0
    assert (history.positions(), events(history, Choice())) == ({}, [0])
    assert history.fill(batch(entries, expected=3)) is None
    assert history.fill(batch(entries)) == 2
    assert history.hours(MORNING, NOON) == [Hour(MORNING, 3, 3, 3)]


def somebody_who_is_forgotten_is_found_no_more(history: HistoryStore) -> None:
    unreadable = msgspec.structs.replace(
        not_told(Reason.UNREADABLE_RECORD, None), record="suppression/email/zoe@acme.example"
    )
    records = [decided(told(ZOE), not_told()), decided(told(LI)), decided(unreadable)]
    history.fill(batch([entry(one, number) for number, one in enumerate(records)], [sighting(title="Zoé waits")]))

    def body(raw: bytes) -> bytes:
        return raw.replace(b'"ct-1"', b'"(forgotten)"').replace(b"zoe@acme.example", b"(forgotten)")

    assert history.rewrite(ZOE, body, lambda text: text.replace("Zoé", "(forgotten)")) == 3
    assert (events(history, Choice(person=ZOE)), events(history, Choice(person=FORGOTTEN))) == ([], [0])
    assert events(history, Choice(person=LI)) == [1, 0]
    kept = history.decisions(Choice(), 10)
    assert "zoe@" not in str(kept)
    assert history.tickets_with("zoe", 10).items == []
    assert [one.title for one in history.tickets_with("forgotten waits", 10).items] == ["(forgotten) waits"]
    assert history.rewrite(ZOE, body, lambda text: text) == 0
    assert history.prune(NOON, 10) == 4
    assert events(history, Choice(person=FORGOTTEN)) == []
