"""Files that others put there: links stay inside of their folder, and nothing that is no file is waited for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import adapters.files.opening as module
from adapters.files.opening import folder_around, open_regular, read_bounded
from adapters.jinja.sources import read_sources
from adapters.rule_files.load import read_rule_file
from schemas.finding import FindingCode
from tests.support.helpdesk.rule_folders import OWN, write_rules
from tests.support.sockets import put_socket
from tocsin.cli.app import app

SECRET = "root:$6$a-secret"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "folder" / "below").mkdir(parents=True)
    (tmp_path / "folder" / "below" / "file").write_text("inside")
    return tmp_path / "folder"


def out(folder: Path) -> None:
    (folder / "x").symlink_to("../secret")


def out_by_a_folder(folder: Path) -> None:
    (folder / "up").symlink_to("..")
    (folder / "x").symlink_to("up/secret")


def out_and_in_name_alone(folder: Path) -> None:
    """A folder whose name begins alike is another one."""
    folder.with_name("folder-2").mkdir()
    (folder.with_name("folder-2") / "file").write_text(SECRET)
    (folder / "x").symlink_to("../folder-2/file")


def absolute(folder: Path) -> None:
    (folder / "x").symlink_to(folder.parent / "secret")


@pytest.mark.parametrize("put", [out, out_by_a_folder, out_and_in_name_alone, absolute])
def test_a_link_out_of_the_folder_is_not_followed(put: Callable[[Path], None], folder: Path) -> None:
    put(folder)
    with pytest.raises(OSError, match="leads out of the folder folder"):
        read_bounded(folder / "x", 100, folder)
    assert read_bounded(folder / "x", 100) == SECRET.encode(), "the control: without a folder it is"


def by_data(folder: Path) -> None:
    """As Kubernetes mounts configuration."""
    (folder / "..2026_01").mkdir()
    (folder / "..2026_01" / "x").write_text("inside")
    (folder / "..data").symlink_to("..2026_01")
    (folder / "x").symlink_to("..data/x")


def by_the_way_out_and_back(folder: Path) -> None:
    (folder / "x").symlink_to("../folder/below/file")


@pytest.mark.parametrize("put", [by_data, by_the_way_out_and_back])
def test_a_link_inside_of_the_folder_is_followed_also_where_that_is_a_link(
    put: Callable[[Path], None], folder: Path
) -> None:
    put(folder)
    folder.with_name("given").symlink_to(folder)
    for given in (folder, folder.with_name("given")):
        assert read_bounded(given / "x", 100, given) == b"inside"


def test_a_link_that_is_turned_amid_the_reading_is_followed_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it led to is removed between the look at it and its opening, as the kubelet does."""
    by_data(folder)
    by_steps = module._open_by_steps

    def turned_before(root: Path, below: Path) -> int:
        monkeypatch.setattr(module, "_open_by_steps", by_steps)
        (folder / "..2026_02").mkdir()
        (folder / "..2026_02" / "x").write_text("turned")
        (folder / "..tmp").symlink_to("..2026_02")
        (folder / "..tmp").rename(folder / "..data")
        (folder / "..2026_01" / "x").unlink()
        (folder / "..2026_01").rmdir()
        return by_steps(root, below)

    monkeypatch.setattr(module, "_open_by_steps", turned_before)
    assert read_bounded(folder / "x", 100, folder) == b"turned"


@pytest.mark.parametrize("turned", ["file", "folder"])
def test_what_becomes_a_link_out_amid_the_reading_is_not_followed(
    turned: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_steps = module._open_by_steps
    (folder.parent / "file").write_text(SECRET)

    def turned_before(root: Path, below: Path) -> int:
        victim = folder / "below" / "file" if turned == "file" else folder / "below"
        if not victim.is_symlink():
            victim.rename(folder / "old")
            victim.symlink_to(folder.parent / "secret" if turned == "file" else folder.parent)
        return by_steps(root, below)

    monkeypatch.setattr(module, "_open_by_steps", turned_before)
    with pytest.raises(OSError, match="leads out"):
        read_bounded(folder / "below" / "file", 100, folder)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    put_socket(path)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_circle(path: Path) -> None:
    path.symlink_to(path.name)


def to_the_secret(path: Path) -> None:
    path.symlink_to(next(above / "secret" for above in path.parents if (above / "secret").exists()))


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


NO_FILES = [pipe, a_socket, a_folder, a_circle]


@pytest.mark.parametrize("put", NO_FILES)
@pytest.mark.parametrize("is_within", [True, False])
def test_what_is_no_file_is_refused_at_once_and_leaves_nothing_open(
    put: Callable[[Path], None], is_within: bool, folder: Path
) -> None:
    put(folder / "x")
    before = open_descriptors()
    with pytest.raises(OSError):  # noqa: PT011 - the system's own words
        open_regular(folder / "x", folder if is_within else None)
    assert open_descriptors() == before


def test_what_is_too_large_is_named_with_its_size_and_the_limit(folder: Path) -> None:
    (folder / "x").write_bytes(b"x" * 9)
    with pytest.raises(OSError, match="it has 9 bytes, 8 are allowed"):
        read_bounded(folder / "x", 8, folder)
    assert read_bounded(folder / "x", 9, folder) == b"x" * 9


@pytest.mark.parametrize(
    ("file", "name", "around"),
    [("d/a/b.yaml", "a/b.yaml", "d"), ("d/b.yaml", "b.yaml", "d"), ("kept/5ab1", "a/b.yaml", "kept")],
)
def test_the_folder_around_a_file(file: str, name: str, around: str) -> None:
    assert folder_around(Path(file), name) == Path(around)


# --- what reads by it


@pytest.mark.parametrize("put", [*NO_FILES, to_the_secret])
@pytest.mark.parametrize("where", ["rules.yaml", "templates/t.en.txt.j2", "people.jsonl", "people.yaml"])
def test_check_names_the_file_shows_none_of_a_secret_and_ends(
    put: Callable[[Path], None], where: str, folder: Path
) -> None:
    write_rules(folder, f"{OWN}rules: []\n")
    if "people" not in where:
        (folder / where).unlink()
    put(folder / where)
    arguments = ["check", str(folder / "rules.yaml")]
    if "people" in where:
        arguments += ["--directory", str(folder)]
    done = CliRunner().invoke(app, arguments)
    said = done.stdout + done.stderr
    if put is not a_folder:
        assert done.exit_code == 1, said
        assert Path(where).name in said
    assert SECRET not in said


def test_a_rule_file_that_is_a_link_to_a_secret_is_named_without_its_lines(folder: Path) -> None:
    """They would stand in a log, and in the health file."""
    (folder / "rules.yaml").symlink_to("../secret")
    [fault] = read_rule_file(folder / "rules.yaml").faults
    assert fault.code is FindingCode.UNREADABLE_FILE
    assert "leads out" in str(fault)
    assert SECRET not in str(fault)
    # The control: of a file that is there, the line is shown.
    (folder / "rules.yaml").unlink()
    (folder / "rules.yaml").write_text(SECRET)
    assert SECRET in str(read_rule_file(folder / "rules.yaml").faults[0])


def test_a_templates_folder_that_is_a_link_stays_beside_its_rule_file(folder: Path) -> None:
    (folder / "pieces").mkdir()
    (folder / "pieces" / "t.en.txt.j2").write_text("inside")
    (folder / "templates").symlink_to("pieces")
    assert read_sources(folder / "templates").texts == {"t.en.txt.j2": "inside"}
    (folder.parent / "t.en.txt.j2").write_text(SECRET)
    (folder / "templates").unlink()
    (folder / "templates").symlink_to("..")
    with pytest.raises(OSError, match="leads out of the folder folder"):
        read_sources(folder / "templates")


@pytest.mark.parametrize("command", ["validate", "emit"])
def test_a_pipe_of_events_is_no_file_of_events(command: str, folder: Path) -> None:
    os.mkfifo(folder / "events.jsonl")
    options = ["--data", str(folder / "data")] if command == "emit" else []
    done = CliRunner().invoke(app, [command, str(folder / "events.jsonl"), *options])
    assert done.exit_code != 0
    assert "events.jsonl: it is no regular file" in done.stdout + done.stderr
