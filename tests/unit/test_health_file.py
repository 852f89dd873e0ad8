"""What the health file says, and that a folder which takes no file stops nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.support.sender.fakes import START
from tocsin.services.monitoring.health_file import Health, HealthFile

HEALTH = Health(START, "a1b2", 0, [])


def in_the_way(folder: Path) -> None:
    """A file where the folder should be: as on a read-only disk, removing what is below it fails too."""
    folder.write_text("no folder")


def a_folder_of_its_name(folder: Path) -> None:
    (folder / "health.json").mkdir(parents=True)


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    health = HealthFile(tmp_path / "var" / "health")
    health.write(HEALTH)
    health.write_directory(["contracts.yaml: cut off"])
    said = json.loads((tmp_path / "var" / "health" / "health.json").read_text())
    assert (said["rulebook"], said["directory_faults"]) == ("a1b2", ["contracts.yaml: cut off"])


@pytest.mark.parametrize("spoil", [in_the_way, a_folder_of_its_name])
def test_where_it_can_not_be_written_the_log_says_so_and_nothing_stops(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(tmp_path / "health")
    health = HealthFile(tmp_path / "health")
    with capture_logs() as logs:
        health.write(HEALTH)
        health.write_directory(["contracts.yaml: cut off"])
    assert [one["event"] for one in logs] == ["health_not_written"] * 2
    assert not list(tmp_path.rglob(".fresh"))


def test_a_file_that_could_be_written_is_no_line(tmp_path: Path) -> None:
    """The control."""
    with capture_logs() as logs:
        HealthFile(tmp_path).write(HEALTH)
    assert logs == []
