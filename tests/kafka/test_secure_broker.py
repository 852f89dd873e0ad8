"""TLS and credentials, against a broker that asks for them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.kafka.event_log import KafkaEventLog
from adapters.kafka.settings import KafkaSettings, Login, Mechanism, Tls
from adapters.kafka.topics import create_topics
from schemas.log import NewRecord
from schemas.topics import JOBS, TICKETS
from tests.contract.event_log_worlds import polled
from tests.kafka.members import member
from tests.support.brokers.cluster import Cluster
from tests.support.brokers.native import HOST, NativeBroker, free_ports, why_not

pytestmark = pytest.mark.kafka

PASSWORD = "s3cret"
REQUEST = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=broker"]
SECURE = """
listeners=PLAINTEXT://{{host}}:{{port}},CONTROLLER://{{host}}:{{controller}},SECURE://{{host}}:{secure}
advertised.listeners=PLAINTEXT://{{host}}:{{port}},SECURE://{{host}}:{secure}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
 user_tocsin="s3cret";
listener.name.secure.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={keys}
ssl.truststore.type=PEM
ssl.truststore.location={certificate}
ssl.client.auth=required
"""


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NativeBroker, KafkaSettings]]:
    """A broker of its own, and how it is reached. Its certificate is the client's as well, and signs itself."""
    if why_not() is not None or shutil.which("openssl") is None:
        pytest.skip("needs a broker that this run starts as a process, and openssl")
    folder = tmp_path_factory.mktemp("secure")
    key, certificate, keys = (folder / name for name in ("key.pem", "certificate.pem", "keys.pem"))
    files = ["-keyout", str(key), "-out", str(certificate), "-addext", f"subjectAltName=IP:{HOST}"]
    subprocess.run([*REQUEST, *files], check=True, capture_output=True, timeout=60)
    keys.write_text(key.read_text() + certificate.read_text())
    port, _ = free_ports()
    settings = SECURE.format(secure=port, keys=keys, certificate=certificate).replace("{host}", HOST)
    users = [f"{name}=[name=tocsin,password={PASSWORD}]" for name in ("SCRAM-SHA-256", "SCRAM-SHA-512")]
    broker = NativeBroker(folder, settings, [part for user in users for part in ("--add-scram", user)])
    broker.start()
    tls = Tls(certificate, certificate, key)
    yield broker, KafkaSettings((f"{HOST}:{port}",), "", tls, Login(Mechanism.SCRAM_SHA_512, "tocsin", PASSWORD))
    broker.kill()


@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_a_transaction_goes_through(secure: tuple[NativeBroker, KafkaSettings], mechanism: Mechanism) -> None:
    broker, settings = secure
    with Cluster(broker.bootstrap) as cluster:
        mine = replace(settings, prefix=cluster.prefix, login=Login(mechanism, "tocsin", PASSWORD))
        create_topics(mine, partitions=1, replication=1)
        cluster.append([NewRecord(TICKETS, b"k", b"one")])
        with closing(KafkaEventLog(mine, member())) as log:
            log.commit(polled(log, 1, 20), [NewRecord(JOBS, b"k", b"job")])
        assert [record.value for record in cluster.read(JOBS)] == [b"job"]


def checked(settings: KafkaSettings, password: str, ca: str) -> subprocess.CompletedProcess[str]:
    """`tocsin topics check` as a process: where TLS fails, kafka-python leaves sockets to the garbage collector."""
    assert settings.tls is not None
    environment = {
        "TOCSIN_KAFKA": settings.bootstrap[0],
        "TOCSIN_KAFKA_CA": ca,
        "TOCSIN_KAFKA_CERTIFICATE": str(settings.tls.certificate),
        "TOCSIN_KAFKA_KEY": str(settings.tls.key),
        "TOCSIN_KAFKA_SASL": "SCRAM-SHA-512",
        "TOCSIN_KAFKA_USERNAME": "tocsin",
        "TOCSIN_KAFKA_PASSWORD": password,
    }
    command = [sys.executable, "-c", "from tocsin.cli import main; main()", "topics", "check"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_the_environment_tells_how_to_get_in(secure: tuple[NativeBroker, KafkaSettings]) -> None:
    assert secure[1].tls is not None
    done = checked(secure[1], PASSWORD, str(secure[1].tls.ca))
    assert (done.returncode, "7 faults in 7 topics" in done.stdout) == (1, True), done.stderr


def test_a_wrong_password_is_named_and_not_shown(secure: tuple[NativeBroker, KafkaSettings]) -> None:
    assert secure[1].tls is not None
    done = checked(secure[1], "wr0ng", str(secure[1].tls.ca))
    assert done.returncode == 3
    assert "wr0ng" not in done.stdout + done.stderr
    assert "invalid credentials" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broker_that_is_not_trusted_is_not_talked_to(
    secure: tuple[NativeBroker, KafkaSettings], tmp_path: Path
) -> None:
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "other.pem")]
    subprocess.run([*REQUEST, *files], check=True, capture_output=True, timeout=60)
    done = checked(secure[1], PASSWORD, str(tmp_path / "other.pem"))
    assert done.returncode == 3
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
    assert PASSWORD not in done.stdout + done.stderr
