"""The directory of a running engine, read from a folder that people edit meanwhile.

A change is checked as a whole before it is used. If a file can't be read, its last good content stays in force. If a
change would remove more than a fifth of the records of a kind, the whole former directory stays in force, unless the
operator has allowed it.
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
"""Seconds until the next try, if copies could not be written, for example on a full disk."""


class DirectoryFilesError(InputError, ValueError):
    """Files that can't be read at a start, and have no last good copy. `lines` name them and say what to do."""

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
        """See TocsinError. Lines are kept apart, because a file's name may contain a line break."""
        return self.lines


class FolderDirectory:
    """A DirectorySource on a folder. It reads the folder again when a file in it changes. It belongs to one thread.

    `kept` keeps the last good content of each file. `on_change` is called after each reading; `unreadable` then names
    the files that can't be read. `pause` waits between two looks at files that may be half written. With
    `removes_many` a change may remove any number of records.
    """

    unnamed: Final = 0
    """See DirectoryTopic. Always 0: a file with a record without a name counts as unreadable as a whole."""

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
        """Read the folder, with the last good copies in place of files that can't be read.

        Raises DirectoryFilesError if there is no such copy, and OSError if the folder itself can't be read.
        """
        self._path = path
        self._kept = kept
        self._on_change = on_change
        self._pause = pause
        self._monotonic = monotonic
        self._removes_many = removes_many
        self.problems: Counter[str] = Counter()
        """How much was refused since the start, by code."""
        self.unreadable: list[UnreadableFile] = []
        self._in_force: Mapping[str, InForce] = {name: InForce.of(one) for name, one in kept.files().items()}
        self._told: list[UnreadableFile] = []
        self._waits = False
        """Whether a change is not read because the process has run out of file descriptors."""
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
        """A second directory with the same records, for another thread.

        In embedded mode the engine adds the sender's suppressions to the first one.
        """
        return _Beside(lambda: self._both.other)

    def _look(self) -> Signature:
        return list_folder(self._path, self._in_force).signature

    def _is_to_be_kept(self) -> bool:
        return not self._is_kept and self._monotonic() - self._read_at >= KEEP_AGAIN_SECONDS

    def _first(self) -> Signature:
        settled(self._look, self._pause)
        # If a file changes during this reading, the first call of `current` sees it, before any decision.
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
        # No folder with files has an empty signature, so that the next look reads the folder again.
        return () if loading.log.counts[ProblemCode.UNREADABLE_FILE] else listing.signature

    def _read_anew(self) -> None:
        self._read_at = self._monotonic()
        signature, listing = settled(self._look, self._pause), list_folder(self._path, self._in_force)
        if signature != listing.signature:
            log.info("directory_unsettled")
            return
        review = Review(listing, self._in_force, self._kept)
        loading = _load(review.sources)
        # Only if nothing changed during the reading does all of it belong to one version.
        if self._look() != signature or loading.log.counts[ProblemCode.UNREADABLE_FILE]:
            log.info("directory_unsettled")
            return
        self._seen = signature
        # Compare with `other`, which has the records of the files alone. In embedded mode `one` has suppressions too.
        gone = {} if self._removes_many else too_many_gone(self._both.other, loading.sink.one)
        if not review.is_usable:
            self._tell(review.unreadable)
        elif gone:
            self._hold(review, gone)
        else:
            self._use(review, loading)

    def _kept_state(self, review: Review) -> Loading[_Both] | None:
        """The state that was in force before this process started; None if the folder has the same content now."""
        before = {name: one.kept for name, one in self._in_force.items() if one.kept is not None}
        if not before or before == {name: one.kept for name, one in review.in_force.items()}:
            return None
        # `path_of` reads the whole copy to check it, so do this only if something has changed.
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
            # A copy is missing. Keep no index: a restart would take the older state for the last good one.
            self._kept.forget(kept.values())
            return
        try:
            self._kept.commit(kept)
        except OSError as error:
            self._is_kept = False
            log.warning("directory_not_kept", error=type(error).__name__, said=error.strerror)

    def _wait_for_descriptors(self) -> None:
        """Leave everything in force, and look at the files again later.

        Without file descriptors no file can be read, which says nothing about the files.
        """
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
    """A DirectorySource that gives a directory that FolderDirectory has read."""

    def __init__(self, read: Callable[[], Directory]) -> None:
        self._read = read

    def current(self) -> Directory:
        return self._read()


class _Both:
    """A sink that feeds two equal directories, one for each thread."""

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
