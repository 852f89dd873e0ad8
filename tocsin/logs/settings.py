"""What the environment says about logs: their form, their level, and the secrets that must never be in them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from adapters.files.opening import read_bounded
from schemas.errors import WrongSettingError

FORMAT: Final = "TOCSIN_LOG_FORMAT"
LEVEL: Final = "TOCSIN_LOG_LEVEL"

_SECRET: Final = re.compile(r"(PASSWORD|SECRETS?|TOKEN)(_FILE)?$|^OTEL_EXPORTER_OTLP_(TRACES_)?HEADERS$")
_LARGEST_SECRET_FILE: Final = 65_536
"""Bytes. What is larger is no secret of ours: other programs have variables of such names as well."""
_SHORTEST_SECRET: Final = 4
"""Characters. What is shorter stands in too many words to be hidden, and is no secret."""


class LogFormat(StrEnum):
    """How a line looks."""

    JSON = "json"
    """One JSON object a line, for programs."""
    TEXT = "text"
    """For people at a terminal."""


class LogLevel(StrEnum):
    """From which level on lines are written, as `logging` names them."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class LogSettingsError(WrongSettingError, ValueError):
    """A variable of the environment says something that there is not."""


def format_of(environment: Mapping[str, str], is_terminal: bool) -> LogFormat:
    """The form that TOCSIN_LOG_FORMAT asks for; without it, text on a terminal, else JSON. Raises LogSettingsError."""
    wanted = environment.get(FORMAT, "").lower()
    if not wanted:
        return LogFormat.TEXT if is_terminal else LogFormat.JSON
    try:
        return LogFormat(wanted)
    except ValueError:
        raise LogSettingsError(f"{FORMAT}: {wanted!r} is neither `json` nor `text`") from None


def level_of(environment: Mapping[str, str], otherwise: int) -> int:
    """The level that TOCSIN_LOG_LEVEL asks for, as a number of `logging`. Raises LogSettingsError."""
    wanted = environment.get(LEVEL, "").lower()
    if not wanted:
        return otherwise
    if wanted not in tuple(LogLevel):
        raise LogSettingsError(f"{LEVEL}: {wanted!r} is not one of {', '.join(LogLevel)}")
    return logging.getLevelNamesMapping()[wanted.upper()]


def secrets_of(environment: Mapping[str, str], others: Iterable[str] = ()) -> frozenset[str]:
    """The words of all variables that are named like a secret, of the files that they name, and of the others."""
    named = (
        word
        for name, value in environment.items()
        if (found := _SECRET.search(name)) is not None
        for word in (_words_in(Path(value)) if found[2] else value.split())
    )
    words = (word for value in others for word in value.split())
    return frozenset(word for word in (*named, *words) if len(word) >= _SHORTEST_SECRET)


def _words_in(file: Path) -> Iterator[str]:
    try:
        yield from read_bounded(file, _LARGEST_SECRET_FILE).decode().split()
    except (OSError, ValueError):
        # Who needs the secret says what is wrong with its file.
        return
