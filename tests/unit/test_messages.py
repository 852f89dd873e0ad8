"""Messages as their readers' programs see them: headers, addresses, threads."""

from __future__ import annotations

import email.policy
from datetime import UTC, datetime
from email import message_from_string

import msgspec
import pytest

from schemas.vocabulary import Channel, MessageFormat
from sender.messages.addresses import MailIdentity
from tests.support.mail.messages import (
    HEADERS,
    IDENTITY,
    FixedRenderer,
    a_job,
    as_read,
    as_read_by_the_old_parser,
    compose,
    external,
    read,
    without_blanks,
)


def test_the_headers_of_a_message() -> None:
    message = read(compose(a_job()).mail.content)

    assert {name.lower() for name in message} == HEADERS
    assert message["From"] == "Support Desk <support@desk.example>"
    assert message["To"].addresses[0].display_name == "Zoé Martin"
    assert message["Reply-To"] == "support@desk.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_a_message_in_text_has_one_part() -> None:
    message = read(compose(a_job(format=MessageFormat.TEXT)).mail.content)

    assert message.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "name",
    [
        "Müller, Łukasz",
        'Zoé "the boss" Martin',
        'Anna "Ann" O\'Neil',
        "back\\slash",
        "Support; Desk",
        "<evil@rival.example>",
        "a, b@rival.example",
        "=?utf-8?q?evil?=",
        "(comment)",
        "x" * 120,
        "Łukasz " * 16 + "Łu",
        "山田太郎",
        "@",
    ],
)
def test_only_the_display_name_is_encoded_and_the_address_stays_one_address(name: str) -> None:
    mail = compose(a_job(external(person_name=name))).mail

    assert without_blanks(as_read(mail.content).to) == without_blanks([(name, "zoe@acme.example")])
    assert as_read_by_the_old_parser(mail.content).to == [(name, "zoe@acme.example")]
    assert b"<zoe@acme.example>" in mail.content
    assert mail.recipient == "zoe@acme.example"


def test_a_person_without_a_name_is_written_to_by_address_alone() -> None:
    assert as_read(compose(a_job(external(person_name=None))).mail.content).to == [("", "zoe@acme.example")]


@pytest.mark.parametrize("reply_to", [None, "", "a@b.example, c@d.example", "x\r\nBcc: y@z.example", "josé@x.example"])
def test_a_reply_to_that_is_not_one_address_is_left_out(reply_to: str | None) -> None:
    message = read(compose(a_job(reply_to=reply_to)).mail.content)

    assert {name.lower() for name in message} == HEADERS - {"reply-to"}


def test_an_international_domain_is_written_in_ascii() -> None:
    mail = compose(a_job(address="zoe@müller.example")).mail

    assert mail.recipient == "zoe@xn--mller-kva.example"
    assert as_read(mail.content).to == [("Zoé Martin", "zoe@xn--mller-kva.example")]
    assert mail.content.isascii()


def test_an_address_beyond_ascii_makes_the_header_utf8() -> None:
    mail = compose(a_job(address="josé@müller.example")).mail

    assert mail.recipient == "josé@xn--mller-kva.example"
    header = message_from_string(mail.content.decode(), policy=email.policy.SMTPUTF8)
    assert header["To"].addresses[0].addr_spec == "josé@xn--mller-kva.example"


@pytest.mark.parametrize(
    "address", ["a@b.example, c@d.example", "x;y@z.example", "nobody", "a@b.example\r\nBcc: c@d.example"]
)
def test_what_is_not_one_address_stands_in_no_header(address: str) -> None:
    mail = compose(a_job(address=address)).mail

    assert mail.recipient == address, "the transport refuses it by name"
    assert as_read(mail.content).to == []
    assert set(as_read(mail.content).names) == HEADERS


def test_a_fax_is_a_text_mail_to_its_number_at_the_gateway() -> None:
    job = a_job(channel=Channel.FAX, address="+33 1 23-45.67 (89)", template="fax/alert")

    mail = compose(job).mail

    assert mail.recipient == "33123456789@fax.example"
    assert as_read(mail.content).to == [("Zoé Martin", "33123456789@fax.example")]
    assert read(mail.content).get_content_type() == "text/plain"


def test_without_a_gateway_a_fax_is_left_to_be_refused() -> None:
    identity = msgspec.structs.replace(IDENTITY, fax_pattern=None)

    mail = compose(
        a_job(channel=Channel.FAX, address="+33 1 40 00 00 01", template="fax/alert"), identity=identity
    ).mail

    assert mail.recipient == "+33 1 40 00 00 01"
    assert as_read(mail.content).to == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("envelope_from", "nobody"),
        ("from_address", "a@b.example, c@d.example"),
        ("installation", "two words"),
        ("installation", "a.example\nX: y"),
        ("fax_pattern", "fax@fax.example"),
        ("fax_pattern", "{number}@fax.example, b@c.example"),
    ],
)
def test_an_identity_that_can_not_be_used_is_refused_by_field(field: str, value: str) -> None:
    fields = {**msgspec.structs.asdict(IDENTITY), field: value}

    with pytest.raises(ValueError, match=field):
        MailIdentity(**fields)


def thread(source: str, ticket: str, identity: MailIdentity = IDENTITY) -> str:
    job = a_job(external(id=ticket), source=source)
    message = read(compose(job, FixedRenderer(), identity).mail.content)
    assert message["In-Reply-To"] == message["References"]
    return str(message["References"])


def test_messages_of_one_ticket_are_one_thread_and_another_ticket_starts_another() -> None:
    assert thread("/helpdesk", "42") == thread("/helpdesk", "42")
    assert thread("/helpdesk", "42") != thread("/helpdesk", "43")


def test_installations_and_platforms_with_the_same_ticket_numbers_stay_apart() -> None:
    other = msgspec.structs.replace(IDENTITY, installation="tocsin.other.example")

    assert thread("/helpdesk", "42") != thread("/helpdesk", "42", other)
    assert thread("/helpdesk", "42") != thread("/other", "42")
    assert thread("a", "bc") != thread("ab", "c")


def test_the_message_id_is_of_the_job_and_the_installation() -> None:
    def message_id(job_id: str, identity: MailIdentity = IDENTITY) -> str:
        return str(read(compose(a_job(id=job_id), FixedRenderer(), identity).mail.content)["Message-ID"])

    other = msgspec.structs.replace(IDENTITY, installation="tocsin.other.example")
    assert message_id("a") == message_id("a")
    assert message_id("a").endswith("@tocsin.desk.example>")
    assert len({message_id("a"), message_id("b"), message_id("a", other)}) == 3


def test_a_message_is_the_same_on_every_try() -> None:
    assert compose(a_job()).mail == compose(a_job()).mail
