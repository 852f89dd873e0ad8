"""The owner of a directory record, in a header beside it. So of several sources each changes only its own records."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from schemas.refusal import refuse

OWNER_HEADER: Final = "tocsin_owner"
MAX_OWNER: Final = 64

_OWNER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def owner_named(text: str) -> str:
    """The owner of this name. Raises RefusedError for a name that no owner can have."""
    if len(text) > MAX_OWNER or not _OWNER.fullmatch(text):
        raise refuse("owner", text, f"an owner is named by at most {MAX_OWNER} letters, digits, '.', '_' and '-'")
    return text


def owner_in(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """The owner of a record with these headers; None where it has none. Of several headers, the last counts."""
    owner = None
    for name, value in headers:
        if name == OWNER_HEADER:
            # Bytes that are no UTF-8 are somebody else's. With them replaced, the text equals no owner's name.
            owner = (value or b"").decode(errors="replace")
    return owner
