"""The mappings of a running intake: read anew when their files change, each by itself.

Where anything is wrong with a file as it is now, or a test beside it fails, the last good mapping of its name stays.
The tests of those that come with the program were run when it was made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import structlog

from adapters.files.signature import Signature, settled, signature_of
from adapters.mapping_files.folder import SHIPPED_MAPPINGS, TEST_ENDINGS, mapping_files
from adapters.mapping_files.load import read_mapping_file
from adapters.yaml_files.faults import Fault
from intake.mappings.mapping import Mapping as TicketMapping
from tocsin.authoring.mapping_tests.running import check_mapping

log = structlog.get_logger()

_UNREADABLE: Final = "the folder of mappings can't be read"


class ReloadingMappings:
    """The mappings of a folder, and the shipped ones of other names. It belongs to one thread.

    `faults` holds what is wrong with each file as it is now, by the mapping's name. `pause` waits between two looks at
    files that are perhaps being written.
    """

    def __init__(self, folder: Path | None, pause: Callable[[float], None] = time.sleep) -> None:
        """Read all files. Raises OSError where the folder can't be read; a faulty file costs its own mapping alone."""
        self._folder = folder
        self._pause = pause
        self._in_force: dict[str, TicketMapping] = {}
        self._seen: dict[str, Signature] = {}
        self.faults: dict[str, list[Fault]] = {}
        self._read(mapping_files(folder))

    def named(self, name: str) -> TicketMapping | None:
        """The mapping of this name; None where there is none that could ever be used."""
        return self._in_force.get(name)

    @property
    def names(self) -> frozenset[str]:
        """The names of the mappings in force."""
        return frozenset(self._in_force)

    @property
    def named_faults(self) -> list[str]:
        """What is wrong with the files as they are now: file, line, column, and what to do."""
        return [
            f"{fault.file}:{fault.line}:{fault.column}: {fault.said}"
            for faults in self.faults.values()
            for fault in faults
        ]

    def refresh(self) -> bool:
        """Look at the files, and read those that have changed. Returns whether anything in force has changed.

        Where the folder can't be read, or files go on changing, everything stays as it is until the next look.
        """
        try:
            files = mapping_files(self._folder)
        except OSError as error:
            log.warning("mappings_unseen", folder=str(self._folder), said=f"{_UNREADABLE}: {error.strerror}")
            return False
        return self._read(files)

    def _read(self, files: Mapping[str, Path]) -> bool:
        before = dict(self._in_force)
        for name in self._seen.keys() - files.keys():
            # A file that was removed on purpose takes its mapping with it.
            del self._seen[name]
            self.faults.pop(name, None)
            self._in_force.pop(name, None)
        for name, file in files.items():
            self._read_one(name, file)
        return before != self._in_force

    def _read_one(self, name: str, file: Path) -> None:
        now = _signature(file)
        if now == self._seen.get(name):
            return
        is_shipped = file.parent == SHIPPED_MAPPINGS
        # Nobody is writing at a file that came with the program.
        signature = now if is_shipped else settled(lambda: _signature(file), self._pause)
        if signature is None:
            return
        self._seen[name] = signature
        checked = read_mapping_file(file) if is_shipped else check_mapping(file)
        if checked.mapping is None or checked.faults:
            self.faults[name] = checked.faults
            named = [f"{fault.file}:{fault.line}: {fault.said}" for fault in checked.faults]
            log.warning("mapping_refused", mapping=name, keeps_last=name in self._in_force, faults=named)
            return
        self.faults.pop(name, None)
        self._in_force[name] = checked.mapping
        log.info("mapping_in_force", mapping=name)


def _signature(file: Path) -> Signature:
    return signature_of(_files_of(file))


def _files_of(file: Path) -> Iterator[Path]:
    """A mapping file, and where its tests would be."""
    yield file
    for ending in TEST_ENDINGS:
        yield file.with_name(file.stem + ending)
