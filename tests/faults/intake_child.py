"""Takes posts in until it is killed, and says on standard output which of them it has answered for good.

Usage: python -m tests.faults.intake_child sqlite FILE, or: kafka POSTGRES_URL BOOTSTRAP PREFIX

It reads one post on each line of standard input, as JSON.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import msgspec

from adapters.kafka.event_sink import KafkaEventSink
from adapters.kafka.settings import KafkaSettings
from adapters.postgres.ticket_states import PostgresTicketStates
from adapters.sqlite.event_sink import SqliteEventSink
from adapters.sqlite.ticket_states import SqliteTicketStates
from intake.acceptance import Acceptance, Accepted, Answer, Delivery, Repeated
from intake.ports import EventSink, TicketStates
from tests.intake import posts
from tests.intake.posts import RECEIVED, SOURCE
from tests.support.engine_on_fakes import Still

POST = msgspec.json.Decoder(posts.Post)


def made(kind: str, *where: str) -> tuple[TicketStates, EventSink]:
    """States and log in a file, or on PostgreSQL and Kafka."""
    if kind == "sqlite":
        return SqliteTicketStates(Path(where[0])), SqliteEventSink(Path(where[0]), Still(RECEIVED))
    url, bootstrap, prefix = where
    sink = KafkaEventSink(KafkaSettings((bootstrap,), prefix), "one", timedelta(seconds=30))
    return PostgresTicketStates(url, connections=2), sink


def take(acceptance: Acceptance, one: posts.Post) -> Answer:
    """Take one post in, as a helpdesk sends it that has ids for its deliveries."""
    return acceptance.webhook(Delivery(b"", lambda: one.observation, SOURCE, one.delivery))


def work(acceptance: Acceptance) -> None:
    """Take in what is posted, after what an earlier process has left."""
    acceptance.publish_waiting()
    for line in sys.stdin.buffer:
        one = POST.decode(line)
        answer = take(acceptance, one)
        if not isinstance(answer, Accepted | Repeated):
            raise SystemExit(f"{one.delivery}: {answer}")
        print(one.delivery, flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    work(Acceptance(*made(*sys.argv[1:]), Still(RECEIVED)))
