"""What editors are told of rule files: every key is explained, and the lines that name a schema lead to one."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from adapters.yaml_files.source import Source
from engine.rulebook.fields import BUILT_IN_FIELDS
from schemas.generate import FOLDER
from tests.support.documents.pages import blocks
from tocsin.cli.app import app
from tocsin.demo.stage import set_stage
from tocsin.reference.pages import DOCS

ROOT = DOCS.parent
NAMED = re.compile(r"# yaml-language-server: \$schema=(\S+)")
FILES = [
    *(ROOT / "rules").glob("*.yaml"),
    *(ROOT / "tocsin" / "demo" / "helpdesk").glob("rules*.yaml"),
    *(ROOT / "tocsin" / "demo" / "starter").glob("rules*.yaml"),
]


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.schema.json").read_text())
    return found


def undescribed(whole: dict[str, Any]) -> list[str]:
    """The keys of which nothing is said, neither here nor where they lead."""

    def is_described(part: dict[str, Any]) -> bool:
        if "description" in part or any(map(is_described, part.get("anyOf", []))):
            return True
        return "$ref" in part and "description" in whole["$defs"][part["$ref"].rpartition("/")[2]]

    kinds = {"": whole, **whole["$defs"]}
    return [
        f"{kind}.{key}"
        for kind, content in kinds.items()
        for key, part in content.get("properties", {}).items()
        if not is_described(part)
    ]


@pytest.mark.parametrize("name", ["rule-file", "rule-test", "directory-file"])
def test_every_key_is_explained(name: str) -> None:
    assert undescribed(schema(name)) == []


def test_one_that_is_not_would_be_noticed() -> None:
    whole = schema("rule-file")
    del whole["$defs"]["RuleEntry"]["properties"]["for"]["description"]
    assert undescribed(whole) == ["RuleEntry.for"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_files_of_the_product_name_their_schema_and_keep_to_it(file: Path) -> None:
    match = NAMED.fullmatch(file.read_text().splitlines()[0])
    assert match is not None
    named = (file.parent / match[1]).resolve()
    assert named == FOLDER / f"rule-{'test' if '.test.' in file.name else 'file'}.schema.json"
    Draft202012Validator(json.loads(named.read_text())).validate(Source.of_file(file).content)


def test_the_files_that_the_demo_leaves_name_a_schema_that_lies_there(tmp_path: Path) -> None:
    stage = set_stage(tmp_path / "demo", datetime(2026, 3, 2, tzinfo=UTC))
    made = [stage.rules, *stage.directory.glob("*.yaml")]
    named = [NAMED.fullmatch(file.read_text().splitlines()[0]) for file in made]
    schemas = {(file.parent / match[1]).resolve() for file, match in zip(made, named, strict=True) if match}
    assert all(named)
    assert {file.name for file in schemas} == {"rule-file.schema.json", "directory-file.schema.json"}
    assert [file.read_text() for file in sorted(schemas)] == [
        (FOLDER / file.name).read_text() for file in sorted(schemas)
    ]


def test_the_line_that_the_page_shows_leads_to_the_schema() -> None:
    lines = [line for block in blocks(DOCS / "editors.md", "yaml") for line in NAMED.findall(block)]
    assert [(ROOT / "rules" / line).resolve() for line in lines] == [FOLDER / "rule-file.schema.json"]


@pytest.mark.parametrize(
    ("of", "name"), [("rules", "rule-file"), ("tests", "rule-test"), ("directory", "directory-file")]
)
def test_the_command_prints_the_published_schema(of: str, name: str) -> None:
    assert json.loads(CliRunner().invoke(app, ["schema", of]).stdout) == schema(name)


def test_the_page_has_every_condition_field() -> None:
    page = (DOCS / "condition-fields.md").read_text()
    assert all(f"| `{name}` |" in page for name in BUILT_IN_FIELDS)
