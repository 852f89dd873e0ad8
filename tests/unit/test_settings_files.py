"""Files that settings name: what is no file, or has no end, is refused at once and by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.files.opening import read_bounded
from tests.support.sockets import put_socket
from tocsin.cli.app import app
from tocsin.cli.console import WRONG_SETTINGS
from tocsin.config.settings.reading import read_settings

MOST = 8


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "fifo")
    return folder / "fifo"


def a_socket(folder: Path) -> Path:
    put_socket(folder / "s")
    return folder / "s"


def endless(_: Path) -> Path:
    return Path("/dev/zero")


def nothing(folder: Path) -> Path:
    return folder / "nothing"


def large(folder: Path) -> Path:
    (folder / "large").write_bytes(b"x" * (MOST + 1))
    return folder / "large"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (fifo, "it is no regular file"),
        (endless, "it is no regular file"),
        (a_socket, "No such device or address"),
        (lambda folder: folder, "Is a directory"),
        (nothing, "No such file or directory"),
        (lambda folder: folder / "a\0b", "its name can't be that of a file"),
        (large, "it has 9 bytes, 8 are allowed"),
    ],
)
def test_what_can_not_be_read_is_refused_at_once(make: Callable[[Path], Path], said: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=said) as caught:
        read_bounded(make(tmp_path), MOST)
    assert caught.value.strerror == said


def test_a_file_within_the_bound_is_read(tmp_path: Path) -> None:
    """The control, also through a link, as mounted secrets are."""
    (tmp_path / "file").write_bytes(b"x" * MOST)
    (tmp_path / "link").symlink_to("file")
    assert read_bounded(tmp_path / "link", MOST) == b"x" * MOST


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for make in (fifo, endless, large):
        with pytest.raises(OSError):  # noqa: PT011 - which one is tested above
            read_bounded(make(tmp_path), MOST)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("make", [fifo, endless])
@pytest.mark.parametrize("variable", ["TOCSIN_SMTP_PASSWORD_FILE", "TOCSIN_KAFKA_CA"])
def test_a_variable_that_names_no_regular_file_is_a_fault(
    make: Callable[[Path], Path], variable: str, tmp_path: Path
) -> None:
    file = make(tmp_path)
    (fault,) = read_settings(None, {variable: str(file)}).faults
    assert str(fault) == f"{variable}: {file} can't be read: it is no regular file"


@pytest.mark.parametrize("make", [fifo, endless])
def test_a_settings_file_that_is_no_regular_file_ends_a_command(make: Callable[[Path], Path], tmp_path: Path) -> None:
    file = make(tmp_path)
    result = CliRunner().invoke(app, ["--settings", str(file), "engine"])
    assert result.exit_code == WRONG_SETTINGS
    assert f"{file}: the settings file can't be read: it is no regular file" in result.output
