"""Copies of the directory's files: whole states, that a kill, a full disk or a damage never turns into others."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.files.kept_files import INDEX, LEFT_FREE_BYTES, KeptFile, KeptFiles

NAMES = ["a.yaml", "sub/b.jsonl", "déjà.yaml", "100%.yaml", os.fsdecode(b"\xff.yaml")]


def kept(root: Path, source: str = "directory") -> KeptFiles:
    return KeptFiles(root / "kept", root / source)


def keep(root: Path, contents: dict[str, bytes]) -> dict[str, KeptFile]:
    files = {}
    for name, content in contents.items():
        (root / "original").write_bytes(content)
        files[name] = KeptFile(kept(root).copy(root / "original", root), len(content), ends_line=True)
    kept(root).commit(files)
    return files


def read(root: Path, file: KeptFile) -> bytes | None:
    path = kept(root).path_of(file)
    return None if path is None else path.read_bytes()


def test_what_is_kept_is_read_back_whatever_its_name(tmp_path: Path) -> None:
    files = keep(tmp_path, {name: name.encode(errors="surrogateescape") for name in NAMES})
    assert kept(tmp_path).files() == files
    assert [read(tmp_path, files[name]) for name in NAMES] == [os.fsencode(name) for name in NAMES]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    keep(tmp_path, {"a.yaml": b"x"})
    folder = tmp_path / "kept"
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())]
    assert modes == [0o700, 0o600, 0o600]


def test_it_is_as_large_as_the_folder(tmp_path: Path) -> None:
    for number in range(5):
        keep(tmp_path, {"a.yaml": b"%d" % number, "b.yaml": b"same"})
    (tmp_path / "kept" / ".left-by-a-kill").touch()
    keep(tmp_path, {"a.yaml": b"last"})
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_it_is_the_state_of_one_folder(tmp_path: Path) -> None:
    keep(tmp_path, {"a.yaml": b"x"})
    assert kept(tmp_path, "another").files() == {}


def test_a_damaged_copy_is_none(tmp_path: Path) -> None:
    files = keep(tmp_path, {"a.yaml": b"good", "b.yaml": b"gone"})
    (tmp_path / "kept" / files["a.yaml"].sha256).write_bytes(b"goad")
    (tmp_path / "kept" / files["b.yaml"].sha256).unlink()
    assert [read(tmp_path, one) for one in files.values()] == [None, None]


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b"[" * 100_000, b"null", b'{"files":{}}'])
def test_a_damaged_index_is_none(tmp_path: Path, damage: bytes) -> None:
    keep(tmp_path, {"a.yaml": b"x"})
    (tmp_path / "kept" / INDEX).write_bytes(damage)
    assert kept(tmp_path).files() == {}


def test_an_index_with_one_digit_changed_is_none(tmp_path: Path) -> None:
    keep(tmp_path, {"a.yaml": b"x" * 7})
    index = tmp_path / "kept" / INDEX
    index.write_bytes(index.read_bytes().replace(b'"records":7', b'"records":8'))
    assert kept(tmp_path).files() == {}


def test_where_a_new_state_cannot_be_written_no_older_one_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = keep(tmp_path, {"a.yaml": b"x", "b.yaml": b"y"})

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            kept(tmp_path).commit({"a.yaml": files["a.yaml"]})
    assert kept(tmp_path).files() == {}
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [files["a.yaml"].sha256], "nothing half written"


def test_a_copy_leaves_space_to_the_data_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    (tmp_path / "original").write_bytes(b"x" * 100)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage._replace(free=LEFT_FREE_BYTES + 99))
    with pytest.raises(OSError, match="No space left"):
        kept(tmp_path).copy(tmp_path / "original", tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage._replace(free=LEFT_FREE_BYTES + 100))
    assert kept(tmp_path).copy(tmp_path / "original", tmp_path)


CHILD = """
import sys
from pathlib import Path
from adapters.files.kept_files import KeptFile, KeptFiles
root, number = Path(sys.argv[1]), 0
kept = KeptFiles(root / "kept", root / "directory")
while True:
    files = {}
    for name in "abc":
        (root / "original").write_bytes(b"%d" % number * 50_000)
        files[name] = KeptFile(kept.copy(root / "original", root), number, True)
    kept.commit(files)
    print(number, flush=True)
    number += 1
"""


def test_killed_at_any_moment_a_whole_state_is_there(tmp_path: Path) -> None:
    keep(tmp_path, dict.fromkeys("abc", b"0" * 50000))
    for after in (0.0, 0.003, 0.007, 0.011, 0.016, 0.023):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        try:
            child.wait(after)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        said = child.stdout.read().split()
        child.wait()
        child.stdout.close()
        files = kept(tmp_path).files()
        (number,) = {one.records for one in files.values()}
        assert sorted(files) == ["a", "b", "c"]
        assert number >= int(said[-1] if said else 0)
        assert {read(tmp_path, one) for one in files.values()} == {b"%d" % number * 50_000}
