"""Whether a process has run out of file descriptors: then what it can't read says nothing of the files."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

NEEDED: Final = 8
"""Descriptors that a reading of files and a check of rules take at once: a file, a folder, pipes of a child process."""
ADVICE: Final = (
    "this process has run out of file descriptors: what changed is read once there are some; what was read before "
    "stays in force. Raise the limit of open files (ulimit -n, LimitNOFILE=), and see who holds so many"
)


def runs_short() -> bool:
    """Whether there are too few left to read files."""
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
