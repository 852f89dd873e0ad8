"""A process whose session has ended for a while is gone: what it had is found, and it can hand none of it over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta

import psycopg
import pytest

from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.owning import GONE_AFTER
from sender.ledger.port import Ledger
from sender.records import LedgerEntry
from sender.states import Transition
from tests.contract.ledger_promises import ids, on
from tests.postgres.places import admin, behind_a_proxy, code_of, ledger_at
from tests.support.sender.fakes import START, a_job

pytestmark = pytest.mark.postgres

LEASE = timedelta(hours=1)
SOON = timedelta(milliseconds=300)
LATER = START + GONE_AFTER
END_OWNERS = """
    SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l USING (pid)
    WHERE l.locktype = 'advisory' AND a.datname = current_database()
"""


@pytest.fixture
def other(postgres_url: str) -> Iterator[Ledger]:
    with closing(PostgresLedger(postgres_url)) as ledger:
        yield ledger


def claimed(ledger: Ledger) -> list[LedgerEntry]:
    ledger.accept([a_job(f"e-{number}", f"T-{number}") for number in range(3)], START)
    entries = ledger.claim(START, 3, LEASE)
    ledger.hand_over(entries[:1])
    return entries


def gone(ledger: Ledger, now: datetime) -> list[str]:
    return ids(ledger.abandoned(now, 9, ()))


def withheld(ledger: Ledger) -> list[LedgerEntry]:
    return [one for one in ledger.abandoned(LATER, 9, ()) if one.standing.never_offered]


def test_what_a_living_process_has_is_its_own(postgres_url: str, other: Ledger) -> None:
    with ledger_at(postgres_url) as ledger:
        claimed(ledger)
        for moment in (START, LATER, LATER + LEASE):
            assert gone(other, moment) == []


def test_what_a_process_had_that_ended_is_found(postgres_url: str, other: Ledger) -> None:
    with ledger_at(postgres_url) as ledger:
        entries = claimed(ledger)
    assert gone(other, START) == [], "it may be one that connects anew"
    assert gone(other, LATER - SOON) == []
    found = other.abandoned(LATER, 9, ())
    assert ids(found) == ids(entries)
    assert [one.standing.never_offered for one in found] == [False, True, True]
    assert len(other.abandoned(LATER, 2, ())) == 2


def test_a_process_that_connects_anew_was_never_gone(postgres_url: str, other: Ledger) -> None:
    with ledger_at(postgres_url) as ledger:
        claimed(ledger)
        admin(postgres_url, END_OWNERS)
        assert gone(other, START) == []
        assert ledger.abandoned(START, 9, [f"/helpdesk/e-{n}/email/zoe+acme.example" for n in range(3)]) == []
        assert gone(other, LATER) == []


def test_two_that_look_at_once_do_not_take_each_other_for_the_owner(postgres_url: str, other: Ledger) -> None:
    with ExitStack() as stack:
        ledger, third = (stack.enter_context(ledger_at(postgres_url)) for _ in range(2))
        claimed(ledger)
        ledger.close()
        for moment, found in ((START, 0), (LATER, 3)):
            assert [len(gone(one, moment)) for one in (other, third)] == [found, found]


def test_a_process_that_was_cut_off_hands_nothing_over_any_more(postgres_url: str, other: Ledger) -> None:
    """The server has given its session up, and it does not know."""
    with behind_a_proxy(postgres_url, answer_within=SOON) as (ledger, proxy):
        handed_over, second, third = claimed(ledger)
        proxy.swallow()
        admin(postgres_url, END_OWNERS)
        assert code_of(lambda: ledger.hand_over([second])) in ("no_answer", "connection_lost", "unreachable")
        gone(other, START)
        freed = [on(one, Transition.FREED, LATER) for one in withheld(other)]
        assert other.record(freed, LATER) == []
        [*again] = other.claim(LATER, 9, LEASE)
        proxy.go_on()
        assert ids(again) == ids([second, third])
        assert not set(ledger.hand_over([handed_over, second, third])) - {handed_over.job.id}
        assert set(other.hand_over(again)) == set(ids(again))


def test_where_a_pooler_shares_sessions_nothing_is_doubled(postgres_url: str, other: Ledger) -> None:
    """What it had seems abandoned at once, or never: it can be freed only until it is handed over."""
    with ledger_at(postgres_url) as ledger:
        handed_over, second, _ = claimed(ledger)
        admin(postgres_url, END_OWNERS)
        gone(other, START)
        void = [on(handed_over, Transition.FREED, LATER)]
        assert other.record(void, LATER) == void
        assert other.record([on(second, Transition.FREED, LATER)], LATER) == []
        assert not ledger.hand_over([second])


def test_the_check_needs_a_lock_of_the_session(postgres_url: str, other: Ledger) -> None:
    with ledger_at(postgres_url) as ledger, closing(psycopg.connect(postgres_url)) as connection:
        claimed(ledger)
        held = connection.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE l.locktype = 'advisory' AND a.datname = current_database()"
        ).fetchone()
        assert held == (1,)
        gone(other, START)
        shared = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'")
        assert shared.fetchone() == (0,), "looking leaves nothing behind"
