"""What goes wrong in a command: turned into a message and an exit code, here alone."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from adapters.kafka.errors import KafkaUnavailableError
from schemas.errors import TocsinError
from tocsin.cli.console import UNUSABLE, stop
from tocsin.printing.printable import printable

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
def failures() -> Iterator[None]:
    """End the command where something goes wrong in the block: in words, with the exit code of the error's family."""
    with _words_of_kafka() as trouble:
        try:
            yield
        except TocsinError as error:
            # A line may hold what others wrote, and must not look like two.
            text = "\n".join(map(printable, error.told))
            is_explained = isinstance(error, KafkaUnavailableError) and trouble.text
            stop(f"{text}; {trouble.text}" if is_explained else text, error.exit_code)
        except BrokenPipeError:
            # The reader of a pipe had enough, for example `head`.
            sys.stderr.close()
            raise typer.Exit(0) from None
        except OSError as error:
            stop(printable(f"{error.filename or 'a file'}: {error.strerror or error}"), UNUSABLE)


@contextmanager
def _words_of_kafka() -> Iterator[_Trouble]:
    # At its own level of detail, kafka-python tells of every connection and every rebalance.
    logger, trouble = logging.getLogger("kafka"), _Trouble()
    before = logger.level
    logger.setLevel(logging.ERROR)
    logger.addHandler(trouble)
    try:
        yield trouble
    finally:
        logger.removeHandler(trouble)
        logger.setLevel(before)
