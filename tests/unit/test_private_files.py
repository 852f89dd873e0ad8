"""The data folder is its user's alone, whatever the umask is, and nothing is written through a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.files.kept_files import KeptFile, KeptFiles
from adapters.files.private_files import FreshFile, private_file, private_folder, write_private
from adapters.mailbox.mailbox import Mailbox
from adapters.sqlite.database import DatabaseError, open_database, transaction
from tests.support.sender.fakes import START
from tocsin.services.embedded.data_folder import sole_owner
from tocsin.services.monitoring.health_file import Health, HealthFile


@pytest.fixture(params=[0o000, 0o022, 0o277])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def modes(folder: Path) -> dict[str, int]:
    return {path.relative_to(folder.parent).as_posix(): mode(path) for path in (folder, *folder.rglob("*"))}


def health(data: Path) -> None:
    HealthFile(data).write(Health(START, "a1b2", 0, []))


def kept(data: Path) -> None:
    copies = KeptFiles(data / "last-good-directory", data.parent)
    (data.parent / "people.yaml").write_text("[]")
    (data.parent / "people.yaml").chmod(0o644)
    copies.commit({"people.yaml": KeptFile(copies.copy(data.parent / "people.yaml", data.parent), 0, True)})


def database(data: Path) -> None:
    """Open while its modes are looked at, so that SQLite's own files are there."""
    private_folder(data)
    connection = open_database(data / "tocsin.db")
    with transaction(connection):
        connection.execute("CREATE TABLE IF NOT EXISTS one (two)")
    OPEN.append(connection)


OPEN: list[object] = []


def lock(data: Path) -> None:
    with sole_owner(data):
        pass


@pytest.mark.parametrize("work", [health, kept, database, lock])
def test_all_that_is_made_is_its_owners_alone(work: Callable[[Path], None], umask: int, tmp_path: Path) -> None:
    data = tmp_path / "data"
    private_folder(data)
    work(data)
    found = modes(data)
    assert len(found) > 1
    assert {name for name, one in found.items() if one & 0o077} == set(), found
    assert all(one & 0o600 == 0o600 for one in found.values()), f"its owner may read and write: {found} ({umask:o})"
    if work is database:
        assert {"data/tocsin.db-wal", "data/tocsin.db-shm"} <= found.keys()
        OPEN.clear()


@pytest.mark.parametrize("work", [health, kept, database, lock])
def test_what_was_made_with_wider_modes_is_narrowed(work: Callable[[Path], None], tmp_path: Path) -> None:
    data = tmp_path / "data"
    private_folder(data)
    work(data)
    for path in data.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    work(data)
    assert {name for name, one in modes(data).items() if one & 0o077} == set()
    OPEN.clear()


def test_a_folder_that_is_there_keeps_its_mode_and_one_that_anybody_may_write_into_is_named(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    for wide, said in ((0o755, []), (0o770, []), (0o1777, []), (0o777, ["data_folder_open"])):
        (tmp_path / "shared").chmod(wide)
        with capture_logs() as logs:
            private_folder(tmp_path / "shared")
        assert [one["event"] for one in logs] == said
        assert mode(tmp_path / "shared") == wide


@pytest.mark.parametrize("planted", ["health.json", ".fresh"])
@pytest.mark.parametrize("target", ["victim", "nowhere"])
def test_a_link_where_a_file_is_written_is_replaced_and_not_followed(planted: str, target: str, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("untouched")
    data = tmp_path / "data"
    data.mkdir()
    (data / planted).symlink_to(tmp_path / target)
    health(data)
    assert (tmp_path / "victim").read_text() == "untouched"
    assert not (tmp_path / "nowhere").exists()
    assert not (data / "health.json").is_symlink()
    assert [path.name for path in data.iterdir()] == ["health.json"]
    (data / "control").symlink_to(tmp_path / "victim")
    (data / "control").write_text("followed")
    assert (tmp_path / "victim").read_text() == "followed", "the control: by a plain write it would be"


@pytest.mark.parametrize("name", ["tocsin.db", "tocsin.db-wal", "tocsin.db-shm"])
def test_a_database_that_is_a_link_is_refused_and_what_it_leads_to_is_left(name: str, tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"")
    (tmp_path / "victim").chmod(0o644)
    (tmp_path / name).symlink_to(tmp_path / "victim")
    with pytest.raises(DatabaseError, match="it is a link"):
        open_database(tmp_path / "tocsin.db")
    assert ((tmp_path / "victim").read_bytes(), mode(tmp_path / "victim")) == (b"", 0o644)
    (tmp_path / name).unlink()
    with closing(open_database(tmp_path / "tocsin.db")):
        pass


@pytest.mark.parametrize("put", [os.mkfifo, lambda path: Path(path).symlink_to("elsewhere")])
def test_a_lock_that_is_no_file_is_refused_at_once(put: Callable[[str], None], tmp_path: Path) -> None:
    put(str(tmp_path / "lock"))
    with pytest.raises(OSError, match=r"it is a link|no regular file"), sole_owner(tmp_path):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_can_not_be_narrowed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to somebody else: what may be read goes on."""
    file = tmp_path / "tocsin.db"
    file.touch()
    file.chmod(0o664)

    def refused(_self: Path, _mode: int) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refused)
    with capture_logs() as logs:
        private_file(file)
    assert [(one["event"], one["mode"]) for one in logs] == [("data_not_private", "0664")]


def test_what_is_not_whole_leaves_the_former_file_and_nothing_else(tmp_path: Path) -> None:
    write_private(tmp_path / "file", b"former")
    with FreshFile(tmp_path) as fresh:
        fresh.write(b"half")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"former")]


async def test_mails_that_are_kept_are_their_owners_alone(tmp_path: Path) -> None:
    async with Mailbox(tmp_path / "mail"):
        assert mode(tmp_path / "mail") == 0o700
