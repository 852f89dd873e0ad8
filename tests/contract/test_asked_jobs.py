"""What became of messages, asked over real HTTP: which, page by page, and what of people only some may see."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from adapters.web.application import application
from adapters.web.asking import Desk
from adapters.web.jobs import MOST, jobs
from adapters.web.serving import serving
from adapters.web.tokens import ApiToken, Tokens
from adapters.web.workers import WorkLimits
from schemas.hashing import hash_of
from schemas.job import Job, PersonRef
from schemas.token_file import ApiScope
from schemas.vocabulary import PersonKind
from sender.ledger.port import Ledger, LedgerAwayError
from sender.records import Report, Selection
from sender.states import Transition
from tests.support.sender.fakes import START, FakeClock, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger

ALL = {"Authorization": "Bearer a-token-for-everything"}
SOME = {"Authorization": "Bearer a-token-for-jobs-alone"}
TOKENS = [
    ApiToken.of("a-token-for-everything"),
    ApiToken.of("a-token-for-jobs-alone", frozenset({ApiScope.JOBS_READ}), "jobs"),
]
PERSONAL = ("zoe@acme.example", "Zoé", "does not exist here")


def real(event: str = "e-1", ticket: str = "T-1", **fields: Any) -> Job:
    """A job with an id as engines make it."""
    job = a_job(event, ticket, **fields)
    return replace(job, id=hash_of(job.id), context=replace(job.context, person_name="Zoé Martin"))


class Away(InMemoryLedger):
    def find(self, job: str) -> Any:
        raise LedgerAwayError("locked", "/var/lib/tocsin is locked")


@pytest.fixture
def ledger() -> Ledger:
    return InMemoryLedger()


def asking(ledger: Ledger, clock: FakeClock | None = None) -> Iterator[httpx.Client]:
    with (
        closing(Desk()) as desk,
        serving(application([jobs(ledger, clock or FakeClock(), desk)], Tokens(TOKENS)), "127.0.0.1", 0) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=ALL) as client,
    ):
        yield client


@pytest.fixture
def client(ledger: Ledger) -> Iterator[httpx.Client]:
    yield from asking(ledger)


def listed(client: httpx.Client, **asked: Any) -> list[str]:
    answer = client.get("/v1/jobs", params=asked)
    assert answer.status_code == 200, answer.text
    return [one["event"] for one in answer.json()["jobs"]]


def failed(ledger: Ledger, job: Job) -> None:
    ledger.claim(START, 10, timedelta(minutes=1))
    ledger.record(
        [Report(job.id, 1, Transition.REFUSED, code=550, text="<zoe@acme.example> does not exist here")], START
    )


def test_a_job_is_found_and_all_that_happened_to_it(ledger: Ledger, client: httpx.Client) -> None:
    job = real()
    ledger.accept([job], START)
    failed(ledger, job)
    said = client.get(f"/v1/jobs/{job.id}").json()
    assert (said["id"], said["state"], said["code"], said["attempts"]) == (job.id, "failed", 550, 1)
    assert (said["address"], said["name"]) == ("zoe@acme.example", "Zoé Martin")
    assert [one["transition"] for one in said["changes"]] == ["accepted", "claimed", "refused"]
    assert said["changes"][2]["text"] == "<zoe@acme.example> does not exist here"
    assert said["person"] == {"kind": "contact", "id": job.person.id}


def test_without_the_scope_for_it_no_answer_names_anybody(ledger: Ledger, client: httpx.Client) -> None:
    job = real()
    ledger.accept([job], START)
    failed(ledger, job)
    for path in ("/v1/jobs", f"/v1/jobs/{job.id}"):
        seen, hidden = client.get(path).text, client.get(path, headers=SOME).text
        assert [one in seen for one in PERSONAL] == [True] * 3  # the control
        assert [one in hidden for one in PERSONAL] == [False] * 3
    assert client.get("/v1/jobs", headers=SOME).json()["jobs"][0]["code"] == 550


def test_a_list_is_narrowed_by_all_that_is_asked(ledger: Ledger, client: httpx.Client) -> None:
    odd = "T/1 %2F é☃?&#"
    ledger.accept([real("e-1"), real("e-2", odd)], START)
    ledger.accept([real("e-3", person=PersonRef(PersonKind.COLLABORATOR, "co/9"))], START + timedelta(hours=1))
    assert listed(client) == ["e-3", "e-2", "e-1"]
    assert listed(client, ticket=odd) == ["e-2"]
    assert listed(client, person="collaborator/co/9") == ["e-3"]
    assert listed(client, state=["failed", "queued"], limit=1) == ["e-3"]
    assert listed(client, state="failed") == []
    assert listed(client, since="2026-03-02T10:00:00Z") == ["e-3"]
    assert listed(client, until="2026-03-02T11:00:00+01:00") == ["e-2", "e-1"]
    assert listed(client, customer="nobody") == []


def test_pages_are_the_same_while_more_comes(ledger: Ledger, client: httpx.Client) -> None:
    ledger.accept([real(f"e-{number}") for number in range(5)], START)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = client.get("/v1/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [one["event"] for one in answer["jobs"]]
        cursor = answer["next"]
        ledger.accept([real(f"new-{len(seen)}")], START)
    assert seen == ["e-4", "e-3", "e-2", "e-1", "e-0"]


def test_a_cursor_is_of_its_own_question_and_ends_with_what_it_names(ledger: Ledger, client: httpx.Client) -> None:
    ledger.accept([real(f"e-{number}") for number in range(3)], START)
    cursor = client.get("/v1/jobs", params={"limit": 1}).json()["next"]
    assert listed(client, limit=2, cursor=cursor) == ["e-1", "e-0"]
    codes = {
        code: client.get("/v1/jobs", params=asked)
        for code, asked in (
            ("invalid_cursor", {"ticket": "T-1", "cursor": cursor}),
            ("cursor_gone", {"cursor": forged(cursor, "0" * 32)}),
        )
    }
    assert {code: (one.status_code, one.json()["code"]) for code, one in codes.items()} == {
        code: (400, code) for code in codes
    }


def forged(cursor: str, place: str) -> str:
    digest = base64.urlsafe_b64decode(cursor + "==").split(b".")[0].decode()
    return base64.urlsafe_b64encode(f"{digest}.{place}".encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"limit": MOST + 1}, "limit"),
        ({"limit": 0}, "limit"),
        ({"limit": "9" * 400}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"state": "sent"}, "state"),
        ({"hold": "me"}, "hold"),
        ({"person": "ct-1"}, "person"),
        ({"person": "contact/\x00"}, "person"),
        ({"ticket": ""}, "ticket"),
        ({"ticket": "x" * 257}, "ticket"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-03-02T09:15:00"}, "since"),
        ({"stat": "failed"}, "stat"),
        ({"ticket": ["T-1", "T-2"]}, "ticket"),
        *(({"cursor": one}, "cursor") for one in ("x", "é", "../..", "eC55", "A" * 300)),
    ],
)
def test_a_question_that_can_not_be_read_is_refused_by_its_field(
    client: httpx.Client, asked: dict[str, Any], field: str
) -> None:
    answer = client.get("/v1/jobs", params=asked)
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    if field == "state":
        assert "delivered" in answer.json()["errors"][0]["allowed"]


@pytest.mark.parametrize("job", ["nobody", "..%2f..%2fetc%2fpasswd", "%00", "a" * 2_000, "%ff", "a b", "%2e%2e"])
def test_a_job_that_there_is_not(client: httpx.Client, job: str) -> None:
    answer = client.get(f"/v1/jobs/{job}")
    assert answer.status_code in {400, 404}
    assert answer.headers["content-type"] == "application/problem+json"


def test_where_the_ledger_is_away_it_is_said_and_not_where_it_is() -> None:
    for client in asking(Away()):
        answer = client.get("/v1/jobs/0000")
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "locked", "5")
        assert "/var/lib" not in answer.text


class Slow(InMemoryLedger):
    """A ledger that answers once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    def find(self, job: str) -> Any:
        self.is_asked.set()
        assert self.may_answer.wait(20)
        return super().find(job)


def test_no_more_questions_wait_than_there_may_and_each_is_answered_in_time() -> None:
    ledger = Slow()
    with closing(Desk(WorkLimits(calls=1, threads=1, within=0.3))) as desk:
        part = jobs(ledger, FakeClock(), desk)
        with serving(application([part], Tokens(TOKENS)), "127.0.0.1", 0) as port:
            path = f"http://127.0.0.1:{port}/v1/jobs"
            with ThreadPoolExecutor(1) as beside:
                first = beside.submit(httpx.get, f"{path}/0000", headers=ALL)
                assert ledger.is_asked.wait(20)
                turned_away = httpx.get(path, headers=ALL)
                assert (turned_away.status_code, turned_away.json()["code"]) == (503, "overloaded")
                slow = first.result()
                assert (slow.status_code, slow.json()["code"], slow.headers["retry-after"]) == (503, "too_slow", "5")
            ledger.may_answer.set()
            while httpx.get(path, headers=ALL).status_code == 503:
                time.sleep(0.01)


def test_a_page_is_what_the_ledger_lists(ledger: Ledger, client: httpx.Client) -> None:
    ledger.accept([real(f"e-{number}") for number in range(MOST)], START)
    assert len(listed(client, limit=MOST)) == MOST == len(ledger.list(Selection(), MOST))
