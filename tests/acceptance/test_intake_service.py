"""`tocsin intake serve`: what is posted is in Kafka's log for good, and what is missing is said."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.ticket_states import PostgresTicketStates
from intake.states.judgement import judge, ticket_key
from schemas.decision import DecidedJob, DecisionRecord
from schemas.job import PersonRef
from schemas.log import NewRecord
from schemas.topics import DECISIONS, SUPPRESSIONS, TICKETS
from schemas.vocabulary import Category, PersonKind
from tests.intake.posts import post, whole
from tests.support.brokers.cluster import Cluster
from tests.support.databases.native import NativePostgres
from tests.support.helpdesk.events import CONTRACT, Helpdesk
from tests.support.helpdesk.files import created
from tests.support.intake.service import OF_EVENTS, OF_HOOKS, TOKEN, Intake, directory_record, topics_of_the_intake
from tests.support.sender.fakes import a_job
from tocsin.cli.app import app
from tocsin.cli.console import WRONG_SETTINGS

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(300)]


@pytest.fixture
def topics(cluster: Cluster) -> Cluster:
    topics_of_the_intake(cluster)
    return cluster


def hook(client: httpx.Client, **says: Any) -> httpx.Response:
    return client.post("/v1/hooks/generic", headers=OF_HOOKS, json=says)


def events(cluster: Cluster) -> list[dict[str, Any]]:
    return [json.loads(one.value or b"") for one in cluster.read(TICKETS)]


def test_events_and_webhooks_are_in_the_log_before_they_are_answered(topics: Cluster, postgres_url: str) -> None:
    topics.append([directory_record(CONTRACT)])
    intake = Intake(topics, postgres_url)
    with intake.running() as client:
        answer = client.post("/v1/events", headers=OF_EVENTS, json=created(1))
        assert (answer.status_code, answer.json()) == (202, {"events": 1})
        assert [one["id"] for one in events(topics)] == ["E-1"]
        told = {"id": "T-2", "moment": "created", "customer": "acme", "title": "x", "description": "y", "status": "new"}
        answers = [hook(client, **told) for _ in range(2)]
        assert [one.json() for one in answers] == [{"events": 1}, {"events": 0}]
        # Its contract was looked up in the directory's topic.
        assert events(topics)[1:] == [events(topics)[1]]
        assert events(topics)[1]["data"]["ticket"]["contract"] == "C-7"
        # One that the directory gets just before its first ticket is found as well.
        topics.append([directory_record({**CONTRACT, "id": "C-8", "client": "late", "products": []})])
        assert hook(client, **told | {"id": "T-3", "customer": "late"}).status_code == 202
        assert events(topics)[-1]["data"]["ticket"]["contract"] == "C-8"
        assert "tocsin_loop_age_seconds" in client.get("/metrics").text
        intake.signal()
        assert intake.ended() == 0
    assert intake.says('"event":"stopped"')


def test_what_an_intake_left_behind_is_published_without_another_post(topics: Cluster, postgres_url: str) -> None:
    now = datetime.now(UTC)
    with closing(PostgresTicketStates(postgres_url)) as states:
        one = post(1, whole(id="T-9"))
        key = ticket_key(one.observation)
        states.take(key, "E-9", lambda state: judge(one.observation, state, one.delivery, now), now)
        assert states.unpublished().events == 1
        intake = Intake(topics, postgres_url)
        with intake.running():
            intake.wait_until(lambda: not states.unpublished().events)
    assert [one["subject"] for one in events(topics)] == ["T-9"]


def test_several_share_a_database_and_each_ticket_keeps_its_order(topics: Cluster, postgres_url: str) -> None:
    first, second = Intake(topics, postgres_url, "one"), Intake(topics, postgres_url, "two")
    with first.running() as one, second.running() as other, ThreadPoolExecutor(4) as threads:
        batch = [created(number) for number in range(10)]
        headers = OF_EVENTS | {"Content-Type": "application/cloudevents-batch+json"}
        posted = [
            threads.submit(hook, client, id=f"T-{number % 5}", status=f"s{number}", delivery=f"d{number}")
            for number in range(40)
            for client in (one, other)
        ]
        batches = [client.post("/v1/events", headers=headers, json=batch) for client in (one, other) for _ in range(3)]
        assert {one.status_code for one in batches} == {202}
        answers = [future.result() for future in posted]
        assert {answer.status_code for answer in answers} == {202}
        # Each delivery came to both, and one of them has taken it.
        assert sum(answer.json()["events"] for answer in answers) == 40
    found = [one for one in events(topics) if one["source"] == "/generic"]
    assert len(found) == len({one["id"] for one in found}) == 40


def test_while_the_database_is_away_it_says_so_and_takes_events(topics: Cluster, mortal_server: NativePostgres) -> None:
    url = mortal_server.url("postgres")
    mortal_server.stop()
    intake = Intake(topics, url)
    with intake.running(ready=False) as client:
        intake.wait_until(lambda: "database: PostgreSQL" in client.get("/readyz").text)
        assert client.get("/livez").status_code == 200
        assert client.post("/v1/events", headers=OF_EVENTS, json=created(1)).status_code == 202
        answer = hook(client, id="T-1", status="new")
        assert (answer.status_code, answer.headers["Retry-After"], answer.json()["code"]) == (503, "5", "starting")
        mortal_server.start()
        intake.wait_until(lambda: client.get("/readyz").status_code == 200)
        assert hook(client, id="T-1", status="new").status_code == 202
        mortal_server.stop()
        assert hook(client, id="T-1", status="open").status_code == 503
        intake.wait_until(lambda: "database: PostgreSQL" in client.get("/readyz").text)
        mortal_server.start()
        intake.wait_until(lambda: client.get("/readyz").status_code == 200)
        assert hook(client, id="T-1", status="open").status_code == 202
    assert [one["data"]["ticket"]["status"] for one in events(topics)[1:]] == ["new", "open"]


def test_without_kafka_it_is_up_says_what_is_missing_and_stops_when_told(
    empty_database: str,
) -> None:
    intake = Intake(Cluster("127.0.0.1:1"), empty_database)
    with intake.running(ready=False) as client:
        said = client.get("/readyz")
        assert (said.status_code, "directory: being read" in said.text) == (503, True)
        answer = client.post("/v1/events", headers=OF_EVENTS, json=created(1))
        assert (answer.status_code, answer.json()["code"]) == (503, "kafka_away")
        intake.signal(signal.SIGTERM)
        assert intake.ended() == 0


def test_a_topic_that_is_missing_is_named_before_anybody_posts(cluster: Cluster, postgres_url: str) -> None:
    intake = Intake(cluster, postgres_url)
    with intake.running(ready=False) as client:
        intake.wait_until(lambda: f"there is no topic {cluster.prefix}{TICKETS}" in client.get("/readyz").text)


@pytest.mark.parametrize(
    ("left_out", "words"),
    [("--ledger", "--ledger"), ("--instance", "--instance"), ("--http", "--http"), ("TOCSIN_HTTP_TOKEN", "a token")],
)
def test_what_it_needs_is_asked_for(left_out: str, words: str) -> None:
    options = {"--kafka": "127.0.0.1:1", "--ledger": "postgresql://x", "--instance": "i", "--http": "127.0.0.1:0"}
    given = [part for name, value in options.items() if name != left_out for part in (name, value)]
    token = "" if left_out == "TOCSIN_HTTP_TOKEN" else TOKEN
    result = CliRunner().invoke(app, ["intake", "serve", *given], env={"TOCSIN_HTTP_TOKEN": token})
    assert result.exit_code in (2, WRONG_SETTINGS)
    assert words in result.output


def test_what_became_of_messages_is_asked_of_topic_and_database(topics: Cluster, postgres_url: str) -> None:
    topics.create(DECISIONS, partitions=3)
    person = PersonRef(PersonKind.CONTACT, "ct-1")
    job = replace(a_job("E-1", "T/1"), id="0" * 32)
    decided = DecidedJob(job.id, person, job.channel, job.trigger, [Category("contract.contacts")], ["a-rule"])
    one = DecisionRecord(
        *("E-1", "/helpdesk", "T/1", "C-7"), [job.trigger], [decided], [], now=datetime.now(UTC), rulebook="r"
    )
    made = [one, replace(one, event="E-2"), replace(one, source="/other"), replace(one, ticket="T-2")]
    topics.append([NewRecord(DECISIONS, each.ticket.encode(), msgspec.json.encode(each)) for each in made])
    topics.append([NewRecord(DECISIONS, b"T/1", b"rubbish")])
    with closing(PostgresLedger(postgres_url)) as ledger:
        ledger.accept([job], datetime.now(UTC))
    with Intake(topics, postgres_url).running() as client:
        client.headers = httpx.Headers(OF_EVENTS)
        path = "/v1/tickets/%2Fhelpdesk/T%2F1/decisions"
        first = client.get(path, params={"limit": 1}).json()
        rest = client.get(path, params={"limit": 9, "cursor": first["next"]}).json()
        found = [each["event"] for page in (first, rest) for each in page["decisions"]]
        assert found == ["E-2", "E-1"]
        assert rest["decisions"][0]["told"][0]["state"] == "queued"
        assert [each["id"] for each in client.get("/v1/jobs", params={"ticket": "T/1"}).json()["jobs"]] == [job.id]
        assert client.get(f"/v1/jobs/{job.id}").json()["address"] == job.address


def test_who_would_be_told_is_asked_before_a_ticket_is_saved(topics: Cluster, postgres_url: str) -> None:
    topics.create(SUPPRESSIONS)
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    topics.append([directory_record(one) for one in desk.records.values()])
    intake = Intake(topics, postgres_url, "one", "--preview")
    with intake.running() as client:
        client.headers = httpx.Headers({"Authorization": OF_EVENTS["Authorization"]})
        ticket = {name: one for name, one in created(1)["data"]["ticket"].items() if name != "id"}

        def told(body: Any, **asked: str) -> list[str]:
            answer = client.post("/v1/decisions:preview", params=asked, json=body)
            return [one["address"] for one in answer.json().get("told", [])]

        intake.wait_until(lambda: told({"ticket": ticket}) == ["ct-1@acme.example"])
        posted = {"moment": "created", "customer": "acme", "title": "x", "description": "y", "status": "new"}
        assert told(posted | {"id": "T-9"}, hook="generic") == ["ct-1@acme.example"]
        held: dict[str, Any] = {"kind": "suppression", "id": "a", "channel": "email", "address": "ct-1@acme.example"}
        held |= {"person": None, "triggers": None, "reason": "by_hand", "since": "2026-01-01T00:00:00Z", "until": None}
        topics.append([NewRecord(SUPPRESSIONS, b"suppression/a", json.dumps(held).encode())])
        intake.wait_until(lambda: told({"ticket": ticket}) == [])
        assert events(topics) == []
