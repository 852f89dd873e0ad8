"""Messages as their readers' programs see them: headers, threads, bodies; and that nothing can be smuggled in."""

from __future__ import annotations

import email.policy
from datetime import UTC, datetime
from email import message_from_string
from email.header import decode_header, make_header

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.job import ExternalContext
from schemas.vocabulary import Channel, MessageFormat
from sender.addresses import MailIdentity, display_name
from sender.headers import address_header
from sender.ports import Part
from sender.subject import subject_line
from tests.messages import IDENTITY, a_job, as_read, as_read_by_the_old_parser, compose, external, read

HEADERS = {
    *("from", "to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted"),
    *("reply-to", "x-tocsin-job", "mime-version", "content-type"),
}


class FixedRenderer:
    """Gives back the same body, whatever the template."""

    def __init__(self, body: str = "body") -> None:
        self.body = body

    def render(self, template: str, language: str, part: Part, variables: object) -> str:
        return self.body


# ---------------------------------------------------------------- headers


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

    assert as_read(mail.content).to == [(in_the_present_parser(name), "zoe@acme.example")]
    assert as_read_by_the_old_parser(mail.content).to == [(name, "zoe@acme.example")]
    assert b"<zoe@acme.example>" in mail.content
    assert mail.recipient == "zoe@acme.example"


def in_the_present_parser(name: str) -> str:
    """A name as the present parser shows it: with a blank between encoded words (against RFC 2047, section 6.2)."""
    display = display_name(name)
    words = [word for word in address_header("To", display, "a@b.example").words if word.startswith("=?")]
    return " ".join(str(make_header(decode_header(word))) for word in words) if words else display


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

    mail = compose(a_job(channel=Channel.FAX, address="+33 1 23", template="fax/alert"), identity=identity).mail

    assert mail.recipient == "+33 1 23"
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


# ---------------------------------------------------------------- threads


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


# ---------------------------------------------------------------- whatever the texts are

# Every character that UTF-8 can carry, and often those that end lines and header fields, or open and close encodings.
ANY_TEXT = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from('\r\n\x00\t ,;:<>"\\()@=?_\u202e\u2028é')), max_size=80
)
ANY_ADDRESS = st.one_of(ANY_TEXT, st.emails(), st.tuples(st.emails(), ANY_TEXT).map("".join))


def smuggled(content: bytes) -> str | None:
    """What is in a message that does not belong there: a header too many, or a recipient."""
    for mail in (as_read(content), as_read_by_the_old_parser(content)):
        more = sorted(set(mail.names) - HEADERS - {"content-transfer-encoding"})
        if more or len(mail.names) != len(set(mail.names)):
            return f"headers {more or mail.names}"
        if len(mail.to) > 1:
            return f"recipients {mail.to}"
    return None


@given(title=ANY_TEXT, name=ANY_TEXT, keyword=ANY_TEXT, address=ANY_ADDRESS, reply_to=ANY_ADDRESS, reference=ANY_TEXT)
def test_no_text_adds_a_header_or_a_recipient(
    title: str, name: str, keyword: str, address: str, reply_to: str, reference: str
) -> None:
    context = external(title=title, reference=reference, person_name=name)

    content = compose(a_job(context, address=address, reply_to=reply_to, keyword=keyword), FixedRenderer()).mail.content

    assert smuggled(content) is None


def test_the_search_for_smuggled_headers_finds_one() -> None:
    content = compose(a_job(), FixedRenderer()).mail.content

    assert smuggled(content.replace(b"Subject: ", b"Subject: x\r\nBcc: boss@rival.example\r\nX-Y: ", 1)) is not None
    assert smuggled(content.replace(b"To: ", b"To: boss@rival.example, ", 1)) is not None


@given(title=ANY_TEXT, name=ANY_TEXT, keyword=ANY_TEXT)
def test_two_parsers_read_back_what_was_meant(title: str, name: str, keyword: str) -> None:
    job = a_job(external(title=title, person_name=name), keyword=keyword)

    content = compose(job, FixedRenderer()).mail.content

    new, old = as_read(content), as_read_by_the_old_parser(content)
    assert new.subject == old.subject == subject_line(job, keyword)
    assert old.to == [(display_name(name), "zoe@acme.example")]
    assert new.to == [(in_the_present_parser(name), "zoe@acme.example")]


@given(body=st.text(st.characters(codec="utf-8"), max_size=300))
def test_a_body_arrives_as_it_was_written(body: str) -> None:
    content = compose(a_job(), FixedRenderer(body)).mail.content

    written = "\n".join(line.decode() for line in body.encode().splitlines()).rstrip("\n") + "\n"
    for mail in (as_read(content), as_read_by_the_old_parser(content)):
        assert mail.text == written
        assert mail.html == written
    assert content.isascii()
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_a_context_has_no_field_that_this_file_forgot() -> None:
    assert set(ExternalContext.__struct_fields__) == {
        *("ticket", "person_name", "customer_name", "contract_reference", "saved_at")
    }
