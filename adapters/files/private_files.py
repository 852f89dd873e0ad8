"""Files and folders for the process's user alone: they hold addresses and texts of tickets.

Modes are set whatever the umask is. A link that stands where such a file should is never followed.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

import structlog

log = structlog.get_logger()

_FOLDER: Final = 0o700
_FILE: Final = 0o600
_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FRESH: Final = ".fresh"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def private_folder(folder: Path) -> None:
    """Make the folder where there is none, with mode 0700. Raises OSError.

    One that is there keeps its mode, since it may hold more than ours; where any user may write into it, the log says
    so.
    """
    try:
        folder.mkdir(mode=_FOLDER, parents=True)
    except FileExistsError:
        mode = folder.stat().st_mode
        if not stat.S_ISDIR(mode):
            raise
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            log.warning("data_folder_open", folder=str(folder), mode=f"{stat.S_IMODE(mode):04o}")
    else:
        folder.chmod(_FOLDER)  # whatever the umask took away


def own_folder(folder: Path) -> None:
    """The same of a folder that holds nothing but ours: one that is there is narrowed. Raises OSError."""
    private_folder(folder)
    if folder.is_symlink():
        raise _is_link(folder)
    _narrow(folder, _FOLDER)


def private_file(file: Path) -> None:
    """Make an empty file where there is none, with mode 0600; one that is there gets that mode. Raises OSError.

    It is not opened where it is there: to close a file again lets go of the locks that SQLite holds on it.
    """
    with suppress(FileExistsError):
        handle = os.open(file, os.O_WRONLY | _NEW, _FILE)
        try:
            os.fchmod(handle, _FILE)
        finally:
            os.close(handle)
    narrow(file)


def narrow(file: Path) -> None:
    """Take a file's rights from all but its owner. Where it belongs to somebody else, the log says so.

    Raises OSError for a link, and for what is no regular file; nothing for a file that is not there.
    """
    try:
        mode = file.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise _is_link(file)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no regular file: move it away", str(file))
    # SQLite takes its files away again when the last connection is closed.
    with suppress(FileNotFoundError):
        _narrow(file, _FILE)


class FreshFile:
    """A private file that is written whole, and then takes its name; without one it goes.

    What stood under that name is replaced, be it a link. A folder has one at a time: what a kill left of another goes.
    Raises OSError.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FRESH
        self._path.unlink(missing_ok=True)
        handle = os.open(self._path, os.O_WRONLY | _NEW, _FILE)
        os.fchmod(handle, _FILE)
        self._file: BinaryIO = os.fdopen(handle, "wb")

    def __enter__(self) -> FreshFile:
        """The file."""
        return self

    def write(self, block: bytes) -> None:
        """Write more."""
        self._file.write(block)

    def becomes(self, name: str) -> None:
        """What is written is on the disk, and then under its name in the same folder."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.replace(self._path.with_name(name))

    def __exit__(self, *_: object) -> None:
        """What has no name goes."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def write_private(file: Path, content: bytes) -> None:
    """Put this content in the place of a file, whole or not at all: a power cut leaves the former one. Raises OSError.

    The folder must be there.
    """
    with FreshFile(file.parent) as fresh:
        fresh.write(content)
        fresh.becomes(file.name)


def _narrow(path: Path, mode: int) -> None:
    status = path.lstat()
    if not status.st_mode & _OTHERS:
        return
    try:
        path.chmod(mode)
    except PermissionError:
        log.warning("data_not_private", file=str(path), mode=f"{stat.S_IMODE(status.st_mode):04o}")


def _is_link(path: Path) -> OSError:
    return OSError(errno.ELOOP, "it is a link: put the file itself there, or name its folder", str(path))
