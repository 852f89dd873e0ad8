"""Secrets of the console: of sessions and of invitations. What is kept of them does not tell them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

_BYTES: Final = 32


def new_secret() -> str:
    """256 bits by chance, in letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(_BYTES)


def digest_of(secret: str) -> str:
    """What is kept of it, to find it again: SHA-256 in hex. The secret is by chance, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def form_token(secret: str) -> str:
    """What the forms of a session hold (synchronizer token): it follows from the secret, which it does not tell."""
    return hmac.digest(secret.encode(), b"tocsin console: form", "sha256").hex()


def is_form_token(secret: str, given: str) -> bool:
    """Whether a form holds the token of this session."""
    return hmac.compare_digest(form_token(secret).encode(), given.encode())
