"""Faxes: numbers in one form, what a gateway's mail says, and pages that can be read back."""

from __future__ import annotations

import io
import re
import time
from typing import Any

import msgspec
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from adapters.fax.fonts import NO_LETTER
from adapters.fax.pages import MAX_LETTERS, MAX_MARKS, MAX_PAGES, drawable
from schemas.fax_number import e164
from schemas.mailbox import address_fault, mailbox
from schemas.vocabulary import Channel
from sender.delivery_mode import DeliveryMode
from sender.messages.fax import FaxForm
from sender.messages.plain_text import CUT
from tests.support.helpdesk.events import Helpdesk, rules, saved
from tests.support.mail.messages import IDENTITY, FixedRenderer, a_job, as_read, compose, external, fax_pages, read

NUMBER = "+33140000001"
PAGES = fax_pages()


def a_fax(**fields: Any) -> Any:
    return a_job(**{"channel": Channel.FAX, "address": "+33 1 40 00 00 01", "template": "fax/alert", **fields})


@pytest.mark.parametrize(
    "spelling", ["+33140000001", "+33 1 40 00 00 01", "+33 (0)1 40-00-00-01", " +33.1.40.00.00.01", "+33/140000001"]
)
def test_spellings_of_one_number_are_one_mailbox(spelling: str) -> None:
    assert mailbox(spelling) == NUMBER
    assert address_fault(Channel.FAX, spelling.strip()) is None


@pytest.mark.parametrize("number", ["+1", "+33 1 23", "+999 123 456", "+33 1 40 00 00 01 99", "+49 1"])
def test_a_number_that_can_not_be_one_is_refused(number: str) -> None:
    assert address_fault(Channel.FAX, number) is not None
    assert e164(number) is None


def test_a_number_without_a_country_code_is_left_to_the_region_and_else_keeps_its_digits() -> None:
    assert e164("01 40 00 00 01") is None
    assert e164("01 40 00 00 01", "FR") == NUMBER
    assert mailbox("01 40-00 00 01") == mailbox("0140000001") == "0140000001"
    assert address_fault(Channel.FAX, "01 40 00 00 01") is None


@given(st.text(max_size=40))
def test_no_text_raises_and_what_is_a_number_stays_it(text: str) -> None:
    written = mailbox(text)
    assert mailbox(written) == written
    assert e164(text) is None or e164(e164(text) or "") == e164(text)


@pytest.mark.parametrize(
    ("pattern", "address", "expected"),
    [
        ("{number}@fax.example", "+33 1 40 00 00 01", "33140000001@fax.example"),
        ("{e164}@fax.example", "+33 1 40 00 00 01", "+33140000001@fax.example"),
        ("fax={number}@gw.example", "01 40 00 00 01", "fax=0140000001@gw.example"),
        ("{e164}@fax.example", "01 40 00 00 01", "01 40 00 00 01"),
        (None, "+33 1 40 00 00 01", "+33 1 40 00 00 01"),
        ("{number}@fax.example", "not a number", "not a number"),
        ("{number}@BÜCHER.example", "+33 1 40 00 00 01", "33140000001@xn--bcher-kva.example"),
        ("{e164}@bücher.example", "+33 1 40 00 00 01", "+33140000001@xn--bcher-kva.example"),
    ],
)
def test_the_gateways_address_of_a_number_or_the_number_to_be_refused(
    pattern: str | None, address: str, expected: str
) -> None:
    identity = msgspec.structs.replace(IDENTITY, fax_pattern=pattern)
    mail = compose(a_fax(address=address), FixedRenderer(), identity).mail
    assert mail.recipient == expected
    assert mail.content.isascii()


@pytest.mark.parametrize("pattern", ["{e164}{number}@fax.example", "{number}{number}@fax.example", "{other}@x.example"])
def test_a_pattern_that_leads_nowhere_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="fax_pattern"):
        msgspec.structs.replace(IDENTITY, fax_pattern=pattern).__post_init__()


def test_the_subject_is_as_the_gateway_wants_it() -> None:
    form = FaxForm("#pin 1234# {reference}: {subject}")
    mail = as_read(compose(a_fax(keyword="[Fax]"), fax=form).mail.content)
    assert mail.subject == "#pin 1234# 2026-1042: [Fax] 2026-1042: Invoices do not print"


@pytest.mark.parametrize("subject", ["{title}", "{", "{}", "}{subject}"])
def test_a_subject_that_can_not_be_filled_in_is_refused(subject: str) -> None:
    with pytest.raises(ValueError, match="subject"):
        FaxForm(subject)


def pdf_of(content: bytes) -> bytes:
    (file,) = [part for part in read(content).walk() if part.get_content_type() == "application/pdf"]
    assert file.get_filename() == "message.pdf"
    payload = file.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


def words_of(pdf: bytes) -> list[list[str]]:
    """The words of each page."""
    return [page.extract_text().split() for page in PdfReader(io.BytesIO(pdf)).pages]


def test_a_gateway_that_wants_pages_gets_the_message_as_a_pdf_file_and_its_subject_as_text() -> None:
    content = compose(a_fax(), fax=FaxForm(pages=PAGES)).mail.content

    mail = as_read(content)
    assert mail.text == "[Opened] 2026-1042: Invoices do not print\n"
    assert mail.html is None
    assert read(content).get_content_type() == "multipart/mixed"
    plain = as_read(compose(a_fax()).mail.content).text
    (page,) = words_of(pdf_of(content))
    assert page == [*plain.split(), "2026-1042", "1"]


def test_pages_are_a4_with_reference_and_number_and_not_more_than_ten() -> None:
    text = "\n".join(f"line {number} of them" for number in range(2_000))

    reader = PdfReader(io.BytesIO(PAGES.draw(a_fax(), text)))

    pages = [page.extract_text().split() for page in reader.pages]
    assert len(pages) == MAX_PAGES
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in reader.pages} == {(595, 842)}
    assert [page[-1] for page in pages] == [str(number) for number in range(1, MAX_PAGES + 1)]
    assert all("2026-1042" in page for page in pages)
    assert [CUT.strip() in page for page in pages] == [False] * (MAX_PAGES - 1) + [True]
    first_lines = re.findall(r"line (\d+) of them", " ".join(word for page in pages for word in page))
    assert first_lines[:300] == [str(number) for number in range(300)]


def test_one_endless_line_ends_too() -> None:
    pages = words_of(PAGES.draw(a_fax(), "word " * 30_000))
    assert len(pages) == MAX_PAGES
    assert CUT.strip() in pages[-1]


@pytest.mark.parametrize(
    "text", ["Größe œuvre Łódź ệữ", "Ωμέγα", "Жизнь", "שלום", "สวัสดี", "გამარჯობა", "✓ ★ → € «»“”…"]
)
def test_many_scripts_are_drawn(text: str) -> None:
    ((*shown, _, _),) = words_of(PAGES.draw(a_fax(), text))
    # Right-to-left words are drawn, and so extracted, from their end.
    assert sorted("".join(shown)) == sorted(text.replace(" ", ""))


def test_a_letter_that_no_font_has_is_a_box() -> None:
    ((*shown, _, _),) = words_of(PAGES.draw(a_fax(context=external(reference="1")), "Tokio 東京 🎉"))
    assert shown == ["Tokio", NO_LETTER * 2, NO_LETTER]


def test_a_fax_is_the_same_at_any_time() -> None:
    with time_machine.travel("2026-03-02"):
        one = PAGES.draw(a_fax(), "Ω text")
    with time_machine.travel("2027-04-03"):
        assert PAGES.draw(a_fax(), "Ω text") == one
    assert PAGES.draw(a_fax(), "Ω other") != one


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_text_breaks_the_pages(text: str) -> None:
    assert len(words_of(PAGES.draw(a_fax(), text))) == 1


def test_16000_accents_on_a_letter_are_drawn_at_once_and_what_is_cut_is_seen() -> None:
    started = time.process_time()
    ((*shown, _, _),) = words_of(PAGES.draw(a_fax(), "e" + "\u0301" * 16_000 + " end"))
    assert time.process_time() - started < 3
    assert shown[-1] == "end"
    assert CUT.strip() in "".join(shown)


def test_of_many_different_letters_some_are_boxes() -> None:
    letters = "".join(map(chr, range(0xC0, 0x2000)))
    started = time.process_time()
    pdf = PAGES.draw(a_fax(), letters * 5)
    assert time.process_time() - started < 5
    assert len(pdf) < 300_000


@given(
    st.lists(st.tuples(st.sampled_from("e\u0301\u0316\u200d\u00ad א✓\n"), st.integers(1, 40)), max_size=20),
    st.integers(0, 2_000),
)
def test_whatever_is_drawn_has_few_marks_on_a_letter_and_few_letters(runs: list[tuple[str, int]], letters: int) -> None:
    text = "".join(letter * times for letter, times in runs) + "".join(map(chr, range(0x4E00, 0x4E00 + letters)))
    drawn = drawable(text)
    assert len(set(drawn) - {NO_LETTER}) <= MAX_LETTERS
    assert not re.search(rf"[\u0301\u0316\u200d\u00ad]{{{MAX_MARKS + 1}}}", drawn)
    if len(set(text)) < 100 and not re.search(r"[\u0301\u0316\u200d\u00ad]{9}", text):
        assert CUT.strip() not in drawn


def test_a_fax_that_is_redirected_comes_with_its_pages() -> None:
    mode = DeliveryMode.parse("redirect:test@desk.example")
    content = compose(a_fax(), mode=mode, fax=FaxForm(pages=PAGES)).mail.content
    assert "Intended for contact/p-1" in as_read(content).text
    assert words_of(pdf_of(content))


def test_two_spellings_of_one_number_get_one_fax() -> None:
    desk = Helpdesk()
    for person, address in (("ct-1", "+33 1 40 00 00 01"), ("ct-2", "+33 (0)140000001"), ("ct-3", "+33140000002")):
        desk.contact(person, "contract/C-7", modes=[{"channel": "fax", "address": address, "active": True}])

    jobs = desk.decide(saved(None), rules()).jobs

    assert [job.address for job in jobs] == ["+33 1 40 00 00 01", "+33140000002"]


def test_numbers_without_a_country_code_are_of_the_region_of_the_rule_file() -> None:
    desk = Helpdesk()
    for person, address in (("ct-1", "01 40 00 00 01"), ("ct-2", "+33140000001"), ("ct-3", "12 34")):
        desk.contact(person, "contract/C-7", modes=[{"channel": "fax", "address": address, "active": True}])

    assert [job.address for job in desk.decide(saved(None), rules({"fax_region": "FR"})).jobs] == [NUMBER, "12 34"]
    assert len(desk.decide(saved(None), rules()).jobs) == 3


def test_a_region_that_is_none_is_a_fault_of_the_rule_file() -> None:
    with pytest.raises(ValueError, match="`France` is no region"):
        rules({"fax_region": "France"})
