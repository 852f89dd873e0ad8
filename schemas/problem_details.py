"""How the HTTP API says what is wrong: problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from schemas.refusal import Refusal


class ProblemField(Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong with what was sent: where, why and what to do, and a short form of the value.

    `allowed` are the words that may stand there, where it has to be one of a few.
    """

    field: str
    reason: str
    value: str | None = None
    allowed: Sequence[str] = ()


class ProblemDetails(Struct, frozen=True, omit_defaults=True):
    """Problem details: `title` and `status` are those of HTTP, `code` names the class of the fault for machines.

    `type` is `about:blank`: the status says which kind of problem it is (section 4.2.1).
    """

    title: str
    status: int
    code: str
    type: str = "about:blank"
    detail: str | None = None
    errors: Sequence[ProblemField] = ()

    def encoded(self) -> bytes:
        """As it is sent."""
        return msgspec.json.encode(self)


def problem_fields(refusals: Sequence[Refusal]) -> list[ProblemField]:
    """What is wrong with an input, for whoever sent it."""
    return [ProblemField(one.field, one.reason, one.value, one.allowed or ()) for one in refusals]
