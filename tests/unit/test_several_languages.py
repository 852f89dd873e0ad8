"""One message in several languages: what is read, what is heard, and what is left where a template fails."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.jinja.renderer import JinjaRenderer
from schemas.job import JOB_DECODER, Form, Job, Otherwise, Translation
from schemas.vocabulary import Channel, MessageFormat, Trigger
from sender.messages import composer as composer_module
from sender.messages.fax import FaxForm
from sender.messages.joined_html import joined_html
from sender.messages.passages import renditions
from sender.messages.short_form import TextLimits
from sender.messages.text_length import units
from sender.ports import OutgoingText, Renderer
from sender.records import LedgerEntry
from sender.states import Standing, State
from tests.support.mail.messages import (
    IDENTITY,
    OPT_OUT,
    MessageComposer,
    a_job,
    as_mail,
    as_read,
    compose,
    external,
    fax_pages,
    read,
    shipped_renderer,
    templates,
)
from tests.support.sender import fakes

ENGLISH = Translation("en", "In progress", "New", "[Opened]", "[Status]", "[Day]")
VOID = {"meta", "br", "hr", "img", "link"}


def in_both(context: Any = None, **fields: Any) -> Job:
    """A job in French, and below it in English."""
    seen = context or external(status="En cours", previous_status="Nouveau")
    return a_job(seen, language="fr", keyword="[Ouverture]", translations=[ENGLISH], **fields)


class Heard(HTMLParser):
    """What a screen reader hears: texts, each in the language that the page gives for it."""

    def __init__(self) -> None:
        super().__init__()
        self.spoken: list[tuple[str | None, str]] = []
        self._open: list[tuple[str, str | None]] = []
        self.styles = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("lang") or (self._open[-1][1] if self._open else None)))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if any(tag == "style" for tag, _ in self._open):
            self.styles += data
        elif data.strip():
            self.spoken.append((self._open[-1][1] if self._open else None, data.strip()))

    def texts(self, language: str) -> list[str]:
        return [text for lang, text in self.spoken if lang == language]


def heard(html: str) -> Heard:
    listener = Heard()
    listener.feed(html)
    listener.close()
    return listener


def test_one_message_has_both_languages_the_first_one_first() -> None:
    message = compose(in_both(), opt_out=OPT_OUT)

    assert message.fault is None
    mail = as_read(message.mail.content)
    assert read(message.mail.content)["Subject"] == "[Ouverture] 2026-1042: Invoices do not print"
    assert read(message.mail.content)["Content-Language"] == "fr, en"
    french, english = mail.text.split("\n\n===== English =====\n\n")
    assert french.startswith("Français | English\n\nBonjour Zoé Martin,")
    assert english.startswith("Hello Zoé Martin,")
    # Statuses, times and the way to opt out are each reader's own.
    assert "Nouveau → En cours" in french
    assert "2 mars 2026, 10:00 +01:00" in french
    assert "New → In progress" in english
    assert "March 2, 2026, 10:00 +01:00" in english
    assert french.count("/u/") == english.count("/u/") == 1


def test_screen_readers_hear_each_text_in_its_own_language() -> None:
    html = as_read(compose(in_both()).mail.content).html

    listener = heard(html or "")
    assert "Bonjour Zoé Martin," in listener.texts("fr")
    assert "Hello Zoé Martin," in listener.texts("en")
    assert "Nouveau → En cours" in listener.texts("fr")
    assert "New → In progress" in listener.texts("en")
    assert {lang for lang, text in listener.spoken if text not in ("|", "2026-1042")} == {"fr", "en"}
    assert listener.styles.count("@media") == 1
    assert (html or "").lower().count("<body") == (html or "").lower().count("</body>") == 1


def test_a_message_in_one_language_is_as_it_was_and_says_its_language() -> None:
    mail = compose(replace(in_both(), translations=[])).mail.content

    assert as_read(mail).text.startswith("Bonjour Zoé Martin,")
    assert read(mail)["Content-Language"] == "fr"


def test_the_control_a_text_that_is_left_out_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composer_module, "renditions", lambda job: renditions(job)[:1])
    with pytest.raises((AssertionError, ValueError)):
        test_one_message_has_both_languages_the_first_one_first()
    with pytest.raises(AssertionError):
        test_screen_readers_hear_each_text_in_its_own_language()


# --- templates that fail


def two(french: str, english: str) -> Renderer:
    files = {f"external/opened.{tag}.txt.j2": text for tag, text in (("fr", french), ("en", english)) if text}
    return JinjaRenderer(templates(**files))


def test_a_template_that_fails_in_one_language_costs_that_language_its_form_alone() -> None:
    message = compose(in_both(format=MessageFormat.TEXT), two("Chère {{ person_name }}", "{{ nothing }}"))

    assert message.fault == "external/opened.en.txt.j2, line 1: UndefinedError"
    assert as_read(message.mail.content).text == (
        "Français | English\n\nChère Zoé Martin\n\n===== English =====\n\n"
        "A support ticket was opened.\n\nReference: 2026-1042\nTitle: Invoices do not print\n"
    )


def test_so_it_is_in_html() -> None:
    files = {"external/opened.fr.txt.j2": "Chère", "external/opened.fr.html.j2": "<p>Chère {{ person_name }}</p>"}
    message = compose(in_both(external(title="<b>&")), JinjaRenderer(templates(**files)))

    assert message.fault == "external/opened.en.txt.j2: TemplateNotFound"
    listener = heard(as_read(message.mail.content).html or "")
    assert listener.texts("fr") == ["Français", "|", "Chère Zoé Martin"]
    assert "Title: <b>&" in listener.texts("en")


def test_where_all_fail_the_built_in_text_is_in_both_languages() -> None:
    message = compose(in_both(template="external/none"))

    assert message.fault == "external/none.fr.txt.j2: TemplateNotFound; external/none.en.txt.j2: TemplateNotFound"
    mail = as_read(message.mail.content)
    assert mail.html is None
    assert "Une demande d'assistance a été ouverte." in mail.text
    assert "A support ticket was opened." in mail.text
    assert read(message.mail.content)["Content-Language"] == "fr, en"


def test_two_languages_without_a_built_in_text_have_one_in_english() -> None:
    job = replace(in_both(template="external/none"), language="de", translations=[replace(ENGLISH, language="nl")])
    mail = compose(job).mail.content

    assert as_read(mail).text.count("A support ticket was opened.") == 1
    assert read(mail)["Content-Language"] == "en"


def test_each_language_has_its_own_keyword_in_templates() -> None:
    renderer = two("{{ keyword }} {{ language }}", "{{ keyword }} {{ language }}")
    text = as_read(compose(in_both(format=MessageFormat.TEXT), renderer).mail.content).text

    assert text.splitlines()[2::4] == ["[Ouverture] fr", "[Opened] en"]


# --- other channels


def test_a_fax_has_both_as_text_and_as_pages() -> None:
    job = in_both(channel=Channel.FAX, address="+33155550123", template="fax/alert")
    text = as_read(compose(job).mail.content).text
    assert text.index("Bonjour Zoé Martin") < text.index("===== English =====") < text.index("Hello Zoé Martin")

    drawn = compose(job, fax=FaxForm(pages=fax_pages())).mail.content
    assert [part.get_content_type() for part in read(drawn).walk()][-1] == "application/pdf"
    assert read(drawn)["Content-Language"] == "fr, en"


def chat(job: Job, length: int) -> OutgoingText:
    message = MessageComposer(shipped_renderer(), IDENTITY, texts=TextLimits(chat_length=length))
    found = message.compose(job, job.trigger, job.form).message
    assert isinstance(found, OutgoingText)
    return found


@pytest.mark.parametrize("length", [2_000, 500])
def test_a_chat_has_both_each_with_its_share_of_the_room(length: int) -> None:
    context = external(description="Since this morning, " * 40, status="En cours")
    job = in_both(context, channel=Channel.CHAT, address="#support", template="built-in/chat")
    message = chat(job, length)

    assert units(message.text) + units(message.subject) < length
    french, english = message.text.split("\n\n===== English =====\n\n")
    assert french.startswith("Demande 2026-1042 ouverte\nStatut : En cours")
    assert english.startswith("Ticket 2026-1042 opened\nStatus: In progress")
    # The link stands at the end of each, however short it had to be.
    assert french.endswith("https://portal.example/T-1042")
    assert english.endswith("https://portal.example/T-1042")


def test_in_a_chat_no_status_calls_anybody_in_any_language() -> None:
    job = in_both(channel=Channel.CHAT, address="#support", template="built-in/chat")
    loud = replace(job, translations=[replace(ENGLISH, status="@channel")])
    assert "@channel" not in chat(loud, 2_000).text


# --- digests


def digest(*jobs: Job, renderer: Renderer | None = None, **fields: Any) -> str:
    entries = [LedgerEntry(job, False, Standing(State.SENDING)) for job in jobs]
    composer = MessageComposer(renderer or shipped_renderer(), IDENTITY, **fields)
    return as_read(as_mail(composer.digest(entries[-1], entries)).mail.content).text


def a_part(number: int, languages: Sequence[str], **fields: Any) -> Job:
    others = [Translation(one, "open", "new", digest_keyword=f"[{one}]") for one in languages[1:]]
    return fakes.a_job(f"e-{number}", f"T-{number}", language=languages[0], translations=others, **fields)


def test_a_digest_lists_all_in_each_language() -> None:
    text = digest(a_part(1, ["fr", "en"]), a_part(2, ["fr", "en"]))

    french, english = text.split("\n\n===== English =====\n\n")
    assert "2 statut changé" in french
    assert "2 status changed" in english
    assert french.count("Invoices do not print") == english.count("Invoices do not print") == 2


def test_a_digest_has_the_languages_of_any_message_that_has_several() -> None:
    assert "===== English =====" in digest(a_part(1, ["fr", "en"]), a_part(2, ["fr"]))
    # Two readers of one language each: that of the one who carries it, as ever.
    assert "=====" not in digest(a_part(1, ["en"]), a_part(2, ["fr"]))


def test_the_template_of_a_digest_is_rendered_in_each_language() -> None:
    files = {f"digest/day.{tag}.txt.j2": "{{ keyword }} {{ language }} {{ count }}" for tag in ("en", "fr")}
    form = Form("digest/day", MessageFormat.TEXT, "[fr]")
    jobs = [a_part(number, ["fr", "en"], digest=form) for number in range(3)]

    assert digest(*jobs, renderer=JinjaRenderer(templates(**files))) == (
        "Français | English\n\n[fr] fr 3\n\n===== English =====\n\n[en] en 3\n"
    )


# --- jobs


def test_a_job_that_does_not_say_has_one_language() -> None:
    wire = msgspec.json.decode(msgspec.json.encode(in_both()))
    del wire["translations"]
    job = msgspec.json.decode(msgspec.json.encode(wire), type=Job)

    assert job.languages == ("fr",)
    assert JOB_DECODER.decode(msgspec.json.encode(in_both())).languages == ("fr", "en")


def test_what_it_becomes_after_another_opening_has_its_own_keyword_in_each_language() -> None:
    files = {f"external/status_changed.{tag}.txt.j2": "{{ keyword }}" for tag in ("en", "fr")}
    job = in_both()
    form = Form("external/status_changed", MessageFormat.TEXT, "[État]")
    job = replace(job, otherwise=Otherwise(Trigger.STATUS_CHANGED, form))
    found = MessageComposer(JinjaRenderer(templates(**files)), IDENTITY).compose(job, Trigger.STATUS_CHANGED, form)

    assert as_read(as_mail(found).mail.content).text == (
        "Français | English\n\n[État]\n\n===== English =====\n\n[Status]\n"
    )


# --- pages of any kind

TAGS = st.sampled_from(["fr", "en", "pt-BR", "ar", "xx-unknown"])
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12)
FRAMES = (
    "{}",
    "<p>{}</p>",
    "<!doctype html><html><head><title>t</title></head><body>{}</body></html>",
    "<!-- <body> -->\n<html lang=de><head><style>p {{}}</style>\n</head>\n<BODY bgcolor=red\n id=x>{}</BODY></html>",
    "<html dir=rtl><body style='color:\"red\"'>{}<!-- </body> --></body></html><!-- end -->",
    "<body>{}",
)


@given(st.lists(st.tuples(TAGS, WORDS, st.sampled_from(FRAMES)), min_size=2, max_size=4, unique_by=lambda one: one[0]))
def test_whatever_the_pages_each_text_is_heard_once_and_in_its_language(pages: list[tuple[str, str, str]]) -> None:
    html = joined_html([(tag, frame.format(escape(f"«{words}»"))) for tag, words, frame in pages])

    listener = heard(html)
    # One text may be told in several pieces.
    for tag, words, _ in pages:
        assert f"«{words}»" in "".join(listener.texts(tag))
    assert html.lower().replace("<!-- <body> -->", "").count("<body") == 1


def test_the_control_a_page_whose_frame_is_kept_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    page = FRAMES[2].format("words")
    assert joined_html([("fr", page), ("en", page)]).count("<body") == 1
    monkeypatch.setattr("sender.messages.joined_html._Parser.handle_starttag", lambda *_: None)
    assert joined_html([("fr", page), ("en", page)]).count("<body") > 1


@pytest.mark.parametrize("tag", ['fr"><script>', "fr\r\nBcc: all@acme.example", "", "é"])
def test_a_tag_that_is_none_is_undetermined(tag: str) -> None:
    job = replace(in_both(template="external/none"), language=tag)
    mail = compose(job, JinjaRenderer(templates(**{"external/none.en.txt.j2": "Hello"}))).mail.content
    assert "Bcc" not in read(mail)
    assert joined_html([(tag, "a"), ("en", "b")]).count('lang="und"') >= 2
