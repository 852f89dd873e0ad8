"""Keeps the last good content of each file of a directory folder, for when the file can't be read.

The name of a copy is the digest of its content. An index says which copies are in force. It is replaced as a whole, and
only after all copies are on the disk, so that a kill at any moment leaves the former state.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote_to_bytes

import msgspec
from msgspec import Struct

from adapters.files.opening import open_regular, read_bounded
from adapters.files.private_files import FreshFile, own_folder

FOLDER: Final = "last-good-directory"
INDEX: Final = "index.json"
MAX_INDEX_BYTES: Final = 134_217_728
"""The largest index that is read. A million files need less."""
LEFT_FREE_BYTES: Final = 16 * 1_048_576
"""A copy is made only if this much disk space stays free for the data beside it."""
_BLOCK: Final = 1_048_576


class KeptFile(Struct, frozen=True):
    """The SHA-256 of a file's content, the number of its records, and whether its last line has a line break."""

    sha256: str
    records: int
    ends_line: bool


class _Index(Struct, frozen=True):
    """Files by their names below `source`. `sha256` is the digest of both.

    Names are percent-encoded (RFC 3986), because a file's name may not be valid text.
    """

    source: str
    files: Mapping[str, KeptFile]
    sha256: str


class KeptFiles:
    """Copies of the files below `source`, in a folder of their own that only the process's user may read."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder = folder
        self._source = quote(os.fsencode(source.absolute()))

    def files(self) -> dict[str, KeptFile]:
        """The last state that was kept, by file name; empty if there is none, or if it is damaged."""
        index = _index_in(self.folder)
        # The index of another folder says nothing about this one.
        if index is None or index.source != self._source:
            return {}
        return {os.fsdecode(unquote_to_bytes(name)): kept for name, kept in index.files.items()}

    def copy(self, file: Path, within: Path) -> str:
        """Copy a file, and return the digest of its content. The copy counts once the index names it.

        `file` may be a link, but not one that leads out of `within`. Raises OSError.
        """
        own_folder(self.folder)
        digest = hashlib.sha256()
        with open_regular(file, within) as source, FreshFile(self.folder) as fresh:
            if shutil.disk_usage(self.folder).free - os.fstat(source.fileno()).st_size < LEFT_FREE_BYTES:
                # A copy must not fill the disk: that would stop everything else that writes to it.
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            while block := source.read(_BLOCK):
                digest.update(block)
                fresh.write(block)
            fresh.becomes(digest.hexdigest())
        return digest.hexdigest()

    def path_of(self, kept: KeptFile) -> Path | None:
        """The path of the copy with this content; None if it is missing or damaged. It reads the whole copy."""
        path = self.folder / kept.sha256
        try:
            with open_regular(path, self.folder) as file:
                whole = hashlib.file_digest(file, "sha256").hexdigest() == kept.sha256
        except OSError:
            return None
        return path if whole else None

    def commit(self, files: Mapping[str, KeptFile]) -> None:
        """Make these the kept files, and remove all other copies.

        Raises OSError. Then no state is kept at all, not even the older one: see `forget`.
        """
        named = {quote(os.fsencode(name)): kept for name, kept in files.items()}
        try:
            own_folder(self.folder)
            with FreshFile(self.folder) as fresh:
                fresh.write(msgspec.json.encode(_Index(self._source, named, _digest(self._source, named))))
                fresh.becomes(INDEX)
            _sync(self.folder)
        except OSError:
            self.forget(files.values())
            raise
        self._remove_all_but({INDEX, *(kept.sha256 for kept in files.values())})

    def forget(self, used: Iterable[KeptFile]) -> None:
        """Remove the index: a restart would take an older state for the last good one.

        Copies that are not in `used` are removed too, to make space for new ones.
        """
        self._remove_all_but({kept.sha256 for kept in used})

    def _remove_all_but(self, wanted: set[str]) -> None:
        # If something can't be removed, the next change tries again.
        with suppress(OSError):
            for path in self.folder.iterdir():
                if path.name not in wanted:
                    path.unlink(missing_ok=True)


def kept_source(folder: Path) -> Path | None:
    """The folder whose files are kept in this one; None where that is not known."""
    index = _index_in(folder)
    return None if index is None else Path(os.fsdecode(unquote_to_bytes(index.source)))


def _index_in(folder: Path) -> _Index | None:
    """The index; a damaged one counts as none."""
    try:
        index = msgspec.json.decode(read_bounded(folder / INDEX, MAX_INDEX_BYTES, folder), type=_Index)
    except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return index if index.sha256 == _digest(index.source, index.files) else None


def _sync(folder: Path) -> None:
    """Write a folder's entries to the disk: to sync a file does not sync its name."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest(source: str, files: Mapping[str, KeptFile]) -> str:
    return hashlib.sha256(msgspec.json.encode([source, sorted(files.items())])).hexdigest()
