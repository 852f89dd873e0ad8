"""Which directory files can be read as a whole: a fault that no record can be named for is the file's."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from adapters.files.whole_file import UnreadableFileError, WholeFile, check_whole
from schemas.directory import MAX_RECORD_BYTES
from tests.support.helpdesk.directory_files import SITE, jsonl

GOOD = jsonl(SITE).encode()
YAML = b"- {kind: site, id: S-1}\n"
BOM = b"\xef\xbb\xbf"

WHOLE: dict[str, tuple[str, bytes, WholeFile]] = {
    "JSON Lines": ("a.jsonl", GOOD * 2 + b"\n \n", WholeFile(2, is_blank=False, ends_line=True)),
    "JSON Lines without a last line break": ("a.JSONL", GOOD.rstrip(), WholeFile(1, is_blank=False, ends_line=False)),
    "a byte order mark": ("a.jsonl", BOM + GOOD, WholeFile(1, is_blank=False, ends_line=True)),
    "a byte order mark in YAML": ("a.yml", BOM + YAML, WholeFile(1, is_blank=False, ends_line=True)),
    "YAML documents": (
        "a.yaml",
        b"kind: site\nid: S-1\n---\nkind: site\nid: S-2\n",
        WholeFile(2, is_blank=False, ends_line=True),
    ),
    "an empty list": ("a.yaml", b"[]\n", WholeFile(0, is_blank=False, ends_line=True)),
    "a comment": ("a.yaml", b"# nothing yet\n", WholeFile(0, is_blank=True, ends_line=True)),
    "null": ("a.yaml", b"---\n~\n", WholeFile(0, is_blank=True, ends_line=True)),
    "no records, and that is meant": ("a.yaml", b"# none\n[]\n", WholeFile(0, is_blank=False, ends_line=True)),
    "nothing in YAML": ("a.yaml", b"", WholeFile(0, is_blank=True, ends_line=False)),
    "white space in YAML": ("a.yaml", BOM + b" \n\n", WholeFile(0, is_blank=True, ends_line=True)),
    "nothing in JSON Lines": ("a.jsonl", BOM + b"\n  \n", WholeFile(0, is_blank=True, ends_line=False)),
    "a wrong field": (
        "a.jsonl",
        b'{"kind":"site","id":"S-1","contacts":7}\n',
        WholeFile(1, is_blank=False, ends_line=True),
    ),
    "an id that is a number": ("a.yaml", b"- {kind: site, id: 042}\n", WholeFile(1, is_blank=False, ends_line=True)),
    "an id in a note of one's own": (
        "a.jsonl",
        b'{"kind":"site","id":"S-1","x-from":{"kind":"id","id":"id"}}\n',
        WholeFile(1, is_blank=False, ends_line=True),
    ),
    "a key that stands twice": (
        "a.yaml",
        b"- {kind: site, id: S-1, name: a, name: b}\n",
        WholeFile(1, is_blank=False, ends_line=True),
    ),
}


@pytest.mark.parametrize(("name", "content", "whole"), WHOLE.values(), ids=WHOLE)
def test_what_is_whole(tmp_path: Path, name: str, content: bytes, whole: WholeFile) -> None:
    (tmp_path / "file").write_bytes(content)
    assert check_whole(tmp_path / "file", name) == whole


UTF_16 = '{"kind":"site","id":"S-1"}\n'
BOMB = "- kind: site\n  id: S-1\n  a: &a [x]\n" + "".join(
    f"  {name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in pairwise("abcdefgh")
)

BROKEN: dict[str, tuple[str, bytes, int | None, str]] = {
    "a tab": ("a.yaml", YAML + b"- kind: contract\n\tid: x\n", 3, "this is not YAML"),
    "a fault behind documents that are good": ("a.yaml", b"kind: site\nid: S-1\n---\na: b\n c: d\n", 5, "not YAML"),
    "Windows-1252 in YAML": (
        "a.yaml",
        YAML + "- {kind: site, id: S-2, name: Orléans}\n".encode("cp1252"),
        2,
        "not UTF-8",
    ),
    "Windows-1252 in JSON Lines": ("a.jsonl", GOOD + '{"kind":"site","id":"é"}'.encode("cp1252"), 2, "not UTF-8"),
    "Windows-1252 in an unknown field": (
        "a.jsonl",
        GOOD + '{"kind":"site","id":"S-2","colour":"é"}'.encode("cp1252"),
        2,
        "not UTF-8",
    ),
    "UTF-16 in JSON Lines": ("a.jsonl", UTF_16.encode("utf-16"), None, "UTF-16"),
    "UTF-16 without a mark in JSON Lines": ("a.jsonl", UTF_16.encode("utf-16-le"), 1, "not JSON"),
    "UTF-16 in YAML": ("a.yaml", "kind: site\n".encode("utf-16"), 1, "not UTF-8"),
    "UTF-16 without a mark in YAML": ("a.yaml", "kind: site\n".encode("utf-16-le"), 1, "not YAML"),
    "NUL bytes in JSON Lines": ("a.jsonl", GOOD + bytes(512), 2, "not JSON"),
    "NUL bytes in YAML": ("a.yaml", YAML + bytes(512), 2, "not YAML"),
    "NUL bytes alone": ("a.yaml", bytes(512), 1, "not YAML"),
    "a line that is cut off": ("a.jsonl", GOOD * 2 + GOOD[:20], 3, "cut off"),
    "a line that is cut off behind its name": ("a.jsonl", GOOD + b'{"kind":"site","id":"S-2","na', 2, "cut off"),
    "lines that ran together": ("a.jsonl", GOOD.strip() + b"\r" + GOOD, 1, "not JSON"),
    "a line that is too long": ("a.jsonl", GOOD[:-2] + b" " * MAX_RECORD_BYTES + b"}\n", 1, "bytes"),
    "a line nested too deeply": ("a.jsonl", b'{"kind":"site","id":"S-1","x":' + b"[" * 100_000, 1, "nested"),
    "a line that is a list": ("a.jsonl", b"[]\n", 1, "kind and an id"),
    "two ids on one line": ("a.jsonl", GOOD + b'{"kind":"site","id":"S-2","id":"S-3"}\n', 2, "`id` stands twice"),
    "two kinds on one line": ("a.jsonl", b'{"kind":"site","id":"S-2","kind":"product"}\n', 1, "`kind` stands twice"),
    "a line without a kind": ("a.jsonl", b'{"id":"S-1"}\n', 1, "kind and an id"),
    "a line without an id": ("a.jsonl", b'{"kind":"site","id":null}\n', 1, "kind and an id"),
    "two records without a dash between them": (
        "a.yaml",
        YAML + b"- {kind: site, id: A, kind: site, id: B}\n",
        2,
        "dash",
    ),
    "an item that is no mapping": ("a.yaml", YAML + b"- S-2\n", 2, "kind and an id"),
    "an item that is nothing": ("a.yaml", YAML + b"-\n" + YAML, 2, "kind and an id"),
    "an item without an id": ("a.yaml", YAML + b"- {kind: site, id: }\n", 2, "kind and an id"),
    "an item with a blank id": ("a.yaml", YAML + b"- {kind: site, id: ' '}\n", 2, "kind and an id"),
    "an item with a list as its id": ("a.yaml", YAML + b"- {kind: site, id: [S-2]}\n", 2, "kind and an id"),
    "an unknown kind": ("a.yaml", YAML + b"- {kind: contrat, id: C-7}\n", 2, "none of contract, customer"),
    "a text": ("a.yaml", b"hello\n", 1, "kind and an id"),
    "YAML nested too deeply": ("a.yaml", b"x: " + b"[" * 100_000, 1, "nested too deeply"),
    "an alias of nothing": ("a.yaml", b"id: *nobody", 1, "not YAML"),
    "a bomb of aliases without a name": ("a.yaml", BOMB.replace("id: S-1", "x: y").encode(), 1, "kind and an id"),
}


@pytest.mark.parametrize(("name", "content", "line", "reason"), BROKEN.values(), ids=BROKEN)
def test_what_is_not(tmp_path: Path, name: str, content: bytes, line: int | None, reason: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UnreadableFileError) as raised:
        check_whole(tmp_path / "file", name)
    assert raised.value.line == line
    assert reason in raised.value.reason


def test_a_bomb_of_aliases_with_a_name_is_its_records_fault_and_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(BOMB)
    assert check_whole(tmp_path / "file", "a.yaml").records == 1


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "link", "zero"):
        with pytest.raises(UnreadableFileError, match=r"no regular file|No such file|leads out"):
            check_whole(tmp_path / name, "a.jsonl")


def test_what_may_not_be_read(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    file = tmp_path / "a.jsonl"
    file.write_bytes(GOOD)
    file.chmod(0)
    with pytest.raises(UnreadableFileError, match="Permission denied"):
        check_whole(file, file.name)


@pytest.mark.parametrize("ending", ["jsonl", "yaml"])
def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"a.{ending}"
    with file.open("wb") as sparse:
        sparse.truncate(1 << 40)
    with pytest.raises(UnreadableFileError, match="bytes"):
        check_whole(file, file.name)
