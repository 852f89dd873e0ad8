"""Whose a directory record is: a header beside it, so that several sources each see to their own records alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from schemas.refusal import refuse

OWNER_HEADER: Final = "tocsin_owner"
MAX_OWNER: Final = 64

_OWNER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def owner_named(text: str) -> str:
    """The owner of this name. Raises RefusedError."""
    if len(text) > MAX_OWNER or not _OWNER.fullmatch(text):
        raise refuse("owner", text, f"an owner is named by at most {MAX_OWNER} letters, digits, '.', '_' and '-'")
    return text


def owner_in(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """Whose a record with these headers is; None: nobody's. Of several, the last counts."""
    owner = None
    for name, value in headers:
        if name == OWNER_HEADER:
            # Whatever somebody else has written there, it is not the name of one of ours.
            owner = (value or b"").decode(errors="replace")
    return owner
