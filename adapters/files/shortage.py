"""Tells whether the process has run out of file descriptors. Then a failed reading says nothing about the files."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

NEEDED: Final = 8
"""Descriptors that reading files and checking rules need at once: a file, a folder, pipes of a child process."""
ADVICE: Final = (
    "this process has run out of file descriptors: what changed is read once there are some; what was read before "
    "stays in force. Raise the limit of open files (ulimit -n, LimitNOFILE=), and see who holds so many"
)


def runs_short() -> bool:
    """Whether too few descriptors are left to read files."""
    held: list[int] = []
    try:
        held.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(NEEDED))
    except OSError:
        return True
    finally:
        for one in held:
            with suppress(OSError):
                os.close(one)
    return False
