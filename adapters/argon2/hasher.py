"""Passwords of the console, hashed by Argon2id with the parameters that argon2-cffi recommends (RFC 9106)."""

from __future__ import annotations

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from console.people.secrets import new_secret

MOST_AT_ONCE: Final = 2
"""Each takes 64 MiB and a core for some tens of milliseconds; others wait."""


class Argon2Hasher:
    """See console.people.passwords.PasswordHasher. It may be shared between threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._nobodys = self._hasher.hash(new_secret())

    def hash(self, password: str) -> str:
        """See PasswordHasher."""
        with self._turns:
            return self._hasher.hash(password)

    def verify(self, hashed: str | None, password: str) -> bool:
        """See PasswordHasher. Where there is no hash it is held against one that nobody knows the password of."""
        with self._turns:
            try:
                self._hasher.verify(hashed or self._nobodys, password)
            except (VerificationError, InvalidHashError):
                return False
        return hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """See PasswordHasher."""
        return self._hasher.check_needs_rehash(hashed)
