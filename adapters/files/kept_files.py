"""The last good content of each file of a directory folder, kept beside the data for the time when it can't be read.

A copy is named by the digest of its content. An index says which copies are in force; it is replaced whole, once all
of them are on the disk, so that a kill at any moment leaves the former state.
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
"""No more is read back: a million files are less."""
LEFT_FREE_BYTES: Final = 16 * 1_048_576
"""So much space a copy leaves to the data beside it."""
_BLOCK: Final = 1_048_576


class KeptFile(Struct, frozen=True):
    """The digest of a file's content, how many records it holds, and whether its last line has a line break."""

    sha256: str
    records: int
    ends_line: bool


class _Index(Struct, frozen=True):
    """Files by their names below `source`, written as in a URL since a name may be no text; `sha256` is of both."""

    source: str
    files: Mapping[str, KeptFile]
    sha256: str


class KeptFiles:
    """Copies of the files below `source`, in a folder of their own that nobody but the process's user may read."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder = folder
        self._source = quote(os.fsencode(source.absolute()))

    def files(self) -> dict[str, KeptFile]:
        """The state that was kept last, by the names of the files; empty where there is none, or it is damaged."""
        try:
            content = read_bounded(self.folder / INDEX, MAX_INDEX_BYTES, self.folder)
            index = msgspec.json.decode(content, type=_Index)
        except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return {}
        # What was kept of another folder is no state of this one.
        if index.source != self._source or index.sha256 != _digest(index.source, index.files):
            return {}
        return {os.fsdecode(unquote_to_bytes(name)): kept for name, kept in index.files.items()}

    def copy(self, file: Path, within: Path) -> str:
        """Copy a file of a folder that it may not lead out of; it counts once the index names it.

        Returns the digest of its content. Raises OSError.
        """
        own_folder(self.folder)
        digest = hashlib.sha256()
        with open_regular(file, within) as source, FreshFile(self.folder) as fresh:
            if shutil.disk_usage(self.folder).free - os.fstat(source.fileno()).st_size < LEFT_FREE_BYTES:
                # A disk that a copy fills stops everything else that is written to it.
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            while block := source.read(_BLOCK):
                digest.update(block)
                fresh.write(block)
            fresh.becomes(digest.hexdigest())
        return digest.hexdigest()

    def path_of(self, kept: KeptFile) -> Path | None:
        """The copy with this content; None where it is not there, or damaged."""
        path = self.folder / kept.sha256
        try:
            with open_regular(path, self.folder) as file:
                whole = hashlib.file_digest(file, "sha256").hexdigest() == kept.sha256
        except OSError:
            return None
        return path if whole else None

    def commit(self, files: Mapping[str, KeptFile]) -> None:
        """From now on these are kept; other copies go. Raises OSError: then nothing counts as kept, nothing older."""
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
        """Nothing counts as kept any more: an older state would be taken for the last good one.

        Copies go but for those that are `used`, so that there is space for the others.
        """
        self._remove_all_but({kept.sha256 for kept in used})

    def _remove_all_but(self, wanted: set[str]) -> None:
        # What can't be removed is tried again with the next change.
        with suppress(OSError):
            for path in self.folder.iterdir():
                if path.name not in wanted:
                    path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Have the names of a folder on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest(source: str, files: Mapping[str, KeptFile]) -> str:
    return hashlib.sha256(msgspec.json.encode([source, sorted(files.items())])).hexdigest()
