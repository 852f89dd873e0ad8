"""What the environment says about logs: their form, their level, and the secrets that must never be in them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

FORMAT: Final = "TOCSIN_LOG_FORMAT"
LEVEL: Final = "TOCSIN_LOG_LEVEL"

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}

_SECRET: Final = re.compile(r"(PASSWORD|SECRETS?|TOKEN)(_FILE)?$|^OTEL_EXPORTER_OTLP_(TRACES_)?HEADERS$")
_SHORTEST_SECRET: Final = 4
"""Characters. What is shorter stands in too many words to be hidden, and is no secret."""


class LogFormat(StrEnum):
    """How a line looks."""

    JSON = "json"
    """One JSON object a line, for programs."""
    TEXT = "text"
    """For people at a terminal."""


class LogSettingsError(ValueError):
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
    if wanted not in LEVELS:
        raise LogSettingsError(f"{LEVEL}: {wanted!r} is not one of {', '.join(LEVELS)}")
    return LEVELS[wanted]


def secrets_of(environment: Mapping[str, str]) -> frozenset[str]:
    """The values of all variables that are named like a secret, and what stands in the files that they name."""
    return frozenset(
        word
        for name, value in environment.items()
        if (found := _SECRET.search(name)) is not None
        for word in (_words_in(Path(value)) if found[2] else value.split())
        if len(word) >= _SHORTEST_SECRET
    )


def _words_in(file: Path) -> Iterator[str]:
    try:
        yield from file.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        # Who needs the secret says what is wrong with its file.
        return
