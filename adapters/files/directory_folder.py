"""Loads a directory from a folder of YAML and JSONL files: it uses what it can read, and names what it can't."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from msgspec import Struct

from adapters.collector import collector_off
from adapters.files.directory_problems import DirectoryProblem, ProblemCode, ProblemLog
from adapters.files.jsonl_records import lines_of_file, name_on, record_on
from adapters.files.opening import leads_out, open_regular, outside
from adapters.files.slips import Slip, beside, keys_in_refused, keys_on_refused, slips_in, slips_on_line
from adapters.files.yaml_records import YamlFaultError, yaml_records, yaml_text
from engine.directory.directory import Directory
from schemas.directory import Record, SuppressionRecord, part_code, record_from_data, record_kind, widest_suppression
from schemas.reading import IDENTIFIER_LENGTH
from schemas.refusal import Refusal, RefusedError

JSONL: Final = ".jsonl"
_YAML: Final = (".yaml", ".yml")
_SCHEMA: Final = ".schema.json"
"""Schemas that editors read lie beside the files; they are no data."""
_TEXT: Final = ".txt"
_LIKELY_MEANT: Final = (".json", ".ndjson", ".jsonlines", ".csv", ".gz", ".zip")

_NO_NAME: Final = (None, None)

Places = dict[tuple[str, str], tuple[str, int]]
"""By kind and id of a record, its file (the path below the folder) and line."""

Place = Callable[[Sequence[str | int], bool], tuple[int, int]]
"""See YamlRecord.place."""


class LoadedDirectory(Struct, frozen=True):
    """A directory, and the problems of its files: the first 1,000 of each code, and the number of all.

    `records` counts the records that were applied; a record that is there twice counts twice. `places` says where each
    stands, where that was asked for.
    """

    directory: Directory
    problems: list[DirectoryProblem]
    problem_counts: Mapping[ProblemCode, int]
    records: int
    places: Places = {}

    @property
    def is_complete(self) -> bool:
        """Whether everything that the files say is in use: there are no problems, or only warnings."""
        return all(code.is_warning for code in self.problem_counts)


def load_directory(path: Path, with_places: bool = False) -> LoadedDirectory:
    """Load every `.yaml`, `.yml` and `.jsonl` file below a folder, or one such file, in the order of their paths.

    A YAML file holds a list of records, or one record in each document. If two records have the same kind and id, the
    later one counts. Hidden files and folders are left out, and so is `lost+found`. Raises OSError if `path` itself
    can't be opened.
    """
    directory = Directory()
    places: Places | None = {} if with_places else None
    loading = read_into(directory, path, places)
    counts = dict(loading.log.counts)
    return LoadedDirectory(directory, loading.log.kept, counts, loading.records, places or {})


def read_into(sink: S, path: Path, places: Places | None = None) -> Loading[S]:
    """Read the same files as `load_directory` into `sink`, and where each record stands into `places`.

    Raises OSError if `path` itself can't be opened.
    """
    loading = Loading(sink, places)
    with collector_off():
        if path.is_dir():
            for file in files_below(path, loading.lose_folder):
                loading.read(file, file.relative_to(path).as_posix())
        else:
            open_regular(path, path.parent).close()
            loading.read(path, path.name)
    return loading


def files_below(folder: Path, on_error: Callable[[Path, OSError], None]) -> list[Path]:
    """All files below a folder that are not hidden, in the order of their paths.

    Links are followed, but no folder is read twice. `on_error` is called for folders that can't be read, and for links
    that lead out of `folder`. Raises OSError if `folder` itself can't be read.
    """

    def is_followed(below: Path) -> bool:
        if not leads_out(below, folder):
            return _is_new(below, seen)
        on_error(below.relative_to(folder), outside(folder, below))
        return False

    def complain(error: OSError) -> None:
        below = Path(error.filename)
        if below == folder:
            raise error
        on_error(below.relative_to(folder), error)

    files: list[Path] = []
    seen = {folder.resolve()}
    for below, folders, names in os.walk(folder, onerror=complain, followlinks=True):
        # `os.walk` goes only into the folders that stay in its list. A link may lead to a folder above it, for ever.
        folders[:] = [one for one in sorted(folders) if not _is_hidden(one) and is_followed(Path(below, one))]
        files += [Path(below, name) for name in names if not _is_hidden(name)]
    return sorted(files, key=lambda file: file.relative_to(folder).parts)


def is_read(name: str) -> bool:
    """Whether a file with this name holds records, by its ending."""
    return Path(name).suffix.lower() in (JSONL, *_YAML)


def _is_likely_meant(name: str, ending: str) -> bool:
    """Whether somebody may believe that this unread file is read, for example `contacts.yaml.txt`."""
    if ending == _TEXT:
        return is_read(Path(name).stem)
    return (ending in _LIKELY_MEANT and not name.lower().endswith(_SCHEMA)) or is_read(name.rstrip())


def _is_hidden(name: str) -> bool:
    # The files of a mounted ConfigMap are links into a hidden folder: without this rule each would be read twice.
    # `lost+found` is at the root of a volume, and only root may list it.
    return name.startswith(".") or name == "lost+found"


def _is_new(folder: Path, seen: set[Path]) -> bool:
    target = folder.resolve()
    if target in seen:
        return False
    seen.add(target)
    return True


class Sink(Protocol):
    """What takes the records in, one by one: a Directory, or something that keeps them as they are."""

    def knows(self, kind: str, record_id: str) -> bool:
        """See Directory."""
        ...

    def apply(self, record: Record) -> list[Refusal]:
        """See Directory."""
        ...

    def mark_unreadable(self, kind: str, record_id: str, held: SuppressionRecord | None = None) -> None:
        """See Directory."""
        ...


S = TypeVar("S", bound=Sink)


class Loading(Generic[S]):
    """A reading of files into a sink, with the problems found so far."""

    def __init__(self, sink: S, places: Places | None = None) -> None:
        self.sink = sink
        self._places = places
        self.log = ProblemLog()
        self.records = 0

    def read(self, path: Path, name: str) -> None:
        """Read one file. Messages call it `name`, and the ending of `name` decides the format."""
        ending = Path(name).suffix.lower()
        try:
            if ending == JSONL:
                self._read_jsonl(path, name)
            elif ending in _YAML:
                self._read_yaml(path, name)
            elif _is_likely_meant(name, ending):
                reason = (
                    "only .yaml, .yml and .jsonl files (one JSON object on each line) are read: this one is not used"
                )
                self._complain(ProblemCode.UNUSED_FILE, name, None, _NO_NAME, Refusal("", reason))
        except OSError as error:
            self._lose_file(name, None, f"the file can't be read: {error.strerror or 'input or output error'}")
        except YamlFaultError as fault:
            self._lose_file(
                name, fault.line, f"{fault.refusals[0].reason}: nothing of this document is used", fault.column
            )
        except RefusedError as fault:
            self._lose_file(name, None, fault.refusals[0].reason)

    def lose_folder(self, folder: Path, error: OSError) -> None:
        """Add a problem for a folder that can't be read."""
        self._lose_file(folder.as_posix(), None, f"the folder can't be read: {error.strerror}")

    def _lose_file(self, name: str, line: int | None, reason: str, column: int | None = None) -> None:
        self._complain(ProblemCode.UNREADABLE_FILE, name, line, _NO_NAME, Refusal("", reason), column)

    def _read_jsonl(self, path: Path, name: str) -> None:
        with lines_of_file(path, name) as lines:
            for number, line in lines:
                try:
                    record = record_on(line)
                except RefusedError as error:
                    self._refuse(name, number, name_on(line), line, error)
                    self._tell_slips(name, number, name_on(line), keys_on_refused(line))
                else:
                    self._apply(name, number, record, slips_on_line(line, record))

    def _read_yaml(self, path: Path, name: str) -> None:
        for one in yaml_records(yaml_text(path, name)):
            data: Any = None
            try:
                data = one.plain()
                record = record_from_data(data)
            except RefusedError as error:
                self._refuse(name, one.line, (one.kind, one.id), data, error)
                self._tell_slips(name, one.line, (one.kind, one.id), keys_in_refused(data), one.place)
            else:
                self._apply(name, one.line, record, slips_in(data), one.place)

    def _apply(self, file: str, line: int, record: Record, slips: list[Slip], place: Place | None = None) -> None:
        kind = record_kind(record)
        if self.sink.knows(kind, record.id):
            reason = "an earlier record has this kind and id: this one takes its place"
            self._complain(ProblemCode.DUPLICATE, file, line, (kind, record.id), Refusal("id", reason))
        refusals = self.sink.apply(record)
        for refusal in refusals:
            self._complain(ProblemCode(part_code(refusal)), file, line, (kind, record.id), refusal)
        self._tell_slips(file, line, (kind, record.id), beside(slips, refusals), place)
        self.records += 1
        if self._places is not None:
            self._places[kind, record.id] = (file, line)

    def _tell_slips(
        self,
        file: str,
        line: int,
        name: tuple[str | None, str | None],
        slips: Sequence[Slip],
        place: Place | None = None,
    ) -> None:
        places = [(line, None) if place is None else place(slip.path, slip.is_key) for slip in slips]
        for slip, (at, column) in sorted(zip(slips, places, strict=True), key=lambda one: (one[1][0], one[1][1] or 0)):
            self._complain(slip.code, file, at, name, slip.refusal, column)

    def _refuse(
        self, file: str, line: int, name: tuple[str | None, str | None], data: object, error: RefusedError
    ) -> None:
        kind, record_id = name
        # Mark it, so that no older version is used. An id that is too long can't be in the directory anyway.
        if kind is not None and record_id is not None and len(record_id) <= IDENTIFIER_LENGTH:
            held = widest_suppression(record_id, data) if kind == "suppression" else None
            self.sink.mark_unreadable(kind, record_id, held)
        for refusal in error.refusals:
            self._complain(ProblemCode.BAD_RECORD, file, line, name, refusal)

    def _complain(
        self,
        code: ProblemCode,
        file: str,
        line: int | None,
        name: tuple[str | None, str | None],
        refusal: Refusal,
        column: int | None = None,
    ) -> None:
        # A file's name may not be valid text, and the kind or id of a refused record may be very long.
        shown = os.fsencode(file).decode(errors="replace")
        kind, record_id = (None if part is None else part[:IDENTIFIER_LENGTH] for part in name)
        self.log.add(DirectoryProblem(code, shown, line, kind, record_id, _with_advice(refusal), column))


def _with_advice(refusal: Refusal) -> Refusal:
    """The refusal, with advice for the most frequent slips in files written by hand."""
    advice = ""
    if refusal.reason.startswith("expected `str") and refusal.reason.endswith(("got `int`", "got `float`")):
        advice = ": put it in quotes"
    elif refusal.reason.startswith("expected `bool") and refusal.reason.endswith("got `str`"):
        advice = ": write true or false, without quotes"
    elif refusal.reason == "invalid RFC3339 encoded date":
        advice = ": write a day as 2026-01-31"
    elif refusal.reason == "invalid RFC3339 encoded datetime":
        advice = ": write a time as 2026-01-31T09:00:00Z"
    return Refusal(refusal.field, refusal.reason + advice, refusal.value) if advice else refusal
