"""Directory files that can't be read, whole or in part: the rest is used, and the loss is named."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from adapters.files.directory_problems import ProblemCode
from schemas.directory import MAX_RECORD_BYTES
from schemas.vocabulary import ObjectKind, PersonKind
from tests.support.helpdesk.directory_files import CO_1, SITE, jsonl, load, site_names, told

# --- records


BROKEN_LINES: dict[str, bytes] = {
    "a field of another type": b'{"kind":"site","id":"S-1","contacts":"ct-1"}',
    "bytes that are no UTF-8": b'{"kind":"site","id":"S-1","name":"\xff"}',
    "bytes that are no UTF-8 in an unknown field": b'{"kind":"site","id":"S-1","colour":"\xff"}',
    "a line that breaks off": b'{"kind":"site","id":"S-1","na',
    "a value nested too deeply": b'{"kind":"site","id":"S-1","x":' + b"[" * 100_000,
    "a line that is too long": b'{"kind":"site","id":"S-1","x":"' + b"x" * 2 * MAX_RECORD_BYTES + b'"}',
}


@pytest.mark.parametrize("line", BROKEN_LINES.values(), ids=BROKEN_LINES)
def test_a_line_that_cannot_be_read_is_absent_and_no_older_self_of_it_is_used(tmp_path: Path, line: bytes) -> None:
    loaded = load(tmp_path, {"a.jsonl": jsonl(SITE).encode() + line + b"\n" + jsonl(CO_1).encode()})
    [problem] = loaded.problems
    assert (problem.code, problem.file, problem.line) == (ProblemCode.BAD_RECORD, "a.jsonl", 2)
    assert (problem.kind, problem.id) == ("site", "S-1")
    assert site_names(loaded, "S-1") == [None]
    assert loaded.directory.person(PersonKind.COLLABORATOR, "co-1") is not None


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"[1]", (None, None)),
        (b"nonsense", (None, None)),
        (b'{"kind":"printer","id":"p"}', ("printer", "p")),
        (b'{"id":"p"}', (None, "p")),
        (b'{"kind":"site","id":null}', ("site", None)),
        (b'{"kind":"site","id":"' + b"x" * 300 + b'"}', ("site", "x" * 256)),
    ],
)
def test_what_is_no_record_is_named_as_far_as_it_can_be(
    tmp_path: Path, line: bytes, name: tuple[str | None, str | None]
) -> None:
    loaded = load(tmp_path, {"a.jsonl": line + b"\n" + jsonl(SITE).encode()})
    [problem] = loaded.problems
    assert (problem.kind, problem.id) == name
    assert loaded.records == 1


BROKEN_NODES = {
    "a field of another type": "{kind: site, id: S-1, contacts: ct-1}",
    "a tag": "{kind: site, id: S-1, name: !!python/object:os.system x}",
    "a tag on a list": "{kind: site, id: S-1, contacts: !mine [x]}",
    "a key that stands twice": "{kind: site, id: S-1, name: a, name: b}",
    "a merge key": "{kind: site, id: S-1, <<: {name: b}}",
    "a key that is a list": "{kind: site, id: S-1, ? [a] : b}",
    "an alias of itself": "&a {kind: site, id: S-1, more: [*a]}",
}


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ('"name":"a","name":"b"', "name"),
        ('"contacts":["a"],"contacts":[]', "contacts"),
        ('"x-note":{"a":1,"b":2,"b":2}', "b"),
        (r'"name":"a","na\u006de":"a"', "name"),
    ],
)
def test_a_line_with_a_key_twice_is_refused_as_yaml_is(tmp_path: Path, fields: str, key: str) -> None:
    line = f'{{"kind":"site","id":"S-1",{fields}}}\n'
    loaded = load(tmp_path, {"a.jsonl": jsonl(SITE) + line + jsonl(SITE | {"id": "S-2"})})
    assert told(loaded) == [f"a.jsonl:2: site S-1: {key}: this key stands twice: remove one of the two"]
    assert loaded.directory.is_unreadable("site", "S-1")
    assert loaded.directory.knows("site", "S-2")


@pytest.mark.parametrize("name", ["a.yaml.txt", "a.jsonl.TXT", "a.yaml ", "a.csv", "b/a.json"])
def test_a_file_that_looks_like_data_and_is_not_read_is_named(tmp_path: Path, name: str) -> None:
    [problem] = load(tmp_path, {name: "- {kind: site, id: S-1}\n"}).problems
    assert (problem.code, problem.file) == (ProblemCode.UNUSED_FILE, name)


@pytest.mark.parametrize(
    "name", ["README.md", "a.txt", "a.yaml.bak", "a.yaml~", "a.yaml.orig", "yaml", "x.schema.json"]
)
def test_any_other_file_is_left_alone(tmp_path: Path, name: str) -> None:
    assert load(tmp_path, {name: "- {kind: site, id: S-1}\n"}).problems == []


@pytest.mark.parametrize("node", BROKEN_NODES.values(), ids=BROKEN_NODES)
def test_a_yaml_record_that_cannot_be_read_is_marked_too(tmp_path: Path, node: str) -> None:
    loaded = load(tmp_path, {"a.jsonl": jsonl(SITE), "b.yaml": f"- {node}\n- {{kind: site, id: S-2, name: Two}}\n"})
    [problem] = loaded.problems
    assert (problem.code, problem.file, problem.line) == (ProblemCode.BAD_RECORD, "b.yaml", 1)
    assert (problem.kind, problem.id) == ("site", "S-1")
    assert site_names(loaded, "S-1", "S-2") == [None, "Two"]
    assert list(loaded.directory.unreadable()) == ["site/S-1"]


def test_aliases_repeat_a_value_but_not_without_end(tmp_path: Path) -> None:
    bomb = "".join(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in pairwise("abcdefg"))
    loaded = load(
        tmp_path,
        {
            "a.yaml": "- {kind: site, id: S-1, contacts: &t [ct-1, ct-2]}\n- {kind: site, id: S-2, contacts: *t}\n",
            "b.yaml": f"a: &a [x]\n{bomb}kind: contact\nid: ct-9\nmodes: *g\n---\n{{kind: site, id: S-3, name: X}}\n",
        },
    )
    second = loaded.directory.attached(ObjectKind.SITE, "S-2")
    assert second is not None
    assert second.contacts == ("ct-1", "ct-2")
    assert told(loaded) == ["b.yaml:1: contact ct-9: the aliases repeat too much: write less, or write it as JSONL"]
    assert site_names(loaded, "S-3") == ["X"]


# --- files


def test_yaml_that_breaks_off_is_used_up_to_the_document_before(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"a.yaml": "kind: site\nid: S-1\nname: One\n---\na: b\n c: d\n"})
    assert site_names(loaded, "S-1") == ["One"]
    [problem] = loaded.problems
    assert (problem.code, problem.line) == (ProblemCode.UNREADABLE_FILE, 6)
    assert "this is not YAML" in problem.refusal.reason


UNREADABLE: dict[str, tuple[bytes, int | None, str]] = {
    "a.jsonl": ('{"kind":"site","id":"x"}\n'.encode("utf-16"), None, "UTF-16"),
    "a.yaml": (b"kind: site\nid: \xff\n", 2, "not UTF-8"),
    "b.yaml": (b"x: " + b"[" * 100_000, 1, "nested too deeply"),
    "c.yaml": (b'kind: "\x01"', 1, "not YAML"),
    "d.yaml": (b"id: *nobody", 1, "not YAML"),
    "e.yaml": (b"%YAML 1.3\n---\nid: x\n", 1, "not YAML"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_cannot_be_read_is_named_and_the_others_are_used(tmp_path: Path, name: str) -> None:
    content, line, reason = UNREADABLE[name]
    loaded = load(tmp_path, {name: content, "z.jsonl": jsonl(SITE)})
    [problem] = loaded.problems
    assert (problem.code, problem.line) == (ProblemCode.UNREADABLE_FILE, line)
    assert reason in problem.refusal.reason
    assert site_names(loaded, "S-1") == ["Paris"]
    assert not loaded.is_complete


def test_links_to_nothing_pipes_and_files_of_other_formats_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").symlink_to("nowhere")
    os.mkfifo(tmp_path / "b.jsonl")
    (tmp_path / "c.yaml").mkdir()
    loaded = load(tmp_path, {"z.jsonl": jsonl(SITE), "data.json": "[]"})
    assert {problem.file: problem.code for problem in loaded.problems} == {
        "a.jsonl": ProblemCode.UNREADABLE_FILE,
        "b.jsonl": ProblemCode.UNREADABLE_FILE,
        "data.json": ProblemCode.UNUSED_FILE,
    }
    assert loaded.records == 1


def test_yaml_too_large_to_be_read_in_a_minute_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.files.yaml_records.MAX_YAML_BYTES", 10)
    loaded = load(tmp_path, {"a.yaml": "kind: site\nid: S-1\n"})
    assert [problem.code for problem in loaded.problems] == [ProblemCode.UNREADABLE_FILE]


@pytest.mark.parametrize(
    "field", ["kind: site, id: S-1, name", "id: S-1, kind", "kind: site, id", "kind: site, id: S-1, x\\ud83d"]
)
def test_half_of_a_character_is_refused_and_loses_no_other_record(tmp_path: Path, field: str) -> None:
    half = field.replace("x\\ud83d", '"\\ud83d"')
    loaded = load(tmp_path, {"a.yaml": f'- {{{half}: "\\ud83d\\ude00"}}\n- {{kind: site, id: S-2, name: Lyon}}\n'})
    assert "half of a character" in told(loaded)[0]
    assert site_names(loaded, "S-1", "S-2") == [None, "Lyon"]
