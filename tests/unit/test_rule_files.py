"""Rule files: what is wrong is named with file, line, column and advice, all of it at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from adapters.rule_files.load import load_rulebook
from adapters.yaml_files.faults import Fault, FaultyFileError
from adapters.yaml_files.source import Source
from engine.rulebook.rulebook import ALL_TICKS
from schemas.generate import FOLDER
from schemas.rule_file import Whom
from schemas.vocabulary import Audience, Category, Channel, Trigger


def faults_of(tmp_path: Path, text: str) -> list[Fault]:
    file = tmp_path / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FaultyFileError) as error:
        load_rulebook(file)
    return error.value.faults


def test_the_ten_default_rules_are_one_for_each_category() -> None:
    rulebook = load_rulebook()
    assert [rule.category for rule in rulebook.rules] == list(Category)
    assert all(rule.triggers == set(Trigger) and rule.channels == set(Channel) for rule in rulebook.rules)
    assert all(rule.condition is None for rule in rulebook.rules)


def test_contracts_with_the_same_ticks_share_one_derived_ruleset() -> None:
    rulebook = load_rulebook()
    ticks = Category.SITE_CONTACTS.bit | Category.CONTRACT_COLLABORATORS.bit
    assert rulebook.derive(ticks) is rulebook.derive(ticks)
    assert [rule.name for rule in rulebook.derive(ticks).rules] == ["site-contacts", "contract-collaborators"]
    assert rulebook.derive(0).rules == ()
    assert len(rulebook.derive(ALL_TICKS).rules) == 10


def test_a_file_of_ones_own_adds_to_the_default_rules(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        """
extends: default
rules:
  - rule: critical-to-product-owners
    for: product.collaborators
    on: [opened, status_changed]
    if: ticket.priority in ("high", "critical") and person.language == "fr"
    instead_of: product-collaborators
    send: {template: internal/critical, channels: [email]}
"""
    )
    rulebook = load_rulebook(file)
    own = rulebook.rules[-1]
    assert (len(rulebook.rules), own.position, own.instead_of) == (11, 10, "product-collaborators")
    assert own.triggers == {Trigger.OPENED, Trigger.STATUS_CHANGED}
    assert rulebook.digest != load_rulebook().digest


def test_a_rule_with_the_name_of_a_default_rule_stands_in_its_place(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    narrowed = 'rule: product-collaborators\n    for: product.collaborators\n    if: person.language == "fr"\n'
    file.write_text(f"extends: default\nrules:\n  - {narrowed}")
    rules = load_rulebook(file).rules
    assert [rule.name for rule in rules] == [rule.name for rule in load_rulebook().rules]
    assert [rule.text for rule in rules] == [None, 'person.language == "fr"', *[None] * 8]


@pytest.mark.parametrize(
    ("whom", "categories"),
    [
        ("site.contacts", [Category.SITE_CONTACTS]),
        ("[site.contacts, product.contacts]", [Category.PRODUCT_CONTACTS, Category.SITE_CONTACTS]),
        ("contacts", [category for category in Category if category.audience is Audience.CONTACTS]),
        ("collaborators", [category for category in Category if category.audience is Audience.COLLABORATORS]),
        ("all", list(Category)),
        (
            "[collaborators, site.contacts]",
            [one for one in Category if one.audience is Audience.COLLABORATORS or one is Category.SITE_CONTACTS],
        ),
    ],
)
def test_a_rule_for_several_categories_is_derived_once_for_each_that_is_ticked(
    tmp_path: Path, whom: str, categories: list[Category]
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(f"extends: default\nrules:\n  - {{rule: own, for: {whom}, on: [closed]}}\n")
    rulebook = load_rulebook(file)
    own = [rule for rule in rulebook.rules if rule.name == "own"]
    assert [rule.category for rule in own] == categories
    assert [rule.position for rule in rulebook.rules] == list(range(10 + len(categories)))
    assert all(rule.triggers == {Trigger.CLOSED} and rule.path == ("rules", 0) for rule in own)
    for category in Category:
        ruleset = rulebook.derive(category.bit)
        assert [rule.category for rule in ruleset.rules if rule.name == "own"] == [category] * (category in categories)
    assert rulebook.names[10:] == ("own",)
    schema = json.loads((FOLDER / "rule-file.schema.json").read_text())
    Draft202012Validator(schema).validate(Source.of_file(file).content)


def test_every_word_for_whom_is_a_category_an_audience_or_all() -> None:
    assert set(get_args(Whom)) == {*Category, *Audience, "all"}


def test_defaults_say_only_what_differs_from_those_of_the_file_that_is_extended(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        """
extends: default
defaults:
  contacts: {opened: {keyword: {fr: "[Nouveau]"}}, closed: {template: external/opened, keyword: "[End]"}}
  fax: {keyword: Fax}
  sms: {template: sms/alert}
"""
    )
    policy, shipped = load_rulebook(file).policy, load_rulebook().policy
    opened = (Audience.CONTACTS, Trigger.OPENED)
    closed = (Audience.CONTACTS, Trigger.CLOSED)
    keyword = {"en": "[Opened]", "fr": "[Nouveau]"}
    assert policy.forms == {
        **shipped.forms,
        opened: replace(shipped.forms[opened], keyword=keyword),
        closed: replace(shipped.forms[closed], template="external/opened", keyword="[End]"),
    }
    assert policy.fax == replace(shipped.fax, keyword="Fax")
    assert (policy.texts[Channel.SMS], policy.texts[Channel.CHAT]) == ("sms/alert", "built-in/chat")
    schema = json.loads((FOLDER / "rule-file.schema.json").read_text())
    Draft202012Validator(schema).validate(Source.of_file(file).content)


def test_a_file_that_extends_none_writes_its_defaults_whole(tmp_path: Path) -> None:
    found = faults_of(tmp_path, "rules: []\ndefaults:\n  fax: {template: fax/alert}\n")
    assert [fault.message for fault in found if "`contacts` is missing" in fault.message]


HEAD = "extends: default\nrules:\n  - rule: one\n    for: site.contacts\n"


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("rules: [", 1, 9, "YAML: "),
        ("- rule: x\n", 1, 1, "a rule file is a mapping"),
        ("rules: {}\nextends: default\n", 1, 8, "`rules` is a list"),
        ("rules: []\n", 1, 1, "`defaults` is missing"),
        ("extends: defaults\n", 1, 10, "`defaults` is not allowed here: did you mean `default`?"),
        (HEAD + "    of: [opened]\n", 5, 5, "there is no key `of` here"),
        (HEAD.replace("site.contacts", "sites.contacts"), 4, 10, "did you mean `site.contacts`?"),
        (HEAD.replace("site.contacts", "[]"), 4, 10, "the list is empty: put something into it"),
        (HEAD.replace("site.contacts", "[all, 1]"), 4, 16, "`1` is not allowed here"),
        (
            HEAD.replace("site.contacts", "[site.contacts, contacts]"),
            4,
            11,
            "`site.contacts` is one of `contacts` already",
        ),
        (HEAD.replace("site.contacts", "[all, all]"), 4, 16, "`all` stands in this list twice"),
        (
            HEAD.replace("site.contacts", "all") + '    if: person.customer == "acme"\n',
            5,
            9,
            "only contacts have `person.customer`, and this rule is for others too: write `for: contacts`",
        ),
        (
            HEAD.replace("site.contacts", "contacts") + "    instead_of: site-collaborators\n",
            5,
            17,
            "the two can never match together",
        ),
        (HEAD + "    on: [opend]\n", 5, 10, "did you mean `opened`?"),
        (HEAD + "    on: []\n", 5, 9, "the list is empty: put something into it"),
        (HEAD + "    send: {channels: [mail]}\n", 5, 23, "did you mean `email`?"),
        (HEAD + "    instead_of: site-contact\n", 5, 17, "did you mean `site-contacts`?"),
        (HEAD + "    instead_of: one\n", 5, 17, "leads back to `one`"),
        (HEAD + "  - {rule: one, for: site.contacts}\n", 5, 12, "another rule with the name `one`"),
        (
            HEAD.replace("one", "site-contacts") + "  - {rule: site-contacts, for: site.contacts}\n",
            5,
            12,
            "another rule",
        ),
        (HEAD + "    rule: two\n", 5, 5, "a key stands here twice"),
        (HEAD + '    if: ticket.prioritty == "high"\n', 5, 9, "did you mean `ticket.priority`?"),
        (HEAD + "    if: ticket.priority == 3\n", 5, 28, "`ticket.priority` is text, this value is number"),
        (HEAD + "    if: ticket.priority == null\n", 5, 28, "a comparison with null is always false"),
        (HEAD + "    if: ticket.priority in ()\n", 5, 9, "the list is empty"),
        (HEAD + '    if: trigger == "reopened"\n', 5, 20, "this can never hold"),
        (HEAD + '    on: [opened]\n    if: trigger == "closed"\n', 6, 20, "this can never hold"),
        (HEAD + '    if: person.kind == "collaborator"\n', 5, 24, "only one of contact: this can never hold"),
        (HEAD + '    if: event.origin == "import"\n', 5, 25, "only one of user, automation: this can never hold"),
        (HEAD + "    instead_of: site-collaborators\n", 5, 17, "the two can never match together"),
        (HEAD + "    if: ticket.priority = 3\n", 5, 25, "write `==` to compare"),
        (HEAD + '    if: ticket.priority == "high" && x\n', 5, 35, "write `and` instead of `&&`"),
        (HEAD + "    if: ticket.custom.severity > 2\n", 5, 9, "the custom field `severity` is not declared"),
        (HEAD + "    if: ticket.priority > 2\n", 5, 9, "only numbers have an order"),
        (HEAD + "    if: (ticket.id == 'a'\n", 5, 26, "`)` is missing before the end"),
        (
            HEAD + '    if: >\n      ticket.status == "a"\n      or ticket.stat == "b"\n',
            7,
            10,
            "did you mean `ticket.status`?",
        ),
        (HEAD + "    if: \"ticket.id == 'a' or ticket.x == 'b'\"\n", 5, 30, "there is no field `ticket.x`"),
        ("extends: default\nsettings: {language: de}\n", 2, 22, "the default language `de` is not one of `languages`"),
        ("extends: default\nsettings: {time_zone: Paris}\n", 2, 23, "`Paris` is no IANA time zone"),
        ("extends: default\nsettings: {when_unnamed: {contract: none}}\n", 2, 27, "is not product, site, service"),
        (
            "extends: default\nsettings: {stale_after_hours: 0}\n",
            2,
            31,
            "`0` is not allowed here: write a whole number from 1 to 8784",
        ),
        ("extends: default\nsettings: {statuses: {wait: {fr: Attente}}}\n", 2, 29, "default language `en` is missing"),
    ],
)
def test_a_fault_is_named_at_its_place(tmp_path: Path, text: str, line: int, column: int, message: str) -> None:
    (fault,) = faults_of(tmp_path, text)
    assert message in fault.said
    assert (fault.line, fault.column) == (line, column)


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    text = HEAD + "    if: ticket.x == 1 or ticket.status == 2\n  - {rule: two, for: nothing}\n"
    assert [fault.line for fault in faults_of(tmp_path, text)] == [5, 5, 6]
    text = HEAD + "    if: ticket.x == 1 or ticket.status == 2\n  - {rule: one, for: site.contacts}\n"
    assert [fault.line for fault in faults_of(tmp_path, text)] == [5, 5, 6]


def test_the_fault_shows_the_line_and_marks_the_place(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, HEAD + "    if: ticket.priority == 3\n")
    head, text, marks = str(fault).splitlines()
    assert head.endswith(
        'rules.yaml:5:28: `ticket.priority` is text, this value is number: this can never hold: write it in quotes: "3"'
    )
    assert text[marks.index("^")] == "3"


def test_a_file_that_unfolds_without_end_is_refused(tmp_path: Path) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{after}: &{after} [{','.join([f'*{before}'] * 10)}]\n"
    assert "aliases unfolded" in faults_of(tmp_path, bomb)[0].message


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"rules: \xe9"])
def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "rules.yaml"
    file.write_bytes(raw)
    with pytest.raises(FaultyFileError, match="not UTF-8"):
        load_rulebook(file)


def test_a_custom_field_may_begin_with_any_letter(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    rule = "- {rule: one, for: site.contacts, if: 'ticket.custom.état == \"ouvert\"'}"
    file.write_text(f"extends: default\nsettings: {{fields: {{état: {{type: text}}}}}}\nrules:\n  {rule}\n")
    assert load_rulebook(file).fields["ticket.custom.état"].type == "text"


@pytest.mark.parametrize("escape", ["\\ud83d", "\\ud83d\\ude00", "\\U0000DFFF"])
def test_half_of_a_character_is_refused_at_its_place(tmp_path: Path, escape: str) -> None:
    (fault,) = faults_of(tmp_path, f'extends: default\nrules:\n  - {{rule: "a{escape}", for: site.contacts}}\n')
    assert (fault.line, fault.column) == (3, 14)
    assert "half of a character" in fault.message


def test_a_whole_one_is_read(tmp_path: Path) -> None:
    """The control."""
    file = tmp_path / "rules.yaml"
    file.write_text(
        'extends: default\nrules:\n  - {rule: a, for: site.contacts, send: {keyword: {en: "\\U0001F600", fr: x}}}\n'
    )
    assert len(load_rulebook(file).rules) == 11


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FaultyFileError, match=r"absent\.yaml:1:1: the file can't be read"):
        load_rulebook(tmp_path / "absent.yaml")
