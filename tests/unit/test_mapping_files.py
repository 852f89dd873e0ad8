"""Mapping files: what is wrong is named with line, column and advice, all of it at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from adapters.mapping_files.folder import SHIPPED_MAPPINGS, files_in, mapping_files, own_tests
from adapters.mapping_files.load import load_mapping
from adapters.yaml_files.faults import FaultyFileError
from adapters.yaml_files.source import Source
from intake.mappings.mapping import Mapped
from tests.support.documents.pages import blocks
from tests.support.intake.mappings import applied, faults
from tests.unit.test_editor_support import NAMED, schema, undescribed
from tocsin.authoring.mapping_tests.running import check_mapping

SHIPPED = list(files_in(SHIPPED_MAPPINGS))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: str(file.stem))
def test_the_shipped_mappings_pass_their_tests(file: Path) -> None:
    checked = check_mapping(file)
    assert checked.faults == []
    assert checked.tests > 0


@pytest.mark.parametrize("file", [*SHIPPED, *map(own_tests, SHIPPED)], ids=lambda file: str(file.name))
def test_the_shipped_files_name_their_schema_and_keep_to_it(file: Path) -> None:
    match = NAMED.fullmatch(file.read_text(encoding="utf-8").splitlines()[0])
    assert match is not None
    name = Path(match[1]).name.removesuffix(".schema.json")
    assert name == ("mapping-test" if ".test." in file.name else "mapping-file")
    Draft202012Validator(schema(name)).validate(Source.of_file(file).content)


def test_every_key_is_explained() -> None:
    assert undescribed(schema("mapping-file")) == []


PLACED = [
    ("ticket: {id: $.id, titel: $.t}", (1, 20), "did you mean `title`?"),
    ("ticket: {title: $.t}", (1, 9), "the key `id` is missing here"),
    ("ticket: {id: $.a b}", (1, 18), "this is no path of JSONPath"),
    ("ticket: {id: $..id}", (1, 15), "`..` is left out here"),
    ("ticket: {id: '$[0,0].id'}", (1, 16), "several selectors"),
    ("ticket: {id: x, title: {if: $.a = 1, from: $.t}}", (1, 33), "compare by `==`"),
    ("ticket: {id: x, title: {if: '@.a == 1', from: $.t}}", (1, 30), "`@`"),
    ("ticket: {id: x, title: {if: '1 == 1', from: $.t}}", (1, 30), "no path"),
    ("ticket: {id: x, title: {if: \"match($.a, 'x')\", from: $.t}}", (1, 30), "match() and search()"),
    ("ticket: {id: x, title: {from: $.a, header: X}}", (1, 24), "one source"),
    ("ticket: {id: x, title: {if: $.a}}", (1, 24), "one of from, header, value, is"),
    ("ticket: {id: x, status: {from: $.a, map: {a: b}}}", (1, 42), "`otherwise: …`"),
    ("ticket: {id: x, status: {from: $.a, otherwise: b}}", (1, 48), "add `map`"),
    ("ticket: {id: x, title: {from: $.a, time: seconds}}", (1, 42), "`time` is for times"),
    ("ticket: {id: x, created_at: {from: $.a, time: second}}", (1, 47), "did you mean `seconds`?"),
    ("ticket: {id: x, created_at: {from: $.a, time: '%d/%m'}}", (1, 47), "needs a year"),
    ("ticket: {id: x, created_at: {from: $.a, zone: Europe/Pari}}", (1, 47), "did you mean `Europe/Paris`?"),
    ("{zone: CEST, ticket: {id: x}}", (1, 8), "does not follow the change of the clock"),
    (
        "ticket: {id: x, resolution_marked: {from: $.a, map: {a: yes}, otherwise: false}}",
        (1, 57),
        "neither true nor false",
    ),
    (
        "{moment: {from: $.e, map: {n: craeted}, otherwise: unknown}, ticket: {id: x}}",
        (1, 31),
        "did you mean `created`?",
    ),
    ("{origin: imprt, ticket: {id: x}}", (1, 10), "did you mean `import`?"),
    ("ticket: {id: x, title: {is: $.a == 1}}", (1, 29), "write `if`"),
    ("ticket: {id: x, customer: {look_up: [product]}}", (1, 37), "only the ticket's contract"),
    ("ticket: {id: x, contract: {look_up: [reference]}}", (1, 37), "add `from`"),
    ("ticket: {id: x, title: {from: $.a, write: none}}", (1, 43), "write `{}` once"),
    ("{ignore: [{because: a}], ticket: {id: x}}", (1, 11), "needs one of `if`"),
    ("{ignore: [{because: a, header: X}], ticket: {id: x}}", (1, 11), "`in` and `not_in`"),
    ("{triggers: $.t, before: {status: $.s}, ticket: {id: x}}", (1, 12), "exclude each other"),
    ("{signature: {scheme: header}, ticket: {id: x}}", (1, 13), "add `header:`"),
    ("{signature: {scheme: zendesc}, ticket: {id: x}}", (1, 22), "did you mean `zendesk`?"),
]


@pytest.mark.parametrize(("text", "place", "said"), PLACED, ids=[text for text, _, _ in PLACED])
def test_a_slip_has_its_place_and_advice(text: str, place: tuple[int, int], said: str) -> None:
    found = faults(text)
    assert [(one.line, one.column) for one in found] == [place]
    assert said in found[0].said


def test_all_slips_are_named_at_once() -> None:
    assert len(faults("{zone: x, origin: y, ticket: {id: $.., title: {if: z}}}")) == 4


@pytest.mark.parametrize("path", ["$.a[?@.b == 1][?@.b == 1]" * 10, "$" + "[?@" * 200 + "]" * 200, "$" + ".a" * 200])
def test_a_long_path_is_refused_or_read(path: str) -> None:
    faults(f'ticket: {{id: "{path}"}}')


def test_a_file_has_a_bounded_number_of_comparisons_in_filters() -> None:
    fields = "".join(f'\n    f{n}: "$.a[?@.b == {n}].c"' for n in range(51))
    assert [one.message for one in faults(f"ticket:\n  id: x\n  custom:{fields}")] == [
        "the file has more than 50 comparisons in filters"
    ]


def test_ones_own_file_stands_in_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "zammad.yaml"
    own.write_text("ticket: {id: $.id}")
    (tmp_path / "zammad.test.yaml").write_text("tests: []")
    (tmp_path / ".hidden.yaml").write_text("{")
    found = mapping_files(tmp_path)
    assert found["zammad"] == own
    assert found["generic"] == SHIPPED_MAPPINGS / "generic.yaml"
    assert [*found] == sorted(file.stem for file in SHIPPED)
    assert own_tests(own) == tmp_path / "zammad.test.yaml"


def test_a_file_that_is_no_mapping_is_named(tmp_path: Path) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text("- a")
    with pytest.raises(FaultyFileError, match="start it with `ticket:`"):
        load_mapping(file)


@pytest.mark.parametrize("name", ["my desk.yaml", "béta.yaml", "-a.yaml", "a.b.yaml", "x" * 81 + ".yaml"])
def test_a_file_whose_name_is_no_part_of_an_address_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("ticket: {id: $.id}")
    with pytest.raises(FaultyFileError, match="can't be the name of a hook"):
        load_mapping(tmp_path / name)


def test_two_files_of_one_name_are_both_named(tmp_path: Path) -> None:
    for name in ("desk.yaml", "desk.yml"):
        (tmp_path / name).write_text("ticket: {id: $.id}")
    for name, other in (("desk.yaml", "desk.yml"), ("desk.yml", "desk.yaml")):
        with pytest.raises(FaultyFileError, match=f"{other} beside it"):
            load_mapping(tmp_path / name)


def test_a_test_that_expects_something_else_fails_with_what_differs(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text("ticket: {id: $.id, title: $.title}")
    (tmp_path / "desk.test.yaml").write_text(
        "tests:\n  - test: It fails\n    payload: {id: 1, title: a}\n"
        "    expect: {ticket: {id: '1', status: new}, origin: import}"
    )
    (fault,) = check_mapping(tmp_path / "desk.yaml").faults
    assert fault.line == 2
    assert fault.message == (
        'It fails: ticket.status is not said, expected "new"; ticket.title is "a", expected nothing; '
        'origin is "user", expected "import"'
    )


PAGES = Path(__file__).parents[2] / "docs" / "webhooks"


def test_each_shipped_mapping_has_a_page_or_section_and_each_page_a_mapping() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} | {"generic"} == {file.stem for file in SHIPPED}


SHOWN = [(page.stem, text) for page in sorted(PAGES.glob("*.md")) for text in blocks(page, "json")]


@pytest.mark.parametrize(("name", "text"), SHOWN, ids=[name for name, _ in SHOWN])
def test_the_posts_that_pages_show_can_be_read(name: str, text: str) -> None:
    result = applied(load_mapping(SHIPPED_MAPPINGS / f"{name}.yaml"), json.loads(text))
    assert isinstance(result, Mapped)


def test_the_mappings_that_the_page_shows_can_be_used() -> None:
    page = Path(__file__).parents[2] / "docs" / "webhooks.md"
    shown = blocks(page, "yaml")
    assert shown
    assert [fault for text in shown if "tests:" not in text for fault in faults(text)] == []
