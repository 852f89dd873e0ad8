"""Rule tests: what a file says, what passes, and how what does not is told."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest
from jsonschema import Draft202012Validator

from adapters.rule_files.load import DEFAULT_FILE, load_rulebook
from adapters.yaml_files.faults import FaultyFileError
from adapters.yaml_files.source import Source
from schemas.generate import FOLDER
from tests.support.helpdesk.events import default_rules
from tocsin.authoring.rule_tests.preparing import prepare
from tocsin.authoring.rule_tests.reading import files_of_tests
from tocsin.authoring.rule_tests.running import run_rule_tests

SHIPPED = DEFAULT_FILE.with_name("default.test.yaml")


def failures(folder: Path, text: str) -> list[str]:
    """What is told of the tests of this file: differences, each test's alone."""
    (folder / "any.test.yaml").write_text(dedent(text))
    return ["\n".join(failure.differences) for failure in run_rule_tests(default_rules(), folder)]


def faults(folder: Path, text: str) -> list[str]:
    """What is wrong with this file: line, column, message."""
    (folder / "any.test.yaml").write_text(dedent(text))
    with pytest.raises(FaultyFileError) as raised:
        run_rule_tests(default_rules(), folder)
    return [f"{fault.line}:{fault.column}: {fault.said}" for fault in raised.value.faults]


def test_the_shipped_tests_pass() -> None:
    assert len(prepare(SHIPPED)) > 30
    assert run_rule_tests(load_rulebook(), DEFAULT_FILE.parent, DEFAULT_FILE) == []


ZOE = """
given: {contacts: {zoe: {name: Zoé Martin, attached_to: [product]}}, collaborators: {li: {name: Li Wei}}}
tests:
  - test: one
"""
UNEXPECTED = (
    "Zoé Martin (contact/zoe) got `opened` by e-mail, expected nothing: "
    "rule product-contacts, category product.contacts"
)


def test_a_message_that_nobody_expected_fails(tmp_path: Path) -> None:
    assert failures(tmp_path, ZOE + "    expect: {}") == [UNEXPECTED]


def test_unless_others_are_allowed(tmp_path: Path) -> None:
    assert failures(tmp_path, ZOE + "    expect: {others: allowed}") == []
    named = ZOE + "    expect: {others: allowed, not_alerted: [{who: contact/zoe}]}"
    assert len(failures(tmp_path, named)) == 1


def test_a_message_that_does_not_come_fails_with_the_gate_and_what_to_change(tmp_path: Path) -> None:
    text = ZOE.replace("attached_to", "alerts: [closed], attached_to")
    (told,) = failures(tmp_path, text + "    expect: {alerted: [{who: contact/zoe, trigger: opened}]}")
    assert told == (
        "Zoé Martin (contact/zoe) got nothing, expected `opened` by e-mail: the person's own tick for `opened` is off "
        "[own_tick_off] (contact/zoe, field alerts: add opened)"
    )
    expect = "    expect: {others: allowed, alerted: [{who: collaborator/li, trigger: opened}]}"
    (told,) = failures(tmp_path, ZOE + expect)
    assert told.startswith("Li Wei (collaborator/li) got nothing, expected `opened` by e-mail: attached to nothing")


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("trigger: closed", "expected `closed`"),
        ("trigger: opened, template: external/other", "with template `external/opened`, expected `external/other`"),
        ("trigger: opened, keyword: Hello", "with keyword `[Opened]`, expected `Hello`"),
        ("trigger: opened, language: fr", "with language `en`, expected `fr`"),
        ("trigger: opened, rules: [site-contacts]", "with rules [product-contacts], expected [site-contacts]"),
        (
            "trigger: opened, categories: [site.contacts]",
            "with categories [product.contacts], expected [site.contacts]",
        ),
        ("trigger: opened, other_triggers: [resolved]", "with other triggers [], expected [resolved]"),
    ],
)
def test_a_message_that_is_otherwise_fails(tmp_path: Path, field: str, told: str) -> None:
    (line,) = failures(tmp_path, ZOE + f"    expect: {{alerted: [{{who: contact/zoe, {field}}}]}}")
    assert told in line


def test_another_channel_is_another_message(tmp_path: Path) -> None:
    text = ZOE + "    expect: {alerted: [{who: contact/zoe, channel: fax, trigger: opened}]}"
    (told,) = failures(tmp_path, text)
    assert told.splitlines() == [
        "Zoé Martin (contact/zoe) got `opened` by e-mail to zoe@customer.example, expected `opened` by fax",
        UNEXPECTED,
    ]


def test_the_reason_counts(tmp_path: Path) -> None:
    text = ZOE.replace("attached_to", "alerts: [closed], attached_to")
    expect = "    expect: {not_alerted: [{who: contact/zoe, reason: %s, category: %s}]}"
    assert failures(tmp_path, text + expect % ("own_tick_off", "product.contacts")) == []
    (told,) = failures(tmp_path, text + expect % ("not_visible", "product.contacts"))
    assert told.startswith("Zoé Martin (contact/zoe) was to be stopped by `not_visible` in product.contacts, got `own_")
    (told,) = failures(tmp_path, text + expect % ("own_tick_off", "site.contacts"))
    assert "got no such entry" in told


def test_the_reason_of_the_whole_event_counts(tmp_path: Path) -> None:
    assert failures(tmp_path, ZOE + "    origin: import\n    expect: {nobody: origin}") == []
    (told,) = failures(tmp_path, ZOE + "    origin: import\n    expect: {nobody: stale}")
    assert told == "expected nobody for the reason `stale`, got `origin`"
    (told,) = failures(tmp_path, ZOE + "    expect: {nobody: stale}")
    assert told.startswith("expected nobody for the reason `stale`, got an event that may alert\nZoé Martin")


def test_a_folder_of_records_can_be_shared(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "records.yaml").write_text(
        """
        - {kind: contract, id: C-1, type: commitment, client: big, recipients: {contract: {contacts: true}},
           contacts: [eve]}
        - {kind: customer, id: big, main_site: S, alerts: {opened: {enabled: true}}}
        - {kind: contact, id: eve, customer: big, sites: [S], alerts: [opened],
           modes: [{channel: email, address: eve@big.example, active: true}]}
        """
    )
    text = (
        "given: {directory: desk}\ntests:\n  - test: one\n    expect: {alerted: [{who: contact/eve, trigger: opened}]}"
    )
    assert failures(tmp_path, text) == []
    assert (
        faults(tmp_path, text.replace("desk", "dsk"))[0]
        == "1:20: the directory can't be read: No such file or directory"
    )


def test_a_file_of_tests_is_for_the_rule_file_of_its_name(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml", "a.test.yaml", "b.test.yaml", "all.test.yml", ".c.test.yaml"):
        (tmp_path / name).write_text("")
    names = [file.name for file in files_of_tests(tmp_path, tmp_path / "a.yaml")]
    assert names == ["a.test.yaml", "all.test.yml"]
    assert [file.name for file in files_of_tests(tmp_path)] == ["a.test.yaml", "all.test.yml", "b.test.yaml"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("origin: imprt", "5:13: `imprt` is not allowed here: did you mean `import`?"),
        ("actr: contact/zoe", "5:5: there is no key `actr` here: did you mean `actor`?"),
        ("ticket: {prodct: P-erp}", "5:14: a ticket has no field `prodct`: did you mean `product`?"),
        ("previous: {statu: new}", "5:16: a ticket has no field `statu`: did you mean `status`?"),
        ("ticket: {status: 7}", "5:22: data.ticket.status: expected `str | null`, got `int` (got 7)"),
        ("now: tomorrow", "5:10: 'tomorrow' is no time with an offset"),
        ("time: 2026-03-02T09:15:00Z\n    now: tomorrow", "6:10: 'tomorrow' is no time with an offset"),
        ("given: {contacts: {zoe: {nme: Zoé}}}", "5:30: a contact has no field `nme`: did you mean `name`?"),
        ("given: {contacts: {zoe: {attached_to: [prodct]}}}", "5:44: `prodct` is none of"),
        ("given: {contacts: {zoe: {attached_to: [site/S-pris]}}}", "no site `S-pris` here: did you mean `S-paris`?"),
        ("given: {contacts: {zoe: {alerts: closed}}}", "5:38: contact zoe: alerts: expected `array | null`"),
        ("given: {contacts: {zoe: {alerts: [close]}}}", "5:39: alerts[0]: this value is not one of those"),
        ("given: {contracts: {C-7: {recipients: {sites: {contacts: true}}}}}", "recipients.sites: there is no"),
        ("given: {contracts: {C-7: {type: comitment}}}", "5:37: type: this resembles `commitment`"),
        ("given: {contract: {C-7: {}}}", "5:13: there is no key `contract` here: did you mean `contracts`?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, line: str, told: str) -> None:
    text = ZOE.lstrip().replace("tests:", "\ntests:") + f"    {line}\n    expect: {{others: allowed}}"
    (found,) = faults(tmp_path, text)
    assert told in found


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("{alerted: [{who: contact/zo, trigger: opened}]}", "has no contact/zo: did you mean `contact/zoe`?"),
        ("{not_alerted: [{who: contact/zoe, reason: stale}]}", "write `nobody: stale` in its place"),
        ("{not_alerted: [{reason: object_unknown}]}", "name a person with `who`, or a `category` and `reason`"),
        ("{nobody: stale, not_alerted: [{who: contact/zoe}]}", "no person has a reason"),
        ("{nobody: no_rule}", "`no_rule` is not allowed here: did you mean"),
        ("{alerted: [{who: zoe, trigger: opened}]}", "write a person as `contact/ID` or `collaborator/ID`"),
    ],
)  # fmt: skip
def test_an_expectation_that_can_not_be_meant_is_named(tmp_path: Path, expect: str, told: str) -> None:
    (found,) = faults(tmp_path, ZOE + f"    expect: {expect}")
    assert told in found


def test_all_faults_are_named_at_once_and_two_tests_have_two_names(tmp_path: Path) -> None:
    text = ZOE + "    expect: {}\n  - test: one\n    expect: {nbody: stale}\n  - test: three\n    expect: {alertd: []}"
    assert len(faults(tmp_path, text)) == 3
    text = ZOE + "    expect: {}\n  - test: one\n    expect: {}"
    assert faults(tmp_path, text) == ["6:11: there is another test `one` before: rename this one"]
    assert "the list is empty" in faults(tmp_path, "tests: []")[0]
    assert "a mapping, with `tests:`" in faults(tmp_path, "- test: one")[0]


def test_the_schema_takes_the_shipped_tests_and_knows_the_fields_of_records() -> None:
    schema = Draft202012Validator(json.loads((FOLDER / "rule-test.schema.json").read_text()))
    content = Source.of_file(SHIPPED).content
    assert [*schema.iter_errors(content)] == []
    content["given"]["contacts"]["zoe"] = {"nme": "Zoé"}
    assert [*schema.iter_errors(content)] != []


@pytest.mark.parametrize("silence", ["{who: contact/zoe}", "{who: contact/zoe, reason: no_rule}"])
def test_nobody_is_both_told_and_not_told(tmp_path: Path, silence: str) -> None:
    both = f"    expect: {{alerted: [{{who: contact/zoe, trigger: opened}}], not_alerted: [{silence}]}}"
    assert len(failures(tmp_path, ZOE + both)) == 1


@pytest.mark.parametrize("word", ["created", "Nouveau"])
def test_a_trigger_by_another_name_is_known(tmp_path: Path, word: str) -> None:
    (fault,) = faults(tmp_path, ZOE + f"    expect: {{alerted: [{{who: contact/zoe, trigger: {word}}}]}}")
    assert fault.endswith(f"`{word}` is not allowed here: did you mean `opened`?")


def test_a_key_with_what_can_not_be_seen_is_told_how_to_be_written(tmp_path: Path) -> None:
    (missing, unknown) = faults(tmp_path, ZOE + "    \u00a0expect: {}")
    assert "`expect` is missing" in missing
    assert unknown.endswith("write `expect` alone, without what can't be seen or only looks like a blank")
