"""docs/directory.md and the schema for editors: what they show is read without a word, what they forbid is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from msgspec import inspect

from adapters.files.yaml_records import yaml_records
from schemas.directory import Record
from schemas.finding import Severity
from schemas.generate import FOLDER
from schemas.written import as_written
from tests.support.documents.pages import blocks
from tests.support.helpdesk.directory_files import load, told
from tests.unit.test_directory_slips import RECORDS, SLIPS, slipped
from tocsin.authoring.lint.check import check
from tocsin.authoring.reach.records import read_surveyed, record_gaps
from tocsin.reference.pages import DOCS

PAGE = DOCS / "directory.md"
DEMO = DOCS.parent / "tocsin" / "demo" / "helpdesk" / "directory"
SCHEMA = json.loads((FOLDER / "directory-file.schema.json").read_text())
FILE = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def plain(text: str) -> list[Any]:
    """The records of a text of YAML, of which JSON lines are not."""
    return [one.plain() for one in yaml_records(text)]


def shown() -> list[Any]:
    yaml, lines = blocks(PAGE, "yaml"), blocks(PAGE, "jsonl")
    return [
        *(record for text in yaml for record in plain(text)),
        *(json.loads(line) for text in lines for line in text.splitlines()),
    ]


# --- the page


def test_the_examples_are_read_without_a_word_and_fit_together(tmp_path: Path) -> None:
    yaml, lines = blocks(PAGE, "yaml"), blocks(PAGE, "jsonl")
    files = {f"{number}.yaml": text for number, text in enumerate(yaml)} | {"z.jsonl": "".join(lines)}
    loaded = load(tmp_path, files)
    assert (told(loaded), loaded.records) == ([], len(shown()))
    assert [*record_gaps(read_surveyed(tmp_path).sink)] == []


def test_the_examples_keep_to_the_schema_for_editors() -> None:
    FILE.validate(shown())
    for record in shown():
        FILE.validate(record)


def fields(*kinds: Any) -> Iterator[tuple[str, str]]:
    """Every field of these types and of the parts below them, with the name of its type."""
    for struct in inspect.multi_type_info(kinds):
        yield from _fields(struct)


def _fields(kind: inspect.Type) -> Iterator[tuple[str, str]]:
    match kind:
        case inspect.Metadata():
            yield from _fields(kind.type)
        case inspect.UnionType():
            for one in kind.types:
                yield from _fields(one)
        case inspect.ListType():
            yield from _fields(kind.item_type)
        case inspect.StructType():
            for field in kind.fields:
                yield kind.cls.__name__, field.encode_name
                yield from _fields(field.type)
        case _:
            pass


ALL_FIELDS = sorted({*fields(*map(as_written, get_args(Record)))})


@pytest.mark.parametrize(("struct", "field"), ALL_FIELDS)
def test_every_field_stands_in_the_section_of_its_record(struct: str, field: str) -> None:
    heading = {"TriggerSettings": "trigger settings", "CustomerAlerts": "customer alerts"}
    name = heading.get(struct, struct.removesuffix("Record").lower())
    section = PAGE.read_text().partition(f"### {name}\n")[2].partition("\n### ")[0]
    assert f"| `{field}` |" in section


def test_every_field_stands_in_an_example() -> None:
    written = {name for record in shown() for name in names(record)}
    assert {field for _, field in ALL_FIELDS} <= written


def names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from names(one)


def test_the_check_has_nothing_against_the_examples(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(blocks(PAGE, "yaml")[0])
    findings = check(None, tmp_path).findings
    assert {one.severity for one in findings} <= {Severity.REMARK}, findings


# --- the schema for editors


@pytest.mark.parametrize("file", sorted(DEMO.glob("*.yaml")), ids=lambda file: file.name)
def test_the_demo_keeps_to_it_and_names_it(file: Path) -> None:
    first, _, rest = file.read_text().partition("\n")
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (file.parent / named).resolve() == FOLDER / "directory-file.schema.json"
    FILE.validate(plain(rest))


LOOKED_UP = {
    *("a type", "a type in capitals", "a status", "a language of nobody"),
    *("a time zone", "a time zone of Windows", "a city", "an offset", "what a machine is set to"),
}
"""Words that stand in no list: only the product knows them."""


@pytest.mark.parametrize("name", sorted({*SLIPS} - LOOKED_UP - {"a language"}))
def test_a_slip_is_none_to_it_either(name: str) -> None:
    record, *_ = SLIPS[name]
    assert not FILE.is_valid(record)
    assert not FILE.is_valid([record])


@pytest.mark.parametrize(
    "record",
    [
        {"id": "1"},
        {"kind": "site"},
        {"kind": "sight", "id": "1"},
        {"kind": "contract", "id": "1", "valid_from": "1.1.2026"},
        {"kind": "contract", "id": "1", "alerts_enabled": "yes"},
        {"kind": "contact", "id": "1", "modes": [{"channel": "email"}]},
        {"kind": "contact", "id": "1", "modes": [{"channel": "emial", "address": "a@b.example"}]},
        {"kind": "contact", "id": "1", "language": "in French"},
        "site",
    ],
)
def test_what_is_refused_is_wrong_to_it(record: Any) -> None:
    assert not FILE.is_valid(record)


def test_what_is_wrong_is_said_of_the_part_where_it_stands() -> None:
    record, *_ = SLIPS["an audience"]
    [error] = FILE.iter_errors([record])
    assert "colaborators" in str(best_match([error]))


@settings(deadline=None)
@given(RECORDS)
def test_no_record_without_a_slip_is_wrong_to_it(record: dict[str, Any]) -> None:
    FILE.validate(record)


@settings(deadline=None)
@given(slipped())
def test_any_slip_in_any_key_is_wrong_to_it(found: tuple[dict[str, Any], str]) -> None:
    assert not FILE.is_valid(found[0])


def test_the_schema_of_the_wire_lets_unknown_keys_pass() -> None:
    wire = Draft202012Validator(json.loads((FOLDER / "directory-record.schema.json").read_text()))
    for record, *_ in SLIPS.values():
        wire.validate(record)
