"""Checks a change of a directory folder file by file, before any of it is used.

If a file can't be read as a whole, its last good content stays in force.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from adapters.files.directory_folder import is_read
from adapters.files.directory_problems import DirectoryProblem, ProblemCode
from adapters.files.folder_listing import ROOT, FolderListing, in_order
from adapters.files.kept_files import KeptFile, KeptFiles
from adapters.files.opening import folder_around
from adapters.files.signature import Mark, mark_of
from adapters.files.whole_file import UnreadableFileError, WholeFile, check_whole
from engine.directory.removals import told
from schemas.refusal import Refusal

log = structlog.get_logger()

_BLANK: Final = "the file holds no record any more, though it held {}: write them again; to remove them, {}"
_CUT: Final = "the last line has no line break though it had one, so the file may be cut off: end that line with one"
_NO_FILES: Final = (
    "the folder holds no file with records, though there were {}: put them back; to remove all records, leave one file "
    "of YAML that says []"
)


class InForce(Struct, frozen=True):
    """The content of a file that is in force, and its copy (None if it could not be copied).

    `mark` is the mark of the file when it was read; None if a copy is used in place of the file.
    """

    records: int
    ends_line: bool
    kept: KeptFile | None
    mark: Mark | None = None

    @classmethod
    def of(cls, kept: KeptFile) -> InForce:
        """The content of a copy."""
        return cls(kept.records, kept.ends_line, kept)


class Stays(StrEnum):
    """What is in force in place of a file that can't be read."""

    LAST_GOOD = "its last good content stays in force"
    NOTHING = "it could never be read, so nothing of it is in force; meanwhile no file that is gone loses its records"
    EVERYTHING = "no good copy of it is kept, so the whole directory stays as it was"
    BEFORE = "the whole directory stays as it was"


class UnreadableFile(Struct, frozen=True):
    """A file or folder that can't be read, and what is in force in its place."""

    problem: DirectoryProblem
    stays: Stays

    def __str__(self) -> str:
        """File, line, reason and what stays in force, on one line. It shows no value of a record."""
        return f"{self.problem}; {self.stays}"


def removal(gone: Mapping[str, tuple[int, int]]) -> UnreadableFile:
    """A change that removes too many records of a kind, reported as a fault of the folder.

    `gone` gives for each kind how many would go, and of how many: see engine.directory.removals.
    """
    reason = (
        f"{told(gone)} would go, which is more than a fifth of a kind: put them back, or start with --remove-many to "
        "have them removed"
    )
    return UnreadableFile(_problem(".", None, reason), Stays.BEFORE)


def unseen(reason: str) -> UnreadableFile:
    """A folder that can't be read for a reason outside of its files, reported as a fault of the folder."""
    return UnreadableFile(_problem(".", None, reason), Stays.BEFORE)


class Review:
    """Decides what is to be in force for this listing of the folder.

    `sources` gives the path from which to read each file: the file itself or its last good copy. `unreadable` are the
    files and folders that can't be read. `is_usable` tells whether each of those that was in force has a good copy.
    """

    def __init__(self, listing: FolderListing, before: Mapping[str, InForce], kept: KeptFiles) -> None:
        self._before = before
        self._kept = kept
        self.sources: dict[str, Path] = {}
        self.in_force: dict[str, InForce] = {}
        self.unreadable: list[UnreadableFile] = []
        for name, file in listing.files.items():
            self._look_at(name, file)
        for name, reason in listing.lost.items():
            self._name(name, None, reason, Stays.LAST_GOOD)
        self._look_for_gone(listing)

    @property
    def is_usable(self) -> bool:
        """Whether the result can be put in force."""
        return all(one.stays is not Stays.EVERYTHING for one in self.unreadable)

    @property
    def is_kept(self) -> bool:
        """Whether each file in force has a copy."""
        return all(one.kept is not None for one in self.in_force.values())

    def _look_at(self, name: str, file: Path) -> None:
        if not is_read(name):
            self.sources[name] = file  # only to be named
            return
        # Take the mark before reading. If the file changes during the reading, the next look sees another mark.
        before, mark = self._before.get(name), mark_of(file)
        if before is not None and before.mark == mark and before.kept is not None:
            self.sources[name], self.in_force[name] = file, before
            return
        try:
            whole = self._checked(file, name)
        except UnreadableFileError as fault:
            self._name(name, fault.line, fault.reason, self._fall_back(name))
        else:
            self.sources[name] = file
            self.in_force[name] = InForce(whole.records, whole.ends_line, self._copied(file, name, whole), mark)

    def _checked(self, file: Path, name: str) -> WholeFile:
        whole, before = check_whole(file, name), self._before.get(name)
        if before is None or not before.records:
            return whole
        if whole.is_blank:
            # A file that says nothing may be an editor in the middle of saving it. To remove all records on purpose,
            # somebody deletes the file or writes an empty list.
            removal = "delete the file" if name.lower().endswith(".jsonl") else "delete the file or write [] into it"
            raise UnreadableFileError(1, _BLANK.format(before.records, removal))
        if before.ends_line and not whole.ends_line:
            raise UnreadableFileError(None, _CUT)
        return whole

    def _copied(self, file: Path, name: str, whole: WholeFile) -> KeptFile | None:
        try:
            return KeptFile(self._kept.copy(file, folder_around(file, name)), whole.records, whole.ends_line)
        except OSError as error:
            log.warning("directory_not_kept", file=_shown(name), error=type(error).__name__, said=error.strerror)
            return None

    def _look_for_gone(self, listing: FolderListing) -> None:
        """Remove the records of a file that is gone, unless the file may still exist (see below)."""
        gone = [name for name in self._before if name not in listing.files]
        held = sum(one.records for one in self._before.values())
        if held and not listing.lost and not any(map(is_read, listing.files)):
            # No file with records is left at all: the volume may not be mounted.
            self._name(ROOT, None, _NO_FILES.format(held), Stays.LAST_GOOD)
            renamed = True
        else:
            # A new file that can't be read may be a renamed one, so the records of missing files are kept.
            renamed = any(one.stays is Stays.NOTHING for one in self.unreadable)
        hollow = {name: place for name in gone if (place := self._hollow_around(name, listing)) is not None}
        for place in in_order(dict.fromkeys(hollow.values())):
            self._name(place, None, listing.hollow[place], Stays.LAST_GOOD)
        for name in gone:
            kept = renamed or name in hollow or listing.is_lost(name)
            if kept and self._fall_back(name) is Stays.EVERYTHING:
                self._name(name, None, "the file can't be read", Stays.EVERYTHING)

    def _hollow_around(self, name: str, listing: FolderListing) -> str | None:
        """The hollow folder around a missing file; None if the file had no records, or was moved.

        It was moved if another file has the same content now.
        """
        before = self._before[name]
        moved = before.kept is not None and any(
            one.kept is not None and one.kept.sha256 == before.kept.sha256 for one in self.in_force.values()
        )
        return None if moved or not before.records else listing.hollow_around(name)

    def _fall_back(self, name: str) -> Stays:
        before = self._before.get(name)
        if before is None:
            return Stays.NOTHING
        path = None if before.kept is None else self._kept.path_of(before.kept)
        if before.kept is None or path is None:
            return Stays.EVERYTHING
        self.sources[name], self.in_force[name] = path, InForce.of(before.kept)
        return Stays.LAST_GOOD

    def _name(self, name: str, line: int | None, reason: str, stays: Stays) -> None:
        self.unreadable.append(UnreadableFile(_problem(_shown(name) or ".", line, reason), stays))


def _problem(file: str, line: int | None, reason: str) -> DirectoryProblem:
    return DirectoryProblem(ProblemCode.UNREADABLE_FILE, file, line, None, None, Refusal("", reason))


def _shown(name: str) -> str:
    """A file's name as text. Bytes that are not UTF-8 are replaced."""
    return os.fsencode(name).decode(errors="replace")
