"""The sender as a service of its own: jobs from Kafka, its ledger in a file."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from adapters.kafka.appender import KafkaAppender
from adapters.kafka.directory_topic import DirectoryFeed
from adapters.kafka.errors import DamagedBatchError, KafkaUnavailableError
from adapters.kafka.job_log import KafkaJobLog
from adapters.kafka.settings import KafkaSettings, Membership
from schemas.clock import Clock
from schemas.pseudonyms import Pseudonyms
from sender.acceptance import Acceptance
from sender.delivery.gate import Gate
from sender.delivery.loop import Delivery
from sender.ledger.port import LedgerAwayError
from sender.privacy.people_index import PeopleIndex
from sender.publisher import LAST_BATCHES, Publisher
from tocsin.clock import SystemClock
from tocsin.config.wiring.ledgers import LedgerPlace
from tocsin.config.wiring.mail import MailSettings
from tocsin.config.wiring.outcomes import opened_posts
from tocsin.config.wiring.sending import SendingSettings
from tocsin.config.wiring.telemetry import tracing
from tocsin.services.lifecycle.ledger_outage import awaited_ledger
from tocsin.services.lifecycle.loops import Step, once, repeated
from tocsin.services.lifecycle.stopping import Stop, together
from tocsin.services.monitoring.health_file import HealthFile
from tocsin.services.monitoring.sender import SenderMonitor, delivered
from tocsin.services.outcomes import LivingPosting, OutcomePosting, posting_outcomes
from tocsin.services.reload.kept_rules import KeptRules
from tocsin.services.reload.rules_in_force import ReloadingRules
from tocsin.services.rule_changes import on_rules_change

log = structlog.get_logger()

_ON_LEDGER: Final = frozenset({"accept", "publish"})


class SenderParts(Struct, frozen=True):
    """What a sender consists of. Each of Kafka's clients belongs to one thread."""

    jobs: KafkaJobLog
    acceptance: Acceptance
    delivery: Delivery
    publisher: Publisher
    people: DirectoryFeed
    index: PeopleIndex
    templates: ReloadingRules
    monitor: SenderMonitor
    clock: Clock
    outcomes: OutcomePosting | None = None


class SenderService:
    """Takes jobs into the ledger and delivers them. A position is committed once its job is there: none is lost."""

    def __init__(self, parts: SenderParts) -> None:
        self._parts = parts

    async def run(self, stop: Stop) -> None:
        """Work until told to stop, and finish what is under way. An error in one part stops all, and is raised."""
        vitals, delivery = self._parts.monitor.vitals, self._parts.delivery
        stop.ask(vitals.running)
        stop.ask(delivery.under_way)
        steps = {"accept": self._accept, "publish": self._publish, "follow_people": self._follow_people}
        loops = [repeated(name, self._outlasting(name, step), vitals, stop.event) for name, step in steps.items()]
        if self._parts.outcomes is not None:
            loops.append(self._parts.outcomes.run(stop))
        await together(stop, *loops, delivered(delivery, vitals, stop))
        await once("publish_the_rest", self._publish_the_rest, vitals)

    def _publish_the_rest(self) -> None:
        """Publish what became of the last jobs. Where Kafka does not answer, the outbox keeps it for the next start."""
        try:
            self._parts.publisher.drain(LAST_BATCHES)
        except KafkaUnavailableError as error:
            log.warning("kafka_unavailable", error=type(error).__name__, said=str(error))
        except LedgerAwayError as error:
            self._parts.monitor.waits_for_ledger("publish", error)

    def _accept(self) -> bool:
        # ReloadingRules belongs to one thread, and this loop comes round often enough.
        self._parts.templates.current()
        taken = self._parts.acceptance.step()
        self._parts.monitor.accepted(taken)
        self._parts.monitor.generations(self._parts.jobs.generations)
        self._parts.monitor.damaged(self._parts.jobs.damaged)
        return bool(taken.records)

    def _publish(self) -> bool:
        published = self._parts.publisher.step()
        self._parts.monitor.ledger.published(published, self._parts.clock.now())
        return bool(published)

    def _follow_people(self) -> bool:
        self._parts.people.catch_up()
        self._parts.index.complete()
        self._parts.monitor.vitals.ready("people")
        return False

    def _outlasting(self, name: str, step: Step) -> Step:
        """The step, made to wait out an outage of Kafka or of the ledger."""
        monitor, vitals, part = self._parts.monitor, self._parts.monitor.vitals, f"kafka ({name})"

        def outlast() -> bool:
            try:
                more = step()
            except KafkaUnavailableError as error:
                log.warning("kafka_unavailable", error=type(error).__name__, said=str(error))
                # A damaged batch does not go away by waiting: its words say where it lies, for whoever has to mend it.
                is_away = not isinstance(error, DamagedBatchError)
                vitals.not_ready(part, "does not answer; it is asked again" if is_away else str(error))
                return False
            except LedgerAwayError as error:
                monitor.waits_for_ledger(name, error)
                return False
            vitals.ready(part)
            if name == "accept" and not more:
                # No jobs came, so the ledger was not asked, and nobody knows whether it answers.
                monitor.asked_ledger_nothing(name)
            elif name in _ON_LEDGER:
                monitor.waits_for_ledger(name, None)
            return more

        return outlast


@contextmanager
def _job_log(settings: KafkaSettings, membership: Membership, leave: bool) -> Iterator[KafkaJobLog]:
    jobs = KafkaJobLog(settings, membership)
    try:
        yield jobs
    finally:
        jobs.close(for_good=leave)


@asynccontextmanager
async def sender_service(  # noqa: PLR0913, PLR0917 - its parts, one by one
    settings: KafkaSettings,
    membership: Membership,
    place: LedgerPlace,
    rules: Path | None,
    mail: MailSettings,
    sending: SendingSettings,
    monitor: SenderMonitor,
    stop: Stop,
    *,
    leave: bool = False,
) -> AsyncIterator[SenderService]:
    """The service, wired together; its ledger is the only thing that it must not forget.

    A ledger that does not answer is waited for, at the start too. With `leave` it gives up its place in the group at
    the end; else the place is kept for the time of a restart.

    Raises FaultyFileError, LedgerUnavailableError, PostsUnavailableError, NoAuthoritiesError, InstanceTakenError,
    KafkaRefusedError, KafkaUnavailableError and TracingSettingsError; StoppedError where it was told to stop before its
    ledger answered.
    """
    clock, seen, composer = SystemClock(), monitor, mail.composer(sending.mode)
    on_change = on_rules_change(seen, HealthFile(place.data), clock, composer)
    pseudonyms = Pseudonyms(mail.opt_out.secrets)
    transport, index = mail.transport(), PeopleIndex(pseudonyms)
    living = LivingPosting(seen.outcomes, seen.vitals, seen.waits_for_ledger)
    with (
        tracing("tocsin-sender", sender_group=membership.group) as tracers,
        closing(composer),
        closing(ReloadingRules(rules, on_change, kept=KeptRules(place.data))) as templates,
        awaited_ledger(*place.options, stop, lambda why: seen.waits_for_ledger("open", why)) as ledger,
        posting_outcomes(sending.outcomes, lambda: opened_posts(*place.options), clock, living) as posting,
        seen.looking_at(ledger, clock),
        seen.looking_at_lag(settings, membership),
        _job_log(settings, membership, leave) as jobs,
        # Two appenders: dead letters and outcomes are written by different threads.
        closing(KafkaAppender(settings)) as letters,
        closing(KafkaAppender(settings)) as topics,
        closing(DirectoryFeed(settings, index)) as people,
    ):
        acceptance = Acceptance(jobs, ledger, letters, clock, sending.acceptance(), tracers.jobs)
        gate = Gate(ledger, index, sending.mode, pseudonyms)
        delivery = Delivery(
            ledger,
            composer,
            transport,
            clock,
            random.random,
            sending.delivery(),
            gate=gate,
            monitor=seen.delivery,
            tracer=tracers.jobs,
        )
        publisher = Publisher(ledger, topics if posting is None else posting.told(topics))
        parts = SenderParts(jobs, acceptance, delivery, publisher, people, index, templates, seen, clock, posting)
        try:
            yield SenderService(parts)
        finally:
            await transport.close()
