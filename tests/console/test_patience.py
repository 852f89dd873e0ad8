"""How tries to sign in are slowed: by name and by address, in bounded memory, and for nobody for long."""

from __future__ import annotations

from datetime import timedelta

from console.people.patience import MOST_REMEMBERED, OF_ADDRESSES, OF_NAMES, Patience
from tests.support.sender.fakes import START as NOW

SECOND = timedelta(seconds=1)


def test_each_failure_beyond_the_free_ones_doubles_the_wait_up_to_its_bound() -> None:
    patience, now, waits = Patience(), NOW, []
    for number in range(OF_NAMES.free + 12):
        wait = patience.begin("ada", f"192.0.2.{number}", now)
        if wait:
            now += wait
            assert not patience.begin("ada", f"192.0.2.{number}", now)
        waits.append(wait / SECOND)
    assert waits == [0] * OF_NAMES.free + [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_failures_at_many_names_slow_an_address() -> None:
    patience = Patience()
    waits = [patience.begin(f"name {number}", "192.0.2.1", NOW) for number in range(OF_ADDRESSES.free + 1)]
    assert waits == [timedelta(0)] * OF_ADDRESSES.free + [SECOND]
    assert not patience.begin("name 0", "192.0.2.2", NOW)


def test_an_address_that_nobody_knows_is_not_slowed() -> None:
    patience = Patience()
    assert not any(patience.begin(f"name {number}", "", NOW) for number in range(OF_ADDRESSES.free * 3))


def test_success_forgets_the_names_failures_and_not_the_addresss() -> None:
    patience = Patience()
    for number in range(OF_ADDRESSES.free - 1):
        patience.begin(f"name {number}", "192.0.2.1", NOW)
    patience.begin("own", "192.0.2.1", NOW)
    patience.succeeded("own", "192.0.2.1")
    assert not patience.begin("other", "192.0.2.1", NOW)
    assert patience.begin("own", "192.0.2.1", NOW) == SECOND


def test_after_an_hour_without_a_failure_all_is_forgotten() -> None:
    patience = Patience()
    for _ in range(OF_NAMES.free):
        patience.begin("ada", "", NOW)
    assert patience.begin("ada", "", NOW)
    assert not patience.begin("ada", "", NOW + timedelta(hours=1))


def test_a_clock_that_is_set_back_makes_nobody_wait_for_long() -> None:
    patience = Patience()
    for _ in range(OF_NAMES.free):
        patience.begin("ada", "", NOW)
    assert patience.begin("ada", "", NOW - timedelta(days=1)) == SECOND


def test_memory_is_bounded() -> None:
    patience = Patience()
    for number in range(MOST_REMEMBERED + 100):
        patience.begin(f"name {number}", f"address {number}", NOW)
    assert len(patience) == 2 * MOST_REMEMBERED
