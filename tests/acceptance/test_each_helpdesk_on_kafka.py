"""Each helpdesk, from what it posts and signs to the mails that people get: intake, engine and sender on Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from adapters.kafka.topics import create_topics
from adapters.mailbox.mailbox import HOST
from schemas.outcome import Outcome
from schemas.topics import DECISIONS, JOBS, OUTCOMES
from tests.faults.engines import until
from tests.faults.stoppable import PATIENCE, Stoppable
from tests.kafka.members import settings_of
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.fixtures import Broker
from tests.support.databases.fixtures import DatabaseServer, made_in
from tests.support.helpdesks.desks import DESKS
from tests.support.helpdesks.told import Told, check_answers, check_mails
from tests.support.helpdesks.world import directory, live, mails_in, secrets
from tests.support.intake.service import Intake, directory_record
from tests.support.mail.mailbox_thread import mailbox_in

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def told(
    broker: Broker, database_server: DatabaseServer, migrated_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    """All helpdesks have posted, all is decided, and all mails have come."""
    folder = tmp_path_factory.mktemp("desks")
    with (
        Cluster(broker.bootstrap) as cluster,
        made_in(database_server, f"TEMPLATE {migrated_database} STRATEGY file_copy") as name,
        mailbox_in(folder / "mail") as port,
    ):
        create_topics(settings_of(cluster), partitions=2, replication=1)
        cluster.append(map(directory_record, directory()))
        database = database_server.url(name)
        with at_work(cluster, database, folder, port), Intake(cluster, database, secrets=secrets()).running() as client:
            answers = {name: live(client, desk) for name, desk in DESKS.items()}
            events = sum(one.first.json().get("events", 0) for some in answers.values() for one in some)
            until(lambda: len(cluster.read(DECISIONS)) == events, PATIENCE)
            jobs = len(cluster.read(JOBS))
            until(lambda: delivered(cluster) == jobs, PATIENCE)
        yield Told(answers, mails_in(folder / "mail"))


@contextmanager
def at_work(cluster: Cluster, database: str, folder: Path, port: int) -> Iterator[None]:
    """An engine and a sender."""
    on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix]
    relay = ["--smtp", f"{HOST}:{port}", "--tls", "none", "--from", "Support <support@desk.example>"]
    sender = ["sender", *on, "--ledger", database, "--data", str(folder / "data"), *relay]
    with (
        Stoppable(folder / "engine.log", "engine", "--instance", "one", *on).running(),
        Stoppable(folder / "sender.log", *sender).running(),
    ):
        yield


def delivered(cluster: Cluster) -> int:
    outcomes = [msgspec.json.decode(one.value or b"", type=Outcome) for one in cluster.read(OUTCOMES)]
    return sum(outcome.state == "delivered" for outcome in outcomes)


@pytest.mark.parametrize("name", DESKS)
def test_its_posts_are_taken_once_and_forged_ones_never(told: Told, name: str) -> None:
    check_answers(told, DESKS[name])


@pytest.mark.parametrize("name", DESKS)
def test_the_right_people_get_the_right_mails_and_nobody_else(told: Told, name: str) -> None:
    check_mails(told, DESKS[name])


def test_no_mail_came_to_anybody_else(told: Told) -> None:
    known = {address for desk in DESKS.values() for address in desk.people}
    assert {address for mail in told.mails for address in mail.recipients} == known
