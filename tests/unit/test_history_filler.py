"""The filler keeps each decision exactly once, whatever happens between reading and keeping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from history.entries import BIT_ORDER
from history.filler import Filler
from history.ports import Batch, Choice, HistoryUnavailableError, Part
from history.words import plain, words_of
from schemas.topics import DECISIONS, TICKETS
from schemas.vocabulary import Reason
from tests.support.history.in_memory_history import InMemoryHistory
from tests.support.history.in_memory_topics import InMemoryTopics
from tests.support.history.made_decisions import MINUTE, PART, START, ZOE, decided, not_told, told

DAY = timedelta(days=1)


class Now:
    """A clock that stands where it is put."""

    def __init__(self, moment: datetime = START + DAY) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


class Shaky(InMemoryHistory):
    """Fails before or after it has kept a batch, as often as it is told."""

    def __init__(self, faults: Iterator[str]) -> None:
        super().__init__()
        self.faults = faults

    def fill(self, batch: Batch) -> int | None:
        fault = next(self.faults, "none")
        if fault == "before":
            raise HistoryUnavailableError("away", "the database is away")
        kept = super().fill(batch)
        if fault == "after":
            raise HistoryUnavailableError("away", "the connection was lost")
        return kept


def filled(filler: Filler) -> None:
    """Work until nothing waits, through every outage."""
    while True:
        try:
            if filler.step().is_idle:
                return
        except HistoryUnavailableError:
            continue


def some_topics(number: int = 7) -> InMemoryTopics:
    topics = InMemoryTopics()
    for one in range(number):
        topics.decide(decided(told(), ticket=f"T-{one}"), partition=one % 2)
    return topics


@given(st.lists(st.sampled_from(["none", "before", "after", "killed"]), max_size=12), st.integers(1, 3))
def test_every_decision_is_kept_exactly_once(faults: list[str], at_once: int) -> None:
    topics, store = some_topics(), Shaky(iter([one for one in faults if one != "killed"]))
    for _ in range(1 + faults.count("killed")):
        # A new filler is one that was killed, and knows nothing but what is kept.
        filler = Filler(topics, store, Now(), 90 * DAY, at_once)
        for _ in range(2):
            with suppress(HistoryUnavailableError):
                filler.step()
    filled(Filler(topics, store, Now(), 90 * DAY, at_once))
    assert sorted(one.decision.ticket for one in store.kept.values()) == [f"T-{one}" for one in range(7)]
    assert store.positions() == {Part(DECISIONS, 0): 4, Part(DECISIONS, 1): 3}


@given(st.lists(st.booleans(), max_size=30))
def test_two_fillers_of_one_history_keep_each_decision_once(turns: list[bool]) -> None:
    topics, store = some_topics(), InMemoryHistory()
    one, two = (Filler(topics, store, Now(), 90 * DAY, 2) for _ in range(2))
    for first in turns:
        (one if first else two).step()
    filled(one)
    assert len(store.kept) == 7


def test_a_filler_that_forgets_its_position_is_found() -> None:
    class Forgetful(InMemoryHistory):
        def fill(self, batch: Batch) -> int | None:
            self.kept, kept = {}, self.kept
            done = super().fill(batch)
            self.kept = kept | {max(kept, default=0) + seq: one for seq, one in self.kept.items()}
            self.reached.clear()
            return done

    topics, store = some_topics(2), Forgetful()
    filler = Filler(topics, store, Now(), 90 * DAY)
    filler.step()
    filler.step()
    assert len(store.kept) > 2


def test_titles_come_from_events_and_the_rest_from_decisions() -> None:
    topics, store = InMemoryTopics(), InMemoryHistory()
    topics.decide(decided(told(), ticket="T-5"))
    topics.save(5, "Imprimante en panne")
    topics.append(TICKETS, b"no event")
    topics.append(TICKETS, None)
    filler = Filler(topics, store, Now(), 90 * DAY)
    assert filler.lag() == 4
    done = filler.step()
    assert (done.records, done.decisions, done.unreadable, filler.lag()) == (4, 1, [], 0)
    [ticket] = store.tickets_with("panne", 10).items
    assert ticket.title == "Imprimante en panne"
    assert len(store.of_ticket(ticket.source, "T-5", 10)) == 1


@pytest.mark.parametrize("value", [b"{}", b"\xff", b"[" * 100_000, b'{"skipped": [{"reason": "of a later version"}]}'])
def test_what_is_no_decision_is_told_and_passed_over(value: bytes) -> None:
    topics, store = InMemoryTopics(), InMemoryHistory()
    topics.append(DECISIONS, value)
    topics.append(DECISIONS, None)
    topics.decide(decided(told()))
    done = Filler(topics, store, Now(), 90 * DAY).step()
    assert [(one.part, one.offset) for one in done.unreadable] == [(PART, 0)]
    assert (done.decisions, store.positions()) == (1, {PART: 3})


@pytest.mark.parametrize("name", ["ticket", "contract", "customer", "source"])
def test_an_id_that_no_index_can_hold_is_told_and_passed_over(name: str) -> None:
    topics, store = InMemoryTopics(), InMemoryHistory()
    topics.decide(replace(decided(told()), **{name: "x" * 257}))
    topics.decide(replace(decided(told()), **{name: "x" * 256}))
    done = Filler(topics, store, Now(), 90 * DAY).step()
    assert ([one.offset for one in done.unreadable], done.decisions) == ([0], 1)


def test_what_is_too_old_is_not_kept_and_what_becomes_so_is_forgotten() -> None:
    topics, store, clock = InMemoryTopics(), InMemoryHistory(), Now(START + 2 * DAY)
    topics.decide(decided(told()), START)
    for number in range(300):
        topics.decide(decided(told(), ticket=f"T-{number}"), START + DAY + number * MINUTE)
    filler = Filler(topics, store, clock, DAY)
    filled(filler)
    assert len(store.kept) == 300
    clock.moment += DAY
    filled(filler)
    assert (store.kept, store.tickets) == ({}, {})


def test_a_log_that_was_made_anew_is_read_from_its_beginning() -> None:
    store = InMemoryHistory()
    filled(Filler(some_topics(8), store, Now(), 90 * DAY))
    again = InMemoryTopics()
    again.decide(decided(told(), ticket="new"), START + 5 * MINUTE)
    again.decide(decided(told(), ticket="newer"), START + 6 * MINUTE, partition=1)
    filled(Filler(again, store, Now(), 90 * DAY))
    assert [one.decision.ticket for one in store.decisions(Choice(person=ZOE), 10)][:2] == ["newer", "new"]
    assert store.positions() == {Part(DECISIONS, 0): 1, Part(DECISIONS, 1): 1}


def test_all_is_read_anew_while_a_filler_works() -> None:
    topics, store = some_topics(), InMemoryHistory()
    filler = Filler(topics, store, Now(), 90 * DAY, 2)
    filler.step()
    beginning = topics.beginning()
    assert beginning is not None
    while store.begin_anew(beginning, 1):
        filler.step()
    filled(filler)
    assert len(store.kept) == 7


def test_every_reason_has_its_bit_for_good() -> None:
    assert set(BIT_ORDER) == set(Reason)
    assert len(BIT_ORDER) == len(set(BIT_ORDER)) < 62
    # What is kept was written with these places.
    assert [BIT_ORDER.index(one) for one in (Reason.NO_TRIGGER, Reason.NO_RULE, Reason.UNREADABLE_RECORD)] == [
        0,
        12,
        24,
    ]


def test_a_choice_is_about_one_thing() -> None:
    with pytest.raises(ValueError, match="one of them"):
        Choice(person=ZOE, contract="C-1")
    with pytest.raises(ValueError, match="name one"):
        Choice(told=True)
    assert not_told().person is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Éditions: FACTURES", ["editions", "factures"]),
        ("l'imprimante_2 n° 7", ["l", "imprimante", "2", "n", "7"]),
        ("İstanbul STRASSE straße ﬁn", ["istanbul", "strasse", "fin"]),
        ("プリンター 打印机 Δοκιμή", ["フリンター", "打印机", "δοκιμη"]),
        ("🔥 ... \u200b", []),
        ("x" * 50, ["x" * 32]),
    ],
)
def test_words_have_no_capitals_and_no_accents(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(st.text())
def test_a_text_in_other_cases_has_the_same_words(text: str) -> None:
    assert words_of(words_of_joined(text)) == words_of(text)
    assert plain(plain(text)) == plain(text)
    assert len(words_of(text * 30)) <= 40


def words_of_joined(text: str) -> str:
    return " ".join(words_of(text))
