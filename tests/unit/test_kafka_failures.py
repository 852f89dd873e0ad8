"""What a command says where Kafka can't be reached: why, once, out of what its client has to say."""

from __future__ import annotations

import logging

import pytest
import typer

from adapters.kafka.errors import KafkaUnavailableError
from tocsin.cli.console import UNUSABLE
from tocsin.cli.failures import failures

REFUSED = (
    "Connection failed: KafkaConnectionError: 111 ECONNREFUSED",
    "<KafkaConnection node_id=bootstrap-0 (disconnected)>: Connection lost: KafkaConnectionError: 111 ECONNREFUSED",
    "Bootstrap failed: KafkaTimeoutError: Unable to bootstrap from ['b:1']",
)
NO_PASSWORD = (
    "<KafkaConnection node_id=bootstrap-0>: SaslAuthenticationFailedError: Authentication failed",
    *REFUSED,
)


def fails(error: str, *lines: str) -> None:
    """A command whose client says this before it fails."""
    with failures():
        for line in lines:
            logging.getLogger("kafka.net").error(line)
        raise KafkaUnavailableError(error)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (REFUSED, "KafkaConnectionError: 111 ECONNREFUSED"),
        (NO_PASSWORD, NO_PASSWORD[0]),
        (("Connection failed: KafkaConnectionError: DNS Resolution failure", REFUSED[2]), "DNS Resolution failure"),
    ],
)
def test_why_there_is_no_connection_is_said_and_the_error_not_repeated(
    lines: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        fails("opening a reader: Unable to bootstrap from ['b:1']", *lines)
    assert ended.value.exit_code == UNUSABLE
    [said] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("opening")]
    assert said.endswith(why)
    assert said.count("Unable to bootstrap") == 1
    assert "KafkaConnection node_id" not in said or "Sasl" in said


def test_without_a_word_of_the_client_the_error_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        fails("polling: no answer")
    assert capsys.readouterr().err.strip() == "polling: no answer"
