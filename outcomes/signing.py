"""Signs posts: Standard Webhooks 1.0, symmetric scheme `v1` (HMAC-SHA256), with every secret of the endpoint."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"
SHORTEST: Final = 24
LONGEST: Final = 64
"""Bytes of a secret, at least and at most."""


class Secret:
    """A secret of one endpoint. It shows nothing of itself."""

    def __init__(self, text: str) -> None:
        """Raises ValueError, without the text, where it is no secret."""
        try:
            self._key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            self._key = b""
        if not text.startswith(PREFIX) or not SHORTEST <= len(self._key) <= LONGEST:
            # It may be one but for a character, so it is not shown.
            raise ValueError(f"a secret is {PREFIX} and {SHORTEST} to {LONGEST} bytes in base64") from None

    def signature(self, content: bytes) -> str:
        """The signature of the content, with its version."""
        digest = hmac.new(self._key, content, hashlib.sha256).digest()
        return f"v1,{base64.b64encode(digest).decode('ascii')}"

    def __repr__(self) -> str:
        return "Secret(***)"


def signed_headers(post: str, now: datetime, body: bytes, secrets: Sequence[Secret]) -> Mapping[str, str]:
    """The headers of one try: the id of the post, which is the same on every try, the time of this one, signatures."""
    timestamp = str(int(now.timestamp()))
    content = b".".join((post.encode("ascii"), timestamp.encode("ascii"), body))
    return {
        "webhook-id": post,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(secret.signature(content) for secret in secrets),
    }
