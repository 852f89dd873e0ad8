"""`tocsin templates`: what there is, where from, who uses it; and a copy to start from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.shipped import TEMPLATES as SHIPPED_TEMPLATES
from tests.support.helpdesk.events import Helpdesk
from tests.support.helpdesk.files import write_directory
from tocsin.authoring.lint.check import check
from tocsin.cli.app import app


def run(*arguments: object, expect: int = 0) -> str:
    result = CliRunner().invoke(app, ["templates", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result.output


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yaml"
    rule = '{rule: outage, for: all, if: ticket.title == "x", send: {template: outage/alert}}'
    file.write_text(f"extends: default\nrules:\n  - {rule}\n")
    return file


def test_a_copy_under_a_name_of_its_own_is_all_that_a_rule_needs(rules: Path) -> None:
    assert len(run("copy", "internal/opened", "--as", "outage/alert", "--rules", rules).splitlines()) == 4
    assert {one.code for one in check(rules).findings} == {"internal_field"}
    for file in (rules.parent / "templates" / "outage").iterdir():
        file.unlink()
    run("copy", "external/opened", "--as", "outage/alert", "--rules", rules)
    assert check(rules).findings == []


def test_each_is_listed_with_where_it_comes_from_and_who_uses_it(rules: Path, tmp_path: Path) -> None:
    run("copy", "external/opened", "--as", "outage/alert", "--rules", rules)
    run("copy", "_style.html.j2", "--rules", rules)
    own = rules.parent / "templates" / "external" / "closed.en.txt.j2"
    own.parent.mkdir()
    own.write_bytes((SHIPPED_TEMPLATES / "external" / "closed.en.txt.j2").read_bytes())
    desk = Helpdesk()
    desk.put({"kind": "customer", "id": "acme", "alerts": {"opened": {"enabled": True, "template": "external/closed"}}})
    directory = write_directory(tmp_path / "d", desk)
    listed = run("list", "--rules", rules, "--directory", directory, "--json").splitlines()
    found = {one["name"]: one for one in map(json.loads, listed)}
    assert found["outage/alert"] | {"name": ""} == {
        "name": "",
        "from": "own",
        "languages": ["en", "fr"],
        "used_by": ["rule outage"],
    }
    assert found["external/closed"]["from"] == "own (1 of 4 files)"
    assert found["external/closed"]["used_by"] == ["defaults: contacts: closed", "customer/acme"]
    assert (found["fax/alert"]["from"], found["fax/alert"]["used_by"]) == ("shipped", ["defaults: fax"])
    assert (found["_style.html.j2"]["from"], found["_parts.txt.j2"]["from"]) == ("own", "shipped")
    assert "outage/alert" in run("list", "--rules", rules)


def test_a_copy_overwrites_nothing_and_lies_nowhere_else(rules: Path) -> None:
    run("copy", "external/opened", "--rules", rules)
    file = rules.parent / "templates" / "external" / "opened.en.txt.j2"
    file.write_text("mine")
    assert f"{file} is there already" in run("copy", "external/opened", "--rules", rules, expect=1)
    assert file.read_text() == "mine"
    assert "did you mean `external/opened`?" in run("copy", "external/opend", "--rules", rules, expect=1)
    run("copy", "external/opened", "--as", "../elsewhere", "--rules", rules, expect=2)
    run("copy", "external/opened", expect=2)
