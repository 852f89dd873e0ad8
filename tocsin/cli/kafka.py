"""What all commands that talk to Kafka share."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from adapters.kafka.errors import InstanceTakenError, KafkaRefusedError, KafkaSettingsError, KafkaUnavailableError
from tocsin.cli.console import UNUSABLE, WRONG_SETTINGS, named_failures, stop

CREDENTIALS: Final = (
    "TLS and credentials come from the environment or the settings file: TOCSIN_KAFKA_TLS=on, or files in "
    "TOCSIN_KAFKA_CA, TOCSIN_KAFKA_CERTIFICATE and TOCSIN_KAFKA_KEY; TOCSIN_KAFKA_SASL (SCRAM-SHA-512, SCRAM-SHA-256, "
    "PLAIN), TOCSIN_KAFKA_USERNAME, and TOCSIN_KAFKA_PASSWORD or TOCSIN_KAFKA_PASSWORD_FILE."
)


_TELLING: Final = ("SaslAuthentication", "CERTIFICATE", "SSL:")
"""What says more than that a connection was lost, which is what follows from it."""
_LOST: Final = "Connection lost: "
_REPEATS: Final = "Bootstrap failed"
"""What only repeats the error that is raised then."""


class _Trouble(logging.Handler):
    """What kafka-python had to say about connections: its errors tell only that there is none."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage().rpartition(_LOST)[2].removeprefix("Connection failed: ")
        if text.startswith(_REPEATS):
            return
        if any(word in text for word in _TELLING) or not any(word in self.text for word in _TELLING):
            self.text = text


@contextmanager
def kafka_failures() -> Iterator[None]:
    """Turn what can go wrong around a command that talks to Kafka into a message and an exit code."""
    # At its own level of detail, kafka-python tells of every connection and every rebalance.
    logger, trouble = logging.getLogger("kafka"), _Trouble()
    before = logger.level
    logger.setLevel(logging.ERROR)
    logger.addHandler(trouble)
    try:
        with named_failures():
            yield
    except KafkaSettingsError as error:
        stop(str(error), WRONG_SETTINGS)
    except KafkaUnavailableError as error:
        stop(f"{error}; {trouble.text}" if trouble.text else str(error), UNUSABLE)
    except (KafkaRefusedError, InstanceTakenError) as error:
        stop(str(error), UNUSABLE)
    finally:
        logger.removeHandler(trouble)
        logger.setLevel(before)
