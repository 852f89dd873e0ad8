"""Keyed hashes in place of addresses and people. The secret serves to recognise them; nobody can turn them back.

They are HMACs with SHA-256 (RFC 2104). On a plain hash, guessed addresses could be tried out; on these they can't,
without the secret.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

_PURPOSE: Final = b"tocsin forgotten people"
"""Keeps these hashes apart from all else that is signed with the same secrets."""
# The kind is a part of what is hashed, so that a mailbox and a person of the same text differ.
_MAILBOX: Final = "mailbox "
_PERSON: Final = "person "


class Pseudonyms:
    """The hashes of one installation. Its first secret writes, and all recognise. Without a secret there are no hashes.

    A hash is written as KEY-HASH, in hexadecimal. KEY tells which secret it is, and nothing else about it.
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
        """The hashes of a person, who is named as `contact/ct-1`, one for each secret, in their order."""
        return self._of(_PERSON + person)

    def knows(self, written: str) -> bool:
        """Whether one of these secrets wrote this hash. If none did, it can't be compared with anybody."""
        return written.partition("-")[0] in self._keys

    def _of(self, text: str) -> list[str]:
        digests = ((name, hmac.new(key, text.encode(), hashlib.sha256).hexdigest()) for name, key in self._keys.items())
        return [f"{name}-{digest[:40]}" for name, digest in digests]


NO_PSEUDONYMS: Final = Pseudonyms()
"""The pseudonyms of an installation without a secret."""

UNRECOGNISED: Final = (
    "it is for somebody who was forgotten, by a secret that is not here: name that one too in TOCSIN_MAIL_SECRETS"
)
"""What is wrong with a hash that can't be compared with anybody."""
