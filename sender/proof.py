"""The proof that a mail answers a message of ours: a token that names its job, and that nobody else can write or read.

It stands in the Message-ID, and in the return path where each message has its own. It is the job's id, encrypted and
authenticated by AES-SIV (RFC 5297): the same for the same job and secret, so that every try has the same Message-ID.
Base32 (RFC 4648, section 6) in small letters survives relays that change the case of a local part.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

SHORTEST_SECRET: Final = 16
"""Characters of a secret."""

TOKEN_LENGTH: Final = 52
"""Letters of the token of an id as Tocsin's engine writes them: 128 bits, and 128 bits of authentication."""

TOKEN_PLACE: Final = "{token}"  # noqa: S105 - a word in a pattern
"""Where the token stands in the pattern of return paths."""

MAX_TOKENS: Final = 20
"""Tokens of one mail that are looked at."""

_LONGEST_LOCAL: Final = 64
_LONGEST_ID: Final = 64
_PURPOSE: Final = b"tocsin job of a message"
_DIGEST: Final = re.compile(r"[0-9a-f]{32}")
_DIGEST_BYTES: Final = 16
_TOKEN: Final = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z2-7]{{{TOKEN_LENGTH},140}}(?![A-Za-z0-9])")


class Proofs:
    """Writes and reads tokens. The first secret writes, all of them read; without any there are no tokens.

    Each secret has at least SHORTEST_SECRET characters.
    """

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._ciphers = [AESSIV(hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)) for secret in secrets]

    def write(self, job: str) -> str | None:
        """The token of a job's id: small letters and digits. None without a secret, and for an id of over 64 bytes."""
        content = _content(job)
        if not self._ciphers or len(content) > _LONGEST_ID:
            return None
        sealed = self._ciphers[0].encrypt(content, [_PURPOSE])
        return small_letters(sealed)

    def read(self, token: str) -> str | None:
        """The id of the job whose token this is, in whatever case; None where it is none of ours."""
        try:
            sealed = of_letters(token)
        except ValueError:
            return None
        # Letters of base32 may carry bits that mean nothing: only one spelling is ours.
        if small_letters(sealed) != token.lower():
            return None
        for cipher in self._ciphers:
            try:
                return _id(cipher.decrypt(sealed, [_PURPOSE]))
            except (InvalidTag, ValueError):
                continue
        return None

    def first(self, tokens: Iterable[str]) -> str | None:
        """The id of the job of the first one that is ours."""
        return next((job for token in tokens if (job := self.read(token)) is not None), None)


def small_letters(content: bytes) -> str:
    """Bytes in small letters and digits: base32 without its padding."""
    return b32encode(content).decode("ascii").rstrip("=").lower()


def of_letters(text: str) -> bytes:
    """The bytes that these letters stand for, in whatever case. Raises ValueError."""
    return b32decode(text.upper() + "=" * (-len(text) % 8))


def tokens_in(text: str) -> tuple[str, ...]:
    """What may be tokens in a text such as the headers of a mail, at most MAX_TOKENS, each once."""
    return tuple(dict.fromkeys(_TOKEN.findall(text)))[:MAX_TOKENS]


def is_return_path(pattern: str) -> bool:
    """Whether a token can be put into this pattern, and found again in an address.

    It stands once, before the @, with no letter or digit beside it, in 64 octets at most (RFC 5321, 4.5.3.1.1).
    """
    local = pattern.rpartition("@")[0]
    alone = re.search(r"(?<![A-Za-z0-9])\{token\}(?![A-Za-z0-9])", local) is not None
    return alone and pattern.count(TOKEN_PLACE) == 1 and len(local) - len(TOKEN_PLACE) + TOKEN_LENGTH <= _LONGEST_LOCAL


def _content(job: str) -> bytes:
    """The id's bytes: those of an id of 32 hexadecimal digits are 16, those of any other one are more."""
    if _DIGEST.fullmatch(job):
        return bytes.fromhex(job)
    return job.encode("utf-8", "replace").rjust(_DIGEST_BYTES + 1, b"\0")


def _id(content: bytes) -> str:
    return content.hex() if len(content) == _DIGEST_BYTES else content.lstrip(b"\0").decode("utf-8", "replace")
