"""Reading of a file that a setting names: whatever is found there, it neither hangs nor fills the memory."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

# A FIFO is opened without waiting for whoever writes into it, and a terminal does not become that of the process.
_HOW: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def read_bounded(file: Path, most: int) -> bytes:
    """What a regular file of at most `most` bytes holds. Raises OSError, whose `strerror` says why it can't be read."""
    try:
        descriptor = os.open(file, _HOW)
    except ValueError:
        raise OSError(errno.EINVAL, "its name can't be that of a file") from None
    try:
        _refuse_what_is_no_file(os.fstat(descriptor).st_mode)
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            content = opened.read(most + 1)
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most} bytes")
    return content


def _refuse_what_is_no_file(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no regular file")
