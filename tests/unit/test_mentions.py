"""What came with an event calls nobody in a chat and hides no link; what an author wrote does as it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.jinja.renderer import JinjaRenderer
from schemas.job import BUILT_IN_FORMS, Job
from schemas.vocabulary import Channel, Trigger
from sender.messages.mentions import UNSEEN, neutral_text
from sender.ports import OutgoingText
from sender.records import LedgerEntry
from sender.states import Standing, State
from tests.support.mail.messages import IDENTITY, MessageComposer, a_job, external, shipped_renderer, templates

CALLS = (
    r"@(everyone|here)",
    r"<[!@#&]",
    r"<(at|users|https?:)",
    r"(^|[^A-Za-z0-9])@[^\s\u200b]",
    r"\]\(",
    r"@\*",
)
"""What services read as a call of people, or as a link under another text."""

SIGNS = ["@", "<", ">", "!", "|", "[", "](", "]", "(", "*", " ", "\uff20"]
NAMES = ["channel", "here", "everyone", "all", "zoe", "acme.example", "U12", "https://a.example/"]
CALLING = ["<!channel>", "<!here|x>", "<@U123>", "<https://evil.example|the portal>"]
PIECES = st.sampled_from(SIGNS + NAMES + CALLING)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


def acts(text: str) -> list[str]:
    return [found[0] for call in CALLS for found in re.finditer(call, text.replace("\uff20", "@"), re.IGNORECASE)]


@given(TEXTS)
def test_no_text_acts(text: str) -> None:
    assert acts(neutral_text(text)) == []


@given(TEXTS, TEXTS)
def test_nor_do_two_beside_each_other(one: str, other: str) -> None:
    assert acts(neutral_text(one) + neutral_text(other)) == []


@given(st.text(alphabet="ab <>@[]()!.:é\n日", max_size=40))
def test_readers_see_what_was_written(text: str) -> None:
    assert neutral_text(text).replace(UNSEEN, "").replace("\u2039", "<") == text


@pytest.mark.parametrize(
    "text",
    [
        "zoe@allianz.example",
        "help@online.example",
        "o'neil@room.example",
        "z.m+1@team-9.example",
        "zoe@münchen.example",
        "zoe@acme.example",
        "write to zoe.m@mail.acme.example, please",
        "a < b, 5 @ 3",
        "https://portal.example/T-1",
    ],
)
def test_what_acts_on_nothing_stays(text: str) -> None:
    assert neutral_text(text) == text


@pytest.mark.parametrize("text", ["@channel", "<!channel>", "x@everyone", "<@U123>", "<https://evil|text>", "[a](b)"])
def test_the_check_finds_what_acts(text: str) -> None:
    """The control: so written, each would act."""
    assert acts(text)


def chat(person_name: str = "Zoé", note: str = "", **ticket: Any) -> Job:
    context = external(person_name, custom={"note": note}, **ticket)
    return a_job(context, channel=Channel.CHAT, address="#support", template=BUILT_IN_FORMS[Channel.CHAT])


def said(composer: MessageComposer, job: Job) -> str:
    message = composer.compose(job, job.trigger, job.form).message
    assert isinstance(message, OutgoingText)
    return f"{message.subject}\n{message.text}"


@given(title=TEXTS, description=TEXTS, status=TEXTS)
def test_no_chat_message_acts_by_the_words_of_an_event(title: str, description: str, status: str) -> None:
    composer = MessageComposer(shipped_renderer(), IDENTITY)
    job = chat(title=title, description=description, status=status, link="https://portal.example/@T-1")
    assert acts(said(composer, job)) == []
    entry = LedgerEntry(job, False, Standing(State.SENDING))
    digest = composer.digest(entry, [entry, entry]).message
    assert isinstance(digest, OutgoingText)
    assert acts(f"{digest.subject}\n{digest.text}") == []


def test_an_authors_own_call_stays_and_the_fallback_calls_nobody() -> None:
    sources = {"any.en.txt.j2": "<!here> {{ ticket.title }} {{ person_name }} {{ ticket.custom.note }}"}
    job = chat(title="<!channel>", person_name="@all", note="<@U1>")
    form = type(job.form)("any", job.form.format, "")
    composer = MessageComposer(JinjaRenderer(templates(**sources)), IDENTITY)
    message = composer.compose(job, Trigger.OPENED, form).message
    assert isinstance(message, OutgoingText)
    assert message.text.startswith("<!here> ")
    assert acts(message.text.removeprefix("<!here>")) == []
    broken = MessageComposer(JinjaRenderer(templates(**{"any.en.txt.j2": "{{ nothing }}"})), IDENTITY)
    fallback = broken.compose(job, Trigger.OPENED, form)
    assert fallback.fault is not None
    assert isinstance(fallback.message, OutgoingText)
    assert acts(fallback.message.text) == []


def test_other_channels_show_what_was_typed() -> None:
    sms = a_job(external(title="@channel <b>"), channel=Channel.SMS, address="+33612345678", template="built-in/sms")
    assert "@channel <b>" in said(MessageComposer(shipped_renderer(), IDENTITY), sms)
