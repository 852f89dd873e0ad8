"""Who asks, and how often one client may: by a clock that is passed in, and in bounded memory."""

from __future__ import annotations

import pytest

from adapters.web.client_rates import BURST_SECONDS, MOST_CLIENTS, ClientRates, Limit, client_of, comes_from

TRUSTED = Limit().trusted


class Seconds:
    """A monotonic clock that stands still."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["192.0.2.1, 203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["192.0.2.1", "203.0.113.9, 127.0.0.2"], "203.0.113.9"),
        ("::1", ["203.0.113.9:51234"], "203.0.113.9"),
        ("::ffff:127.0.0.1", ["[2001:db8:1:2:3::4]:443"], "2001:db8:1:2::/64"),
        ("127.0.0.1", ["2001:db8:1:2:ffff::9"], "2001:db8:1:2::/64"),
        ("::1", [f"::%{'z' * 5_000}"], "::/64"),
        ("127.0.0.1", [], None),
        ("127.0.0.1", ["unknown"], None),
        ("127.0.0.1", ["203.0.113.9, "], None),
        (None, [], None),
    ],
)
def test_the_client_is_the_last_address_that_is_no_trusted_proxys(
    peer: str | None, forwarded: list[str], client: str | None
) -> None:
    assert client_of(peer, forwarded, TRUSTED) == client


def test_a_burst_may_come_and_then_the_rate() -> None:
    seconds = Seconds()
    rates = ClientRates(2.0, seconds)

    assert [rates.wait("a") for _ in range(int(2 * BURST_SECONDS))] == [0.0] * int(2 * BURST_SECONDS)
    assert rates.wait("a") == 0.5
    assert rates.wait("b") == 0.0
    seconds.now += 0.5
    assert [rates.wait("a"), rates.wait("a")] == [0.0, 0.5]
    seconds.now += 1_000
    assert sum(rates.wait("a") == 0.0 for _ in range(100)) == 2 * BURST_SECONDS


def test_memory_is_bounded_and_who_asked_last_is_remembered() -> None:
    rates = ClientRates(0.01, Seconds())
    assert (rates.wait("a"), rates.wait("a") > 0) == (0.0, True)
    for number in range(MOST_CLIENTS - 1):
        rates.wait(str(number))
    assert rates.wait("a") > 0
    rates.wait("one more")
    assert len(rates) == MOST_CLIENTS
    assert rates.wait("a") > 0
    for number in range(MOST_CLIENTS):
        rates.wait(f"x{number}")
    assert len(rates) == MOST_CLIENTS
    assert rates.wait("a") == 0.0


@pytest.mark.parametrize("peer", ["127.0.0.1", "::ffff:127.0.0.1", "::1"])
def test_a_peer_is_known_by_its_network_however_its_address_is_written(peer: str) -> None:
    assert comes_from(peer, Limit().trusted)


@pytest.mark.parametrize("peer", [None, "", "testclient", "10.0.0.1", "::ffff:10.0.0.1"])
def test_any_other_peer_is_not(peer: str | None) -> None:
    assert not comes_from(peer, Limit().trusted)
