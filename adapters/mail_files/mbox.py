"""Mails of an mbox file (RFC 4155), one after the other: neither the file nor a line of it is ever in memory whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

_PIECE: Final = 65_536
_BEGIN: Final = b"From "


def mails_of(file: BinaryIO, limit: int) -> Iterator[bytes]:
    """At most `limit` bytes of each mail. A line that begins with `From ` begins a mail, and belongs to none.

    Raises OSError.
    """
    kept: bytearray | None = None
    is_begin, is_stamp = True, False
    while piece := file.readline(_PIECE):
        if is_begin and piece.startswith(_BEGIN):
            if kept is not None:
                yield bytes(kept)
            kept, is_stamp = bytearray(), True
        elif is_begin:
            is_stamp = False
        if kept is not None and not is_stamp:
            kept += piece[: limit - len(kept)]
        is_begin = piece.endswith(b"\n")
    if kept is not None:
        yield bytes(kept)
