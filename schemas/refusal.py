"""Refusals of input. Each names the field, the value and the reason."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from schemas.errors import InputError

SHOWN_VALUE_LENGTH: Final = 120
"""Characters of a refused value that are kept: enough to recognise it."""


class Refusal(msgspec.Struct, frozen=True):
    """One thing that is wrong with an input.

    `field` is its path (`data.ticket.id`, empty for the whole), `reason` says what is wrong and what to do. `value` is
    personal data: it is for the person at the command line, never for a log, a header or a metric. `allowed` are the
    words that may stand there, where it is one of a few; programs need not take them out of the reason.
    """

    field: str
    reason: str
    value: str | None = None
    allowed: tuple[str, ...] | UnsetType = UNSET

    def __str__(self) -> str:
        """Field and reason, without the value: safe for logs."""
        return f"{self.field}: {self.reason}" if self.field else self.reason

    def shown(self) -> str:
        """Field, value and reason, for the person who gave the input."""
        return f"{self} (got {self.value})" if self.value is not None else str(self)


class RefusedError(InputError, ValueError):
    """An input that can't be used. `code` names the class of the fault in snake case, for headers and metrics."""

    def __init__(self, code: str, *refusals: Refusal) -> None:
        super().__init__("; ".join(map(str, refusals)))
        self.code = code
        self.refusals = refusals

    @property
    def told(self) -> tuple[str, ...]:
        """See TocsinError."""
        return tuple(self.shown().split("\n"))

    def shown(self) -> str:
        """All refusals with their values, for the person who gave the input."""
        return "; ".join(refusal.shown() for refusal in self.refusals)


def refuse(field: str, value: object, reason: str, code: str = "invalid_field") -> RefusedError:
    """An error for one field. The value is kept in a short, printable form."""
    return RefusedError(code, Refusal(field, reason, shown_value(value)))


def shown_value(value: object) -> str | None:
    """A short form of a value on one line of printable text; None where there is no value to show."""
    if value is msgspec.UNSET:
        return None
    # What others wrote must not pass for a line of its own, nor act in a terminal.
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else _as_json(value)
    return text if len(text) <= SHOWN_VALUE_LENGTH else text[:SHOWN_VALUE_LENGTH] + "…"


def _as_json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        return repr(value)[: SHOWN_VALUE_LENGTH + 1]
