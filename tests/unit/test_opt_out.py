"""Links to opt out: who gets them, what a token says, and that nobody else can write one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from adapters.web.opt_out_pages import language_for
from schemas.job import PersonRef
from schemas.vocabulary import Channel, PersonKind, Trigger
from sender.delivery_mode import DeliveryMode
from sender.records import LedgerEntry
from sender.states import Transition, begin
from sender.suppressions.opt_out import (
    LONGEST_TOKEN,
    OptOut,
    OptOutLinks,
    OptOutRequest,
    OptOutTokens,
    OptOutWriter,
    in_one_case,
    tokens_in_subject,
)
from tests.support.mail.messages import (
    IDENTITY,
    OPT_OUT,
    FixedRenderer,
    MessageComposer,
    a_job,
    as_mail,
    compose,
    external,
    read,
)

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
REQUEST = OptOutRequest(PersonKind.CONTACT, "ct-1", Channel.EMAIL, (Trigger.OPENED,), "fr")
OLD, NEW = "the old secret of it", "the new secret of it"


def links(**fields: Any) -> OptOutLinks:
    job = a_job(**fields)
    return OptOutWriter(OPT_OUT).links(job, [job.trigger])


def test_a_message_says_how_to_unsubscribe_by_page_and_by_mail() -> None:
    message = read(compose(a_job(), opt_out=OPT_OUT).mail.content)

    own = links()
    assert message["List-Unsubscribe"] == f"<{own.page}>, <{own.mail}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"] == "<opened.tocsin.desk.example>"


@pytest.mark.parametrize(
    ("fields", "unsubscribe", "post"),
    [
        ({"url": None}, "<mailto:", None),
        ({"mailto": None}, "<https:", "List-Unsubscribe=One-Click"),
        ({"url": None, "mailto": None}, None, None),
    ],
)
def test_each_way_is_offered_only_where_it_is_configured(
    fields: dict[str, Any], unsubscribe: str | None, post: str | None
) -> None:
    message = read(compose(a_job(), opt_out=msgspec.structs.replace(OPT_OUT, **fields)).mail.content)

    header = message["List-Unsubscribe"]
    assert (header is None) if unsubscribe is None else header.startswith(unsubscribe)
    assert header is None or header.count("<") == 1
    assert message["List-Unsubscribe-Post"] == post


def test_the_link_stands_in_text_and_html_for_readers_whose_program_shows_no_button() -> None:
    message = read(compose(a_job(), opt_out=OPT_OUT).mail.content)

    text, html = (part.get_content() for part in message.iter_parts())
    assert str(links().page) in text
    assert f'href="{links().page}"' in html


def test_a_fax_and_a_message_that_was_redirected_offer_no_way() -> None:
    fax = a_job(channel=Channel.FAX, address="+33140000001", template="fax/alert")
    redirected = DeliveryMode.parse("redirect:test@desk.example")

    for content in (
        compose(fax, opt_out=OPT_OUT).mail.content,
        compose(a_job(), mode=redirected, opt_out=OPT_OUT).mail.content,
    ):
        assert read(content)["List-Unsubscribe"] is None
        assert b"alerts.desk.example" not in content


def test_a_request_becomes_a_suppression_of_person_channel_and_trigger() -> None:
    (record,) = REQUEST.records(NOW)

    assert record.id == "contact/ct-1/email/opened"
    assert (record.person, record.channel, record.triggers) == ("contact/ct-1", Channel.EMAIL, ["opened"])
    assert (record.address, record.reason, record.since) == (None, "opted_out", "2026-03-02T09:15:00Z")
    assert record.until is None


def test_a_token_says_what_was_asked_for() -> None:
    token = OptOutTokens([NEW]).write(REQUEST)

    assert OptOutTokens([NEW]).read(token) == REQUEST
    assert OptOutTokens([NEW]).write(REQUEST) == token


def test_after_a_change_of_the_secret_old_links_work_and_new_ones_are_of_the_new() -> None:
    old = OptOutTokens([OLD]).write(REQUEST)
    both = OptOutTokens([NEW, OLD])

    assert both.read(old) == REQUEST
    assert OptOutTokens([NEW]).read(both.write(REQUEST)) == REQUEST
    assert OptOutTokens([NEW]).read(old) is None


def test_without_secrets_nothing_is_read() -> None:
    forged = URLSafeSerializer(b"", salt=b"tocsin opt-out").dumps(["contact", "ct-1", "email", ["opened"], "fr"])

    assert OptOutTokens([]).read(str(forged)) is None
    assert OptOutTokens([]).read(OptOutTokens([NEW]).write(REQUEST)) is None


@given(st.integers(0, 200), st.sampled_from("AZaz09._-"))
def test_a_token_that_was_changed_is_none_of_ours(place: int, letter: str) -> None:
    tokens = OptOutTokens([NEW])
    token = tokens.write(REQUEST)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]

    # The last letter of base64 has bits that mean nothing, so another one may spell the same signature.
    assert (changed == token) == (tokens.read(changed) == REQUEST) or place == len(token) - 1
    assert tokens.read(changed) in (REQUEST, None)


@given(st.text(max_size=200))
def test_no_text_is_a_token_and_none_raises(text: str) -> None:
    assert OptOutTokens([NEW]).read(text) is None
    assert OptOutTokens([NEW]).first(tokens_in_subject(text)) is None


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=256))
def test_any_id_makes_a_token_that_fits_a_header_or_no_link(person: str) -> None:
    job = a_job(person=PersonRef(PersonKind.CONTACT, person))
    own = OptOutWriter(OPT_OUT).links(job, [Trigger.OPENED])

    if own.page is not None:
        request = OptOutTokens(OPT_OUT.secrets).read(own.page.rpartition("/")[2])
        assert request is not None
        assert request.person == person
        assert len(request.records(NOW)[0].id) <= 256
        assert len(own.page) <= LONGEST_TOKEN + 40
    content = compose(job, FixedRenderer(), opt_out=OPT_OUT).mail.content
    assert max(len(line) for line in content.split(b"\r\n")) <= 998


def test_a_digest_opts_its_reader_out_of_all_that_it_lists_for_them() -> None:
    one, two = (
        LedgerEntry(job, False, begin(Transition.ACCEPTED, NOW))
        for job in (a_job(), a_job(id="f" * 32, trigger=Trigger.CLOSED))
    )
    composer = MessageComposer(FixedRenderer(), IDENTITY, opt_out=OPT_OUT)

    message = read(as_mail(composer.digest(two, [one, two])).mail.content)

    assert message["List-Id"] == "<digest.tocsin.desk.example>"
    page = message["List-Unsubscribe"].partition(">")[0]
    request = OptOutTokens(OPT_OUT.secrets).read(page.rpartition("/")[2])
    assert request is not None
    assert set(request.triggers) == {Trigger.OPENED, Trigger.CLOSED}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://alerts.desk.example"),
        ("url", "https://alerts.desk.example/?a=b"),
        ("url", "https://a.example>,<https://b.example"),
        ("url", "https://[broken"),
        ("url", "alerts.desk.example"),
        ("mailto", "a@b.example, c@d.example"),
        ("mailto", "a@b.example?bcc=c@d.example"),
        ("secrets", ("short",)),
        ("secrets", ()),
    ],
)
def test_settings_that_can_not_be_used_are_refused_by_field(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        OptOut(**{**msgspec.structs.asdict(OPT_OUT), field: value})


def test_a_url_that_is_refused_is_not_repeated() -> None:
    for url in ("https://user:hunter2@alerts.desk.example", "https://alerts.desk.example/?key=hunter2"):
        with pytest.raises(ValueError, match="url") as refused:
            OptOut(url, None, (NEW,))
        assert "hunter2" not in str(refused.value)


def test_a_page_on_this_machine_may_be_of_plain_http() -> None:
    assert OptOut("http://localhost:8080", None, (NEW,)).url == "http://localhost:8080"


@pytest.mark.parametrize("subject", ["unsubscribe TOKEN", "Unsubscribe  TOKEN ", "unsubscribe\tTOKEN"])
def test_the_subject_of_a_mail_holds_the_token(subject: str) -> None:
    assert tokens_in_subject(subject) == ("TOKEN",)


@pytest.mark.parametrize("subject", ["unsubscribe", "unsubscribe me please", "Re: your ticket", ""])
def test_other_subjects_hold_none(subject: str) -> None:
    assert tokens_in_subject(subject) == ()


def test_a_mail_has_its_token_in_letters_whose_case_does_not_matter() -> None:
    own = links()
    token = str(own.mail).rpartition("%20")[2]

    assert token == token.lower()
    assert token.isalnum()
    request = OptOutTokens(OPT_OUT.secrets).read(str(own.page).rpartition("/")[2])
    for written in (token, token.upper(), token.title()):
        assert OptOutTokens(OPT_OUT.secrets).read(written) == request


@given(st.integers(0, 400), st.sampled_from("abyz27"))
def test_a_token_in_one_case_that_was_changed_is_none_of_ours(place: int, letter: str) -> None:
    token = in_one_case(OptOutTokens([NEW]).write(REQUEST))
    place %= len(token) - 1
    changed = token[:place] + letter + token[place + 1 :]

    # The last letter of the signature has bits that mean nothing, see above: it is in the last eight letters here.
    assert (changed == token) == (OptOutTokens([NEW]).read(changed) == REQUEST) or place >= len(token) - 8


def test_the_context_of_a_job_does_not_matter_to_its_link() -> None:
    assert links(context=external(title="x")) == links(context=external(title="y"))


@pytest.mark.parametrize(
    ("known", "accepted", "expected"),
    [
        ("fr-CA", "en", "fr"),
        ("de", "fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("de", "en;q=0.5, fr;q=0.7", "fr"),
        ("de", "es, *;q=0.1", "en"),
        ("", "fr;q=x,,;;", "en"),
        ("", "", "en"),
    ],
)
def test_the_language_is_the_persons_or_one_that_the_browser_accepts(known: str, accepted: str, expected: str) -> None:
    assert language_for(known, accepted) == expected
