"""What is said about Kafka is checked before a broker is asked, and a password is never shown."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.kafka.errors import KafkaSettingsError
from adapters.kafka.records import moment_of
from adapters.kafka.settings import KafkaSettings, Login, Mechanism, Membership, Tls
from adapters.kafka.watchdog import Watchdog

FAR = ("kafka.example:9093",)
LOGIN = Login(Mechanism.SCRAM_SHA_512, "tocsin", "s3cret")


def test_a_password_is_in_no_text() -> None:
    settings = KafkaSettings(FAR, login=LOGIN)
    for shown in (repr(settings), str(settings), repr(LOGIN), f"{LOGIN}"):
        assert "s3cret" not in shown
        assert "tocsin" in shown


@pytest.mark.parametrize(
    ("tls", "login", "protocol"),
    [
        (None, None, "PLAINTEXT"),
        (Tls(), None, "SSL"),
        (None, LOGIN, "SASL_PLAINTEXT"),
        (Tls(), LOGIN, "SASL_SSL"),
        (Tls(), Login(Mechanism.PLAIN, "tocsin", "x"), "SASL_SSL"),
    ],
)
def test_the_protocol_follows_from_what_is_given(tls: Tls | None, login: Login | None, protocol: str) -> None:
    assert KafkaSettings(FAR, tls=tls, login=login).client()["security_protocol"] == protocol


def test_files_and_names_reach_the_client() -> None:
    tls = Tls(Path("ca.pem"), Path("own.pem"), Path("own.key"))
    config = KafkaSettings(FAR, tls=tls, login=LOGIN).client()
    assert (config["ssl_cafile"], config["ssl_certfile"], config["ssl_keyfile"]) == ("ca.pem", "own.pem", "own.key")
    assert (config["sasl_mechanism"], config["sasl_plain_username"]) == ("SCRAM-SHA-512", "tocsin")
    assert config["sasl_plain_password"] == "s3cret"


@pytest.mark.parametrize("bootstrap", [(), ("kafka",), ("kafka:",), (":9092",), ("kafka:0",), ("kafka:99999",)])
def test_what_is_no_address_is_named(bootstrap: tuple[str, ...]) -> None:
    with pytest.raises(KafkaSettingsError, match="HOST:PORT"):
        KafkaSettings(bootstrap)


def test_a_password_is_not_sent_in_clear() -> None:
    plain = Login(Mechanism.PLAIN, "tocsin", "x")
    with pytest.raises(KafkaSettingsError, match="TLS"):
        KafkaSettings(FAR, login=plain)
    assert KafkaSettings(("127.0.0.1:9092", "[::1]:9092", "localhost:9092"), login=plain).login is plain


def test_half_of_a_certificate_is_named() -> None:
    with pytest.raises(KafkaSettingsError, match="belong together"):
        KafkaSettings(FAR, tls=Tls(certificate=Path("own.pem")))


def test_a_call_may_take_longer_than_a_transaction() -> None:
    with pytest.raises(KafkaSettingsError, match="longer"):
        Membership("engine", "one", transaction=timedelta(seconds=10), call_limit=timedelta(seconds=10))


@pytest.mark.parametrize("instance", ["", "a b", "a/b"])
def test_an_instance_is_a_name(instance: str) -> None:
    with pytest.raises(KafkaSettingsError, match="instance"):
        Membership("engine", instance)


@pytest.mark.parametrize("millis", [-1, 2**63 - 1, -(2**63)])
def test_any_number_is_some_moment(millis: int) -> None:
    assert moment_of(millis).utcoffset() == timedelta(0)


def test_a_call_that_hangs_ends_the_process() -> None:
    ended, returned = threading.Event(), threading.Event()
    watchdog = Watchdog(timedelta(milliseconds=20), ended.set)
    with watchdog.watching("commit_transaction"):
        assert ended.wait(10)
    ended.clear()
    with watchdog.watching("commit_transaction"):
        returned.set()
    watchdog.close()
    assert returned.is_set()
    assert not ended.is_set()
