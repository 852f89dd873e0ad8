"""The files in a directory folder at one moment, and a signature that changes with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
from msgspec import Struct

from adapters.files.directory_folder import files_below, is_read
from adapters.files.signature import Signature, signature_of

ROOT: Final = ""
"""The name of the folder itself."""
_HOLLOW: Final = (
    "this folder holds no file with records any more, as a volume that is not mounted: put them back; to remove their "
    "records, remove the folder too"
)
_NOWHERE: Final = "this link leads to nothing: turn it to where the files are; to remove their records, remove it"


class FolderListing(Struct, frozen=True):
    """The files by name (the path below the folder), in the order of their paths.

    `signature` covers only files with records, because the data folder may lie below, and changes all the time.
    `lost` maps the names of folders that can't be listed to the reason; `error` is the reason for the folder itself.
    `hollow` maps folders, and links to folders, that no longer hold any file with records to what to do about it. They
    are still there, as a volume is that is not mounted.
    """

    files: Mapping[str, Path]
    lost: Mapping[str, str]
    signature: Signature
    error: OSError | None = None
    hollow: Mapping[str, str] = msgspec.field(default_factory=dict)

    def is_lost(self, name: str) -> bool:
        """Whether a file with this name may still exist, because a folder above it can't be listed."""
        return ROOT in self.lost or any(above.as_posix() in self.lost for above in PurePosixPath(name).parents)

    def hollow_around(self, name: str) -> str | None:
        """The folder in `hollow` that held a file with this name, or that has this name itself now."""
        outwards = (one.as_posix() for one in (PurePosixPath(name), *PurePosixPath(name).parents))
        return next((one for one in outwards if one in self.hollow), None)


def list_folder(path: Path, known: Collection[str] = ()) -> FolderListing:
    """List the files below a folder, or the one file at `path`. `known` are the names of files from before."""
    lost: dict[str, str] = {}
    fault: OSError | None = None
    try:
        files = _files(path, lost)
    except OSError as error:
        files, lost, fault = {}, {ROOT: _reason(error)}, error
    # Folders that can't be listed have a mark too, so that the signature changes once they can.
    with_records = {name: file for name, file in files.items() if is_read(name)}
    gone = [] if fault is not None else [name for name in known if name not in files]
    hollow = {place: reason for place, reason in _hollow(path, gone, with_records).items() if place not in lost}
    marks = [(str(path / name), 0, -2, 0, 0) for name in (*lost, *hollow)]
    return FolderListing(
        files, lost, tuple(sorted([*signature_of(with_records.values()), *marks])), fault, hollow=hollow
    )


def in_order(names: Mapping[str, object]) -> list[str]:
    """The names in the order in which their files are read, the same as in `files_below`."""
    return sorted(names, key=lambda name: PurePosixPath(name).parts)


def _files(path: Path, lost: dict[str, str]) -> dict[str, Path]:
    if not path.is_dir():
        path.lstat()  # raises OSError if there is nothing at this path
        return {path.name: path}

    def lose(folder: Path, error: OSError) -> None:
        lost[folder.as_posix()] = _reason(error)

    return {file.relative_to(path).as_posix(): file for file in files_below(path, lose)}


def _hollow(path: Path, gone: Collection[str], with_records: Iterable[str]) -> dict[str, str]:
    """For files that are gone: the outermost folder around each that still exists, but holds no file with records."""
    hollow: dict[str, str] = {}
    filled = {above for name in with_records for above in PurePosixPath(name).parents} if gone else set()
    for name in gone:
        outwards = (PurePosixPath(name), *PurePosixPath(name).parents)
        # From the outermost folder inwards, past folders that still hold records. If a folder is missing, or is a file
        # now, somebody has removed it: that is no hollow one.
        for place in reversed(outwards[:-1]):
            found = path / place
            if found.is_dir():
                if place not in filled:
                    hollow[place.as_posix()] = _HOLLOW
                    break
            elif found.is_symlink():
                hollow[place.as_posix()] = _NOWHERE
                break
            else:
                break
    return hollow


def _reason(error: OSError) -> str:
    return f"the folder can't be read: {error.strerror or 'input or output error'}"
