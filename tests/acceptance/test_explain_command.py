"""`tocsin explain --event`: an event that may come, in words and as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from schemas.generate import FOLDER
from tests.support.helpdesk.events import Helpdesk, email, envelope, fax
from tests.support.helpdesk.files import write_directory, write_events
from tocsin.cli.app import app

SCHEMA = Draft202012Validator(json.loads((FOLDER / "explanation.schema.json").read_text()))


@pytest.fixture
def desk() -> Helpdesk:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", name="Zoé Martin", modes=[email("front@acme.example")])
    desk.contact("ct-2", "product/P-erp", name="Ana", modes=[email("Front@acme.example")])
    desk.contact("ct-3", "contract/C-7", alerts=["closed"], sites=[])
    return desk


class Asking:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def words(self, desk: Helpdesk, *options: str, ticket: Any = None, rules: str = "", **data: Any) -> str:
        event = write_events(self._folder / "e.json", [envelope(ticket, {"previous": None, **data})])
        directory = write_directory(self._folder / "d", desk)
        shown = [] if "--summary" in options else ["--details"]
        asked = [one for one in options if one != "--summary"]
        arguments = ["explain", "--event", str(event), "-d", str(directory), *shown, *asked]
        if rules:
            (self._folder / "rules.yaml").write_text(rules)
            arguments += ["-r", str(self._folder / "rules.yaml")]
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    def data(self, desk: Helpdesk, *options: str, **given: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.words(desk, "--json", *options, **given))
        SCHEMA.validate(found)
        return found


@pytest.fixture
def ask(tmp_path: Path) -> Asking:
    return Asking(tmp_path)


def test_all_that_is_needed_is_named_as_data(ask: Asking, desk: Helpdesk) -> None:
    found = ask.data(desk)
    assert [(one["person"]["id"], one["categories"]) for one in found["reached"]] == [
        ("ct-1", ["product.contacts", "contract.contacts"])
    ]
    (entry,) = found["stopped"]
    assert (entry["person"]["id"], entry["reason"]) == ("ct-3", "not_main_site")
    changes = [(one["record"], one["field"], one["action"], one["value"]) for one in entry["changes"]]
    assert changes == [("contact/ct-3", "sites", "add", "S-paris"), ("contact/ct-3", "alerts", "add", "opened")]
    assert all(one["possible"] for one in entry["changes"])


def test_who_shares_a_mailbox_is_told_of_with_its_message(ask: Asking, desk: Helpdesk) -> None:
    words = ask.words(desk)
    assert "the same mailbox, and so the same message: Ana (contact/ct-2)" in words
    assert "Zoé Martin (contact/ct-1) by email" in ask.words(desk, "--person", "contact/ct-2")
    assert ask.data(desk)["reached"][0]["same_mailbox"] == [{"kind": "contact", "id": "ct-2"}]


def test_what_stands_in_the_event_is_not_possible_any_more(ask: Asking, desk: Helpdesk) -> None:
    found = ask.data(desk, origin="test")
    (entry,) = found["stopped"]
    (change,) = entry["changes"]
    assert (entry["reason"], change["record"], change["value"], change["possible"]) == (
        "origin",
        "the event",
        "user",
        False,
    )
    assert [one["id"] for one in found["then"]] == ["ct-1"]
    words = ask.words(desk, origin="test")
    assert "→ the event, field data.origin: the save would have to come from `user` or `automation`" in words
    assert "then these would be told: Zoé Martin (contact/ct-1)" in words


def test_a_person_is_let_through_all_gates_of_event_and_person(ask: Asking, desk: Helpdesk) -> None:
    desk.put({"kind": "contract", "id": "C-7", "status": "ended"})
    words = ask.words(desk, "--person", "contact/ct-3", origin="import")
    assert "contact/ct-3 would be told after:" in words
    needed = words.partition("would be told after:")[2]
    for part in ("data.origin", "contract/C-7, field status", "field sites: add S-paris", "field alerts: add opened"):
        assert part in needed


def test_a_rule_says_what_it_asks_for(ask: Asking, desk: Helpdesk) -> None:
    rule = "{rule: contract-contacts, for: contract.contacts, if: ticket.priority == 'high'}"
    rules = f"extends: default\nrules: [{rule}]\n"
    words = ask.words(desk, "--person", "contact/ct-1", ticket={"priority": "low"}, rules=rules)
    assert "(contract-contacts asks for `ticket.priority == 'high'`, and ticket.priority is \"low\") [no_rule]" in words
    assert "→ the rule file, field rules[contract-contacts].if: let the condition hold here too" in words


def test_a_person_without_any_tie_is_attached_first(ask: Asking, desk: Helpdesk) -> None:
    desk.collaborator("co-9")
    words = ask.words(desk, "--person", "collaborator/co-9")
    assert "co-9 is not attached to anything" in words
    assert ", field collaborators: add co-9" in words


def test_keyword_and_subject_are_told_and_who_decides_on_them(desk: Helpdesk, tmp_path: Path) -> None:
    form = {"enabled": True, "subject_keyword": "[ACME]", "template": "external/opened"}
    desk.put({"kind": "customer", "id": "acme", "alerts": {"opened": form}})
    rule = "{rule: own, for: contacts, send: {keyword: '[OWN]'}"
    asking = Asking(tmp_path)
    said = asking.words(desk, rules=f"extends: default\nrules:\n  - {rule}}}\n")
    assert ", keyword [ACME]\n      subject: [ACME] 2026-" in said
    assert (
        "the keyword is `[ACME]` of customer/acme, alerts.opened.subject_keyword, before that of the rule `own`" in said
    )
    said = asking.words(desk, rules=f"extends: default\nrules:\n  - {rule}, overrides_customer: true}}\n")
    assert "subject: [OWN] 2026-" in said
    assert "the keyword of the rule `own` stands before `[ACME]` of customer/acme" in said


def test_the_summary_says_what_goes_out_later(ask: Asking, desk: Helpdesk) -> None:
    daily = "send: {digest: daily at 08:00}"
    names = ("product", "contract")
    rules = ", ".join(f"{{rule: {name}-contacts, for: {name}.contacts, {daily}}}" for name in names)
    words = ask.words(desk, "--summary", rules=f"extends: default\nrules: [{rules}]\n")
    assert "(contact/ct-2): opened by email, daily at 08:00\n" in words


def test_it_begins_with_a_summary(ask: Asking, desk: Helpdesk) -> None:
    words = ask.words(desk, "--summary")
    assert (
        "Alerted: 2 people\n  Zoé Martin (contact/ct-1): opened by email\n  Ana (contact/ct-2): opened by email\n"
        in words
    )
    assert "Not alerted: 1 person\n  1 by not_main_site, contact/ct-3: the contact is not linked" in words
    assert "→" not in words
    assert "→ the event, field data.origin" in ask.words(desk, "--summary", origin="test")


def test_who_is_attached_elsewhere_in_the_contract_is_told_so(ask: Asking, desk: Helpdesk) -> None:
    desk.put({"kind": "product", "id": "P-crm", "contacts": ["ct-9"], "collaborators": []})
    desk.put({"kind": "contract", "id": "C-7", "products": ["P-erp", "P-crm"]})
    desk.contact("ct-9")
    words = ask.words(desk, "--person", "contact/ct-9", ticket={"product": "P-erp"})
    assert "contact/ct-9 is attached to product/P-crm, and the ticket names the product P-erp. To be told:" in words


def test_an_active_fax_is_not_called_inactive(ask: Asking, desk: Helpdesk) -> None:
    desk.contact("ct-1", modes=[email("front@acme.example", active=False), fax("+33140000001")])
    rule = "{rule: contract-contacts, for: contract.contacts, send: {channels: [email]}}"
    words = ask.words(desk, "--person", "contact/ct-1", rules=f"extends: default\nrules: [{rule}]\n")
    assert (
        "the rules that match here send by e-mail, and no e-mail address of theirs is active "
        "(fax is, but no rule that matches here sends by it) [no_active_mode]"
    ) in words
