"""`kill -9` of `tocsin up --http` while a helpdesk posts: each post is one event, and one mail for each person."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from adapters.sqlite.event_log import SqliteLog
from adapters.sqlite.ledger import SqliteLedger
from schemas.topics import DECISIONS, JOBS, TICKETS
from sender.states import State
from tests.faults.engines import until
from tests.faults.stoppable import PATIENCE
from tests.support.helpdesks.desks import GENERIC
from tests.support.helpdesks.up import UpDoor
from tests.support.helpdesks.world import mails_in
from tests.support.mail.mailbox_thread import mailbox_in

EACH = 20
"""Posts for each kill."""
AT_ONCE = 4
AGAIN = 0.05
"""Seconds until a helpdesk repeats what was not answered. Real ones wait longer."""


class Helpdesk:
    """Creates tickets, several at once, and repeats each post until it is taken."""

    def __init__(self, address: str, posts: int) -> None:
        self._address = address
        self.posts = posts
        self.answers: Counter[str] = Counter()
        self._is_over = threading.Event()
        self._turn = threading.Lock()

    @contextmanager
    def posting(self) -> Iterator[list[Future[None]]]:
        """Post within the block, and no longer: whatever fails there must not be waited for."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                yield [pool.submit(self._post_some, first) for first in range(AT_ONCE)]
            finally:
                self._is_over.set()

    @property
    def taken(self) -> int:
        with self._turn:
            return self.answers["new"] + self.answers["known"]

    def _post_some(self, first: int) -> None:
        headers = {"Authorization": f"Bearer {GENERIC.secret}", "Content-Type": "application/json"}
        with httpx.Client(base_url=f"http://{self._address}", timeout=20, headers=headers) as client:
            for number in range(first, self.posts, AT_ONCE):
                body = json.dumps(ticket(number))
                while (answer := self._posted(client, body)) not in ("new", "known"):
                    assert answer in ("cut", "503")
                    if self._is_over.wait(AGAIN):
                        return

    def _posted(self, client: httpx.Client, body: str) -> str:
        try:
            given = client.post("/v1/hooks/generic", content=body)
        except httpx.TransportError:
            answer = "cut"
        else:
            taken = given.status_code == 202
            answer = ("known", "new")[given.json()["events"]] if taken else str(given.status_code)
        with self._turn:
            self.answers[answer] += 1
        return answer


def ticket(number: int) -> dict[str, str]:
    return {
        "id": f"T-{number}",
        "delivery": f"d-{number}",
        "moment": "created",
        "contract": GENERIC.contract,
        "title": "Nothing prints",
        "description": "It does not.",
        "status": "new",
    }


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(2, marks=pytest.mark.timeout(300)),
        pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(1_800)]),
    ],
)
def test_each_post_is_one_event_and_one_mail_for_each_person(tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    with mailbox_in(tmp_path / "mail") as port, ExitStack() as opened:
        door = UpDoor(tmp_path / "door", port)
        desk = Helpdesk(door.address, (kills + 1) * EACH)
        posting = opened.enter_context(desk.posting())
        for kill in range(kills):
            wanted = kill * EACH + chance.randint(1, EACH)
            with door.running():
                until(lambda wanted=wanted: desk.taken >= wanted, PATIENCE)  # type: ignore[misc]
        with door.running():
            for one in posting:
                one.result(PATIENCE)
            jobs = 2 * desk.posts
            until(lambda: jobs_in(door.database, State.DELIVERED, State.UNKNOWN) == jobs, PATIENCE)
            unknown = jobs_in(door.database, State.UNKNOWN)
    check_log(door.database, desk.posts)
    mails = Counter((mail.recipients, mail.subject) for mail in mails_in(tmp_path / "mail"))
    assert set(mails.values()) == {1}
    assert jobs - unknown <= len(mails) <= jobs
    print(f"{kills} kills, {desk.answers}, {len(mails)} mails of {jobs}, {unknown} in doubt")  # noqa: T201 - for the reader of a long run


def jobs_in(database: Path, *states: State) -> int:
    with closing(SqliteLedger(database)) as ledger:
        counts = ledger.counts()
    return sum(counts.get(state, 0) for state in states)


def check_log(database: Path, posts: int) -> None:
    """One event of each post, one decision of each event, and two jobs."""
    with closing(SqliteLog(database)) as log:
        events = [msgspec.json.decode(one.value or b"") for one in log.read(TICKETS, limit=100_000)]
        assert Counter(one["subject"] for one in events) == Counter(f"T-{number}" for number in range(posts))
        assert len(log.read(DECISIONS, limit=100_000)) == posts
        assert len(log.read(JOBS, limit=100_000)) == 2 * posts
