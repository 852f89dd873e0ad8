"""What every ledger promises of what its senders wait for."""

from __future__ import annotations

from datetime import timedelta

from sender.ledger.port import Ledger
from sender.ledger.waits import RELAY, TOLD_FOR, Wait
from tests.support.sender.fakes import START

SECOND = timedelta(seconds=1)


def what_a_sender_waits_for_is_told_to_others(ledger: Ledger) -> None:
    assert list(ledger.waits(START)) == []
    short, long = Wait(START + 10 * SECOND, RELAY), Wait(START + 90 * SECOND, "acme.example")
    ledger.tell_waits([short, long], START)
    assert list(ledger.waits(START + SECOND)) == [long, short]


def what_it_waits_for_no_more_is_forgotten(ledger: Ledger) -> None:
    one, other = Wait(START + 60 * SECOND, "acme.example"), Wait(START + 60 * SECOND, "rival.example")
    ledger.tell_waits([one, other], START)
    later = Wait(START + 90 * SECOND, other.name)
    ledger.tell_waits([later], START + SECOND)
    assert list(ledger.waits(START + SECOND)) == [later]
    ledger.tell_waits([], START + 2 * SECOND)
    assert list(ledger.waits(START + 2 * SECOND)) == []


def what_nobody_tells_of_any_more_is_no_fact(ledger: Ledger) -> None:
    ledger.tell_waits([Wait(START + timedelta(hours=1), RELAY)], START)
    assert len(ledger.waits(START + TOLD_FOR)) == 1
    assert list(ledger.waits(START + TOLD_FOR + SECOND)) == []
