"""Signatures that show whether files have changed, without reading them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

Mark = tuple[str, int, int, int, int]
"""Path, mtime, size in bytes, inode number and ctime of a file; times in nanoseconds.

Links are followed. The inode number shows that a link now leads to another file of the same size and age, as happens
with mounted configuration. The ctime, which nobody can set, shows a change after which the mtime was set back.
"""

Signature = tuple[Mark, ...]

SETTLE_SECONDS: Final = 0.1
MAX_LOOKS: Final = 10


def signature_of(files: Iterable[Path]) -> Signature:
    """The signature of these files. A missing file has a mark too."""
    return tuple(sorted(map(mark_of, files)))


def mark_of(file: Path) -> Mark:
    """The mark of one file. It changes with the file."""
    try:
        status = file.stat()
    except OSError:
        # The file has gone since it was listed: a change like any other, which a size of -1 shows.
        return (str(file), 0, -1, 0, 0)
    return (str(file), status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns)


def settled(look: Callable[[], Signature], pause: Callable[[float], None] = time.sleep) -> Signature | None:
    """The signature on which two looks in a row agree, so that no file is half written; None if they keep changing.

    `pause` waits for the given number of seconds between two looks.
    """
    before = look()
    for _ in range(MAX_LOOKS):
        pause(SETTLE_SECONDS)
        after = look()
        if after == before:
            return after
        before = after
    return None


class Watch:
    """Says once of each change of some files that there was one, when nobody is writing them any more.

    `look` gives their signature; `pause` waits for the given number of seconds between two looks. What the files are
    when the watch begins counts as seen: begin it before they are read, so that no change in between is missed.
    """

    def __init__(self, look: Callable[[], Signature], pause: Callable[[float], None] = time.sleep) -> None:
        self._look = look
        self._pause = pause
        self._seen = look()

    def has_changed(self) -> bool:
        """Whether the files have changed since this was last said. While they go on changing, not yet."""
        if self._look() == self._seen:
            return False
        signature = settled(self._look, self._pause)
        if signature is None:
            return False
        self._seen = signature
        return True
