"""From the outcome of a job to what its endpoints are told: posts of their own, or parts of a sum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from outcomes.endpoint import Endpoint, Tell
from outcomes.payloads import job_post, states_of, ticket_post, told_job
from outcomes.ports import KnownJobs, NewPost, Part, PostQueue, Save
from outcomes.sums import Sum, heard, looked_at
from schemas.clock import Clock
from schemas.hashing import hash_of
from schemas.job import Job
from schemas.log import NewRecord
from schemas.outcome import Outcome
from schemas.outcome_posts import ToldTicket
from schemas.topics import OUTCOMES

_OUTCOME: Final = msgspec.json.Decoder(Outcome)

MOST_SUMS: Final = 50
"""Saves that are summed at a time."""


class Collector:
    """Keeps what is to be posted. What comes twice is kept once: ids of posts follow from what they tell of."""

    def __init__(self, endpoints: Sequence[Endpoint], posts: PostQueue, jobs: KnownJobs, clock: Clock) -> None:
        self._endpoints = {one.name: one for one in endpoints}
        self._posts = posts
        self._jobs = jobs
        self._clock = clock

    def tell(self, endpoints: Sequence[Endpoint]) -> None:
        """Tell these endpoints from now on. Any thread may say it: what is being collected goes to those of before."""
        self._endpoints = {one.name: one for one in endpoints}

    def collect(self, records: Sequence[NewRecord]) -> int:
        """Keep what endpoints are to be told of these records; says how many posts and parts were new.

        Raises PostsUnavailableError.
        """
        outcomes = [_OUTCOME.decode(one.value) for one in records if one.topic == OUTCOMES and one.value is not None]
        endpoints = self._endpoints
        if not outcomes or not endpoints:
            return 0
        jobs = self._jobs.jobs(list(dict.fromkeys(outcome.job for outcome in outcomes)))
        posts = list(_posts_of(outcomes, jobs, endpoints.values()))
        parts = list(_parts_of(outcomes, jobs, endpoints.values()))
        if not posts and not parts:
            return 0
        now = self._clock.now()
        return self._posts.keep(posts, parts, lambda name, before: heard(before, now, endpoints[name]), now)

    def sum_up(self) -> int:
        """Sum the saves whose time has come; says how many were looked at. Raises PostsUnavailableError."""
        return self._posts.settle(self._clock.now(), MOST_SUMS, self._judge)

    def _judge(self, save: Save) -> tuple[Sum, NewPost | None]:
        endpoint, now = self._endpoints.get(save.endpoint), self._clock.now()
        if endpoint is None or endpoint.tell is not Tell.TICKETS:
            # It was taken out of the settings, or is told of jobs by now.
            return Sum(save.sum.since, None, save.sum.told, save.sum.posts), None
        after, is_posted = looked_at(save.sum, states_of(save.jobs), now, endpoint)
        if not is_posted:
            return after, None
        ticket = ToldTicket(save.source, save.ticket, save.reference)
        written = ticket_post(ticket, save.event, save.jobs, now)
        since = after.since.isoformat()
        post = _post_id("ticket", save.endpoint, save.source, save.event, since, str(after.posts))
        return after, NewPost(post, save.endpoint, save.source, save.ticket, save.event, written.type, written.body)


def _posts_of(outcomes: Sequence[Outcome], jobs: Mapping[str, Job], endpoints: Iterable[Endpoint]) -> Iterator[NewPost]:
    wanting = [one for one in endpoints if one.tell is Tell.JOBS]
    for outcome in outcomes:
        for endpoint in wanting:
            if outcome.state in endpoint.states:
                post = _post_id("job", endpoint.name, outcome.job, str(outcome.sequence))
                written = job_post(outcome, jobs.get(outcome.job), endpoint)
                yield NewPost(
                    post, endpoint.name, outcome.source, outcome.ticket, outcome.event, written.type, written.body
                )


def _parts_of(outcomes: Sequence[Outcome], jobs: Mapping[str, Job], endpoints: Iterable[Endpoint]) -> Iterator[Part]:
    wanting = [one for one in endpoints if one.tell is Tell.TICKETS]
    for outcome in outcomes:
        for endpoint in wanting:
            job = jobs.get(outcome.job)
            yield Part(
                endpoint.name,
                outcome.source,
                outcome.ticket,
                outcome.event,
                job.context.ticket.reference if job is not None else None,
                outcome.job,
                outcome.sequence,
                msgspec.json.encode(told_job(outcome, job, endpoint)),
            )


def _post_id(*parts: str) -> str:
    return f"msg_{hash_of(*parts)}"
