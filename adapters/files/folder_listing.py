"""What lies in a directory folder at one moment, and what tells that it changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec import Struct

from adapters.files.directory_folder import files_below, is_read
from adapters.files.signature import Signature, signature_of

ROOT: Final = ""
"""The name of the folder itself."""


class FolderListing(Struct, frozen=True):
    """Files by their names, which are their paths below the folder, in the order of those.

    `signature` is of the files with records alone: the data folder may lie below, and changes all the time.
    `lost` says why a folder can't be listed, by its name; `error` why the folder itself can't.
    """

    files: Mapping[str, Path]
    lost: Mapping[str, str]
    signature: Signature
    error: OSError | None = None

    def is_lost(self, name: str) -> bool:
        """Whether a file of this name may be there all the same, in a folder that can't be listed."""
        return ROOT in self.lost or any(above.as_posix() in self.lost for above in PurePosixPath(name).parents)


def list_folder(path: Path) -> FolderListing:
    """List the files below a folder, or the one file that `path` is."""
    lost: dict[str, str] = {}
    fault: OSError | None = None
    try:
        files = _files(path, lost)
    except OSError as error:
        files, lost, fault = {}, {ROOT: _reason(error)}, error
    # What can't be listed has a mark too, so that it is noticed once it can.
    marks = [(str(path / name), 0, -2, 0, 0) for name in lost]
    with_records = [file for name, file in files.items() if is_read(name)]
    return FolderListing(files, lost, tuple(sorted([*signature_of(with_records), *marks])), fault)


def in_order(names: Mapping[str, object]) -> list[str]:
    """Names in the order in which their files are read, which is that of `files_below`."""
    return sorted(names, key=lambda name: PurePosixPath(name).parts)


def _files(path: Path, lost: dict[str, str]) -> dict[str, Path]:
    if not path.is_dir():
        path.lstat()
        return {path.name: path}

    def lose(folder: Path, error: OSError) -> None:
        lost[folder.as_posix()] = _reason(error)

    return {file.relative_to(path).as_posix(): file for file in files_below(path, lose)}


def _reason(error: OSError) -> str:
    return f"the folder can't be read: {error.strerror or 'input or output error'}"
