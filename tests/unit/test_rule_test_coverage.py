"""What rule tests exercise, and how results are told to CI."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.rule_files.load import DEFAULT_FILE
from engine.rulebook.rulebook import Rulebook
from tests.support.helpdesk.events import Helpdesk, default_rules, email, fax, rules, saved
from tests.support.helpdesk.rulebooks import rulebook_of
from tocsin.authoring.rule_tests.coverage import all_gates, coverage_of
from tocsin.authoring.rule_tests.junit import junit
from tocsin.authoring.rule_tests.preparing import prepare
from tocsin.authoring.rule_tests.running import Result, run

HEAD = "given: {contacts: {zoe: {attached_to: [product]}}}\ntests:\n"
SENT = "  - test: sent\n    expect: {alerted: [{who: contact/zoe, trigger: opened}]}\n"
HELD = """  - test: held
    given: {contracts: {C-7: {recipients: {product: {contacts: false}}}}}
    expect: {not_alerted: [{who: contact/zoe, reason: category_off}]}
"""


def results(folder: Path, text: str, rulebook: Rulebook | None = None) -> list[Result]:
    file = folder / "any.test.yaml"
    file.write_text(dedent(text))
    return run(prepare(file), rulebook or default_rules())


def test_the_shipped_tests_exercise_every_default_rule_and_gate() -> None:
    found = coverage_of(default_rules(), run(prepare(DEFAULT_FILE.with_name("default.test.yaml")), default_rules()))
    assert found.is_whole
    assert (found.rules, found.gates) == (10, 30)
    assert [*map(str, found.impossible)] == [
        "no_rule (contacts)",
        "no_rule (collaborators)",
        "status_internal (contacts)",
    ]


def test_a_rule_is_exercised_by_a_message_and_by_holding_back(tmp_path: Path) -> None:
    found = coverage_of(default_rules(), results(tmp_path, HEAD + SENT))
    assert "product-contacts" not in found.unsent
    assert "product-contacts" in found.unheld
    found = coverage_of(default_rules(), results(tmp_path, HEAD + HELD))
    assert "product-contacts" in found.unsent
    assert "product-contacts" not in found.unheld
    assert "category_off (contacts)" not in map(str, found.ungated)


def test_a_test_that_fails_exercises_nothing(tmp_path: Path) -> None:
    failed = results(tmp_path, HEAD + SENT.replace("opened", "closed"))
    assert len(coverage_of(default_rules(), failed).unsent) == 10


def test_a_message_that_is_allowed_and_not_named_exercises_nothing(tmp_path: Path) -> None:
    passed = results(tmp_path, HEAD + "  - test: any\n    expect: {others: allowed}\n")
    assert passed[0].differences == []
    assert len(coverage_of(default_rules(), passed).unsent) == 10


@pytest.mark.parametrize(
    ("own", "possible"),
    [
        ({}, False),
        ({"on": ["closed"]}, True),
        ({"if": 'ticket.priority == "high"'}, True),
        ({"send": {"channels": ["fax"]}}, False),
    ],
)
def test_whether_no_rule_can_match_someone(own: dict[str, Any], possible: bool) -> None:
    named = [category for category in map(str, _categories()) if category.endswith("collaborators")]
    book = rulebook_of([{"for": category, **own} for category in named])
    gates = [str(gate) for gate in coverage_of(book, []).ungated]
    assert ("no_rule (collaborators)" in gates) is possible
    assert "no_rule (contacts)" in gates


def test_a_rule_in_the_place_of_another_leaves_a_category_empty_only_if_it_is_for_another() -> None:
    for category, possible in (("product.contacts", False), ("site.contacts", True)):
        own = {"rule": "own", "for": category, "instead_of": "product-contacts"}
        gates = [str(gate) for gate in coverage_of(rules(None, own), []).ungated]
        assert ("no_rule (contacts)" in gates) is possible


def _categories() -> list[Any]:
    return [rule.category for rule in default_rules().rules]


@given(
    alerts=st.lists(st.sampled_from(["opened", "closed"]), max_size=2),
    sites=st.sampled_from([[], ["S-paris"]]),
    modes=st.sampled_from([None, [], [fax("+33140000001")], [email("a@b.example", active=False)]]),
    ticket=st.fixed_dictionaries(
        {},
        optional={
            "visible_to_customer": st.booleans(),
            "customer": st.sampled_from(["acme", "other", None]),
            "product": st.sampled_from(["P-erp", "P-other", None]),
            "status": st.sampled_from(["hidden", "new"]),
        },
    ),
    previous=st.sampled_from([None, {"status": "old"}, {"status": "hidden"}]),
    actor=st.sampled_from([None, {"kind": "collaborator", "id": "co"}, {"kind": "contact", "id": "ct"}]),
)  # fmt: skip
def test_every_reason_of_a_decision_is_one_of_the_gates(**drawn: Any) -> None:
    desk = Helpdesk()
    modes = {} if drawn["modes"] is None else {"modes": drawn["modes"]}
    desk.contact("ct", "product/P-erp", "contract/C-7", sites=drawn["sites"], alerts=drawn["alerts"], **modes)
    desk.collaborator("co", "product/P-erp", "contract/C-7", alerts=drawn["alerts"], **modes)
    event = saved(drawn["previous"], drawn["ticket"], actor=drawn["actor"])
    gates = {(gate.reason, gate.audience) for gate in all_gates()}
    for skip in desk.decide(event, rules({"statuses": {"hidden": "internal"}})).skipped:
        assert (skip.reason, None if skip.category is None else skip.category.audience) in gates


def test_junit_counts_and_names_tests(tmp_path: Path) -> None:
    failing = SENT.replace("sent", '"not < sent \\a"').replace("opened", "closed")
    document = fromstring(junit(results(tmp_path, HEAD + SENT + failing)))  # noqa: S314 - our own
    (suite,) = document
    assert (document.tag, suite.get("tests"), suite.get("failures"), suite.get("errors")) == (
        "testsuites",
        "2",
        "1",
        "0",
    )
    passed, failed = suite
    assert (passed.get("name"), [*passed]) == ("sent", [])
    assert failed.get("name") == "not < sent \ufffd"
    assert failed.get("line") == "5"
    assert "expected `closed`" in str(failed[0].get("message"))
