"""Slips in records that people write: each is named with what was meant; the record is used as over the wire."""

from __future__ import annotations

import json
import string
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect
from typer.testing import CliRunner

from adapters.files import slips
from adapters.files.directory_folder import LoadedDirectory
from adapters.files.directory_problems import ProblemCode
from adapters.files.directory_source import FolderDirectory
from adapters.files.kept_files import KeptFiles
from adapters.files.record_words import word_fault
from schemas.directory import RECORD_KINDS, Record, read_record
from schemas.finding import FindingCode
from schemas.reading import NOT_ALLOWED
from schemas.vocabulary import Category, PersonKind, Trigger
from schemas.written import OWN_KEY, Word, as_written
from tests.support.helpdesk.directory_files import jsonl, load, told
from tocsin.authoring.lint.check import check
from tocsin.authoring.lint.directory import findings
from tocsin.cli.app import app

KEY, WORD = ProblemCode.UNKNOWN_KEY, ProblemCode.UNKNOWN_WORD
MAIL = {"channel": "email", "address": "zoe@acme.example", "active": True}

SLIPS: dict[str, tuple[dict[str, Any], ProblemCode, str, str]] = {
    "an audience": (
        {"kind": "contract", "id": "1", "recipients": {"product": {"colaborators": True}}},
        KEY,
        "recipients.product.colaborators",
        "did you mean `collaborators`?",
    ),
    "a category": (
        {"kind": "contract", "id": "1", "recipients": {"sites": {"contacts": "yes please"}}},
        KEY,
        "recipients.sites",
        "did you mean `site`?",
    ),
    "a field": ({"kind": "contract", "id": "1", "alert_enabled": True}, KEY, "alert_enabled", "`alerts_enabled`?"),
    "a field that resembles none": (
        {"kind": "product", "id": "1", "weight": 3},
        KEY,
        "weight",
        "the keys here are id, name, contacts, collaborators; one of your own begins with x-",
    ),
    "a setting of a customer": (
        {"kind": "customer", "id": "1", "alerts": {"opened": {"enabled": True, "subject_keywrd": "[A]"}}},
        KEY,
        "alerts.opened.subject_keywrd",
        "`subject_keyword`?",
    ),
    "a trigger of a customer": (
        {"kind": "customer", "id": "1", "alerts": {"open": {"enabled": True}}},
        KEY,
        "alerts.open",
        "`opened`?",
    ),
    "a part of a mode": (
        {"kind": "contact", "id": "1", "modes": [MAIL, {**MAIL, "activ": True}]},
        KEY,
        "modes[1].activ",
        "`active`?",
    ),
    "a field of a suppression": (
        {"kind": "suppression", "id": "1", "person": "contact/1", "untill": "2026-01-01T00:00:00Z"},
        KEY,
        "untill",
        "`until`?",
    ),
    "a trigger of a person": (
        {"kind": "contact", "id": "1", "alerts": ["closed", "open"]},
        WORD,
        "alerts[1]",
        "closed, resolved, opened, status_changed (did you mean `opened`?)",
    ),
    "a trigger of a suppression": (
        {"kind": "suppression", "id": "1", "person": "contact/1", "triggers": ["close"]},
        WORD,
        "triggers[0]",
        "`closed`?",
    ),
    "a format": (
        {"kind": "customer", "id": "1", "alerts": {"closed": {"format": "HTML"}}},
        WORD,
        "alerts.closed.format",
        "html, text",
    ),
    "a type": ({"kind": "contract", "id": "1", "type": "comitment"}, WORD, "type", "did you mean `commitment`?"),
    "a type in capitals": ({"kind": "contract", "id": "1", "type": "Commitment"}, WORD, "type", "`commitment`?"),
    "a status": ({"kind": "contract", "id": "1", "status": "actve"}, WORD, "status", "did you mean `active`?"),
    "a language": ({"kind": "contact", "id": "1", "language": "French"}, WORD, "language", "did you mean `fr`?"),
    "a language of nobody": ({"kind": "customer", "id": "1", "language": "fx"}, WORD, "language", "such as `fr`"),
    "a time zone of Windows": (
        {"kind": "contact", "id": "1", "time_zone": "Romance Standard Time"},
        WORD,
        "time_zone",
        "did you mean `Europe/Paris`? Until then their customer's is used, else the rule file's",
    ),
    "a city": (
        {"kind": "customer", "id": "1", "time_zone": "paris"},
        WORD,
        "time_zone",
        "did you mean `Europe/Paris`? Until then the rule file's is used",
    ),
    "what a machine is set to": (
        {"kind": "customer", "id": "1", "time_zone": "localtime"},
        WORD,
        "time_zone",
        "write one such as `Europe/Paris`",
    ),
    "an offset": ({"kind": "customer", "id": "1", "time_zone": "CET+1"}, WORD, "time_zone", "such as `Europe/Paris`"),
    "a time zone": (
        {"kind": "collaborator", "id": "1", "time_zone": "Europe/Pariss"},
        WORD,
        "time_zone",
        "did you mean `Europe/Paris`?",
    ),
}


def written(folder: Path, record: dict[str, Any], ending: str) -> LoadedDirectory:
    return load(folder, {f"a.{ending}": jsonl(record) if ending == "jsonl" else json.dumps([record])})


@pytest.mark.parametrize("ending", ["jsonl", "yaml"])
@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_named_with_what_was_meant_and_the_record_is_used(tmp_path: Path, name: str, ending: str) -> None:
    record, code, field, advice = SLIPS[name]
    loaded = written(tmp_path, record, ending)
    [problem] = loaded.problems
    assert (problem.code, problem.line, problem.kind, problem.id) == (code, 1, record["kind"], "1")
    assert problem.refusal.field == field
    assert advice in problem.refusal.reason
    assert loaded.directory.knows(record["kind"], "1")
    assert not loaded.is_complete


@pytest.mark.parametrize("name", SLIPS)
def test_over_the_wire_it_is_passed_over(name: str) -> None:
    record, *_ = SLIPS[name]
    assert read_record(msgspec.json.encode(record)).id == "1"


@pytest.mark.parametrize("name", SLIPS)
def test_the_check_shows_it_as_an_error(tmp_path: Path, name: str) -> None:
    record, code, _, advice = SLIPS[name]
    (tmp_path / "a.yaml").write_text(json.dumps(record), encoding="utf-8")
    wanted = FindingCode.DIRECTORY_KEY if code is KEY else FindingCode.DIRECTORY_WORD
    [found] = [one for one in check(None, tmp_path, [findings]).findings if one.code is wanted]
    assert (found.severity, found.file) == ("error", str(tmp_path / "a.yaml"))
    assert advice in found.message


def test_in_yaml_it_is_named_with_its_own_line_and_column(tmp_path: Path) -> None:
    text = (
        "# people\n"
        "- kind: contract\n"
        "  id: C-1\n"
        "  recipients:\n"
        "    product: {contacts: true, colaborators: true}\n"
        "- kind: contact\n"
        "  id: ct-1\n"
        "  alerts:\n"
        "    - opened\n"
        "    - close\n"
    )
    places = [(one.line or 0, one.column or 0) for one in load(tmp_path, {"a.yaml": text}).problems]
    assert places == [(5, 31), (10, 7)]
    assert [text.splitlines()[line - 1][column - 1 :] for line, column in places] == ["colaborators: true}", "close"]


@pytest.mark.parametrize("ending", ["jsonl", "yaml"])
def test_keys_of_ones_own_are_passed_over_wherever_they_stand(tmp_path: Path, ending: str) -> None:
    own = {"x-note": {"colaborators": ["anything"]}}
    record = {
        "kind": "contract",
        "id": "1",
        "type": "time_and_materials",
        "status": "inactive",
        "recipients": {"site": {"contacts": True} | own} | own,
    }
    loaded = written(tmp_path, record | own, ending)
    assert loaded.problems == []
    contract = loaded.directory.contract("1")
    assert contract is not None
    assert contract.ticks == Category.SITE_CONTACTS.bit


def test_a_refused_record_has_its_unknown_keys_named_too(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [
        {"kind": "contact", "id": "1", "modes": [{"channel": "email", "adress": "a@b.example"}]},
        {"kind": "contract", "id": "1", "valid_from": "1.1.2026", "valid_too": None},
        {"knd": "site", "id": "1"},
        {"kind": "sight", "id": "1"},
    ]
    expected = [
        "contact 1: modes[0].address: this required field is missing (null where there is none)",
        "contact 1: modes[0].adress: there is no such key here: did you mean `address`?",
        'contract 1: valid_from: invalid RFC3339 encoded date: write a day as 2026-01-31 (got "1.1.2026")',
        "contract 1: valid_too: there is no such key here: did you mean `valid_to`?",
        "record 1: kind: this required field is missing (null where there is none)",
        "record 1: knd: there is no such key here: did you mean `kind`?",
        f'sight 1: kind: {NOT_ALLOWED}: {", ".join(RECORD_KINDS)} (did you mean `site`?) (got "sight")',
    ]
    for ending in ("jsonl", "yaml"):
        folder = tmp_path / ending
        text = jsonl(*records) if ending == "jsonl" else json.dumps(records)
        lines = told(load(folder, {f"a.{ending}": text}))
        assert [line.split(": ", 1)[1] for line in lines] == expected


def test_a_mode_that_is_refused_is_named_once_with_the_words_that_are_allowed(tmp_path: Path) -> None:
    record = {"kind": "contact", "id": "1", "modes": [{**MAIL, "channel": "emial"}]}
    [line] = told(written(tmp_path, record, "yaml"))
    assert "modes[0].channel: this value is not one of those that are allowed here: email, fax, sms, chat" in line
    assert "did you mean `email`?" in line


# --- words that are looked up

FINE = {
    Word.LANGUAGE: ["fr", "pt-BR", "zh_Hans", "de-CH-1996", "EN", "es-419"],
    Word.TIME_ZONE: ["Europe/Paris", "UTC", "America/Argentina/Buenos_Aires"],
    Word.CONTRACT_TYPE: [
        "commitment",
        "time_and_materials",
        "project",
        "non-commitment",
        "No commitment",
        "sans_commitment",
    ],
    Word.CONTRACT_STATUS: [
        "active",
        "inactive",
        "deactivated",
        "suspended",
        "in-active",
        "unactive",
        "désactivé",
        "draft",
    ],
}
WRONG = {
    Word.LANGUAGE: ["french", "Français", "xx", "f", "fr FR", "fr\n", "englisch", ""],
    Word.TIME_ZONE: ["Paris", "GMT+25", "CEST", "Europe/paris ", ""],
    Word.CONTRACT_TYPE: ["comitment", "committment", "COMMITMENT", "commitment ", "commitments"],
    Word.CONTRACT_STATUS: ["Active", " active", "activ", "acitve", "nactive", "iactive", "activo"],
}


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, texts in FINE.items() for text in texts])
def test_a_word_that_can_be_meant_is_no_slip(word: Word, text: str) -> None:
    assert word_fault(word, text) is None


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, texts in WRONG.items() for text in texts])
def test_a_word_that_cannot_be_meant_is_one(word: Word, text: str) -> None:
    assert word_fault(word, text) is not None


@pytest.mark.parametrize(
    ("record", "meant"),
    [
        ({"kind": "site", "id": "S-1", "CONTACTS": []}, "contacts"),
        ({"kind": "contact", "id": "1", "alerts": ["OPENED"]}, "opened"),
        ({"kind": "contact", "id": "1", "time_zone": "utc"}, "UTC"),
    ],
)
def test_what_is_written_in_capitals_or_without_is_found(tmp_path: Path, record: dict[str, Any], meant: str) -> None:
    [line] = told(written(tmp_path, record, "yaml"))
    assert f"did you mean `{meant}`?" in line


# --- any record, any slip


def values(shape: inspect.Type) -> st.SearchStrategy[Any]:
    """What may stand in a place of this type."""
    match shape:
        case inspect.Metadata():
            return values(shape.type)
        case inspect.UnionType():
            return st.one_of(*map(values, shape.types))
        case inspect.StructType():
            tagged = {} if shape.tag_field is None else {shape.tag_field: st.just(shape.tag)}
            required = {one.encode_name: values(one.type) for one in shape.fields if one.required}
            optional = {one.encode_name: values(one.type) for one in shape.fields if not one.required}
            return st.fixed_dictionaries({**tagged, **required}, optional={**optional, "x-note": st.none()})
        case inspect.ListType():
            return st.lists(values(shape.item_type), max_size=2)
        case inspect.EnumType():
            return st.sampled_from([one.value for one in shape.cls])
        case inspect.BoolType():
            return st.booleans()
        case inspect.DateType():
            return st.dates().map(str)
        case inspect.DateTimeType():
            return st.just("2026-03-02T09:00:00Z")
        case inspect.StrType() | inspect.AnyType():
            return st.sampled_from(["fr", "de"])
        case _:
            return st.none()


LOOKED_UP = {
    "time_zone": "UTC",
    "type": "commitment",
    "status": "active",
    "address": "a@b.example",
    "reply_to": "a@b.example",
}
SHAPES = inspect.multi_type_info([as_written(one) for one in get_args(Record)])


def fitting(record: dict[str, Any]) -> dict[str, Any]:
    """The record with words that are looked up in their places, and what its fields must agree on."""
    record = {key: LOOKED_UP.get(key, value) if isinstance(value, str) else value for key, value in record.items()}
    for mode in record.get("modes") or []:
        mode.update(channel="email", address="a@b.example")
    if record["kind"] == "suppression":
        record["person"] = "contact/ct-1"
    return record


RECORDS = st.sampled_from(SHAPES).flatmap(values).map(fitting)


def read(record: dict[str, Any], ending: str) -> LoadedDirectory:
    with tempfile.TemporaryDirectory() as folder:
        return written(Path(folder), record, ending)


@settings(deadline=None)
@given(RECORDS, st.sampled_from(["jsonl", "yaml"]))
def test_no_record_without_a_slip_is_complained_about(record: dict[str, Any], ending: str) -> None:
    assert told(read(record, ending)) == []


def mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from mappings(one)


@st.composite
def slipped(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """A record with one letter of one key wrong, missing, too many or in the wrong place, and that key."""
    record = draw(RECORDS)
    place = draw(st.sampled_from([one for one in mappings(record) if set(one) - {"x-note"}]))
    key = draw(st.sampled_from(sorted(set(place) - {"x-note"})))
    at = draw(st.integers(0, len(key) - 1))
    letter = draw(st.sampled_from(string.ascii_lowercase + "_"))
    wrong = draw(
        st.sampled_from(
            [
                key[:at] + key[at + 1 :],
                key[:at] + letter + key[at + 1 :],
                key[:at] + letter + key[at:],
                key[:at] + key[at + 1 : at + 2] + key[at] + key[at + 2 :],
            ]
        ).filter(lambda text: text not in ("", key, *place) and text not in KNOWN)
    )
    place[wrong] = place.pop(key)
    return record, wrong


KNOWN = {
    name
    for document in (msgspec.json.schema(as_written(Record))["$defs"],)
    for part in document.values()
    for name in part.get("properties", {})
}
"""A slip that makes another key of some record is none that can be told in each place: `site`, `sites`."""


@settings(deadline=None)
@given(slipped(), st.sampled_from(["jsonl", "yaml"]))
def test_any_slip_in_any_key_is_named(given: tuple[dict[str, Any], str], ending: str) -> None:
    record, wrong = given
    named = [one.refusal.field for one in read(record, ending).problems if one.code is KEY]
    assert [field.rpartition(".")[2] for field in named] == [wrong]


def test_one_that_is_not_named_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slips, "OWN_KEY", "")
    assert told(read({"kind": "site", "id": "S-1", "nam": "Paris"}, "yaml")) == []


# --- the running service, and the load


def test_the_running_service_uses_the_record_and_counts_the_slip(tmp_path: Path) -> None:
    record = {"kind": "contact", "id": "1", "modes": [MAIL], "alerts": ["open", "closed"], "lang": "fr"}
    folder = tmp_path / "directory"
    folder.mkdir()
    (folder / "a.jsonl").write_text(jsonl(record), encoding="utf-8")
    source = FolderDirectory(folder, KeptFiles(tmp_path / "kept", folder), lambda _source: None)
    person = source.current().person(PersonKind.CONTACT, "1")
    assert person is not None
    assert [trigger for trigger in Trigger if person.wants(trigger)] == [Trigger.CLOSED]
    assert source.problems == {KEY: 1, WORD: 1}


NOWHERE = "127.0.0.1:1"


def test_the_load_writes_nothing_while_there_are_slips(tmp_path: Path) -> None:
    record, _, field, advice = SLIPS["an audience"]
    (tmp_path / "a.jsonl").write_text(jsonl(record), encoding="utf-8")
    done = CliRunner().invoke(app, ["directory", "load", str(tmp_path), "--kafka", NOWHERE])
    assert done.exit_code == 1
    assert f"contract 1: {field}: there is no such key here: {advice}" in done.stderr
    assert "nothing was written" in done.stderr


# --- hostile input


def test_many_unknown_keys_cost_little_and_are_named_in_part(tmp_path: Path) -> None:
    many = {f"key_{number}": None for number in range(20_000)}
    started = process_time()
    loaded = load(tmp_path, {"a.jsonl": jsonl({"kind": "site", "id": "1", **many})})
    assert process_time() - started < 5
    assert 1 <= loaded.problem_counts[KEY] <= 100


def test_the_same_slip_in_every_record_is_looked_at_once(tmp_path: Path) -> None:
    lines = "".join(jsonl({"kind": "site", "id": str(number), "colour": "red"}) for number in range(5_000))
    started = process_time()
    loaded = load(tmp_path, {"a.jsonl": lines})
    assert process_time() - started < 5
    assert loaded.problem_counts == {KEY: 5_000}


def test_a_key_that_cannot_be_printed_or_is_long_is_shown_short_and_on_one_line(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"a.jsonl": jsonl({"kind": "site", "id": "1", "a\n\x1b[31m": 1, "y" * 5_000: 2})})
    assert all(line.isprintable() and len(line) < 400 for line in told(loaded))
    assert len(loaded.problems) == 2


def test_a_key_of_no_letters_is_shown_as_one(tmp_path: Path) -> None:
    [line] = told(load(tmp_path, {"a.jsonl": jsonl({"kind": "site", "id": "1", "": 1})}))
    assert "site 1: '': there is no such key here" in line


def test_the_prefix_is_what_the_page_says() -> None:
    assert OWN_KEY == "x-"
