"""Errors of the file of embedded mode as those of the intake, whose log it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.sqlite.database import DatabaseError
from intake.ports import LogAwayError, LogUnavailableError


@contextmanager
def as_log_errors() -> Iterator[None]:
    """Turn DatabaseError into LogUnavailableError, or LogAwayError where it passes."""
    try:
        yield
    except DatabaseError as error:
        kind = LogAwayError if error.passes else LogUnavailableError
        raise kind(error.code, str(error)) from error
