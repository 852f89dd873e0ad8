"""`tocsin init`: the folder that it makes is ready for `check` and `test`, and no folder is overwritten."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from adapters.yaml_files.source import Source
from tocsin.cli.app import app

NAMED = re.compile(r"# yaml-language-server: \$schema=(\S+)")


def tocsin(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture
def made(tmp_path: Path) -> Path:
    folder = tmp_path / "a folder" / "mine"
    result = tocsin("init", folder)
    assert result.exit_code == 0, result.output
    return folder


def test_the_folder_passes_its_check_and_its_tests(made: Path) -> None:
    checked = tocsin("check", made / "rules.yaml", "--directory", made / "directory", "--strict")
    assert (checked.exit_code, checked.stdout) == (0, "no problems\n")
    tested = tocsin("test", made / "rules.yaml")
    assert (tested.exit_code, tested.stdout) == (0, "3 tests: all passed\n")


def test_its_tests_test_its_rule(made: Path) -> None:
    rules = made / "rules.yaml"
    rules.write_text(rules.read_text().replace('== "critical"', '== "high"'))
    assert tocsin("test", rules).exit_code == 1


def test_each_file_names_a_schema_that_lies_there_and_keeps_to_it(made: Path) -> None:
    files = [*made.rglob("*.yaml")]
    assert len(files) == 4
    for file in files:
        named = NAMED.fullmatch(file.read_text().splitlines()[0])
        assert named is not None, file
        schema = json.loads((file.parent / named[1]).read_text())
        Draft202012Validator(schema).validate(Source.of_file(file).content)


def test_a_folder_that_holds_anything_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("extends: default\n")
    result = tocsin("init", tmp_path)
    assert result.exit_code != 0
    assert "is no empty folder: name a new one" in result.output
    assert [file.name for file in tmp_path.iterdir()] == ["rules.yaml"]
    assert (tmp_path / "rules.yaml").read_text() == "extends: default\n"


def test_a_file_or_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    file, link, empty = tmp_path / "file", tmp_path / "link", tmp_path / "empty"
    file.touch()
    empty.mkdir()
    link.symlink_to(empty)
    assert tocsin("init", file).exit_code != 0
    assert tocsin("init", link).exit_code != 0
    assert tocsin("init", empty).exit_code == 0
