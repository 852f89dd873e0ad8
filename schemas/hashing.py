"""Names that are made from several texts: ids of jobs and messages, lanes, recipients."""

from __future__ import annotations

import hashlib


def hash_of(*parts: str) -> str:
    """The first 128 bits of SHA-256 over these texts, as 32 hexadecimal digits. It says nothing of the texts.

    Ids that are kept and sent are made by it, so it must never change.
    """
    # With the lengths, ("a", "bc") and ("ab", "c") differ.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
