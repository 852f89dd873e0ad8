"""Files and folders that only the process's user may read, because they hold addresses and texts of tickets.

Modes are set whatever the umask is. A link in the place of such a file is never followed.
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
    """Create the folder with mode 0700, if it does not exist. Raises OSError.

    An existing folder keeps its mode, because it may hold files of others too. If every user may write into it, the log
    says so.
    """
    try:
        folder.mkdir(mode=_FOLDER, parents=True)
    except FileExistsError:
        mode = folder.stat().st_mode
        if not stat.S_ISDIR(mode):
            raise
        # With the sticky bit, as in /tmp, users can't replace each other's files.
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            log.warning("data_folder_open", folder=str(folder), mode=f"{stat.S_IMODE(mode):04o}")
    else:
        folder.chmod(_FOLDER)  # whatever the umask took away


def own_folder(folder: Path) -> None:
    """The same for a folder that holds only our files: an existing one gets mode 0700 too. Raises OSError."""
    private_folder(folder)
    if folder.is_symlink():
        raise _is_link(folder)
    _narrow(folder, _FOLDER)


def private_file(file: Path) -> None:
    """Create an empty file with mode 0600, if it does not exist; an existing file gets that mode. Raises OSError.

    An existing file is not opened: closing it again would release the locks that SQLite holds on it (POSIX fcntl).
    """
    with suppress(FileExistsError):
        handle = os.open(file, os.O_WRONLY | _NEW, _FILE)
        try:
            os.fchmod(handle, _FILE)
        finally:
            os.close(handle)
    narrow(file)


def narrow(file: Path) -> None:
    """Take the rights on a file from everybody but its owner. If somebody else owns it, the log says so.

    Raises OSError for a link, and for anything else that is no regular file. A missing file is no error.
    """
    try:
        mode = file.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise _is_link(file)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no regular file: move it away", str(file))
    # SQLite removes its -wal and -shm files when the last connection closes, so the file may vanish just now.
    with suppress(FileNotFoundError):
        _narrow(file, _FILE)


class FreshFile:
    """A private file that gets its name only when it is complete. Without a name it is removed at the end.

    It replaces what has that name, even a link. A folder can have one fresh file at a time; a file that a killed
    process left behind is removed. Raises OSError.
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
        """Write everything to the disk, and then give the file this name in the same folder."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.replace(self._path.with_name(name))

    def __exit__(self, *_: object) -> None:
        """Remove the file, if it got no name."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def write_private(file: Path, content: bytes) -> None:
    """Replace a file's content as a whole: a power cut leaves the former or the new content. Raises OSError.

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
