"""Acts on messages: what will happen is said first, each is done once, by whom and why is kept, and nobody else may."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest
from msgspec.structs import replace

from adapters.web.console.acting_screens import ACTIONS
from console.people.journal import Search
from console.people.roles import ALLOWED, Permission, Role
from console.screens.acting import MOST
from console.words.catalogue import CATALOGUE
from schemas.job import Job
from sender.ledger.operator_actions import Act, Obstacle, act_on
from sender.records import Report
from sender.states import State, Transition
from tests.support.console.served import Served, empty_desk, parts, served
from tests.support.sender.fakes import START, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger

WHY = "the customer asked <b>twice</b>"


def job(name: str, customer: str = "acme") -> Job:
    return replace(a_job(name, name), id=name, customer=customer, expires=START + timedelta(days=3))


def world_of(*jobs: Job) -> tuple[InMemoryLedger, object]:
    ledger = InMemoryLedger()
    ledger.accept(list(jobs), START)
    return ledger, parts(replace(empty_desk(), ledger=ledger, acting=ledger))


def failed(ledger: InMemoryLedger, name: str) -> None:
    entries = ledger.claim(START, 10, timedelta(minutes=5))
    ledger.record(
        [Report(one.job.id, one.standing.attempt, Transition.REFUSED) for one in entries if one.job.id == name], START
    )


def state(ledger: InMemoryLedger, name: str) -> State:
    entry = ledger.find(name)
    assert entry is not None
    return entry.standing.state


def confirm(browser: httpx.Client, act: str, *names: str) -> httpx.Response:
    return browser.get("/console/act", params={"act": act, "job": list(names)})


def send(world: Served, browser: httpx.Client, page: httpx.Response, act: str, reason: str = WHY) -> httpx.Response:
    seen = [unescape(one) for one in re.findall(r'name="seen" value="([^"]*)"', page.text)]
    token = re.search(r'name="form" value="([0-9a-f]+)"', page.text)
    assert token is not None
    form = {"form": token[1], "act": act, "seen": seen, "reason": reason}
    return browser.post("/console/act", data=form, headers={"Origin": world.base, "Sec-Fetch-Site": "same-origin"})


@pytest.mark.parametrize(
    ("act", "before", "after"),
    [
        (Act.CANCEL, State.QUEUED, State.CANCELLED),
        (Act.HOLD, State.QUEUED, State.HELD),
        (Act.RELEASE, State.HELD, State.QUEUED),
        (Act.RESEND, State.FAILED, State.QUEUED),
    ],
)
def test_it_is_said_then_done_and_noted(act: Act, before: State, after: State) -> None:
    ledger, made_of = world_of(job("one"))
    if before is State.FAILED:
        failed(ledger, "one")
    if before is State.HELD:
        assert next(iter(act_on(ledger, ["one"], Act.HOLD, START))).obstacle is None
    with served(made_of) as world:  # type: ignore[arg-type]
        operator = world.signed_in(Role.OPERATOR, name="olga")
        page = confirm(operator, act, "one")
        assert unescape(CATALOGUE[f"act.{act}.will"][0]) in unescape(page.text)
        assert state(ledger, "one") is before
        answer = send(world, operator, page, act)
        assert answer.status_code == 200
        assert "Done: 1 message" in answer.text
        assert state(ledger, "one") is after
        assert ledger.history("one")[-1].text == WHY
        [kept] = world.people.entries(Search(subject="one"), 10)
        assert (kept.entry.who, kept.entry.action, kept.entry.detail, kept.entry.at) == (
            "olga",
            ACTIONS[act],
            WHY,
            START,
        )
        assert kept.entry.client
        # Sent twice, it acts once.
        changes = len(ledger.history("one"))
        again = send(world, operator, page, act)
        assert "has changed since you looked" in again.text
        assert len(ledger.history("one")) == changes
        assert len(world.people.entries(Search(subject="one"), 10)) == 1


def test_what_failed_again_meanwhile_is_not_sent_again_by_the_old_form() -> None:
    ledger, made_of = world_of(job("one"))
    failed(ledger, "one")
    with served(made_of) as world:  # type: ignore[arg-type]
        operator = world.signed_in(Role.OPERATOR)
        page = confirm(operator, "resend", "one")
        send(world, operator, page, "resend")
        failed(ledger, "one")
        assert state(ledger, "one") is State.FAILED
        send(world, operator, page, "resend")
        assert state(ledger, "one") is State.FAILED
        # The control: whoever looks again may do it again.
        send(world, operator, confirm(operator, "resend", "one"), "resend")
        assert state(ledger, "one") is State.QUEUED


def test_many_at_once_and_what_can_not_be_done_is_said_of_each() -> None:
    ledger, made_of = world_of(*(job(f"j-{number}") for number in range(MOST + 5)))
    failed(ledger, "j-0")
    with served(made_of) as world:  # type: ignore[arg-type]
        operator = world.signed_in(Role.OPERATOR)
        shown = {"act": "cancel", "all": "1", "shown": [f"j-{number}" for number in range(MOST + 5)]}
        page = operator.get("/console/act", params=shown)
        assert "These stay as they are" in page.text
        assert "it is failed" in page.text
        answer = send(world, operator, page, "cancel")
        cancelled = [n for n in range(MOST + 5) if state(ledger, f"j-{n}") is State.CANCELLED]
        assert f"Done: {len(cancelled)} messages" in answer.text
        assert max(cancelled) < MOST


def test_without_a_reason_or_a_message_nothing_is_done() -> None:
    ledger, made_of = world_of(job("one"))
    with served(made_of) as world:  # type: ignore[arg-type]
        operator = world.signed_in(Role.OPERATOR)
        for reason in ("", "  ", "\u200b\n"):
            answer = send(world, operator, confirm(operator, "cancel", "one"), "cancel", reason)
            assert (answer.status_code, state(ledger, "one")) == (422, State.QUEUED)
        assert confirm(operator, "cancel", "no-such").status_code == 422
        assert confirm(operator, "explode", "one").status_code == 404
        rubbish = {"act": "cancel", "reason": "x", "seen": "one"}
        assert world.post(operator, "/console/act", rubbish).status_code == 422
        assert world.people.entries(Search(subject="one"), 10) == []


def test_nobody_acts_who_may_not_and_on_nothing_that_they_may_not_see() -> None:
    ledger, made_of = world_of(job("one"), job("theirs", "harbour"))
    with served(made_of) as world:  # type: ignore[arg-type]
        for role in Role:
            answer = world.post(
                world.signed_in(role), "/console/act", {"act": "cancel", "seen": "9 one", "reason": "x"}
            )
            assert (answer.status_code != 403) == (Permission.ACT_ON_MESSAGES in ALLOWED[role]), role
        bound = world.signed_in(Role.OPERATOR, name="bound", customers=frozenset({"acme"}))
        page = confirm(bound, "cancel", "one", "theirs")
        assert "theirs" not in page.text
        world.post(bound, "/console/act", {"act": "cancel", "seen": "1 theirs", "reason": "x"})
        form = {"act": "cancel", "seen": "1 one", "reason": "x"}
        assert bound.post("/console/act", data=form, headers={"Origin": world.base}).status_code == 403
        assert {state(ledger, one) for one in ("one", "theirs")} == {State.QUEUED}


def test_only_operators_see_the_buttons() -> None:
    _, made_of = world_of(job("one"))
    with served(made_of) as world:  # type: ignore[arg-type]
        for path in ("/console/messages", "/console/messages/one"):
            assert 'name="act"' in world.signed_in(Role.OPERATOR).get(path).text
            assert 'name="act"' not in world.signed_in(Role.AGENT).get(path).text


def test_every_act_and_obstacle_has_words() -> None:
    assert set(ACTIONS) == set(Act)
    words = {f"act.{act}{part}" for act in Act for part in ("", ".title", ".will", ".done")}
    assert words | {f"obstacle.{one}" for one in Obstacle} <= set(CATALOGUE)
