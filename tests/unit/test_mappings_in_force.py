"""Mappings of a running intake: read anew one by one, and a bad file never replaces a good mapping."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.services.reload.mappings_in_force import ReloadingMappings


def in_force(folder: Path | None) -> ReloadingMappings:
    return ReloadingMappings(folder, pause=lambda _: None)


def source(mappings: ReloadingMappings, name: str) -> str | None:
    found = mappings.named(name)
    return None if found is None else found.source


def write(file: Path, text: str) -> None:
    # A new file in its place, so that the change shows whatever the clock of the file system does.
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def test_the_shipped_ones_are_in_force_without_a_folder() -> None:
    mappings = in_force(None)
    assert {"generic", "zammad", "jira"} <= mappings.names
    assert mappings.named_faults == []
    assert not mappings.refresh()


def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    write(tmp_path / "zammad.yaml", "{source: /north, ticket: {id: $.id}}")
    mappings = in_force(tmp_path)
    assert source(mappings, "zammad") == "/north"
    write(tmp_path / "zammad.yaml", "{source: /south, ticket: {id: $.id}}")
    assert mappings.refresh()
    assert source(mappings, "zammad") == "/south"


@pytest.mark.parametrize("bad", ["ticket: {id: $..id}", "ticket: {", "", "\x00"])
def test_a_bad_file_leaves_the_last_good_mapping_in_force(tmp_path: Path, bad: str) -> None:
    write(tmp_path / "desk.yaml", "{source: /good, ticket: {id: $.id}}")
    mappings = in_force(tmp_path)
    write(tmp_path / "desk.yaml", bad)
    assert not mappings.refresh()
    assert source(mappings, "desk") == "/good"
    assert [fault.startswith(f"{tmp_path / 'desk.yaml'}:1:") for fault in mappings.named_faults] == [True]
    write(tmp_path / "desk.yaml", "{source: /mended, ticket: {id: $.id}}")
    assert mappings.refresh()
    assert (source(mappings, "desk"), mappings.named_faults) == ("/mended", [])


def test_a_test_that_fails_refuses_the_file(tmp_path: Path) -> None:
    write(tmp_path / "desk.yaml", "{source: /good, ticket: {id: $.id}}")
    mappings = in_force(tmp_path)
    write(tmp_path / "desk.test.yaml", "tests: [{test: a, payload: {id: 1}, expect: {ticket: {id: '2'}}}]")
    assert not mappings.refresh()
    assert "desk.test.yaml:1:" in mappings.named_faults[0]
    assert source(mappings, "desk") == "/good"


def test_a_bad_file_costs_its_own_mapping_alone(tmp_path: Path) -> None:
    write(tmp_path / "desk.yaml", "ticket: {")
    mappings = in_force(tmp_path)
    assert mappings.named("desk") is None
    assert source(mappings, "zammad") == "/zammad"


def test_a_file_that_is_removed_takes_its_mapping_with_it(tmp_path: Path) -> None:
    write(tmp_path / "desk.yaml", "ticket: {id: $.id}")
    write(tmp_path / "zammad.yaml", "{source: /own, ticket: {id: $.id}}")
    mappings = in_force(tmp_path)
    (tmp_path / "desk.yaml").unlink()
    (tmp_path / "zammad.yaml").unlink()
    assert mappings.refresh()
    assert mappings.named("desk") is None
    assert source(mappings, "zammad") == "/zammad"


def test_a_folder_that_is_away_for_a_moment_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    write(folder / "desk.yaml", "ticket: {id: $.id}")
    mappings = in_force(folder)
    folder.rename(tmp_path / "away")
    assert not mappings.refresh()
    assert mappings.named("desk") is not None
