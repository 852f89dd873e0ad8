"""`kill -9` of an intake at any moment: after it, the same events are in the log, byte by byte, and none is missing.

On Kafka an event may be there twice, where the kill fell between Kafka's acknowledgement and our note of it: whole, and
under the same id.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import IO

import msgspec
import pytest

from adapters.sqlite.event_log import SqliteLog
from intake.acceptance import Acceptance, Accepted, Repeated
from intake.observation import Moment
from intake.states.judgement import judge
from schemas.topics import TICKETS
from tests.faults.intake_child import take
from tests.intake.posts import RECEIVED, START, Post, post, whole
from tests.support.brokers.cluster import Cluster
from tests.support.engine_on_fakes import Still
from tests.support.intake.in_memory_sink import InMemoryEventSink
from tests.support.intake.in_memory_states import InMemoryTicketStates

AT_ONCE = 5
"""Posts that are under way at the same time, so that a kill always meets one."""
EACH = 25
"""Posts for each kill."""
STATUSES = ("new", "open", "waiting", "solved")


def queue(kills: int) -> list[Post]:
    """Saves of some tickets, posted whole or by what changed, some twice, some too late."""
    chance = random.Random(17)
    made: list[Post] = []
    for number in range((kills + 1) * EACH):
        ticket, minute = f"T-{chance.randrange(kills + 3)}", number + chance.choice((0, 0, 0, -5))
        fields = {"id": ticket, "status": chance.choice(STATUSES), "resolution_marked": chance.random() < 0.3}
        says = whole(**fields) if chance.random() < 0.5 else fields
        moment = Moment.CREATED if chance.random() < 0.2 else Moment.UPDATED
        made.append(post(number, says, moment, time=START + timedelta(minutes=max(0, minute))))
        if chance.random() < 0.2:
            made.append(chance.choice(made))
    return made


def without_kills(posts: Sequence[Post]) -> list[bytes]:
    """The events that these posts lead to."""
    sink = InMemoryEventSink()
    acceptance = Acceptance(InMemoryTicketStates(), sink, Still(RECEIVED))
    assert {type(take(acceptance, one)) for one in posts} == {Accepted, Repeated}
    return [one.value or b"" for one in sink.records]


class Helpdesk:
    """Posts in order, several at a time, and again what was not answered."""

    def __init__(self, posts: Sequence[Post], where: Sequence[str]) -> None:
        self._posts = posts
        self._command = [sys.executable, "-m", "tests.faults.intake_child", *where]
        self._answered = 0

    def post_under_kills(self, kills: int) -> None:
        """Let an intake work; kill it so many times, and let another one go on."""
        chance = random.Random(kills)
        for _ in range(kills):
            self._run(self._answered + chance.randint(1, EACH), chance.random() / 50)
        self._run(len(self._posts), None)

    def _run(self, until: int, kill_after: float | None) -> None:
        with subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            sent = self._answered
            while self._answered < until:
                for one in self._posts[sent : self._answered + AT_ONCE]:
                    child.stdin.write(msgspec.json.encode(one) + b"\n")
                sent = max(sent, min(len(self._posts), self._answered + AT_ONCE))
                child.stdin.flush()
                self._hear(child.stdout)
            if kill_after is None:
                child.stdin.close()
                assert child.wait(30) == 0
                return
            threading.Event().wait(kill_after)
            child.send_signal(signal.SIGKILL)
            for line in child.stdout:
                self._count(line)
        assert child.returncode == -signal.SIGKILL

    def _hear(self, answers: IO[bytes]) -> None:
        line = answers.readline()
        assert line, "the intake has ended"
        self._count(line)

    def _count(self, line: bytes) -> None:
        # A line without its end was torn: whoever waited for it has got no answer.
        if line.endswith(b"\n"):
            assert line.decode().strip() == self._posts[self._answered].delivery
            self._answered += 1


def id_of(event: bytes) -> tuple[str, str]:
    read = msgspec.json.decode(event)
    return read["subject"], read["id"]


def check(events: Sequence[bytes], expected: Sequence[bytes], doubles: int) -> None:
    """The same events for each ticket, in the same order; no more doubles than this, and each the same event."""
    assert len(events) - len(set(events)) <= doubles
    assert by_ticket(dict.fromkeys(events)) == by_ticket(expected)


def by_ticket(events: Sequence[bytes] | dict[bytes, None]) -> dict[str, list[bytes]]:
    found = defaultdict[str, list[bytes]](list)
    for event in events:
        found[id_of(event)[0]].append(event)
    return found


_LONG = [pytest.mark.slow, pytest.mark.timeout(1_800)]
KILLS = pytest.mark.parametrize(
    "kills", [pytest.param(3, marks=pytest.mark.timeout(300)), pytest.param(20, marks=_LONG)]
)


@KILLS
def test_in_a_file_each_event_is_there_once(tmp_path: Path, kills: int) -> None:
    posts, path = queue(kills), tmp_path / "tocsin.db"
    Helpdesk(posts, ["sqlite", str(path)]).post_under_kills(kills)
    log = SqliteLog(path)
    check([one.value or b"" for one in log.read(TICKETS, limit=10_000)], without_kills(posts), 0)
    log.close()


@pytest.mark.kafka
@pytest.mark.postgres
@KILLS
def test_on_kafka_an_event_may_be_there_again_and_is_the_same(cluster: Cluster, postgres_url: str, kills: int) -> None:
    cluster.create(TICKETS, partitions=3)
    posts = queue(kills)
    Helpdesk(posts, ["kafka", postgres_url, cluster.bootstrap, cluster.prefix]).post_under_kills(kills)
    events = [one.value or b"" for one in cluster.read(TICKETS)]
    check(events, without_kills(posts), kills)
    print(f"{len(set(events))} events, {kills} kills, {len(events) - len(set(events))} doubles")  # noqa: T201 - for the reader of a long run


def test_the_check_finds_what_is_lost_doubled_changed_or_out_of_order() -> None:
    expected = without_kills(queue(2))
    check(expected, expected, 0)
    again = judge(queue(2)[0].observation, None, "another delivery", RECEIVED).event
    for broken in (expected[1:], [*expected, expected[0]], [*expected, again], expected[::-1]):
        with pytest.raises(AssertionError):
            check(broken, expected, 0)
    check([*expected, expected[0]], expected, 1)
