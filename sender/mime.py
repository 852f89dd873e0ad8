"""The bodies of messages as MIME entities (RFC 2045, RFC 2046), in lines of seven bits, so that any relay takes them.

The standard library makes objects of every header and parses each again before it writes it: that takes ten times as
long.
"""

from __future__ import annotations

import binascii
from base64 import encodebytes
from collections.abc import Sequence
from typing import Final

from sender.headers import Header, fixed_header

LONGEST_LINE: Final = 78
_UNSEEN: Final = bytes({*range(0x20), 0x7F} - {*b"\t\n"})


def text_entity(subtype: str, text: str) -> bytes:
    """A text, encoded as is shortest: CR, LF and CR LF each end a line, and one line end stands at its end."""
    lines = text.encode("utf-8", "replace").rstrip(b"\r\n").splitlines()
    body = b"\n".join(lines) + b"\n"
    encoding, encoded = _encoded(body, max(map(len, lines), default=0))
    headers = [
        Header("Content-Type", (f"text/{subtype};", 'charset="utf-8"')),
        fixed_header("Content-Transfer-Encoding", encoding),
    ]
    return _entity(headers, encoded)


def pdf_entity(name: str, content: bytes) -> bytes:
    """A PDF file to be kept apart (RFC 2183). Its name is ASCII, without quotes."""
    headers = [
        Header("Content-Type", ("application/pdf;", f'name="{name}"')),
        fixed_header("Content-Transfer-Encoding", "base64"),
        Header("Content-Disposition", ("attachment;", f'filename="{name}"')),
    ]
    return _entity(headers, _base64(content))


def multipart_entity(subtype: str, boundary: str, entities: Sequence[bytes]) -> bytes:
    """Several entities in one. None of them may hold the boundary."""
    delimiter = f"--{boundary}".encode()
    headers = [Header("Content-Type", (f"multipart/{subtype};", f'boundary="{boundary}"'))]
    # The line end before a delimiter is part of it.
    parts = b"".join(delimiter + b"\r\n" + entity + b"\r\n" for entity in entities)
    return _entity(headers, parts + delimiter + b"--\r\n")


def _entity(headers: Sequence[Header], body: bytes) -> bytes:
    return b"".join(header.folded() for header in headers) + b"\r\n" + body


def _encoded(body: bytes, longest: int) -> tuple[str, bytes]:
    """Content-Transfer-Encoding (RFC 2045, section 6) and the body in it. `body` has LF line ends."""
    strange = len(body) - len(body.translate(None, _ABOVE_ASCII + _UNSEEN))
    if not strange and longest <= LONGEST_LINE:
        return "7bit", body.replace(b"\n", b"\r\n")
    # Quoted-printable makes three characters of such a byte, base64 four of any three.
    if strange * 6 < len(body):
        return "quoted-printable", binascii.b2a_qp(body, istext=True).replace(b"\n", b"\r\n")
    return "base64", _base64(body.replace(b"\n", b"\r\n"))


def _base64(content: bytes) -> bytes:
    return encodebytes(content).replace(b"\n", b"\r\n")


_ABOVE_ASCII: Final = bytes(range(0x80, 0x100))
