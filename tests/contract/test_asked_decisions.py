"""What each save of a ticket led to, asked over real HTTP: from the history of embedded mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.history import SqliteHistory, SqliteHistoryReader, SqliteHistorySource
from adapters.web.application import application
from adapters.web.asking import Desk, cursor_of
from adapters.web.decisions import decisions
from adapters.web.serving import serving
from adapters.web.tokens import ApiToken, Tokens
from history.filler import Filler
from schemas.decision import DecidedJob, DecisionRecord, Skip
from schemas.job import PersonRef
from schemas.log import NewRecord
from schemas.token_file import ApiScope
from schemas.topics import DECISIONS
from schemas.vocabulary import Category, Channel, PersonKind, Reason, Trigger
from tests.support.sender.fakes import START, FakeClock, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger

ZOE = PersonRef(PersonKind.CONTACT, "ct-1")
CONTACTS = Category("contract.contacts")
ALL = {"Authorization": "Bearer a-token-for-everything"}
SOME = {"Authorization": "Bearer a-token-for-decisions"}
TOKENS = [
    ApiToken.of("a-token-for-everything"),
    ApiToken.of("a-token-for-decisions", frozenset({ApiScope.DECISIONS_READ}), "decisions"),
]
HELD = "suppression/email/zoe@acme.example"


def decision(event: str, ticket: str = "T-1", source: str = "/helpdesk", **fields: Any) -> DecisionRecord:
    told = [DecidedJob(a_job(event).id, ZOE, Channel.EMAIL, Trigger.OPENED, [CONTACTS], ["contract-contacts"])]
    given: dict[str, Any] = {"jobs": told, "skipped": [], **fields}
    return DecisionRecord(event, source, ticket, "C-7", [Trigger.OPENED], now=START, rulebook="r", **given)


def kept(file: Path, *made: DecisionRecord | bytes) -> None:
    with closing(SqliteLog(file)) as log:
        for one in made:
            value = one if isinstance(one, bytes) else msgspec.json.encode(one)
            key = b"T-1" if isinstance(one, bytes) else one.ticket.encode()
            log.append([NewRecord(DECISIONS, key, value)], START)
    with closing(SqliteHistory(file)) as history, closing(SqliteHistorySource(file)) as source:
        filler = Filler(source, history, FakeClock(), timedelta(days=90))
        while not filler.step().is_idle:
            pass


@pytest.fixture
def file(tmp_path: Path) -> Path:
    kept(tmp_path / "tocsin.db")
    return tmp_path / "tocsin.db"


@pytest.fixture
def ledger() -> InMemoryLedger:
    return InMemoryLedger()


@pytest.fixture
def client(file: Path, ledger: InMemoryLedger) -> Iterator[httpx.Client]:
    with (
        closing(Desk()) as desk,
        closing(SqliteHistoryReader(file, timedelta(seconds=20))) as archive,
        serving(application([decisions(archive, ledger, desk)], Tokens(TOKENS)), "127.0.0.1", 0) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=ALL) as client,
    ):
        yield client


def path(ticket: str = "T-1", source: str = "/helpdesk") -> str:
    return f"/v1/tickets/{quote(source, safe='')}/{quote(ticket, safe='')}/decisions"


def test_who_was_told_and_how_it_stands_and_who_was_not_and_why(
    file: Path, ledger: InMemoryLedger, client: httpx.Client
) -> None:
    kept(file, decision("e-1"), decision("e-2", jobs=[], skipped=[Skip(ZOE, CONTACTS, Reason.OWN_TICK_OFF)]))
    ledger.accept([a_job("e-1")], START)
    said = client.get(path()).json()
    assert [one["event"] for one in said["decisions"]] == ["e-2", "e-1"]
    [told] = said["decisions"][1]["told"]
    assert (told["person"], told["channel"], told["state"]) == ({"kind": "contact", "id": "ct-1"}, "email", "queued")
    [stopped] = said["decisions"][0]["not_told"]
    assert (stopped["reason"], stopped["why"]) == ("own_tick_off", "the person's own tick was off")
    assert (said["source"], said["ticket"], said["next"]) == ("/helpdesk", "T-1", None)


def test_what_no_sender_has_taken_in_yet_has_no_state(file: Path, client: httpx.Client) -> None:
    kept(file, decision("e-1"))
    assert client.get(path()).json()["decisions"][0]["told"][0]["state"] is None


@pytest.mark.parametrize("ticket", ["T-1", "a/b", "/", "..a", "%2F", "é☃ ?#&", "x" * 200, "\u202e", "a//b", "{}"])
@pytest.mark.parametrize("source", ["/helpdesk", "https://desk.example/a?b=c#d"])
def test_any_ticket_of_any_source_is_found_and_no_other(
    file: Path, client: httpx.Client, ticket: str, source: str
) -> None:
    kept(file, decision("e-1", ticket, source), decision("e-2", ticket, "/another"), decision("e-3", "T-9", source))
    said = client.get(path(ticket, source)).json()
    assert (said["source"], said["ticket"]) == (source, ticket)
    assert [one["event"] for one in said["decisions"]] == ["e-1"]


def test_pages_pass_over_other_platforms_and_what_can_not_be_read(file: Path, client: httpx.Client) -> None:
    for number in range(5):
        kept(file, decision(f"e-{number}"), decision(f"x-{number}", source="/another"), b"rubbish")
    seen: list[str] = []
    asked: dict[str, Any] = {"limit": 2}
    while True:
        answer = client.get(path(), params=asked).json()
        seen += [one["event"] for one in answer["decisions"]]
        kept(file, decision(f"new-{len(seen)}"))
        if answer["next"] is None:
            break
        asked["cursor"] = answer["next"]
    assert seen == ["e-4", "e-3", "e-2", "e-1", "e-0"]


def test_the_id_of_a_suppression_may_be_an_address(file: Path, client: httpx.Client) -> None:
    skip = Skip(ZOE, CONTACTS, Reason.UNREADABLE_RECORD, record=HELD)
    kept(
        file,
        decision("e-1", skipped=[skip]),
        decision("e-2", skipped=[msgspec.structs.replace(skip, record="contract/C-7")]),
    )
    assert "zoe@acme.example" in client.get(path()).text
    hidden = client.get(path(), headers=SOME)
    assert "zoe@acme.example" not in hidden.text
    records = [one["not_told"][0]["record"] for one in hidden.json()["decisions"]]
    assert records == ["contract/C-7", "suppression"]


@pytest.mark.parametrize("place", ["x", "-1", "9" * 30, "1 OR 1"])
def test_a_cursor_that_somebody_made_up_is_refused(client: httpx.Client, place: str) -> None:
    answer = client.get(path(), params={"cursor": cursor_of(("/helpdesk", "T-1"), place)})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    "wrong",
    ["/v1/tickets//T-1/decisions", "/v1/tickets/%ff/T-1/decisions", "/v1/tickets/a/decisions", "/v1/tickets/a/b/c/d"],
)
def test_a_path_that_names_no_ticket(client: httpx.Client, wrong: str) -> None:
    answer = client.get(wrong)
    assert answer.status_code in {400, 404}
    assert answer.headers["content-type"] == "application/problem+json"
