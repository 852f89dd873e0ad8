"""Every history keeps every promise, every promise is one that can be broken, and all are as lists in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from inspect import isfunction
from pathlib import Path

import pytest

from adapters.postgres.history import PostgresHistory
from adapters.sql_history import tickets
from adapters.sqlite.history import SqliteHistory
from history.entries import DAY, HOUR
from history.ports import Batch, Choice, HistoryStore, Move
from schemas.vocabulary import Reason
from tests.contract import history_promises
from tests.contract.broken_histories import BROKEN
from tests.contract.history_promises import MIDNIGHT, Promise
from tests.support.history.in_memory_history import InMemoryHistory
from tests.support.history.made_decisions import PART, SOURCE, WORDS, RandomHelpdesk

every_promise = pytest.mark.parametrize("promise", BROKEN, ids=lambda promise: promise.__name__)
ROUNDS = 40


class TestHistory:
    """One class for all adapters."""

    @pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
    def history(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HistoryStore]:
        if request.param == "memory":
            yield InMemoryHistory()
        elif request.param == "sqlite":
            with closing(SqliteHistory(tmp_path / "tocsin.db")) as made:
                yield made
        else:
            with closing(PostgresHistory(request.getfixturevalue("postgres_url"), connections=2)) as kept:
                yield kept

    @every_promise
    def test_keeps_the_promise(self, history: HistoryStore, promise: Promise) -> None:
        promise(history)

    # Whether a word is taken for rare or for common changes how tickets are found, never which.
    @pytest.mark.parametrize(("seed", "rare", "few"), [(1, 20_000, 3_000), (2, 3, 2), (3, 0, 0)])
    def test_is_as_lists_in_memory(
        self, history: HistoryStore, seed: int, rare: int, few: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tickets, "RARE", rare)
        monkeypatch.setattr(tickets, "FEW", few)
        monkeypatch.setattr(tickets, "LOOKED_THROUGH", 4)
        helpdesk, model = RandomHelpdesk(seed), InMemoryHistory()
        for _ in range(ROUNDS):
            step(helpdesk, history, model)
            assert seen(history, helpdesk) == seen(model, helpdesk)


def step(helpdesk: RandomHelpdesk, *histories: HistoryStore) -> None:
    """One thing that happens to all of them."""
    at, limit, number = helpdesk.moment(), helpdesk.random.randrange(1, 5), helpdesk.random.random()
    if number < 0.7:
        expected = histories[-1].positions().get(PART)
        made = Batch([Move(PART, expected, helpdesk.offset)], helpdesk.entries(), helpdesk.sightings())
        done = [one.fill(made) for one in histories]
    elif number < 0.8:
        done = [one.prune(at - DAY, limit) for one in histories]
    elif number < 0.9:
        person = helpdesk.random.choice(helpdesk.people)
        done = [
            one.rewrite(person, lambda raw: raw.replace(b'"p-1"', b'"p-2"'), lambda text: text.replace("print", "fix"))
            for one in histories
        ]
    else:
        done = [one.begin_anew(at, 1_000) for one in histories]
    assert len(set(done)) == 1


def seen(history: HistoryStore, helpdesk: RandomHelpdesk) -> list[object]:
    """All that can be asked, with lists page by page."""
    one = helpdesk.people[0]
    choices = [
        Choice(),
        Choice(since=MIDNIGHT + DAY, until=MIDNIGHT + 3 * DAY),
        Choice(contract="C-1", since=MIDNIGHT + DAY),
        Choice(customer="acme", until=MIDNIGHT + 2 * DAY),
        *(Choice(person=person) for person in helpdesk.people),
        Choice(person=one, told=True),
        Choice(person=one, told=False, reasons=frozenset({Reason.NO_RULE, Reason.STALE, Reason.ORIGIN})),
        *(Choice(reason=reason) for reason in (Reason.NO_TRIGGER, Reason.UNREADABLE_RECORD)),
    ]
    spans = [(MIDNIGHT, MIDNIGHT + 9 * DAY), (MIDNIGHT + DAY + 3 * HOUR, MIDNIGHT + 2 * DAY)]
    return [
        history.positions(),
        [listed(history, choice) for choice in choices],
        [
            [(kept.at, kept.decision) for kept in history.of_ticket(source, f"T-{number}", 100)]
            for source in (SOURCE, "/other")
            for number in range(6)
        ],
        [found(history, text) for text in WORDS],
        [named(history, name) for name in ("t-3", "ref 7", "2026-1", "")],
        [(history.hours(*span), dict(history.reasons(*span)), history.rules(*span)) for span in spans],
    ]


def listed(history: HistoryStore, choice: Choice) -> list[object]:
    everything: list[object] = []
    before = None
    while page := history.decisions(choice, 7, before):
        everything += [(kept.at, kept.decision) for kept in page]
        before = page[-1].place
    return everything


def found(history: HistoryStore, text: str) -> list[object]:
    everything: list[object] = []
    page = history.tickets_with(text, 2)
    while True:
        everything += [(one.source, one.id, one.reference, one.title, one.seen) for one in page.items]
        if page.next is None:
            return everything
        page = history.tickets_with(text, 2, page.next)


def named(history: HistoryStore, name: str) -> list[object]:
    return [(one.source, one.id, one.title) for one in history.tickets_named(name, 5)]


@every_promise
def test_a_history_that_breaks_the_promise_is_found(promise: Promise) -> None:
    with pytest.raises(AssertionError):
        promise(BROKEN[promise]())


def test_no_promise_is_left_out() -> None:
    of_the_page = {
        one
        for name, one in vars(history_promises).items()
        if isfunction(one) and list(one.__annotations__) == ["history", "return"]
    }
    assert of_the_page == set(BROKEN)
