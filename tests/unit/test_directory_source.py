"""The directory of a running engine: a file that can't be read leaves its last good content in force, and is named."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from adapters.files.directory_source import DirectoryFilesError, FolderDirectory
from adapters.files.kept_files import INDEX, KeptFiles
from adapters.files.signature import SETTLE_SECONDS
from engine.directory.directory import Directory
from schemas.vocabulary import ObjectKind
from tests.support.helpdesk.directory_files import SITE, jsonl
from tests.support.shortages import no_descriptors

TAB = "- kind: contract\n\tid: x\n"


def site(record_id: str, name: str) -> str:
    return f"- {{kind: site, id: {record_id}, name: {name}}}\n"


def names(directory: Directory) -> dict[str, str | None]:
    """The sites that are there, by their ids, with their names."""
    found = {f"S-{number}": directory.attached(ObjectKind.SITE, f"S-{number}") for number in range(1, 5)}
    return {record_id: one.name for record_id, one in found.items() if one is not None}


class Folder:
    """A folder of three files beside a data folder, and what is read of it. Time stands still."""

    def __init__(self, root: Path) -> None:
        self.path = root / "directory"
        self.kept = root / "data" / "last-good-directory"
        self.told: list[list[str]] = []
        self.during_pause: Callable[[], None] = lambda: None
        self.now = 0.0
        (self.path / "sub").mkdir(parents=True)
        self.write("a.yaml", site("S-1", "One"))
        self.write("b.jsonl", jsonl(SITE | {"id": "S-2", "name": "Two"}))
        self.write("sub/c.yaml", site("S-3", "Three"))

    def start(self, path: Path | None = None, removes_many: bool = True) -> FolderDirectory:
        """With so few records, each one that goes is more than a fifth of them."""
        where, kept = path or self.path, KeptFiles(self.kept, path or self.path)
        return FolderDirectory(where, kept, self._tell, self._pause, lambda: self.now, removes_many=removes_many)

    def _tell(self, source: FolderDirectory) -> None:
        self.told.append([str(one) for one in source.unreadable])

    def _pause(self, seconds: float) -> None:
        assert seconds == SETTLE_SECONDS
        self.during_pause()

    def write(self, name: str, content: str | bytes) -> None:
        (self.path / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def break_it(self, name: str = "a.yaml") -> None:
        """As an editor does that writes a tab."""
        with (self.path / name).open("a") as file:
            file.write(TAB)


ALL = {"S-1": "One", "S-2": "Two", "S-3": "Three"}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


# --- while it runs


def test_a_broken_file_leaves_its_last_good_content_in_force_and_is_named(folder: Folder) -> None:
    source = folder.start()
    assert names(source.current()) == ALL
    folder.break_it()
    assert names(source.current()) == ALL
    (said,) = folder.told[-1]
    assert said.startswith("a.yaml:3: this is not YAML: ")
    assert said.endswith("; its last good content stays in force")
    assert source.problems["unreadable_file"] == 1


def in_its_place(make: Callable[[Path], None]) -> Callable[[Folder], None]:
    """Something else lies where the file was."""

    def spoil(folder: Folder) -> None:
        file = folder.path / "sub/c.yaml"
        file.unlink()
        make(file)

    return spoil


def unmount(folder: Folder) -> None:
    shutil.rmtree(folder.path)
    folder.path.mkdir()


def move_away(folder: Folder) -> None:
    folder.path.rename(folder.path.with_name("moved"))


def replace_sub_by_link(folder: Folder) -> None:
    shutil.rmtree(folder.path / "sub")
    (folder.path / "sub").symlink_to("not-mounted")


def filled_with(content: bytes) -> Callable[[Folder], None]:
    return lambda folder: folder.write("sub/c.yaml", content)


SPOILS: dict[str, Callable[[Folder], None]] = {
    "a tab": lambda folder: folder.break_it("sub/c.yaml"),
    "Windows-1252": filled_with(site("S-3", "Trois frères").encode("cp1252")),
    "UTF-16": filled_with(site("S-3", "Three").encode("utf-16")),
    "cut off": filled_with(site("S-3", "Three").encode()[:20]),
    "cut off within its last line, and YAML still": filled_with(site("S-3", "Three")[:-1].encode()),
    "NUL bytes": filled_with(bytes(100)),
    "emptied": filled_with(b""),
    "blanked": filled_with(b"\xef\xbb\xbf\n \n"),
    "comments alone, as where it is cut off behind its head": filled_with(b"# Sites\n\n# of Lyon\n"),
    "null": filled_with(b"---\nnull\n"),
    "two records without a dash between them": filled_with(
        b"- kind: site\n  id: S-3\n  name: Three\n  kind: site\n  id: S-4\n"
    ),
    "a text": filled_with(b"see c2.yaml"),
    "a pipe": in_its_place(os.mkfifo),
    "a link to nothing": in_its_place(lambda file: file.symlink_to("gone")),
    "a link in a circle": in_its_place(lambda file: file.symlink_to(file.name)),
    "a folder of its name, as a mount makes one": in_its_place(Path.mkdir),
    "a volume below that is not mounted": lambda folder: (folder.path / "sub/c.yaml").unlink(),
    "a folder below that is a link to nothing": replace_sub_by_link,
    "a device": in_its_place(lambda file: file.symlink_to("/dev/zero")),
    "a huge file": lambda folder: os.truncate(folder.path / "sub/c.yaml", 1 << 40),
    "a folder that is not there for a moment": move_away,
    "a volume that is not mounted": unmount,
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_whatever_is_wrong_nothing_is_lost_while_it_runs_and_over_a_restart(
    folder: Folder, spoil: Callable[[Folder], None]
) -> None:
    source = folder.start()
    spoil(folder)
    assert names(source.current()) == ALL
    assert len(folder.told[-1]) == 1
    assert names(source.beside().current()) == ALL
    assert names(folder.start().current()) == ALL
    assert folder.told[-1] == folder.told[-2]


def test_a_folder_below_that_cannot_be_listed_keeps_its_files(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    listing, lost = os.scandir, str(folder.path / "sub")

    def scandir(path: str) -> object:
        # Root may list every folder, so the refusal is made here.
        if str(path) == lost:
            raise PermissionError(errno.EACCES, "Permission denied", lost)
        return listing(path)

    source = folder.start()
    with monkeypatch.context() as patched:
        patched.setattr("os.scandir", scandir)
        assert names(source.current()) == ALL
        assert folder.told[-1] == [
            "sub: the folder can't be read: Permission denied; its last good content stays in force"
        ]
        assert names(folder.start().current()) == ALL
    assert names(source.current()) == ALL
    assert folder.told[-1] == []


def test_mended_it_is_used_and_nothing_is_said_any_more(folder: Folder) -> None:
    source = folder.start()
    folder.break_it()
    source.current()
    folder.write("a.yaml", site("S-1", "Uno"))
    assert names(source.current())["S-1"] == "Uno"
    assert folder.told[-1] == []


def test_the_former_content_put_back_is_good(folder: Folder) -> None:
    source = folder.start()
    before = (folder.path / "a.yaml").read_bytes()
    folder.break_it()
    source.current()
    folder.write("a.yaml", before)
    assert names(source.current()) == ALL
    assert folder.told[-1] == []


def test_changes_of_other_files_are_taken_up_meanwhile(folder: Folder) -> None:
    source = folder.start()
    folder.break_it()
    folder.write("b.jsonl", jsonl(SITE | {"id": "S-2", "name": "Due"}, SITE | {"id": "S-4", "name": "Quattro"}))
    shutil.rmtree(folder.path / "sub")
    for directory in (source.current(), source.beside().current(), folder.start().current()):
        assert names(directory) == {"S-1": "One", "S-2": "Due", "S-4": "Quattro"}


@pytest.mark.parametrize(("other", "wins"), [("0.yaml", "One"), ("z.yaml", "Moved")])
def test_a_record_that_moved_out_of_a_broken_file_stands_twice_and_the_later_path_wins(
    folder: Folder, other: str, wins: str
) -> None:
    source = folder.start()
    folder.break_it()
    folder.write(other, site("S-1", "Moved"))
    assert names(source.current())["S-1"] == wins
    assert source.problems["duplicate"] == 1
    assert names(folder.start().current())["S-1"] == wins


def test_a_file_that_is_deleted_takes_its_records_with_it(folder: Folder) -> None:
    source = folder.start()
    (folder.path / "a.yaml").unlink()
    assert names(source.current()) == {"S-2": "Two", "S-3": "Three"}
    assert folder.told[-1] == []
    assert "S-1" not in names(folder.start().current())


@pytest.mark.parametrize("edit", ["moved", "removed", "removed behind", "turned into a folder", "deeper"])
def test_a_folder_that_holds_nothing_any_more_is_let_go_where_that_is_meant(folder: Folder, edit: str) -> None:
    source, sub = folder.start(), folder.path / "sub"
    left = {"S-1": "One", "S-2": "Two"}
    if edit == "moved":
        (sub / "c.yaml").rename(folder.path / "c.yaml")
        left = ALL
    elif edit == "removed":
        shutil.rmtree(sub)
    elif edit == "removed behind":
        (sub / "c.yaml").unlink()
        source.current()
        (reason,) = folder.told[-1]
        assert reason.startswith("sub: this folder holds no file with records any more")
        sub.rmdir()
    elif edit == "turned into a folder":
        (sub / "c.yaml").unlink()
        (sub / "c.yaml").mkdir()
        folder.write("sub/c.yaml/new.yaml", site("S-3", "Drei"))
        left = ALL | {"S-3": "Drei"}
    else:
        (sub / "more").mkdir()
        (sub / "c.yaml").unlink()
        folder.write("sub/more/d.yaml", site("S-4", "Four"))
        left = left | {"S-4": "Four"}
    assert names(source.current()) == left
    assert folder.told[-1] == []
    read = len(folder.told)
    assert names(source.current()) == left
    assert names(folder.start().current()) == left
    assert len(folder.told) <= read + 2


def test_an_empty_list_takes_its_records_away_too(folder: Folder) -> None:
    source = folder.start()
    folder.write("a.yaml", "[]\n")
    assert "S-1" not in names(source.current())
    folder.write("a.yaml", "")
    assert "S-1" not in names(source.current())
    assert folder.told == [[], [], []], "an empty file that held nothing is no fault"


def test_all_files_are_gone_for_good_where_one_says_so(folder: Folder) -> None:
    source = folder.start()
    (folder.path / "b.jsonl").unlink()
    shutil.rmtree(folder.path / "sub")
    folder.write("a.yaml", "[]\n")
    assert names(source.current()) == {}
    assert folder.told[-1] == []


def test_a_broken_file_that_is_deleted_is_no_fault_any_more(folder: Folder) -> None:
    source = folder.start()
    folder.break_it()
    source.current()
    (folder.path / "a.yaml").unlink()
    assert "S-1" not in names(source.current())
    assert folder.told[-1] == []


def test_a_file_that_could_never_be_read_holds_nothing_up(folder: Folder) -> None:
    source = folder.start()
    folder.write("new.yaml", TAB)
    folder.write("b.jsonl", jsonl(SITE | {"id": "S-2", "name": "Due"}))
    assert names(source.current()) == ALL | {"S-2": "Due"}
    (said,) = folder.told[-1]
    assert said.startswith("new.yaml:2: ")
    assert said.endswith(
        "; it could never be read, so nothing of it is in force; meanwhile no file that is gone loses its records"
    )
    assert names(folder.start().current()) == ALL | {"S-2": "Due"}


def test_a_file_that_was_renamed_and_broken_in_one_step_loses_nothing(folder: Folder) -> None:
    source = folder.start()
    (folder.path / "a.yaml").rename(folder.path / "sites.yaml")
    folder.break_it("sites.yaml")
    assert names(source.current()) == ALL
    assert names(folder.start().current()) == ALL
    folder.write("sites.yaml", site("S-1", "Uno"))
    assert names(source.current()) == ALL | {"S-1": "Uno"}
    (folder.path / "sites.yaml").unlink()
    assert "S-1" not in names(source.current())


def test_a_file_that_never_ended_its_last_line_need_not(folder: Folder) -> None:
    folder.write("a.yaml", site("S-1", "One").rstrip())
    source = folder.start()
    folder.write("a.yaml", site("S-1", "Uno").rstrip())
    assert names(source.current()) == ALL | {"S-1": "Uno"}
    assert folder.told[-1] == []


def test_a_wrong_record_in_a_readable_file_is_not_the_files_fault(folder: Folder) -> None:
    source = folder.start()
    folder.write("a.yaml", "- {kind: site, id: S-1, contacts: 7}\n" + site("S-4", "Four"))
    assert names(source.current()) == {"S-2": "Two", "S-3": "Three", "S-4": "Four"}
    assert (folder.told[-1], source.problems["bad_record"]) == ([], 1)


# --- when it is read


def test_nothing_is_read_where_nothing_changed(folder: Folder) -> None:
    source = folder.start()
    directory = source.current()
    folder.break_it()
    broken = source.current()
    assert broken is not directory
    assert source.current() is broken
    assert len(folder.told) == 2


def test_a_file_that_is_being_written_is_waited_for(folder: Folder) -> None:
    source = folder.start()
    rest = ["S-1, ", "name: Uno", "}\n"]

    def write_on() -> None:
        if rest:
            with (folder.path / "a.yaml").open("a") as file:
                file.write(rest.pop(0))

    folder.write("a.yaml", "- {kind: site, id: ")
    folder.during_pause = write_on
    assert names(source.current())["S-1"] == "Uno"


def test_one_that_never_stands_still_changes_nothing_and_holds_nothing_up(folder: Folder) -> None:
    source = folder.start()
    before, folder.during_pause = source.current(), folder.break_it
    folder.break_it()
    assert source.current() is before
    folder.during_pause = lambda: None
    assert source.current() is not before


def test_what_changed_while_it_was_read_is_read_again(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    source = folder.start()
    before = source.current()
    folder.write("a.yaml", site("S-1", "Half"))
    copy = KeptFiles.copy

    def change_then_copy(self: KeptFiles, file: Path, within: Path) -> str:
        folder.write("a.yaml", site("S-1", "Whole"))
        return copy(self, file, within)

    with monkeypatch.context() as patched:
        patched.setattr(KeptFiles, "copy", change_then_copy)
        assert source.current() is before
    assert names(source.current())["S-1"] == "Whole"
    folder.break_it()
    assert names(folder.start().current())["S-1"] == "Whole"


@pytest.mark.parametrize("moment", [0, 1_000_000_000, None])
def test_a_change_is_seen_whatever_the_clock_says(folder: Folder, moment: int | None) -> None:
    """Of the same size, and written in the past, or at the very same time."""
    file = folder.path / "a.yaml"
    source = folder.start()
    before = file.stat().st_mtime_ns
    folder.write("a.yaml", site("S-1", "Eno"))
    stamp = before if moment is None else moment
    os.utime(file, ns=(stamp, stamp))
    assert names(source.current())["S-1"] == "Eno"


# --- at a start


def test_a_start_without_a_last_good_state_names_file_line_and_what_to_do(folder: Folder) -> None:
    folder.break_it()
    folder.write("b.jsonl", b'{"kind":')
    with pytest.raises(DirectoryFilesError) as raised:
        folder.start()
    first, second, advice = str(raised.value).splitlines()
    assert first.startswith(f"{folder.path}/a.yaml:3: this is not YAML: ")
    assert second.startswith(f"{folder.path}/b.jsonl:1: this line is not JSON, perhaps it was cut off: ")
    assert "mend them" in advice
    assert str(folder.kept) in advice
    assert folder.told == []


def damage(folder: Folder) -> None:
    for path in folder.kept.iterdir():
        if path.name != INDEX:
            path.write_bytes(b"damaged")


@pytest.mark.parametrize(
    "spoil", [damage, lambda folder: (folder.kept / INDEX).unlink(), lambda folder: shutil.rmtree(folder.kept)]
)
def test_a_damaged_state_is_none(folder: Folder, spoil: Callable[[Folder], None]) -> None:
    folder.start()
    folder.break_it()
    spoil(folder)
    with pytest.raises(DirectoryFilesError, match=r"a\.yaml:3"):
        folder.start()
    folder.write("a.yaml", site("S-1", "One"))
    assert names(folder.start().current()) == ALL


def test_a_state_of_another_folder_is_none(folder: Folder) -> None:
    folder.start()
    other = folder.path.with_name("other")
    shutil.copytree(folder.path, other)
    (other / "a.yaml").write_text(TAB)
    with pytest.raises(DirectoryFilesError, match=r"a\.yaml:2"):
        folder.start(other)


def test_a_folder_that_is_not_there_is_an_error_of_the_system(folder: Folder) -> None:
    with pytest.raises(FileNotFoundError):
        folder.start(folder.path.with_name("nowhere"))


def test_an_empty_folder_is_a_directory_without_records(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert len(folder.start(tmp_path / "new").current()) == 0
    assert folder.told == [[]]


def test_one_file_may_be_the_directory(folder: Folder) -> None:
    file = folder.path / "a.yaml"
    source = folder.start(file)
    folder.break_it()
    assert names(source.current()) == {"S-1": "One"}
    assert len(folder.told[-1]) == 1
    file.unlink()
    assert names(source.current()) == {"S-1": "One"}
    assert names(folder.start(file).current()) == {"S-1": "One"}


# --- the copies


class FullDisk:
    """Nothing can be written into the kept folder while it is full."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.is_full = True
        self.copy, self.commit = KeptFiles.copy, KeptFiles.commit
        patched.setattr("os.fsync", self)

    def __call__(self, _handle: int) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_on_a_full_disk_it_works_by_what_it_has_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    source = folder.start()
    FullDisk(monkeypatch)
    folder.write("a.yaml", site("S-1", "Uno"))
    assert names(source.current())["S-1"] == "Uno"
    folder.break_it()
    folder.write("b.jsonl", jsonl(SITE | {"id": "S-2", "name": "Due"}))
    # No copy says what the broken file held, so the directory stays as it was as a whole.
    assert names(source.current()) == ALL | {"S-1": "Uno"}
    (said,) = folder.told[-1]
    assert said.endswith("; no good copy of it is kept, so the whole directory stays as it was")
    folder.now = 60.0
    for _ in range(3):
        source.current()
    assert len(folder.told) == 4, "it is looked at again once in a minute, not with each batch"
    with pytest.raises(DirectoryFilesError):
        folder.start()
    folder.write("a.yaml", site("S-1", "Eins"))
    assert names(source.current()) == ALL | {"S-1": "Eins", "S-2": "Due"}
    assert folder.told[-1] == []


def test_with_space_again_it_is_kept_within_a_minute(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(monkeypatch)
    source = folder.start()
    disk.is_full = False
    folder.now = 59.0
    source.current()
    assert KeptFiles(folder.kept, folder.path).files() == {}
    folder.now = 60.0
    assert names(source.current()) == ALL
    assert sorted(KeptFiles(folder.kept, folder.path).files()) == ["a.yaml", "b.jsonl", "sub/c.yaml"]
    folder.break_it()
    assert names(folder.start().current()) == ALL


def test_a_copy_that_was_damaged_meanwhile_holds_the_whole_directory(folder: Folder) -> None:
    source = folder.start()
    damage(folder)
    folder.break_it()
    assert names(source.current()) == ALL
    assert "the whole directory stays as it was" in folder.told[-1][0]
    folder.write("a.yaml", site("S-1", "Uno"))
    assert names(source.current()) == ALL | {"S-1": "Uno"}
    # What was changed is kept anew; what was not is still damaged, and a start says so.
    folder.write("a.yaml", site("S-1", "Due") + TAB)
    assert names(source.current()) == ALL | {"S-1": "Uno"}


def test_the_data_folder_may_lie_below_the_directory(folder: Folder) -> None:
    data = folder.path / "data"
    folder.kept = data / "last-good-directory"
    source = folder.start()
    (data / "health.json").write_text("{}")
    for _ in range(3):
        assert names(source.current()) == ALL
        (data / "health.json").write_text(f"[{len(folder.told)}]")
    assert len(folder.told) == 1
    folder.break_it()
    assert names(source.current()) == ALL
    assert names(folder.start().current()) == ALL


def test_it_does_not_grow_with_the_changes(folder: Folder) -> None:
    source = folder.start()
    for number in range(5):
        folder.write("a.yaml", site("S-1", f"N{number}"))
        source.current()
    assert len(list(folder.kept.iterdir())) == 4


@pytest.fixture
def many(tmp_path: Path) -> Folder:
    """A folder with ten more sites, in a file of their own."""
    made = Folder(tmp_path)
    made.write("many.yaml", sites(range(10)))
    return made


def sites(numbers: Iterable[int]) -> str:
    return "".join(site(f"M-{number}", "Many") for number in numbers)


def count(source: FolderDirectory) -> int:
    return source.current().counts()["site"]


HELD = (
    ".: {} of 13 sites would go, which is more than a fifth of a kind: put them back, or start with --remove-many to "
)
HELD += "have them removed; the whole directory stays as it was"


@pytest.mark.parametrize("gone", [3, 9, 10])
def test_a_change_that_takes_away_more_than_a_fifth_of_a_kind_is_held(many: Folder, gone: int) -> None:
    source = many.start(removes_many=False)
    many.write("many.yaml", sites(range(gone, 10)) or "[]\n")
    many.write("a.yaml", site("S-1", "New name"))
    assert count(source) == 13
    assert many.told[-1] == [HELD.format(gone)]
    assert names(source.current())["S-1"] == "One"
    many.write("many.yaml", sites(range(2, 10)))
    assert count(source) == 11
    assert names(source.current())["S-1"] == "New name"
    assert many.told[-1] == []


def test_it_is_held_over_a_restart_too_until_one_says_so(many: Folder) -> None:
    many.start(removes_many=False)
    (many.path / "many.yaml").unlink()
    for _ in range(2):
        assert count(many.start(removes_many=False)) == 13
        assert many.told[-1] == [HELD.format(10)]
    assert count(many.start(removes_many=True)) == 3
    assert count(many.start(removes_many=False)) == 3
    assert many.told[-1] == []


def test_what_moves_to_another_file_does_not_go(many: Folder) -> None:
    source = many.start(removes_many=False)
    (many.path / "many.yaml").rename(many.path / "moved.yaml")
    assert count(source) == 13
    assert many.told[-1] == []


def test_what_can_not_be_read_does_not_go(many: Folder) -> None:
    source = many.start(removes_many=False)
    many.write("many.yaml", "".join(f"- {{kind: site, id: M-{number}, name: [1]}}\n" for number in range(10)))
    assert count(source) == 3
    assert source.current().is_unreadable("site", "M-0")
    assert many.told[-1] == []


def test_without_the_limit_all_of_it_goes(many: Folder) -> None:
    source = many.start(removes_many=True)
    (many.path / "many.yaml").unlink()
    assert count(source) == 3


# --- where the process has no file descriptors left


@pytest.mark.parametrize("is_changed", [False, True])
def test_want_of_descriptors_leaves_all_in_force_until_there_are_some(folder: Folder, is_changed: bool) -> None:
    source = folder.start()
    if is_changed:
        folder.write("a.yaml", site("S-1", "Other"))
    with no_descriptors():
        assert [names(source.current()) for _ in range(3)] == [ALL] * 3
    assert (len(folder.told), source.problems) == (2, {})
    (unseen,) = folder.told[-1]
    assert "run out of file descriptors" in unseen
    assert names(source.current())["S-1"] == ("Other" if is_changed else "One")
    assert source.unreadable == []
    assert source.problems == {}


def test_a_fault_that_was_named_before_is_named_after_it_too(folder: Folder) -> None:
    source = folder.start()
    folder.break_it()
    source.current()
    before = folder.told[-1]
    with no_descriptors():
        source.current()
    assert len(folder.told[-1]) == 2
    source.current()
    assert folder.told[-1] == before
