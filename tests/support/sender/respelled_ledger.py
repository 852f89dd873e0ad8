"""A ledger of the release before mailboxes had one spelling, and what must hold once it has been brought up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import pytest
from msgspec.structs import replace

from adapters.sql_ledger import names, suppressions
from schemas.directory import SuppressionRecord
from schemas.job import Job
from schemas.vocabulary import Channel, Trigger
from sender import records as entries
from sender.ledger.port import Ledger
from sender.records import Report
from sender.states import Hold, State, Transition
from sender.storms.storm import StormPolicy
from tests.support.sender.fakes import START, a_job

COMPOSED: Final = "zo\u00e9@b\u00fccher.example"
ASCII_DOMAIN: Final = "zo\u00e9@xn--bcher-kva.example"
STORM: Final = StormPolicy(limit=2)
LEASE: Final = timedelta(minutes=5)


def named(name: str, *args: str, **fields: Any) -> Job:
    """A job with a short id."""
    return replace(a_job(*args, **fields), id=name)


JOBS: Final = [
    named("one", "e-1", address=COMPOSED),
    named("two", "e-2", address=ASCII_DOMAIN),
    named("three", "e-3", "T-2", address=COMPOSED),
    named("four", "e-4", "T-3", address=COMPOSED),
    named("plain", "e-5", address="zoe@acme.example"),
]


@contextmanager
def older_mailboxes(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a mailbox was: no case, no blanks around."""
    with patch.context() as within:
        for module in (entries, names, suppressions):
            within.setattr(module, "mailbox", lambda address: address.strip().lower())
        insert = "INSERT INTO suppressions (id, mailbox, body) VALUES (:id, :mailbox, :body)"
        within.setattr(suppressions, "SUPPRESS", insert)
        yield


def fill(ledger: Ledger) -> None:
    """Two spellings in one ticket, a storm that holds the third save, a suppression of each spelling."""
    ledger.accept(JOBS, START, STORM)
    for number, address in enumerate((COMPOSED, ASCII_DOMAIN)):
        record = SuppressionRecord(id=f"s-{number}", channel=Channel.EMAIL, address=address, triggers=["opened"])
        ledger.suppress([record], START)


def check(ledger: Ledger) -> None:
    """Both spellings are one lane, one storm and one suppressed mailbox; the other mailbox is as it was."""
    held = ledger.find("four")
    assert held is not None
    assert (held.standing.state, held.standing.hold) == (State.HELD, Hold.STORM)
    claimed = ledger.claim(START, 10, LEASE)
    assert [entry.job.id for entry in claimed] == ["one", "three", "plain"]
    ledger.record([Report("one", 1, Transition.DELIVERED)], START)
    assert [entry.job.id for entry in ledger.claim(START, 10, LEASE)] == ["two"]
    # The storm goes on for whoever writes to the mailbox in the other spelling.
    ledger.accept([named("six", "e-6", "T-4", address=ASCII_DOMAIN)], START, STORM)
    later = ledger.find("six")
    assert later is not None
    assert later.standing.hold is Hold.STORM
    for address in (COMPOSED, ASCII_DOMAIN):
        ledger.lift("s-0" if address == COMPOSED else "none", START)
        ledger.accept([named(address, "e-7", "T-5", address=address, trigger=Trigger.OPENED)], START)
        entry = ledger.find(address)
        assert entry is not None
        standing = ledger.suppressing(entry, START)
        assert standing is not None
        assert standing.id == "s-1"
