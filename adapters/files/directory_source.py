"""The directory of a running engine, out of a folder that people edit meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import structlog

from adapters.files.directory_folder import LoadedDirectory, load_directory
from engine.directory.directory import Directory

log = structlog.get_logger()

Signature = tuple[tuple[str, int, int], ...]


class FolderDirectory:
    """A DirectorySource on a folder: loaded anew where a file in it changed. It belongs to one thread."""

    def __init__(self, path: Path) -> None:
        """Load the folder. Raises OSError where it can't be read at all."""
        self._path = path
        self._signature = _signature(path)
        self.loaded = load_directory(path)
        _tell(self.loaded)

    def current(self) -> Directory:
        """See engine.ports.DirectorySource. A folder that can't be read for a moment leaves what was read before."""
        try:
            signature = _signature(self._path)
            if signature != self._signature:
                self.loaded = load_directory(self._path)
                self._signature = signature
                _tell(self.loaded)
        except OSError as error:
            log.warning("directory_unreadable", error=error.strerror)
        return self.loaded.directory


def _signature(path: Path) -> Signature:
    """What tells that a file changed: its path, time of change and size."""
    if not path.is_dir():
        return (_mark(path),)
    marks = [
        _mark(Path(folder, name)) for folder, _, names in os.walk(path, followlinks=True) for name in sorted(names)
    ]
    return tuple(sorted(marks))


def _mark(file: Path) -> tuple[str, int, int]:
    try:
        status = file.stat()
    except FileNotFoundError:
        # Gone between the listing and the look: a change like any other.
        return (str(file), 0, -1)
    return (str(file), status.st_mtime_ns, status.st_size)


def _tell(loaded: LoadedDirectory) -> None:
    counts = {str(code): number for code, number in loaded.problem_counts.items()}
    log.info("directory_loaded", records=loaded.records, problems=counts)
    for problem in loaded.problems:
        log.warning("directory_problem", problem=str(problem))
