"""What a line says of an error: its class and where it was raised, but no value that it met.

An error that nobody foresaw may hold anything in its message: a title, a mailbox, a whole event. So messages are shown
only of errors whose words are ours, the operating system's or Kafka's; at level debug, of all.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import PurePath
from typing import Any, Final

MOST_FRAMES: Final = 20
_OUR_WORDS: Final = ("tocsin", "engine", "sender", "schemas", "adapters", "kafka")


def failure_fields(error: BaseException, with_message: bool = False) -> dict[str, Any]:
    """The fields of a line about an error: `error`, `said` where that is safe, and `frames`, the innermost last."""
    fields: dict[str, Any] = {"error": type(error).__name__}
    said = str(error) if with_message else _safe_words(error)
    if said:
        fields["said"] = said
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    fields["frames"] = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        fields["cause"] = type(cause).__name__
    return fields


def error_in(info: Any) -> BaseException | None:
    """The error in what logging calls `exc_info`."""
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        error = info[1]
        return error if isinstance(error, BaseException) else None
    return sys.exc_info()[1] if info else None


def _safe_words(error: BaseException) -> str | None:
    if isinstance(error, OSError):
        return error.strerror
    package = type(error).__module__.partition(".")[0]
    return str(error) if package in _OUR_WORDS else None
