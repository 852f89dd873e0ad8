"""Opens files that others wrote, so that none of them can hang, fill the memory or lead to another place.

Every file of an author, a platform or an operator is opened here.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Final

# O_NONBLOCK: to open a FIFO must not wait for a writer. O_NOCTTY: a terminal must not become that of the process.
_HOW: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_FOLDER: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC

_LOOKS: Final = 5
"""How often to follow a link again that was changed meanwhile, as Kubernetes does with `..data`."""


def read_bounded(file: Path, most: int, within: Path | None = None) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises OSError, whose `strerror` says why the file can't be read. For `within` see `open_regular`.
    """
    with open_regular(file, within, most) as opened:
        # The size was checked, but the file may grow while it is read.
        content = opened.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes", str(file))
    return content


def open_regular(file: Path, within: Path | None = None, most: int | None = None) -> BufferedReader:
    """Open a regular file of at most `most` bytes: no pipe, socket, device or folder.

    Links may lead anywhere inside of the folder `within`, but not out of it; `within` may be a link itself. Without
    `within`, links may lead anywhere: that is for files that the user of a command names. Raises OSError, whose
    `strerror` says why.
    """
    try:
        descriptor = os.open(file, _HOW) if within is None else _open_within(file, within)
    except ValueError:
        raise OSError(errno.EINVAL, "its name can't be that of a file") from None
    try:
        # Check what was opened, not the path: that may lead to something else by now.
        _refuse_what_is_no_file(os.fstat(descriptor), most, file)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def leads_out(path: Path, within: Path) -> bool:
    """Whether links lead a path out of a folder. A link inside of the folder to nothing does not."""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(within))


def folder_around(file: Path, name: str) -> Path:
    """The folder that a file may not lead out of: the one below which its path is `name`.

    If its path does not end with `name`, it is the folder of the file.
    """
    parts = PurePosixPath(name).parts
    return file.parents[len(parts) - 1] if file.parts[-len(parts) :] == parts else file.parent


def outside(within: Path, file: Path) -> OSError:
    """The error for a link that leads out of its folder."""
    return OSError(errno.EXDEV, f"it is a link that leads out of the folder {within.name or within}", str(file))


def _open_directly(file: Path, within: Path) -> int | None:
    """Open a path that has no link below the folder: then it can't lead out of it. None where that is not so."""
    try:
        below = file.relative_to(within)
        return None if ".." in below.parts else _open_by_steps(within, below)
    except (ValueError, OSError):
        # It has links, or can't be opened: both are found out, and said, the slower way.
        return None


def _open_within(file: Path, within: Path) -> int:
    direct = _open_directly(file, within)
    if direct is not None:
        return direct
    for look in range(1, _LOOKS + 1):
        try:
            root, real = (Path(os.path.realpath(path, strict=True)) for path in (within, file))
            if not real.is_relative_to(root):
                raise outside(within, file)
            return _open_by_steps(root, real.relative_to(root))
        except OSError as error:
            # A link may have been changed, and its former target removed, between `realpath` and the opening.
            if look == _LOOKS or error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                raise
    raise AssertionError  # the last look returns or raises


def _open_by_steps(root: Path, below: Path) -> int:
    """Open a path folder by folder with O_NOFOLLOW: a link that was put into it meanwhile is not followed."""
    folder = os.open(root, _FOLDER)
    try:
        for part in below.parts[:-1]:
            inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(below.name or ".", _HOW | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)


def _refuse_what_is_no_file(status: os.stat_result, most: int | None, file: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(file))
    if most is not None and status.st_size > most:
        raise OSError(errno.EFBIG, f"it has {status.st_size} bytes, {most} are allowed", str(file))
