"""Keyed hashes in the place of addresses and people: who has the secret recognises them, nobody can turn them back.

HMAC with SHA-256 (RFC 2104). Without the secret no guess at an address can be tried out, as it could on a plain hash.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

_PURPOSE: Final = b"tocsin forgotten people"
"""Keeps these hashes apart from all else that is signed with the same secrets."""
_MAILBOX: Final = "mailbox "
_PERSON: Final = "person "


class Pseudonyms:
    """The hashes by one installation's secrets: the first writes, all are recognised. With no secrets there are none.

    A hash is written as KEY-HASH, in hexadecimal: KEY names the secret without telling anything of it.
    """

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        keys = [hmac.digest(secret.encode(), _PURPOSE, "sha256") for secret in secrets]
        self._keys = {hashlib.sha256(key).hexdigest()[:8]: key for key in keys}

    def __bool__(self) -> bool:
        """Whether there is a secret."""
        return bool(self._keys)

    def of_mailbox(self, mailbox: str) -> list[str]:
        """The hashes of a mailbox (see schemas.mailbox), one for each secret, in their order."""
        return self._of(_MAILBOX + mailbox)

    def of_person(self, person: str) -> list[str]:
        """The hashes of a person, who is written as `contact/ct-1`; likewise."""
        return self._of(_PERSON + person)

    def knows(self, written: str) -> bool:
        """Whether one of these secrets wrote this hash; else it can be compared with nobody."""
        return written.partition("-")[0] in self._keys

    def _of(self, text: str) -> list[str]:
        digests = ((name, hmac.new(key, text.encode(), hashlib.sha256).hexdigest()) for name, key in self._keys.items())
        return [f"{name}-{digest[:40]}" for name, digest in digests]


NO_PSEUDONYMS: Final = Pseudonyms()
"""Of an installation without a secret."""

UNRECOGNISED: Final = (
    "it is for somebody who was forgotten, by a secret that is not here: name that one too in TOCSIN_MAIL_SECRETS"
)
"""What is wrong with a hash that can be compared with nobody."""
