"""What operators write of the API's tokens: who may ask what, and how often. It holds no secret."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

MOST_TOKENS: Final = 1_000
CALLED: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z"


class ApiScope(StrEnum):
    """What a token allows."""

    EVENTS_WRITE = "events:write"
    """To post events."""
    DECISIONS_READ = "decisions:read"
    """To ask what was decided, and what would be."""
    JOBS_READ = "jobs:read"
    """To ask what became of messages."""
    PERSONAL_READ = "personal:read"
    """To see names, addresses, subjects and the words of mail servers in the answers to the other two."""


class TokenEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One token. Its secret stands with whoever uses it, and nowhere else."""

    name: Annotated[str, Meta(min_length=1, max_length=80, pattern=CALLED, description="Who uses it.")]
    # Of no type here: what stands there may be the secret itself by mistake, and is never quoted.
    sha256: Annotated[Any, Meta(description="The SHA-256 of the secret, as 64 hexadecimal digits.")]
    scopes: Annotated[list[ApiScope], Meta(min_length=1, description="What it allows.")]
    rate: Annotated[
        Annotated[int, Meta(ge=1, le=100_000)] | None,
        Meta(description="Requests a second that it may make; left out: the setting http.rate."),
    ] = None


class TokenFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The file of tokens."""

    tokens: list[TokenEntry]
