"""From an event on Kafka to its jobs there, by the command line alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from adapters.kafka.settings import KafkaSettings
from schemas.log import NewRecord
from schemas.topics import DEAD_LETTERS, DECISIONS, DIRECTORY, JOBS, TICKETS
from tests.faults.engines import until
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import created, write_directory, write_events
from tests.support.settings.environments import settings_in
from tocsin.cli.app import app
from tocsin.config.wiring.kafka import kafka_settings

pytestmark = pytest.mark.kafka

TOCSIN = [sys.executable, "-c", "from tocsin.cli import main; main()"]


def run(*arguments: object, expect: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result


def ready(cluster: Cluster, folder: Path, *people: str) -> list[str]:
    """Topics and directory; returns the options that name the cluster."""
    on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix]
    run("topics", "create", "--partitions", 2, "--replication", 1, *on)
    desk = Helpdesk()
    for person in people:
        desk.contact(person, "contract/C-7")
    run("directory", "load", write_directory(folder / "directory", desk), *on)
    return on


def test_events_become_jobs_and_a_stop_loses_nothing(cluster: Cluster, tmp_path: Path) -> None:
    on = ready(cluster, tmp_path, "ct-1", "ct-2")
    events = write_events(tmp_path / "events.jsonl", [created(number) for number in range(20)])
    assert "20 events appended" in run("emit", events, *on).output
    command = [
        sys.executable,
        "-c",
        "from tocsin.cli import main; main()",
        "engine",
        "--instance",
        "one",
        "--leave",
        *on,
    ]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
        try:
            until(lambda: len(cluster.read(DECISIONS)) == 20, 60)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()
    jobs = [msgspec.json.decode(record.value or b"") for record in cluster.read(JOBS)]
    assert Counter(job["event"] for job in jobs) == Counter({f"E-{number}": 2 for number in range(20)})
    assert {record.key for record in cluster.read(TICKETS)} == {record.key for record in cluster.read(JOBS)}
    assert cluster.read(DEAD_LETTERS) == []
    assert "acme.example" not in (tmp_path / "log").read_text(), "an address stands in the log"


def test_an_engine_starts_from_a_settings_file_alone(cluster: Cluster, tmp_path: Path) -> None:
    ready(cluster, tmp_path, "ct-1")
    file = tmp_path / "tocsin.toml"
    file.write_text(
        f'[kafka]\nbrokers = "{cluster.bootstrap}"\nprefix = "{cluster.prefix}"\n'
        '[process]\ninstance = "one"\n[engine]\ngroup = "a-group"\nleave = true\nhealth = "."\n'
    )
    told = ["--settings", file]
    assert "1 events appended" in run(*told, "emit", write_events(tmp_path / "events.jsonl", [created(1)])).output
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([*TOCSIN, *map(str, told), "engine"], stderr=log, env={})
        try:
            until(lambda: len(cluster.read(DECISIONS)) == 1, 60)
            lag = [*TOCSIN, *map(str, told), "lag", "--json", "--window", "1"]
            assert b'"group":"a-group"' in subprocess.run(lag, capture_output=True, check=False, timeout=60).stdout
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()
    assert (tmp_path / "health.json").exists()


def test_what_is_refused_is_left_out_or_goes_as_it_is(cluster: Cluster, tmp_path: Path) -> None:
    on = ready(cluster, tmp_path)
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(created(1)) + "\n{}\n")
    assert "1 events appended, 1 refused" in run("emit", file, *on, expect=1).output
    assert "2 events appended, 1 refused" in run("emit", file, "--as-is", *on, expect=1).output
    assert len(cluster.read(TICKETS)) == 3


def test_the_directory_is_replaced_only_where_everything_could_be_read(cluster: Cluster, tmp_path: Path) -> None:
    on = ready(cluster, tmp_path, "ct-1")
    less = tmp_path / "less.jsonl"
    less.write_text('{"kind":"contact","id":"ct-2"}\n{"kind":"contact"}\n')
    assert "1 records written, 0 removed" in run("directory", "load", less, "--remove-others", *on, expect=1).output
    less.write_text('{"kind":"contact","id":"ct-2"}\n')
    refused = run("directory", "load", less, "--remove-others", *on, expect=1).output
    assert "1 of 1 (contract)" in refused
    assert "--remove-many" in refused
    run("directory", "load", less, "--remove-others", "--remove-many", *on)
    newest = {record.key: record.value for record in cluster.read(DIRECTORY)}
    assert [key for key, value in newest.items() if value is not None] == [b"contact/ct-2"]


def test_a_record_with_a_slip_is_loaded_only_where_that_is_asked_for(cluster: Cluster, tmp_path: Path) -> None:
    on = ready(cluster, tmp_path)
    file = tmp_path / "people.jsonl"
    file.write_text('{"kind":"contact","id":"ct-8"}\n{"kind":"contact","id":"ct-9","languge":"fr","alerts":["open"]}\n')
    refused = run("directory", "load", file, *on, expect=1).output
    assert "did you mean `language`?" in refused
    assert "nothing was written" in refused
    assert b"contact/ct-8" not in {record.key for record in cluster.read(DIRECTORY)}
    loaded = run("directory", "load", file, "--accept-unknown", *on).output
    assert "did you mean `language`?" in loaded
    [record] = [record.value for record in cluster.read(DIRECTORY) if record.key == b"contact/ct-9"]
    assert record is not None
    assert b"languge" not in record


def test_a_record_is_shown_by_what_people_call_it(cluster: Cluster, tmp_path: Path) -> None:
    on = ready(cluster, tmp_path)
    file = tmp_path / "more.jsonl"
    file.write_text(
        '{"kind":"contract","id":"C-9","reference":"2026/ERP gold"}\n'
        '{"kind":"customer","id":"rival","name":"Rival & Sons"}\n'
        '{"kind":"contact","id":"ct-9","name":"Zoé Roy","modes":[{"channel":"email","address":"zoe@rival.example"}]}\n'
        '{"kind":"collaborator","id":"ct-9","name":"Zoé Roy"}\n'
    )
    run("directory", "load", file, *on)
    for called, key in (("2026/erp GOLD", "C-9"), ("rival & sons", "rival"), ("Zoe@Rival.example", "ct-9")):
        assert f'"id": "{key}"' in run("directory", "show", called, *on).output
    several = run("directory", "show", "zoe roy", *on, expect=1).output
    assert "'zoe roy' may be any of 2 records; name one by its id:" in several
    assert "no such record" in run("directory", "show", "Zoé", *on, expect=1).output, "a part is not enough"


def test_several_sources_fill_one_directory(cluster: Cluster, tmp_path: Path) -> None:
    on = ready(cluster, tmp_path, "ct-1")
    file = tmp_path / "crm.jsonl"
    file.write_text('{"kind":"customer","id":"acme","name":"Other"}\n')
    refused = run("directory", "load", file, "--owner", "crm", *on, expect=1).output
    assert "1 of no owner; customer/acme" in refused
    run("directory", "load", file, "--owner", "crm", "--take-over", *on)
    assert "owner crm" in run("directory", "show", "customer/acme", *on).output
    less = tmp_path / "none.jsonl"
    less.write_text("")
    run("directory", "load", less, "--owner", "crm", "--remove-others", "--remove-many", *on)
    assert "tombstone" in run("directory", "show", "customer/acme", *on, expect=1).output
    assert '"id": "ct-1"' in run("directory", "show", "contact/ct-1", *on).output
    assert "--owner" in run("directory", "load", less, "--owner", "a b", *on, expect=2).output


def test_what_a_load_would_change_is_told(cluster: Cluster, tmp_path: Path) -> None:
    on = ready(cluster, tmp_path, "ct-1")
    folder = tmp_path / "directory"
    assert "0 added, 0 changed, 0 removed" in run("directory", "diff", folder, "--remove-others", *on).output
    file = tmp_path / "more.jsonl"
    file.write_text('{"kind":"customer","id":"acme","name":"Other"}\n{"kind":"site","id":"S-new"}\n')
    said = run("directory", "diff", file, "--remove-others", *on, expect=1).output
    assert 'customer/acme: name: "ACME" → "Other"' in said
    told = json.loads(run("directory", "diff", file, "--json", *on, expect=1).output)
    assert told["counts"] == {"added": 1, "changed": 1, "removed": 0, "unchanged": 0, "foreign": 0}
    assert run("directory", "diff", tmp_path / "nowhere", *on, expect=2).output
    assert "0 added, 0 changed" in run("directory", "diff", folder, *on).output, "nothing was written"


def test_what_is_wrong_in_the_topic_is_told(cluster: Cluster, tmp_path: Path) -> None:
    on = ready(cluster, tmp_path, "ct-1")
    run("directory", "check", *on)
    wrong = {
        b"contact/ct-9": b"\xff",
        b"nonsense": b"{}",
        b"customer/x": b'{"kind":"customer","id":"x","main_site":"no","time_zone":"Romance Standard Time"}',
        b"contract/C-9": b'{"kind":"contract","id":"C-9","reply_to":"a@x.example, b@x.example"}',
    }
    cluster.append(NewRecord(DIRECTORY, key, value) for key, value in wrong.items())
    said = run("directory", "check", *on, expect=1).output
    assert "2 records can't be read, 0 keys stand twice, 1 records do not fit together" in said
    assert "field main_site names site/no" in said
    assert "2 parts of records are not used" in said
    assert "contract/C-9  bad_reply_to: reply_to: these are several mailboxes: write one" in said
    assert "did you mean `Europe/Paris`? Until then the rule file's is used" in said
    found = json.loads(run("directory", "check", "--json", *on, expect=1).output)
    assert [len(found[one]) for one in ("unreadable", "keys", "disagreements", "parts")] == [2, 0, 1, 2]
    assert "can't be read" in run("directory", "show", "contact/ct-9", *on, expect=1).output
    assert "no such record" in run("directory", "show", "contact/ct-8", *on, expect=1).output
    assert run("directory", "show", "nonsense", *on, expect=1).output


def test_topics_are_checked(cluster: Cluster) -> None:
    on = ["--kafka", cluster.bootstrap, "--prefix", cluster.prefix]
    assert "7 faults in 7 topics" in run("topics", "check", *on, expect=1).output
    # As a process, since it sets up logs for the whole of one.
    engine = subprocess.run([*TOCSIN, "engine", "--instance", "one", *on], capture_output=True, check=False, timeout=60)
    assert engine.returncode == 3
    assert b"tocsin topics create" in engine.stderr
    run("topics", "create", "--replication", 1, *on)
    assert "0 faults in 7 topics" in run("topics", "check", *on).output


def test_a_broker_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--kafka: 'nobody' is not of the form" in run("topics", "check", "--kafka", "nobody", expect=5).output
    monkeypatch.setenv("TOCSIN_KAFKA_CA", "/nowhere/ca.pem")
    assert "TOCSIN_KAFKA_CA" in run("topics", "check", "--kafka", "127.0.0.1:1", expect=5).output


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"TOCSIN_KAFKA_TLS": "maybe"}, "TOCSIN_KAFKA_TLS"),
        ({"TOCSIN_KAFKA_USERNAME": "tocsin"}, "TOCSIN_KAFKA_SASL"),
        ({"TOCSIN_KAFKA_SASL": "SCRAM-SHA-512", "TOCSIN_KAFKA_USERNAME": "tocsin"}, "TOCSIN_KAFKA_PASSWORD"),
        ({"TOCSIN_KAFKA_PASSWORD_FILE": "/nowhere/password"}, "TOCSIN_KAFKA_PASSWORD_FILE"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        kafka_settings(settings_in({"TOCSIN_KAFKA": "kafka.example:9093", **environment}))


def test_credentials_come_out_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    environment = {
        "TOCSIN_KAFKA_TLS": "on",
        "TOCSIN_KAFKA_SASL": "PLAIN",
        "TOCSIN_KAFKA_USERNAME": "tocsin",
        "TOCSIN_KAFKA_PASSWORD_FILE": str(tmp_path / "password"),
    }
    environment |= {"TOCSIN_KAFKA": "a.example:1, b.example:2", "TOCSIN_KAFKA_PREFIX": "x."}
    settings = kafka_settings(settings_in(environment))
    assert isinstance(settings, KafkaSettings)
    assert (settings.bootstrap, settings.real("t")) == (("a.example:1", "b.example:2"), "x.t")
    assert settings.login is not None
    assert settings.login.password == "s3cret"
