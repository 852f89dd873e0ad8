"""A template that is not there is blamed where it is named, and it is said where its files were looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.jinja.check import Subject, source_problems
from adapters.jinja.problems import Problem
from adapters.jinja.sources import read_sources
from adapters.rule_files.load import read_rule_file, template_folders
from tocsin.authoring.templates_in_use import faults_of, uses_of

RULES = "extends: default\nrules:\n  - {rule: a, for: contacts, send: {template: external/mien}}\n"


def said(folder: Path) -> list[str]:
    file = folder / "rules.yaml"
    file.write_text(RULES)
    reading = read_rule_file(file)
    assert reading.rulebook is not None
    sources = read_sources(*template_folders(file))
    found = [one for one in source_problems(sources, ["en"], {}, [*uses_of(reading.rulebook)], no_check) if one.absent]
    faults = [fault for one in found for fault in faults_of(sources, one, reading.rulebook, reading.source)]
    return [f"{fault.line}:{fault.column} {fault.said}".replace(str(folder), "HERE") for fault in faults]


def no_check(_path: str, _subject: Subject) -> list[Problem]:
    """Trying out the shipped templates says nothing about the name of one that is not there."""
    return []


@pytest.mark.parametrize(
    ("has_folder", "where"),
    [
        (True, ", neither in HERE/templates nor among the shipped ones"),
        (False, " among the shipped ones, and no folder HERE/templates with others"),
    ],
)
def test_it_is_said_where_it_was_looked_for(has_folder: bool, where: str, tmp_path: Path) -> None:
    if has_folder:
        (tmp_path / "templates").mkdir()
    (tmp_path / "mien.en.txt.j2").write_text("beside the rule file, where nobody looks")
    advice = "a new one begins with the files external/mien.en.txt.j2 in the folder `templates`"
    one = f"3:47 there is no template `external/mien`{where}: {advice}"
    assert said(tmp_path) == [one], "once, however many categories the rule is for"
