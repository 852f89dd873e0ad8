"""What tells that files changed, without reading them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

Mark = tuple[str, int, int, int, int]
"""Path, time of writing, size in bytes, number (inode) and time of any change of a file; times in nanoseconds.

Links are followed. The number tells where a link has been turned to another file of the same size and age, as mounted
configuration does; the time of any change, which nobody can set, where the time of writing was put back to what it was.
"""

Signature = tuple[Mark, ...]

SETTLE_SECONDS: Final = 0.1
MAX_LOOKS: Final = 10


def signature_of(files: Iterable[Path]) -> Signature:
    """The signature of these files; one that is not there has one too."""
    return tuple(sorted(map(mark_of, files)))


def mark_of(file: Path) -> Mark:
    """What tells that one file changed."""
    try:
        status = file.stat()
    except OSError:
        # Gone between the listing and the look: a change like any other.
        return (str(file), 0, -1, 0, 0)
    return (str(file), status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns)


def settled(look: Callable[[], Signature], pause: Callable[[float], None] = time.sleep) -> Signature | None:
    """The signature that two looks in a row agree on, so that no file is half written; None where they go on changing.

    `pause` waits between two looks, for as many seconds as it is given.
    """
    before = look()
    for _ in range(MAX_LOOKS):
        pause(SETTLE_SECONDS)
        after = look()
        if after == before:
            return after
        before = after
    return None
