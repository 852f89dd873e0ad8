"""What all commands that talk to Kafka share."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer

from adapters.kafka.errors import InstanceTakenError, KafkaRefusedError, KafkaSettingsError, KafkaUnavailableError
from tocsin.cli.console import UNUSABLE, named_failures, stop

KafkaOption = Annotated[
    str, typer.Option("--kafka", envvar="TOCSIN_KAFKA", help="Kafka's brokers, HOST:PORT, with commas between them.")
]
PrefixOption = Annotated[
    str,
    typer.Option("--prefix", envvar="TOCSIN_KAFKA_PREFIX", help="Stands before every name of a topic and group."),
]
CREDENTIALS: Final = (
    "TLS and credentials come from the environment: TOCSIN_KAFKA_TLS=on, or files in TOCSIN_KAFKA_CA, "
    "TOCSIN_KAFKA_CERTIFICATE and TOCSIN_KAFKA_KEY; TOCSIN_KAFKA_SASL (SCRAM-SHA-512, SCRAM-SHA-256, PLAIN), "
    "TOCSIN_KAFKA_USERNAME, and TOCSIN_KAFKA_PASSWORD or TOCSIN_KAFKA_PASSWORD_FILE."
)


@contextmanager
def kafka_failures() -> Iterator[None]:
    """Turn what can go wrong around a command that talks to Kafka into a message and an exit code."""
    # At its own level of detail, kafka-python tells of every connection and every rebalance.
    logging.getLogger("kafka").setLevel(logging.ERROR)
    try:
        with named_failures():
            yield
    except KafkaSettingsError as error:
        raise typer.BadParameter(str(error)) from None
    except (KafkaRefusedError, KafkaUnavailableError, InstanceTakenError) as error:
        stop(str(error), UNUSABLE)
