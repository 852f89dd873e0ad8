"""GLPI's challenge: before it posts, it asks whether we know the secret.

It sends a token and expects the token's HMAC-SHA256 in hexadecimal digits as the whole answer. The same secret signs
its posts, so an answer to any token at all would sign forged posts too. GLPI's token is a digest itself, and only what
has that form is answered: no post with a ticket in it does.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final

from schemas.signature import Scheme, Signature

_TOKEN: Final = re.compile(r"[0-9a-f]{64}")
_MADE_OF: Final = b"validate_cra_challenge"
"""What GLPI makes its token of, by the secret: so the token tells which of several secrets it has."""


def answer(signature: Signature, secrets: Sequence[str], query: Mapping[str, str]) -> str | None:
    """What to answer to a GET with this query; None where it is no challenge that the scheme knows."""
    token = query.get("crc_token", "")
    if signature.scheme is not Scheme.GLPI or not secrets or not _TOKEN.fullmatch(token):
        return None
    known = [one for one in secrets if hmac.compare_digest(_digest(_MADE_OF, one), token)]
    return _digest(token.encode(), (known or secrets)[0])


def _digest(content: bytes, secret: str) -> str:
    return hmac.digest(secret.encode(), content, hashlib.sha256).hex()
