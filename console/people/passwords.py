"""Passwords: which can be chosen, and the port to what hashes them."""

from __future__ import annotations

import unicodedata
from typing import Final, Protocol

from console.people.errors import WrongPasswordError

SHORTEST: Final = 12
"""Characters. NIST SP 800-63B, section 3.1.1.2, asks for length and for no rules on what characters there are."""

LONGEST: Final = 256
"""Characters: hashing takes longer for more, and nobody types them."""

_SEVERAL: Final = 4
"""Of fewer different characters nobody makes a password that is no pattern."""


class PasswordHasher(Protocol):
    """Hashes passwords so that a stolen hash tells them only at great cost. It may block, and need much memory."""

    def hash(self, password: str) -> str:
        """A hash with a salt of its own, which names its parameters."""
        ...

    def verify(self, hashed: str | None, password: str) -> bool:
        """Whether it is this password. It takes as long where there is no hash, and is then False."""
        ...

    def is_outdated(self, hashed: str) -> bool:
        """Whether a new hash would be made in another way."""
        ...


def chosen(password: str, name: str) -> str:
    """The password in its one form (RFC 8265, section 4.2: NFC). Raises WrongPasswordError."""
    given = prepared(password)
    if len(given) < SHORTEST:
        raise WrongPasswordError("password.short")
    if len(given) > LONGEST:
        raise WrongPasswordError("password.long")
    if len(set(given)) < _SEVERAL or given.casefold().replace(name, "") == "":
        raise WrongPasswordError("password.guessed")
    return given


def prepared(password: str) -> str:
    """The form in which a password is hashed and compared."""
    return unicodedata.normalize("NFC", password)
