"""Made-up outcomes and endpoints, and stand-ins for what posting needs from outside."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from outcomes.endpoint import Endpoint
from outcomes.ports import Disabled, PostsAwayError, Standing
from outcomes.retries import Answer
from outcomes.signing import Secret
from schemas.job import Job
from schemas.log import NewRecord
from schemas.outcome import Outcome
from schemas.topics import OUTCOMES
from tests.support.http.receivers import SECRET
from tests.support.sender.fakes import START

TAKEN = Answer(200)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def an_endpoint(name: str = "desk", **fields: Any) -> Endpoint:
    return Endpoint(name, fields.pop("url", "https://desk.example/hook"), [Secret(SECRET)], **fields)


def an_outcome(job: Job, state: str = "delivered", sequence: int = 3, at: datetime = START, **fields: Any) -> Outcome:
    return Outcome(
        job=job.id,
        source=job.source,
        event=job.event,
        ticket=job.ticket,
        person=job.person,
        channel=job.channel,
        trigger=job.trigger,
        state=state,
        transition=fields.pop("transition", state),
        sequence=sequence,
        attempt=fields.pop("attempt", 1),
        at=at,
        reply=fields.pop("reply", "250 2.0.0 queued for zoe@acme.example"),
    )


def record_of(outcome: Outcome) -> NewRecord:
    return NewRecord(OUTCOMES, outcome.ticket.encode(), msgspec.json.encode(outcome))


class FakeJobs:
    """The jobs that the ledger knows."""

    def __init__(self, *jobs: Job) -> None:
        self._jobs = {job.id: job for job in jobs}

    def jobs(self, ids: Sequence[str]) -> Mapping[str, Job]:
        return {one: self._jobs[one] for one in ids if one in self._jobs}


class FakePoster:
    """Answers by a script, and remembers what was posted."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = deque(answers)
        self.posts: list[tuple[str, str, Any]] = []

    async def post(self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Answer:
        self.posts.append((endpoint.name, headers["webhook-id"], msgspec.json.decode(body)))
        return self.answers.popleft() if self.answers else TAKEN

    async def close(self) -> None:
        pass

    def ids(self) -> list[str]:
        return [post for _, post, _ in self.posts]


class SeenPosting:
    """A monitor that keeps what it is told."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, Answer]] = []
        self.given_up: list[str] = []
        self.standings: Sequence[Standing] = ()
        self.is_disabled: Sequence[Disabled] = ()
        self.rounds: set[str] = set()
        self.away: list[PostsAwayError | None] = []

    def answered(self, endpoint: str, answer: Answer) -> None:
        self.answers.append((endpoint, answer))

    def gave_up(self, endpoint: str, posts: int) -> None:
        self.given_up += [endpoint] * posts

    def standing(self, standings: Sequence[Standing], disabled: Sequence[Disabled], now: datetime) -> None:
        self.standings, self.is_disabled = standings, disabled

    def came_round(self, loop: str) -> None:
        self.rounds.add(loop)

    def waits_for_storage(self, why: PostsAwayError | None) -> None:
        self.away.append(why)
