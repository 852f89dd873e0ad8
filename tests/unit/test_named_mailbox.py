"""One mailbox where one is expected: what can be read in one way only is used, everything else is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.files.directory_problems import ProblemCode
from schemas.directory import ContactRecord, ContractRecord, CustomerRecord, ModeRecord
from schemas.named_mailbox import NoMailboxError, named_mailbox
from schemas.vocabulary import Channel
from sender.delivery_mode import DeliveryMode
from tests.support.helpdesk.directory_files import jsonl, load
from tests.support.mail.messages import a_job, compose, read
from tocsin.authoring.reach.records import Surveyed
from tocsin.config.settings.forms import writer
from tocsin.operations.directory_load.faults import parts_lost

READABLE: Mapping[str, tuple[str, str]] = {
    "support@desk.example": ("", "support@desk.example"),
    " support@desk.example ": ("", "support@desk.example"),
    "<support@desk.example>": ("", "support@desk.example"),
    "support@exämple.example": ("", "support@xn--exmple-cua.example"),
    "ACME Support <support@acme.example>": ("ACME Support", "support@acme.example"),
    "ACME  Support  < support@acme.example >": ("ACME Support", "support@acme.example"),
    "Dr. Zoé Müller <zoe@bücher.example>": ("Dr. Zoé Müller", "zoe@xn--bcher-kva.example"),
    '"ACME, Inc. \\"Support\\"" <support@acme.example>': ('ACME, Inc. "Support"', "support@acme.example"),
    "O'Neil & Sons <s@acme.example>": ("O'Neil & Sons", "s@acme.example"),
}

REFUSED: Mapping[str, str] = {
    "": "it is empty",
    "support": "must have an @-sign",
    "a@x.example, b@x.example": "several mailboxes",
    "a@x.example; b@x.example": "several mailboxes",
    "A <a@x.example>, B <b@x.example>": "several mailboxes",
    "a@x.example, B <b@x.example>": "several mailboxes",
    "team: a@x.example, b@x.example;": "a group of mailboxes",
    "undisclosed-recipients:;": "a group of mailboxes",
    "a@x.example (office)": "a comment in brackets",
    "ACME (Support) <a@x.example>": 'write "ACME (Support)" <a@x.example>',
    "ACME, Inc. Support <support@acme.example>": 'write "ACME, Inc. Support" <support@acme.example>',
    "a@x.example <a@x.example>": 'write "a@x.example" <a@x.example>',
    "=?utf-8?q?Zo=C3=A9?= <a@x.example>": "encoded for a header",
    "zoé@x.example": "beyond ASCII before the @",
    "a@x.example\r\nBcc: b@x.example": "a line break",
    "A\nB <a@x.example>": "a line break",
    "a@x.example\n": "a line break",
    "A" * 600 + " <a@x.example>": "longer than 500",
}

ANY_NAME = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=60).map(
    lambda text: " ".join(text.split())
)


@pytest.mark.parametrize("text", READABLE)
def test_what_can_be_read_in_one_way_is_read(text: str) -> None:
    found = named_mailbox(text)
    assert (found.name, found.address) == READABLE[text]
    assert named_mailbox(str(found)) == found


@pytest.mark.parametrize("text", REFUSED)
def test_everything_else_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(NoMailboxError) as caught:
        named_mailbox(text)
    assert REFUSED[text] in str(caught.value)
    assert "acme" not in caught.value.reason


@pytest.mark.parametrize("text", [text for text, why in REFUSED.items() if "write " in why])
def test_a_spelling_that_is_proposed_can_be_read(text: str) -> None:
    with pytest.raises(NoMailboxError) as caught:
        named_mailbox(text)
    assert caught.value.right is not None
    assert named_mailbox(str(caught.value.right)) == caught.value.right


@given(ANY_NAME)
def test_any_name_is_kept_in_quotes(name: str) -> None:
    if "=?" not in name:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        assert named_mailbox(f'"{quoted}" <a@x.example>').name == name


@given(st.text(max_size=80))
def test_whatever_is_written_makes_one_mailbox_or_none(text: str) -> None:
    message = EmailMessage()
    try:
        message["Reply-To"] = str(named_mailbox(text))
    except NoMailboxError:
        return
    assert len(message["Reply-To"].addresses) == 1


@pytest.mark.parametrize("text", READABLE)
def test_answers_go_where_the_contract_says(text: str) -> None:
    name, address = READABLE[text]
    [found] = read(compose(a_job(reply_to=text)).mail.content)["Reply-To"].addresses
    assert (found.display_name, found.addr_spec) == (name, address)


def test_a_reply_to_that_cannot_be_read_is_named_and_costs_nothing_else(tmp_path: Path) -> None:
    bad = {"kind": "contract", "id": "C-1", "type": "commitment", "reply_to": "a@x.example, b@x.example"}
    good = {"kind": "contract", "id": "C-2", "reply_to": "ACME Support <support@exämple.example>"}
    loaded = load(tmp_path, {"a.jsonl": jsonl(bad, good)})
    [problem] = loaded.problems
    assert (problem.code, problem.id, problem.refusal.field) == (ProblemCode.BAD_REPLY_TO, "C-1", "reply_to")
    assert "answers go to the sender's own address" in problem.refusal.reason
    assert "x.example" not in str(problem)
    first, second = loaded.directory.contract("C-1"), loaded.directory.contract("C-2")
    assert first is not None
    assert (first.is_commitment, first.reply_to) == (True, None)
    assert second is not None
    assert second.reply_to == "ACME Support <support@xn--exmple-cua.example>"


def test_the_check_of_the_topic_names_each_part_that_is_not_used_until_it_is_mended() -> None:
    surveyed = Surveyed()
    surveyed.apply(ContractRecord("C-1", reply_to="ACME, Inc. <a@x.example>"))
    surveyed.apply(ContractRecord("C-2", reply_to="ACME <a@x.example>"))
    surveyed.apply(CustomerRecord("acme", time_zone="Romance Standard Time"))
    surveyed.apply(ContactRecord("ct-1", language="french", modes=[ModeRecord(Channel.EMAIL, "a b")]))
    found = {(one.record, one.code): one.problem for one in parts_lost(surveyed)}
    assert set(found) == {
        ("contract/C-1", "bad_reply_to"),
        ("contact/ct-1", "bad_mode"),
        ("customer/acme", "unknown_word"),
        ("contact/ct-1", "unknown_word"),
    }
    assert "`Europe/Paris`? Until then the rule file's is used" in found["customer/acme", "unknown_word"]
    surveyed.apply(ContractRecord("C-1", reply_to="a@x.example"))
    surveyed.remove("customer", "acme")
    surveyed.mark_unreadable("contact", "ct-1")
    assert [*parts_lost(surveyed)] == []


@pytest.mark.parametrize("text", [text for text in REFUSED if "@" in text])
def test_who_writes_is_one(text: str) -> None:
    with pytest.raises(ValueError, match="is not of the form") as caught:
        writer(text)
    assert REFUSED[text] in str(caught.value)


def test_messages_are_redirected_to_one_mailbox() -> None:
    assert DeliveryMode.parse("redirect:Ops <ops@bücher.example>").address == "ops@xn--bcher-kva.example"
    with pytest.raises(ValueError, match="several mailboxes"):
        DeliveryMode.parse("redirect:a@x.example,b@x.example")
