"""The directory of a running engine, out of a folder that people edit meanwhile.

A change is checked as a whole, then used. Where a file can't be read, its last good content stays in force; where more
than a fifth of a kind of record would go, all of it does, unless one says so.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import structlog

from adapters.collector import collector_off
from adapters.files.directory_folder import Loading
from adapters.files.directory_problems import ProblemCode
from adapters.files.folder_listing import in_order, list_folder
from adapters.files.folder_review import InForce, Review, UnreadableFile, removal, unseen
from adapters.files.kept_files import KeptFiles
from adapters.files.shortage import ADVICE, runs_short
from adapters.files.signature import Signature, settled
from engine.directory.directory import Directory
from engine.directory.removals import too_many_gone
from engine.ports import DirectorySource
from schemas.directory import Record, SuppressionRecord
from schemas.errors import InputError
from schemas.refusal import Refusal

log = structlog.get_logger()

KEEP_AGAIN_SECONDS: Final = 60.0
"""After which what could not be kept, as on a full disk, is kept again."""


class DirectoryFilesError(InputError, ValueError):
    """Files that can't be read at a start for which no last good state is kept. `lines` say which, and what to do."""

    def __init__(self, folder: Path, unreadable: list[UnreadableFile], kept: Path) -> None:
        places = [f"{folder / str(one.problem)}" for one in unreadable]
        advice = (
            f"No last good state of {folder} is kept in {kept}, so nobody knows what these files would say: mend them "
            "(an older copy, an editor's backup), or take them out of the folder to start without their records."
        )
        self.lines = (*places, advice)
        super().__init__("\n".join(self.lines))

    @property
    def told(self) -> tuple[str, ...]:
        """See TocsinError. A file's name may hold a line break."""
        return self.lines


class FolderDirectory:
    """A DirectorySource on a folder: read anew where a file in it changed. It belongs to one thread.

    `kept` keeps the last good content of each file. `on_change` is called after each reading: `unreadable` then names
    the files that can't be read. `pause` waits between two looks at files that are perhaps being written. With
    `removes_many` a change may take away any number of records.
    """

    unnamed: Final = 0
    """See DirectoryTopic: a file with a record that has no name can't be read as a whole."""

    def __init__(
        self,
        path: Path,
        kept: KeptFiles,
        on_change: Callable[[FolderDirectory], None],
        pause: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        removes_many: bool = False,
    ) -> None:
        """Read the folder, with what was kept in place of what can't be read.

        Raises DirectoryFilesError where nothing good is kept of that, and OSError where it is the folder itself.
        """
        self._path = path
        self._kept = kept
        self._on_change = on_change
        self._pause = pause
        self._monotonic = monotonic
        self._removes_many = removes_many
        self.problems: Counter[str] = Counter()
        """What was refused since the start, by code."""
        self.unreadable: list[UnreadableFile] = []
        self._in_force: Mapping[str, InForce] = {name: InForce.of(one) for name, one in kept.files().items()}
        self._told: list[UnreadableFile] = []
        self._waits = False
        """Whether what changed waits until there are file descriptors again."""
        self._both = _Both()
        self._is_kept, self._read_at = False, monotonic()
        self._seen = self._first()

    def current(self) -> Directory:
        """See engine.ports.DirectorySource."""
        if self._look() != self._seen or self._is_to_be_kept():
            if runs_short():
                self._wait_for_descriptors()
                return self._both.one
            self._read_anew()
        if self._waits:
            self._waits = False
            self._name(self._told)
        return self._both.one

    def beside(self) -> DirectorySource:
        """What was read last, once more: for another thread, which must not meet what is added to this one's."""
        return _Beside(lambda: self._both.other)

    def _look(self) -> Signature:
        return list_folder(self._path, self._in_force).signature

    def _is_to_be_kept(self) -> bool:
        return not self._is_kept and self._monotonic() - self._read_at >= KEEP_AGAIN_SECONDS

    def _first(self) -> Signature:
        settled(self._look, self._pause)
        # What changes while it is read is seen with the first look, before anything is decided by it.
        listing = list_folder(self._path, self._in_force)
        if listing.error is not None and not self._in_force:
            raise listing.error
        review = Review(listing, self._in_force, self._kept)
        loading = _load(review.sources)
        if not review.is_usable or (review.unreadable and not self._in_force):
            raise DirectoryFilesError(self._path, review.unreadable, self._kept.folder)
        kept = None if self._removes_many else self._kept_state(review)
        gone = {} if kept is None else too_many_gone(kept.sink.one, loading.sink.one)
        if kept is not None and gone:
            self._both, self._is_kept = kept.sink, True
            self._hold(review, gone)
        else:
            self._use(review, loading)
        return () if loading.log.counts[ProblemCode.UNREADABLE_FILE] else listing.signature

    def _read_anew(self) -> None:
        self._read_at = self._monotonic()
        signature, listing = settled(self._look, self._pause), list_folder(self._path, self._in_force)
        if signature != listing.signature:
            log.info("directory_unsettled")
            return
        review = Review(listing, self._in_force, self._kept)
        loading = _load(review.sources)
        # What was read is of one version only where nothing changed meanwhile.
        if self._look() != signature or loading.log.counts[ProblemCode.UNREADABLE_FILE]:
            log.info("directory_unsettled")
            return
        self._seen = signature
        gone = {} if self._removes_many else too_many_gone(self._both.other, loading.sink.one)
        if not review.is_usable:
            self._tell(review.unreadable)
        elif gone:
            self._hold(review, gone)
        else:
            self._use(review, loading)

    def _kept_state(self, review: Review) -> Loading[_Both] | None:
        """What was in force before this process, where something else would be now."""
        before = {name: one.kept for name, one in self._in_force.items() if one.kept is not None}
        if not before or before == {name: one.kept for name, one in review.in_force.items()}:
            return None
        # To find a copy is to read it whole: only now.
        sources = {name: path for name, kept in before.items() if (path := self._kept.path_of(kept)) is not None}
        return _load(sources) if len(sources) == len(before) else None

    def _hold(self, review: Review, gone: Mapping[str, tuple[int, int]]) -> None:
        self._tell([*review.unreadable, removal(gone)])

    def _use(self, review: Review, loading: Loading[_Both]) -> None:
        self._both, self._in_force = loading.sink, review.in_force
        counts = {str(code): number for code, number in loading.log.counts.items()}
        self.problems.update(counts)
        self._keep(review)
        log.info("directory_loaded", records=loading.records, problems=counts)
        for problem in loading.log.kept:
            log.warning("directory_problem", problem=str(problem))
        self._tell(review.unreadable)

    def _keep(self, review: Review) -> None:
        self._is_kept = review.is_kept
        kept = {name: one.kept for name, one in review.in_force.items() if one.kept is not None}
        if not self._is_kept:
            self._kept.forget(kept.values())
            return
        try:
            self._kept.commit(kept)
        except OSError as error:
            self._is_kept = False
            log.warning("directory_not_kept", error=type(error).__name__, said=error.strerror)

    def _wait_for_descriptors(self) -> None:
        """Leave all in force, since what can't be read now says nothing of the files; they are looked at again."""
        if not self._waits:
            self._waits = True
            log.warning("directory_unseen", said=ADVICE)
            self._name([*self._told, unseen(ADVICE)])

    def _tell(self, unreadable: list[UnreadableFile]) -> None:
        self._told = unreadable
        for one in unreadable:
            self.problems[ProblemCode.UNREADABLE_FILE] += 1
            log.warning("directory_file_unreadable", problem=str(one.problem), stays=str(one.stays))
        self._name(unreadable)

    def _name(self, unreadable: list[UnreadableFile]) -> None:
        self.unreadable = unreadable
        self._on_change(self)


class _Beside:
    """A DirectorySource that gives what somebody else has read."""

    def __init__(self, read: Callable[[], Directory]) -> None:
        self._read = read

    def current(self) -> Directory:
        return self._read()


class _Both:
    """A sink that feeds two directories."""

    def __init__(self) -> None:
        self.one = Directory()
        self.other = Directory()

    def knows(self, kind: str, record_id: str) -> bool:
        return self.one.knows(kind, record_id)

    def apply(self, record: Record) -> list[Refusal]:
        self.other.apply(record)
        return self.one.apply(record)

    def mark_unreadable(self, kind: str, record_id: str, held: SuppressionRecord | None = None) -> None:
        self.other.mark_unreadable(kind, record_id, held)
        self.one.mark_unreadable(kind, record_id, held)


def _load(sources: Mapping[str, Path]) -> Loading[_Both]:
    loading = Loading(_Both())
    with collector_off():
        for name in in_order(sources):
            loading.read(sources[name], name)
    return loading
