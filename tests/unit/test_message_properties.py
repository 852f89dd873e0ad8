"""Whatever the texts of a job are, nothing is smuggled into its message, and two parsers read back what was meant."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from schemas.job import PersonRef
from schemas.vocabulary import Channel, PersonKind
from sender.messages.addresses import display_name
from sender.messages.fax import FaxForm
from sender.messages.subject import subject_line
from tests.support.mail.messages import (
    HEADERS,
    OPT_OUT,
    FixedRenderer,
    a_job,
    as_read,
    as_read_by_the_fast_parser,
    as_read_by_the_old_parser,
    compose,
    external,
    read,
    without_blanks,
)

# Every character that UTF-8 can carry, and often those that end lines and header fields, or open and close encodings.
ANY_TEXT = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from('\r\n\x00\t ,;:<>"\\()@=?_\u202e\u2028é')), max_size=80
)
UNSUBSCRIBE = {"list-unsubscribe", "list-unsubscribe-post"}
ANY_ADDRESS = st.one_of(ANY_TEXT, st.emails(), st.tuples(st.emails(), ANY_TEXT).map("".join))


def smuggled(content: bytes) -> str | None:
    """What is in a message that does not belong there: a header too many, or a recipient."""
    for mail in (as_read(content), as_read_by_the_old_parser(content)):
        more = sorted(set(mail.names) - HEADERS - UNSUBSCRIBE - {"content-transfer-encoding"})
        if more or len(mail.names) != len(set(mail.names)):
            return f"headers {more or mail.names}"
        if len(mail.to) > 1:
            return f"recipients {mail.to}"
    fast = as_read_by_the_fast_parser(content).headers
    more = sorted({name.lower() for name in fast} - HEADERS - UNSUBSCRIBE - {"content-transfer-encoding"})
    return f"headers {more}" if more or any(len(values) > 1 for values in fast.values()) else None


@given(title=ANY_TEXT, name=ANY_TEXT, keyword=ANY_TEXT, address=ANY_ADDRESS, reply_to=ANY_ADDRESS, reference=ANY_TEXT)
def test_no_text_adds_a_header_or_a_recipient(
    title: str, name: str, keyword: str, address: str, reply_to: str, reference: str
) -> None:
    context = external(title=title, reference=reference, person_name=name)

    job = a_job(context, address=address, reply_to=reply_to, keyword=keyword)
    content = compose(job, FixedRenderer(), opt_out=OPT_OUT).mail.content

    assert smuggled(content) is None


@given(person=ANY_TEXT, language=ANY_TEXT, job_id=ANY_TEXT, source=ANY_TEXT, ticket=ANY_TEXT)
def test_no_id_adds_a_header_or_a_recipient(person: str, language: str, job_id: str, source: str, ticket: str) -> None:
    who = PersonRef(PersonKind.CONTACT, person)
    job = a_job(person=who, language=language, id=job_id, source=source, ticket=ticket)

    content = compose(job, FixedRenderer(), opt_out=OPT_OUT).mail.content

    assert smuggled(content) is None
    message = read(content)
    assert message["List-Id"] == "<opened.tocsin.desk.example>"
    assert message["List-Unsubscribe"].count("<https://alerts.desk.example/u/") == 1
    assert message["List-Unsubscribe"].count("<mailto:unsubscribe@desk.example?") == 1
    assert re.search(rb"\r\nMessage-ID:(\r\n)? <", content)


@given(title=ANY_TEXT, pattern=ANY_TEXT)
def test_no_fax_adds_a_header_or_a_recipient(title: str, pattern: str) -> None:
    try:
        form = FaxForm(subject=pattern + "{subject} {reference}")
    except ValueError:
        return
    job = a_job(external(title=title), channel=Channel.FAX, address="+33140000001")

    content = compose(job, FixedRenderer(), fax=form).mail.content

    assert smuggled(content) is None
    assert set(as_read(content).names) <= HEADERS - {"list-id"} | {"content-transfer-encoding"}


def test_the_search_for_smuggled_headers_finds_one() -> None:
    content = compose(a_job(), FixedRenderer()).mail.content

    assert smuggled(content.replace(b"Subject: ", b"Subject: x\r\nBcc: boss@rival.example\r\nX-Y: ", 1)) is not None
    assert smuggled(content.replace(b"To: ", b"To: boss@rival.example, ", 1)) is not None


@example(title="", name="0\r\x850", keyword="")
@given(title=ANY_TEXT, name=ANY_TEXT, keyword=ANY_TEXT)
def test_two_parsers_read_back_what_was_meant(title: str, name: str, keyword: str) -> None:
    job = a_job(external(title=title, person_name=name), keyword=keyword)

    content = compose(job, FixedRenderer()).mail.content

    new, old = as_read(content), as_read_by_the_old_parser(content)
    assert new.subject == old.subject == subject_line(job, keyword)
    assert old.to == [(display_name(name), "zoe@acme.example")]
    assert without_blanks(new.to) == without_blanks(old.to)
    fast = as_read_by_the_fast_parser(content)
    assert fast.subject == subject_line(job, keyword)
    # It gives a decoded header as one text, so that commas and quotes in names can't be told from those around them.
    assert fast.headers["To"][0].endswith("zoe@acme.example" if not display_name(name) else "<zoe@acme.example>")


@given(body=st.text(st.characters(codec="utf-8"), max_size=300))
def test_a_body_arrives_as_it_was_written(body: str) -> None:
    content = compose(a_job(), FixedRenderer(body)).mail.content

    written = "\n".join(line.decode() for line in body.encode().splitlines()).rstrip("\n") + "\n"
    for mail in (as_read(content), as_read_by_the_old_parser(content)):
        assert mail.text == written
        assert mail.html == written
    fast = as_read_by_the_fast_parser(content)
    for text, html in zip(fast.text_plain, fast.text_html, strict=True):
        assert text.replace("\r\n", "\n") == html.replace("\r\n", "\n") == written
    assert len(fast.text_plain) == 1
    assert content.isascii()
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")
