"""The directory of a running engine, out of a folder that people edit meanwhile."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import structlog

from adapters.files.directory_folder import LoadedDirectory, files_below, load_directory
from adapters.files.signature import Signature, signature_of
from engine.directory.directory import Directory

log = structlog.get_logger()


class FolderDirectory:
    """A DirectorySource on a folder: loaded anew where a file in it changed. It belongs to one thread."""

    def __init__(self, path: Path) -> None:
        """Load the folder. Raises OSError where it can't be read at all."""
        self._path = path
        self._signature = _signature(path)
        self.problems: Counter[str] = Counter()
        """What was refused since the start, by code."""
        self._load()

    def current(self) -> Directory:
        """See engine.ports.DirectorySource. A folder that can't be read for a moment leaves what was read before."""
        try:
            signature = _signature(self._path)
            if signature != self._signature:
                self._load()
                self._signature = signature
        except OSError as error:
            log.warning("directory_unreadable", error=error.strerror)
        return self.loaded.directory

    def _load(self) -> None:
        self.loaded = load_directory(self._path)
        self.problems.update({str(code): number for code, number in self.loaded.problem_counts.items()})
        _tell(self.loaded)


def _signature(path: Path) -> Signature:
    if not path.is_dir():
        return signature_of([path])
    return signature_of(files_below(path, lambda _folder, _error: None))


def _tell(loaded: LoadedDirectory) -> None:
    counts = {str(code): number for code, number in loaded.problem_counts.items()}
    log.info("directory_loaded", records=loaded.records, problems=counts)
    for problem in loaded.problems:
        log.warning("directory_problem", problem=str(problem))
