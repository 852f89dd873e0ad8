"""Bodies of messages, written out (RFC 2045, RFC 2046): seven bits and CRLF line ends, so that any relay takes them.

The standard library writes the same, through objects that parse each header again: that took most of a message's time.
"""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Sequence
from email.base64mime import body_encode
from typing import Final

from msgspec import Struct

CRLF: Final = "\r\n"
LINE: Final = 78
"""The longest line that stands as it is (RFC 5322, section 2.1.1)."""


class Entity(Struct, frozen=True):
    """A body, and the header fields that say what it is: whole lines, each with its end."""

    fields: str
    body: bytes


def text_entity(text: str, subtype: str) -> Entity:
    """A text of lines, whatever ends them; in the plainest encoding that it allows (RFC 2045, section 6)."""
    lines = text.encode("utf-8", "replace").splitlines()
    plain = b"".join(line + b"\r\n" for line in lines)
    if plain.isascii() and b"\0" not in plain and max(map(len, lines), default=0) <= LINE:
        return _text(subtype, "7bit", plain)
    quoted = b2a_qp(plain, istext=True)
    # Base64 makes four characters of three bytes, in lines of 76 and their ends.
    if len(quoted) <= len(plain) * 4 / 3 * 78 / 76:
        return _text(subtype, "quoted-printable", quoted)
    return _text(subtype, "base64", body_encode(plain, eol=CRLF).encode("ascii"))


def pdf_entity(content: bytes, name: str) -> Entity:
    """A PDF file to be kept apart (RFC 2183). Its name is ASCII, without quotes."""
    fields = (
        f'Content-Type: application/pdf; name="{name}"{CRLF}Content-Transfer-Encoding: base64{CRLF}'
        f'Content-Disposition: attachment; filename="{name}"{CRLF}'
    )
    return Entity(fields, body_encode(content, eol=CRLF).encode("ascii"))


def alternative(parts: Sequence[Entity], boundary: str) -> Entity:
    """The same in several forms, the plainest first (RFC 2046, section 5.1.4). No part holds a line of the boundary."""
    return _multipart("alternative", parts, boundary)


def mixed(parts: Sequence[Entity], boundary: str) -> Entity:
    """Several things one after another (RFC 2046, section 5.1.3). No part holds a line of the boundary."""
    return _multipart("mixed", parts, boundary)


def _multipart(subtype: str, parts: Sequence[Entity], boundary: str) -> Entity:
    body = b"".join(f"--{boundary}{CRLF}{part.fields}{CRLF}".encode("ascii") + part.body + b"\r\n" for part in parts)
    fields = f'Content-Type: multipart/{subtype};{CRLF} boundary="{boundary}"{CRLF}'
    return Entity(fields, body + f"--{boundary}--{CRLF}".encode("ascii"))


def _text(subtype: str, encoding: str, body: bytes) -> Entity:
    fields = f'Content-Type: text/{subtype}; charset="utf-8"{CRLF}Content-Transfer-Encoding: {encoding}{CRLF}'
    return Entity(fields, body)
