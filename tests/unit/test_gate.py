"""The last look before a job goes out: withdrawn, paused, not live yet, or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.sqlite.ledger import SqliteLedger
from schemas.directory import SuppressionRecord
from schemas.job import Job
from schemas.vocabulary import Channel, Trigger
from sender.delivery_mode import LIVE, DeliveryMode, Mode
from sender.ledger.restrictions import Pause
from sender.records import LedgerEntry, Report
from sender.states import Hold, State, Transition
from tests.support.sender.fakes import HUNG, START, FakeTransport, a_job
from tests.support.sender.on_fakes import SenderOnFakes

HOUR = timedelta(hours=1)


class FakePeople:
    """A directory in which some have left."""

    def __init__(self, reasons: Mapping[str, str] | None = None, is_known: bool = True) -> None:
        self.reasons = dict(reasons or {})
        self.is_known = is_known

    def look(self) -> bool:
        return self.is_known

    def withdrawal(self, entry: LedgerEntry, now: datetime) -> str | None:
        return self.reasons.get(str(entry.job.person))


def words(sender: SenderOnFakes, job: Job) -> tuple[str, str | None]:
    last = sender.ledger.history(job.id)[-1]
    return last.transition.value, last.text


async def delivered(sender: SenderOnFakes, *jobs: Job) -> list[str]:
    sender.ledger.accept(jobs, START)
    await sender.delivery.drain()
    return [mail.recipient for mail in sender.transport.mails]


async def test_who_has_left_gets_nothing_and_the_job_says_so() -> None:
    job = a_job()
    sender = SenderOnFakes(people=FakePeople({"contact/ct-1": "person_left"}))
    assert await delivered(sender, job) == []
    assert sender.state(job) is State.WITHDRAWN
    assert words(sender, job) == ("withdrawn", "person_left")


async def test_without_a_complete_directory_nothing_goes_out_yet() -> None:
    people, job = FakePeople(is_known=False), a_job()
    sender = SenderOnFakes(people=people)
    assert await delivered(sender, job) == []
    assert sender.state(job) is State.QUEUED
    people.is_known = True
    await sender.delivery.drain()
    assert sender.state(job) is State.DELIVERED


@pytest.mark.parametrize(
    ("suppression", "stops"),
    [
        (SuppressionRecord("a", Channel.EMAIL, address=" Zoe@ACME.example", reason="hard_bounce"), True),
        (SuppressionRecord("b", person="contact/ct-1", reason="opted_out"), True),
        (SuppressionRecord("c", person="contact/ct-1", triggers=["status_changed"], reason="opted_out"), True),
        (SuppressionRecord("d", person="contact/ct-1", triggers=["closed"], reason="opted_out"), False),
        (SuppressionRecord("e", Channel.FAX, person="contact/ct-1", reason="opted_out"), False),
        (SuppressionRecord("f", person="contact/ct-2", reason="opted_out"), False),
        (SuppressionRecord("g", person="contact/ct-1", reason="opted_out", until=START), False),
    ],
    ids=lambda value: value.id if isinstance(value, SuppressionRecord) else "",
)
async def test_a_suppression_of_the_ledgers_own_withdraws(suppression: SuppressionRecord, stops: bool) -> None:
    job, sender = a_job(), SenderOnFakes()
    sender.ledger.suppress([suppression], START)
    await delivered(sender, job)
    if stops:
        assert words(sender, job) == ("withdrawn", f"suppressed: {suppression.reason}")
    else:
        assert sender.state(job) is State.DELIVERED


async def test_a_try_that_may_have_arrived_is_not_forgotten_by_a_withdrawal() -> None:
    job, sender = a_job(), SenderOnFakes(FakeTransport(lambda _mail: HUNG))
    await delivered(sender, job)
    sender.ledger.suppress([SuppressionRecord("b", person="contact/ct-1", reason="opted_out")], START)
    await sender.until_finished()
    assert words(sender, job) == ("withdrawn", "suppressed: opted_out; an earlier try may have arrived")


async def test_a_paused_customer_or_template_waits_and_goes_on() -> None:
    ours, theirs = a_job(customer="acme"), a_job("e-2", address="b@x.example", customer="other")
    form = a_job("e-3", "T-3", "c@x.example", trigger=Trigger.CLOSED, customer="other")
    sender = SenderOnFakes()
    sender.ledger.pause(Pause("acme", None, START, "moves sender"))
    sender.ledger.pause(Pause(None, "external/closed", START, "wrong text"))
    assert await delivered(sender, ours, theirs, form) == ["b@x.example"]
    assert words(sender, ours) == ("held", "customer acme is paused")
    assert words(sender, form) == ("held", "template external/closed is paused")
    sender.ledger.resume("acme", None, START)
    sender.ledger.resume(None, "external/closed", START)
    await sender.delivery.drain()
    assert [sender.state(one) for one in (ours, form)] == [State.DELIVERED] * 2


async def test_before_going_live_all_is_held_but_for_those_who_are_live() -> None:
    ours, theirs = a_job(customer="acme"), a_job("e-2", address="b@x.example", customer="other")
    nobodys = a_job("e-3", address="c@x.example")
    sender = SenderOnFakes(mode=DeliveryMode.parse("hold", ["acme"]))
    assert await delivered(sender, ours, theirs, nobodys) == ["zoe@acme.example"]
    for one in (theirs, nobodys):
        entry = sender.ledger.find(one.id)
        assert entry is not None
        assert (entry.standing.state, entry.standing.hold) == (State.HELD, Hold.MODE)


async def test_what_a_person_releases_passes_modes_and_pauses_but_not_withdrawals() -> None:
    job, gone = a_job(customer="acme"), a_job("e-2", "T-2", customer="acme")
    sender = SenderOnFakes(mode=DeliveryMode.parse("hold"))
    sender.ledger.pause(Pause("acme", None, START, ""))
    await delivered(sender, job, gone)
    sender.ledger.record([Report(one.id, 1, Transition.RELEASED, START) for one in (job, gone)], START)
    sender.ledger.suppress([SuppressionRecord("s", person="contact/ct-1", reason="opted_out")], START)
    await sender.delivery.drain()
    assert sender.state(job) is State.WITHDRAWN
    sender.ledger.lift("s", START)
    other = a_job("e-3", "T-3", customer="acme")
    await delivered(sender, other)
    sender.ledger.record([Report(other.id, 1, Transition.RELEASED, START)], START)
    await sender.delivery.drain()
    assert sender.state(other) is State.DELIVERED


async def test_a_large_backlog_that_is_held_does_not_keep_others_waiting(tmp_path: Path) -> None:
    held = [a_job(f"e-{n}", f"T-{n}", f"p{n}@x.example") for n in range(1_000)]
    live = a_job("e-live", "T-live", "live@x.example", customer="acme")
    with closing(SqliteLedger(tmp_path / "tocsin.db")) as ledger:
        sender = SenderOnFakes(ledger=ledger, mode=DeliveryMode.parse("hold", ["acme"]))
        assert await delivered(sender, *held, live) == ["live@x.example"]
        assert ledger.counts()[State.HELD] == len(held)


@pytest.mark.parametrize("text", ["", "Live", "live:x", "hold:", "redirect", "redirect:", "redirect:a b@x.example"])
def test_a_mode_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"redirect"):
        DeliveryMode.parse(text)


def test_modes_are_read_as_they_are_written() -> None:
    assert DeliveryMode.parse("live") == LIVE
    assert DeliveryMode.parse("hold", ["acme"]) == DeliveryMode(Mode.HOLD, None, frozenset({"acme"}))
    assert DeliveryMode.parse("redirect:qa@desk.example").address == "qa@desk.example"
