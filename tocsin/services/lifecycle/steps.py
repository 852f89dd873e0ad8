"""The steps that loops of services take, each told to whoever watches: with Kafka, and in one process without it."""

from __future__ import annotations

from engine.consumer import Batch, Consumer
from schemas.clock import Clock
from sender.acceptance import Acceptance, Accepted
from sender.publisher import Publisher
from tocsin.services.monitoring.engine import DecidingWatch
from tocsin.services.monitoring.event_lines import tell_batch
from tocsin.services.monitoring.sender import SendingWatch


def decide(consumer: Consumer, watch: DecidingWatch, timeout: float) -> Batch:
    """Take one batch, and say in the log what became of it."""
    batch = consumer.step(timeout)
    watch.engine.batch(batch)
    tell_batch(batch)
    watch.misplaced.tell(batch.misplaced)
    return batch


def accept(acceptance: Acceptance, watch: SendingWatch) -> Accepted:
    """Take in the next jobs."""
    accepted = acceptance.step()
    watch.sender.taken_in(accepted.admissions, accepted.refused)
    return accepted


def publish(publisher: Publisher, watch: SendingWatch, clock: Clock) -> bool:
    """Publish what became of jobs; says whether there may be more."""
    published = publisher.step()
    watch.ledger.published(published, clock.now())
    return bool(published)
