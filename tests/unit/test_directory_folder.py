"""A directory's folder: what can be read is used, what can't is named by file, line, record, field and reason."""

from __future__ import annotations

import gc
import json
from datetime import date
from pathlib import Path

import pytest

from adapters.files.directory_folder import load_directory
from adapters.files.directory_problems import KEPT_OF_EACH_CODE, ProblemCode
from schemas.vocabulary import PersonKind
from tests.support.helpdesk.directory_files import CO_1, SITE, jsonl, load, site_names, told

# --- what is used


def test_yaml_lists_yaml_documents_and_json_lines_are_read_from_every_folder(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        {
            "a.yaml": "- {kind: site, id: S-1, name: One}\n- {kind: site, id: S-2, name: Two}\n",
            "deep/er/b.yml": "kind: site\nid: S-3\nname: Three\n---\nkind: site\nid: S-4\nname: Four\n---\n",
            "z.jsonl": jsonl({"kind": "site", "id": "S-5", "name": "Five"}),
            "README.md": "not data",
        },
    )
    assert site_names(loaded, "S-1", "S-2", "S-3", "S-4", "S-5") == ["One", "Two", "Three", "Four", "Five"]
    assert (loaded.records, loaded.problems, loaded.is_complete) == (5, [], True)
    assert loaded.directory.counts()["site"] == 5


def test_one_file_is_a_directory_too(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text(jsonl(CO_1), encoding="utf-8")
    assert load_directory(file).directory.person(PersonKind.COLLABORATOR, "co-1") is not None


@pytest.mark.parametrize("path", ["nowhere", "nowhere.jsonl"])
def test_a_path_that_is_not_there_is_an_error_and_no_empty_directory(tmp_path: Path, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        load_directory(tmp_path / path)


def test_a_schema_for_editors_beside_the_files_is_no_data(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"a.yaml": "[]", "directory.schema.json": "{}", "schema.json": "{}"})
    assert {problem.file: problem.code for problem in loaded.problems} == {"schema.json": ProblemCode.UNUSED_FILE}


def test_byte_order_marks_line_ends_of_windows_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        {
            "a.jsonl": b'\xef\xbb\xbf{"kind":"site","id":"S-1","name":"One"}\r\n\r\n \r\n'
            b'{"kind":"site","id":"S-2","name":"Two"}',
            "b.yaml": b"\xef\xbb\xbf- kind: site\r\n  id: S-3\r\n  name: Three\r\n\r\n",
            "c.yaml": b"# nothing yet\n",
            "d.jsonl": b"",
        },
    )
    assert site_names(loaded, "S-1", "S-2", "S-3") == ["One", "Two", "Three"]
    assert loaded.problems == []


def test_later_files_win_and_a_record_that_stands_twice_is_a_warning(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        {
            "b.jsonl": jsonl(SITE | {"name": "Later"}),
            "a/z.jsonl": jsonl(SITE),
            "B.jsonl": jsonl(SITE | {"id": "x"}),
        },
    )
    assert site_names(loaded, "S-1") == ["Later"]
    assert told(loaded) == ["b.jsonl:1: site S-1: id: an earlier record has this kind and id: this one takes its place"]
    assert loaded.is_complete


def test_dates_without_quotes_are_days(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        {
            "a.yaml": "kind: contract\nid: 2026-01-02\nvalid_from: 2026-01-01\nvalid_to: '2026-12-31'\n---\n"
            "{kind: suppression, id: s, person: contact/ct-1, until: 2026-02-01T00:00:00Z}\n",
        },
    )
    contract = loaded.directory.contract("2026-01-02")
    assert loaded.problems == []
    assert contract is not None
    assert (contract.valid_from, contract.valid_to) == (date(2026, 1, 1), date(2026, 12, 31))


def test_hidden_files_are_left_out_and_links_are_followed_once(tmp_path: Path) -> None:
    folder = tmp_path / "real"
    two = jsonl(SITE | {"id": "S-2", "name": "Two"})
    load(folder, {".data/sites.jsonl": jsonl(SITE), ".data/more/c.jsonl": two})
    (folder / "sites.jsonl").symlink_to(folder / ".data" / "sites.jsonl")
    (folder / "more").symlink_to(folder / ".data" / "more")
    (folder / ".data" / "more" / "back").symlink_to(folder)
    (tmp_path / "link").symlink_to(folder)
    for given in (folder, tmp_path / "link"):
        loaded = load_directory(given)
        assert site_names(loaded, "S-1", "S-2") == ["Paris", "Two"]
        assert (loaded.records, loaded.problems) == (2, [])


def test_links_out_of_the_folder_are_named_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "c.jsonl").write_text(jsonl(SITE | {"id": "S-2", "name": "Two"}), encoding="utf-8")
    folder = tmp_path / "directory"
    load(folder, {"sites.jsonl": jsonl(SITE)})
    (folder / "file.jsonl").symlink_to(elsewhere / "c.jsonl")
    (folder / "more").symlink_to(elsewhere)
    loaded = load_directory(folder)
    assert site_names(loaded, "S-1", "S-2") == ["Paris", None]
    assert {(one.file, one.code) for one in loaded.problems} == {
        ("file.jsonl", ProblemCode.UNREADABLE_FILE),
        ("more", ProblemCode.UNREADABLE_FILE),
    }
    assert all("leads out of the folder directory" in one.refusal.reason for one in loaded.problems)


def test_the_garbage_collector_is_as_it_was(tmp_path: Path) -> None:
    assert gc.isenabled()
    load(tmp_path, {"a.jsonl": jsonl(SITE)})
    assert gc.isenabled()


# --- modes


BAD_ADDRESSES = {
    " a@b.example": "blanks or line breaks around",
    "a@b.example\n": "blanks or line breaks around",
    "a@b.example, c@d.example": "not one e-mail address",
    "x;y@z.example": "not one e-mail address",
    "x\ny@z.example": "not one e-mail address",
}


@pytest.mark.parametrize("address", BAD_ADDRESSES)
@pytest.mark.parametrize("ending", ["jsonl", "yaml"])
def test_an_address_that_is_none_or_several_loses_its_mode_alone(tmp_path: Path, ending: str, address: str) -> None:
    good = {"channel": "email", "address": "zoe@acme.example", "active": True}
    records = [
        {"kind": "contact", "id": "ct-1", "modes": [good, good | {"address": address}]},
        {"kind": "contact", "id": "ct-2", "modes": [good]},
    ]
    loaded = load(tmp_path, {f"people.{ending}": jsonl(*records) if ending == "jsonl" else json.dumps(records)})
    [problem] = loaded.problems
    assert (problem.code, problem.kind, problem.id) == (ProblemCode.BAD_MODE, "contact", "ct-1")
    assert problem.refusal.field == "modes[1].address"
    assert BAD_ADDRESSES[address] in problem.refusal.reason
    people = [loaded.directory.person(PersonKind.CONTACT, one) for one in ("ct-1", "ct-2")]
    assert [[mode.address for mode in person.modes] for person in people if person] == [["zoe@acme.example"]] * 2


def test_slips_made_by_hand_come_with_advice(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        {
            "a.yaml": "- {kind: contact, id: 042}\n"
            "- {kind: contact, id: ct-1, modes: [{channel: fax, address: 0123456789, active: true}]}\n"
            "- {kind: contract, id: C-1, type: 1.5}\n"
            "- {kind: contact, id: ct-2, modes: [{channel: fax, address: '012345', active: yes}]}\n",
            "b.jsonl": '{"kind":"site","id":7}\n',
        },
    )
    active = "modes[0].active: expected `bool | null`, got `str`: write true or false, without quotes"
    assert told(loaded) == [
        "a.yaml:1: contact 042: id: expected `str`, got `int`: put it in quotes (got 42)",
        "a.yaml:2: contact ct-1: modes[0].address: expected `str`, got `int`: put it in quotes (got 123456789)",
        "a.yaml:3: contract C-1: type: expected `str | null`, got `float`: put it in quotes (got 1.5)",
        f'a.yaml:4: contact ct-2: {active} (got "yes")',
        "b.jsonl:1: site 7: id: expected `str`, got `int`: put it in quotes (got 7)",
    ]
    assert not loaded.is_complete


# --- problems


def test_all_problems_are_counted_and_the_first_of_each_code_are_kept(tmp_path: Path) -> None:
    bad, again = KEPT_OF_EACH_CODE + 7, KEPT_OF_EACH_CODE + 3
    loaded = load(tmp_path, {"a.jsonl": jsonl(SITE) * (again + 1), "b.jsonl": jsonl({"kind": "site"}) * bad})
    assert loaded.problem_counts == {ProblemCode.DUPLICATE: again, ProblemCode.BAD_RECORD: bad}
    assert len(loaded.problems) == 2 * KEPT_OF_EACH_CODE
    assert loaded.records == again + 1


def test_a_problem_can_be_logged_without_the_value_and_on_one_line(tmp_path: Path) -> None:
    record = {
        "kind": "contact",
        "id": "ct-1\n[31m",
        "modes": [{"channel": "email", "address": "zoe secret", "active": True}],
    }
    [problem] = load(tmp_path, {"a.jsonl": jsonl(record | {"id": "ct-1"})}).problems
    assert "secret" not in str(problem)
    assert "secret" in problem.shown()
    [problem] = load(tmp_path, {"a.jsonl": jsonl(record)}).problems
    assert str(problem).isprintable()
