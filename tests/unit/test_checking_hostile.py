"""Whatever stands in the files, `tocsin check` says something and never fails; its formats can hold all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from adapters.shape import shaped
from adapters.writing import checking
from schemas.finding import CheckReport, Severity
from schemas.rule_file import RuleFile
from tests.support.helpdesk.rule_folders import OWN
from tocsin.authoring.lint.check import check
from tocsin.authoring.lint.report import github, sarif
from tocsin.authoring.lint.report import json as as_json
from tocsin.authoring.lint.report import text as as_text

BASE = OWN.replace("languages: [en]", "languages: [en], fields: {n: {type: number}}") + (
    "rules:\n"
    "  - rule: one\n    for: site.contacts\n    on: [opened, closed]\n"
    "    if: ticket.priority in ('a', \"b\") and not (ticket.custom.n >= 2 or trigger == 'closed')\n"
    "    send: {keyword: {en: X}, channels: [email]}\n"
    "  - {rule: two, for: site.contacts, instead_of: one, send: {template: t, format: text}}\n"
)
TEST = (
    "given:\n  contacts: {zoe: {attached_to: [site]}}\n"
    "tests:\n  - test: A\n    ticket: {priority: a}\n"
    "    expect: {alerted: [{who: contact/zoe, trigger: opened}]}\n"
)
TEMPLATE = (
    "{% extends '_f.txt.j2' %}{% block b %}{{ ticket.title|default('x') }} {% if trigger %}y{% endif %}{% endblock %}\n"
)
ALPHABET = "{}[]:,-#&*!|>'\"%@`?<= \n\t.abntrue01~\\\u00e9\u2028\x1b\x00\ud83d\U0001f600_"
KEYS = [
    "extends",
    "settings",
    "defaults",
    "rules",
    "rule",
    "for",
    "on",
    "if",
    "instead_of",
    "send",
    "contacts",
    "opened",
]
KEYS += [
    "template",
    "fields",
    "statuses",
    "languages",
    "language",
    "tests",
    "given",
    "expect",
    "test",
    "who",
    "<<",
    "x",
]
VALUES = [
    "default",
    "site.contacts",
    "opened",
    "one",
    "t",
    "internal",
    "ticket.priority == 'a'",
    "contact/zoe",
    "",
    "*a",
]
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(VALUES), st.text(max_size=8))


def mutated(base: str) -> SearchStrategy[str]:
    """The text with some pieces of it taken out, doubled, or replaced."""
    piece = st.tuples(
        st.integers(0, len(base)), st.integers(0, 12), st.text(ALPHABET, max_size=6) | st.sampled_from([*KEYS, *VALUES])
    )

    def apply(pieces: list[tuple[int, int, str]]) -> str:
        found = base
        for at, length, new in pieces:
            found = found[:at] + new + found[at + length :]
        return found

    return st.lists(piece, min_size=1, max_size=5).map(apply)


DATA: SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.sampled_from(KEYS), part, max_size=5),
    max_leaves=20,
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "rules.yaml": st.one_of(mutated(BASE), st.text(ALPHABET, max_size=80), DATA.map(repr), DATA.map(json.dumps)),
        "rules.test.yaml": st.one_of(mutated(TEST), DATA.map(json.dumps)),
        "templates/t.en.txt.j2": mutated(TEMPLATE) | st.text(ALPHABET, max_size=60),
        "templates/_f.txt.j2": mutated("{% block b %}{% endblock %}"),
    },
)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """One child for all checks: to start one takes as long as many of them."""
    with pytest.MonkeyPatch.context() as patch, closing(checking.CheckingChild()) as child:
        patch.setattr(checking, "CheckingChild", lambda: SimpleNamespace(ask=child.ask, close=lambda: None))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules")


def written(folder: Path, files: dict[str, str]) -> Path:
    usual = {"rules.yaml": BASE, "rules.test.yaml": TEST, "templates/t.en.txt.j2": TEMPLATE}
    for name, text in {**usual, "templates/_f.txt.j2": "{% block b %}{% endblock %}", **files}.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
    return folder / "rules.yaml"


def in_every_format(report: CheckReport) -> None:
    assert msgspec.json.decode(as_json(report), type=CheckReport) == report
    assert len(json.loads(sarif(report))["runs"][0]["results"]) == len(report.findings)
    assert len([line for line in github(report).split("\n") if line]) == len(report.findings)
    as_text(report).encode()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
@example({"rules.yaml": "rules: &a [*a]"})
@example({"rules.yaml": "&a {rules: *a, settings: *a}"})
@example({"rules.yaml": 'extends: default\nrules:\n  - {rule: "\\ud800", for: "\\e[31m"}'})
@example({"rules.yaml": "? [a, b]\n: c\n? {d: e}\n: f"})
@example({"rules.yaml": "!!set {a, b}"})
@example({"rules.yaml": "!!python/object:os.system {}"})
@example({"rules.yaml": "a: !!timestamp 2026-99-99\nb: !!int x\nc: 2026-01-01"})
@example({"rules.yaml": "- " * 2_000})
@example({"rules.yaml": "[" * 5_000})
@example({"rules.yaml": "%YAML 9.9\n---\na: b"})
@example({"rules.yaml": "a: 1\n---\nb: 2"})
@example(
    {"rules.yaml": BASE.replace("for: site.contacts", "for: 3").replace("on: [opened", "on: [3, null, {}, opened")}
)
@example({"rules.yaml": BASE + "  - &r {rule: three, for: site.contacts}\n  - {<<: *r, rule: four, iff: x}\n"})
@example({"rules.yaml": "settings: {fields: {1: {type: text}, true: {type: number}, null: x}}"})
@example({"templates/t.en.txt.j2": "{{ 1" + "0" * 5_000 + " }}"})
@example({"templates/t.en.txt.j2": "{{ " + "(" * 3_000 + " }}"})
@example({"templates/t.en.txt.j2": "{% include ['t.en.txt.j2', 3] %}{% include 3 %}{% extends ticket %}"})
@example({"templates/t.en.txt.j2": "{% include 't.en.txt.j2' %}"})
@example({"rules.test.yaml": "tests:\n  - {test: A, expect: {}, ticket: &t {custom: *t}}"})
@example({"rules.test.yaml": "given: {directory: /}\ntests: [{test: A, expect: {}}]"})
def test_check_says_something_about_whatever_it_is_given(folder: Path, files: dict[str, str]) -> None:
    report = check(written(folder, files))
    in_every_format(report)
    assert all(finding.line >= 1 and finding.column >= 1 for finding in report.findings)
    assert all(finding.text in finding.source for finding in report.findings if finding.source)


def test_the_files_that_are_spoiled_are_good(folder: Path) -> None:
    report = check(written(folder, {}))
    assert [finding for finding in report.findings if finding.severity is not Severity.WARNING] == []


@settings(max_examples=300, deadline=None)
@given(data=DATA)
@example({"rules": [{"rule": "a", "for": "site.contacts", "on": []}]})
@example({"settings": {"stale_after_hours": True}})
@example({"settings": {"languages": ["e"], "statuses": {"a": {"f": "x"}}}})
def test_the_shape_is_wrong_exactly_where_the_decoder_says_so(data: Any) -> None:
    plain = json.loads(json.dumps(data, allow_nan=False, default=str)) if _is_plain(data) else None
    try:
        msgspec.convert(plain, RuleFile)
    except msgspec.ValidationError:
        is_right = False
    else:
        is_right = True
    _, problems = shaped(plain, RuleFile, ())
    assert (problems == []) is is_right


def _is_plain(data: Any) -> bool:
    try:
        json.dumps(data, allow_nan=False)
    except ValueError:
        return False
    return True
