"""The sender as a service of its own: jobs from Kafka, its ledger in a file."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

import structlog

from adapters.jinja.renderer import JinjaRenderer
from adapters.kafka.appender import KafkaAppender
from adapters.kafka.errors import KafkaUnavailableError
from adapters.kafka.job_log import KafkaJobLog
from adapters.kafka.settings import KafkaSettings, Membership
from adapters.smtp.transport import SmtpTransport
from adapters.sqlite.ledger import SqliteLedger
from sender.acceptance import Acceptance, AcceptanceSettings
from sender.composer import MessageComposer
from sender.delivery import Delivery, DeliverySettings
from tocsin.clock import SystemClock
from tocsin.running.embedded import SEND_LIMIT, database_in
from tocsin.running.health import HealthFile
from tocsin.running.mail import MailSettings
from tocsin.running.rules_in_force import WatchedRules, health_of
from tocsin.running.service import CurrentRenderer

log = structlog.get_logger()

GROUP: Final = "tocsin-sender"
POLL_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = 1.0
"""Before another try, where Kafka did not answer."""


class SenderService:
    """Takes jobs into the ledger and delivers them. The ledger first, then the position: so no job is lost."""

    def __init__(self, acceptance: Acceptance, delivery: Delivery, templates: WatchedRules) -> None:
        self._acceptance = acceptance
        self._delivery = delivery
        self._templates = templates

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is under way is finished. What a part can't mend is raised, and stops all."""
        self._delivery.take_over()
        stopped = threading.Event()
        parts = [
            asyncio.create_task(asyncio.to_thread(self._accept, stopped)),
            asyncio.create_task(self._delivery.run(stop)),
        ]
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait([*parts, waiting], return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        stopped.set()
        results = await asyncio.gather(*parts, waiting, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def _accept(self, stop: threading.Event) -> None:
        """Take in jobs, all in one thread: Kafka's client belongs to it. An outage of Kafka is waited out."""
        while not stop.is_set():
            try:
                self._templates.current()
                self._acceptance.step()
            except KafkaUnavailableError as error:
                log.warning("kafka_unavailable", error=str(error))
                stop.wait(PAUSE_SECONDS)


@asynccontextmanager
async def sender_service(
    settings: KafkaSettings, membership: Membership, data: Path, rules: Path | None, mail: MailSettings
) -> AsyncIterator[SenderService]:
    """The service, wired together; its ledger is the only thing that it must not forget.

    Raises RuleFileError, LedgerUnavailableError, InstanceTakenError, KafkaRefusedError and KafkaUnavailableError.
    """
    clock, renderer, health = SystemClock(), CurrentRenderer(), HealthFile(data)

    def on_change(watched: WatchedRules) -> None:
        if not watched.faults:
            renderer.use(JinjaRenderer(watched.loaded.templates))
        health.write(health_of(watched, clock.now()))

    transport = SmtpTransport(mail.relay)
    with (
        closing(WatchedRules(rules, on_change)) as templates,
        closing(SqliteLedger(database_in(data))) as ledger,
        closing(KafkaJobLog(settings, membership)) as jobs,
        closing(KafkaAppender(settings)) as letters,
    ):
        acceptance = Acceptance(jobs, ledger, letters, clock, AcceptanceSettings(poll_timeout=POLL_SECONDS))
        sending = DeliverySettings(send_limit=SEND_LIMIT, lease=SEND_LIMIT * 2)
        composer = MessageComposer(renderer, mail.identity)
        delivery = Delivery(ledger, composer, transport, clock, random.random, sending)
        try:
            yield SenderService(acceptance, delivery, templates)
        finally:
            await transport.close()
