"""Groups and tags of records: what can be read of them is used, the rest is named, and no record is lost for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.files.directory_problems import ProblemCode
from engine.directory.directory import Directory
from schemas.directory import record_from_data
from schemas.tags import MAX_TAG_LENGTH, MAX_TAGS
from schemas.vocabulary import PersonKind
from tests.support.helpdesk.directory_files import jsonl, load, told

MANY = [f"t{number}" for number in range(MAX_TAGS + 2)]


@pytest.mark.parametrize(
    ("given", "read", "said"),
    [
        (None, (), []),
        ([], (), []),
        (["on-call", "a"], ("on-call", "a"), []),
        ("on-call", (), ["groups: this is no list of texts; until it is mended, it counts as empty"]),
        ('["on-call", 1]', ("on-call",), ["groups[1]: this is no text"]),
        ("[" * 5_000, (), ["groups: this is no list of texts; until it is mended, it counts as empty"]),
        ({"a": 1}, (), ["groups: this is no list of texts; until it is mended, it counts as empty"]),
        (["a", 7, "", "b"], ("a", "b"), ["groups[1]: this is no text", "groups[2]: this is no text"]),
        (["a" * MAX_TAG_LENGTH, "a" * 81], ("a" * 80,), ["groups[1]: longer than 80 characters"]),
        (MANY, tuple(MANY[:MAX_TAGS]), ["groups: there are more than 100: the others are left out"]),
    ],
)
def test_a_persons_groups(given: Any, read: tuple[str, ...], said: list[str]) -> None:
    directory = Directory()
    refusals = directory.apply(record_from_data({"kind": "contact", "id": "ct-1", "groups": given}))
    person = directory.person(PersonKind.CONTACT, "ct-1")
    assert person is not None
    assert (person.groups, [str(one) for one in refusals]) == (read, said)


@pytest.mark.parametrize("kind", ["customer", "contract"])
def test_tags_cost_a_record_nothing(kind: str, tmp_path: Path) -> None:
    loaded = load(tmp_path, {"all.jsonl": jsonl({"kind": kind, "id": "one", "tags": [{"name": "vip"}, "gold"]})})
    directory = loaded.directory
    found = directory.customer("one") if kind == "customer" else directory.contract("one")
    assert found is not None
    assert found.tags == ("gold",)
    assert told(loaded) == [f"all.jsonl:1: {kind} one: tags[0]: this is no text"]
    assert loaded.problem_counts == {ProblemCode.BAD_TAGS: 1}
