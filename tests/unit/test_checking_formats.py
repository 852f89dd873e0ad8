"""The forms in which findings are written: each can be read back as what its standard says it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from schemas.finding import CheckReport, Finding, FindingCode, Severity, Summary
from schemas.generate import FOLDER
from tests.support.helpdesk.rule_folders import OWN, write_rules
from tocsin.authoring.lint.report import github, sarif, text
from tocsin.authoring.lint.report import json as as_json
from tocsin.cli.app import app

AWKWARD = Finding(
    "my rules/été,1:a.yaml",
    3,
    7,
    Severity.ERROR,
    FindingCode.UNKNOWN_FIELD,
    "ticket.x",
    "100% wrong, see: here\r\nand there",
    "did you mean `ticket.id`?",
    "  if: ticket.x == 1",
)
REMARK = Finding(
    "/rules/a.j2", 1, 1, Severity.REMARK, FindingCode.UNUSED_TEMPLATE, "", "no rule names the template `a`"
)
REPORT = CheckReport([AWKWARD, REMARK], Summary(1, 0, 1))

# ---------------------------------------------------------------- SARIF

# What the published schema of SARIF 2.1.0 asks for, of the parts that are written here: its definitions sarifLog, run,
# tool, toolComponent, reportingDescriptor, reportingConfiguration, result, message, location and region.
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "additionalProperties": False,
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "semanticVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "shortDescription": TEXT,
                                                "help": TEXT,
                                                "defaultConfiguration": {
                                                    "type": "object",
                                                    "additionalProperties": False,
                                                    "properties": {"level": LEVEL},
                                                },
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": -1},
                                "level": LEVEL,
                                "message": TEXT,
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "additionalProperties": False,
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "additionalProperties": False,
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "type": "object",
                                                        "additionalProperties": False,
                                                        "properties": {"uri": {"type": "string"}},
                                                    },
                                                    "region": {
                                                        "type": "object",
                                                        "additionalProperties": False,
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                            "endColumn": {"type": "integer", "minimum": 1},
                                                            "snippet": TEXT,
                                                        },
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
VALIDATOR = Draft202012Validator(SARIF)


def test_sarif_has_the_structure_that_the_standard_asks_for() -> None:
    for report in (REPORT, CheckReport([], Summary(0, 0, 0))):
        VALIDATOR.validate(json.loads(sarif(report)))


def test_another_structure_would_be_noticed() -> None:
    document = json.loads(sarif(REPORT))
    document["runs"][0]["results"][0]["level"] = "remark"
    assert not VALIDATOR.is_valid(document)


def test_sarif_says_what_was_found_where() -> None:
    (run,) = json.loads(sarif(REPORT))["runs"]
    first, second = run["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 3, "startColumn": 7, "endColumn": 15, "snippet": {"text": "ticket.x"}}
    assert unquote(place["artifactLocation"]["uri"]) == AWKWARD.file
    assert urlparse(second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]).scheme == "file"
    assert (first["level"], second["level"]) == ("error", "note")
    for result in (first, second):
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


# ---------------------------------------------------------------- GitHub


def as_github_reads(line: str) -> dict[str, str]:
    """A workflow command as the runner reads it: properties end at `,`, what is escaped is put back, % last."""
    match = re.fullmatch(r"::(?P<command>\w+) (?P<properties>.*?)::(?P<data>.*)", line)
    assert match is not None
    properties = dict(pair.split("=", 1) for pair in match["properties"].split(","))
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        properties = {name: value.replace(code, character) for name, value in properties.items()}
    data = match["data"]
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        data = data.replace(code, character)
    return {"command": match["command"], "data": data, **properties}


def test_github_reads_back_what_was_found() -> None:
    first, second = map(as_github_reads, github(REPORT).split("\n"))
    assert first == {
        "command": "error",
        "data": AWKWARD.said,
        "file": AWKWARD.file,
        "line": "3",
        "endLine": "3",
        "col": "7",
        "endColumn": "15",
        "title": "tocsin check: unknown_field",
    }
    assert (second["command"], second["col"]) == ("notice", "1")


# ---------------------------------------------------------------- JSON and text


def test_json_is_as_its_schema_says() -> None:
    schema = json.loads((FOLDER / "check-report.schema.json").read_text())
    document = json.loads(as_json(REPORT))
    Draft202012Validator(schema).validate(document)
    assert document["findings"][0]["suggestion"] == "did you mean `ticket.id`?"
    assert document["summary"] == {"errors": 1, "warnings": 0, "remarks": 1}


def test_text_marks_the_offending_text() -> None:
    report = CheckReport([REMARK, AWKWARD], Summary(1, 0, 1))
    *_, line, marks, counts = text(report).splitlines()
    assert line[marks.index("^") : marks.rindex("^") + 1] == "ticket.x"
    assert counts == "1 error, 1 remark"


# ---------------------------------------------------------------- the command


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["check", *map(str, arguments)], catch_exceptions=False)


WARNED = OWN + "rules:\n  - {rule: one, for: site.contacts, if: ticket.id == 'a' and ticket.id == 'b'}\n"
WRONG = WARNED + "  - {rule: two, for: nothing}\n"


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [(OWN, [], 0), (WARNED, [], 0), (WARNED, ["--strict"], 1), (WRONG, [], 1), (WRONG, ["--strict"], 1)],
)
@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_the_exit_code_is_the_same_in_every_format(
    tmp_path: Path, content: str, options: list[str], code: int, form: str
) -> None:
    result = run(write_rules(tmp_path, content), "--format", form, *options)
    assert result.exit_code == code
    found: dict[str, Any] = json.loads(result.stdout) if form in ("json", "sarif") else {}
    assert bool(found) is (form in ("json", "sarif"))


def test_an_unknown_format_is_a_wrong_command_line() -> None:
    assert run("--format", "xml").exit_code == 2


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = run("-d", tmp_path / "absent")
    assert result.exit_code == 3
    assert "absent" in result.stderr


def test_remarks_about_many_records_do_not_hide_the_rest() -> None:
    code = FindingCode.DEFAULT_FORM_USED
    many = [Finding("directory", 1, 1, Severity.REMARK, code, "", f"customer/c-{number}") for number in range(1_000)]
    lines = text(CheckReport([AWKWARD, *many], Summary(1, 0, 1_000))).splitlines()
    assert [line for line in lines if line.startswith("directory:1:1: remark: customer/")] == [
        f"directory:1:1: remark: customer/c-{number} [{code}]" for number in range(5)
    ]
    assert lines[-2:] == [
        f"directory: 995 more remarks of this kind: see them with --format json [{code}]",
        "1 error, 1000 remarks",
    ]
    assert as_json(CheckReport(many, Summary(0, 0, 1_000))).count('"message"') == 1_000
