"""The list of languages of a person or customer: what can be read of it is used, and no record is lost for the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.files.directory_problems import ProblemCode
from engine.directory.directory import Directory
from schemas.directory import record_from_data
from schemas.foreign_record import read_any_record
from schemas.vocabulary import PersonKind
from tests.support.helpdesk.directory_files import jsonl, load, told
from tocsin.authoring.reach.records import Surveyed
from tocsin.operations.directory_load.faults import parts_lost

NO_LIST = ["languages: this is no list of texts; until it is mended, it counts as empty"]

NO_LANGUAGE = 'languages[1]: there is no such language: did you mean `en`? Until then it is left out (got "english")'


@pytest.mark.parametrize(
    ("given", "read", "said"),
    [
        (None, (), []),
        (["fr", "en"], ("fr", "en"), []),
        ('["fr", "en"]', ("fr", "en"), []),
        ("fr, en", (), NO_LIST),
        ({"fr": 1}, (), NO_LIST),
        (["fr", 7, "", "en"], ("fr", "en"), ["languages[1]: this is no text", "languages[2]: this is no text"]),
        (
            ["fr", "en", "de", "nl", "it"],
            ("fr", "en", "de", "nl"),
            ["languages: there are more than 4: the others are left out"],
        ),
    ],
)
@pytest.mark.parametrize("kind", ["contact", "collaborator", "customer"])
def test_what_is_read_of_a_list(kind: str, given: Any, read: tuple[str, ...], said: list[str]) -> None:
    directory = Directory()
    refusals = directory.apply(record_from_data({"kind": kind, "id": "x", "language": "fr", "languages": given}))
    one = directory.customer("x") if kind == "customer" else directory.person(PersonKind(kind), "x")

    assert one is not None
    assert (one.languages, one.language, [str(refusal) for refusal in refusals]) == (read, "fr", said)


def test_a_fault_and_a_word_that_means_nothing_are_named_with_their_place(tmp_path: Path) -> None:
    records = (
        {"kind": "contact", "id": "ct-1", "languages": ["fr", "english"]},
        {"kind": "customer", "id": "acme", "languages": {}},
    )
    loaded = load(tmp_path, {"all.jsonl": jsonl(*records)})

    assert told(loaded) == [
        f"all.jsonl:1: contact ct-1: {NO_LANGUAGE}",
        f"all.jsonl:2: customer acme: {NO_LIST[0]}",
    ]
    assert loaded.problem_counts == {ProblemCode.UNKNOWN_WORD: 1, ProblemCode.BAD_LANGUAGES: 1}


def test_on_the_topic_both_are_named_too() -> None:
    surveyed = Surveyed()
    for data in ({"id": "ct-1", "languages": ["fr", "english"]}, {"id": "ct-2", "languages": 5}):
        surveyed.apply(record_from_data({"kind": "contact", **data}))

    assert {(one.record, one.code) for one in parts_lost(surveyed)} == {
        ("contact/ct-1", "unknown_word"),
        ("contact/ct-2", "bad_languages"),
    }


def test_a_column_of_a_database_is_read_as_the_list_in_it() -> None:
    raw = rb'{"before": null, "after": {"id": "ct-1", "languages": "[\"fr\", \"en\"]"}, "op": "c"}'
    record = read_any_record(raw, "contact")
    assert record is not None
    directory = Directory()
    assert directory.apply(record) == []
