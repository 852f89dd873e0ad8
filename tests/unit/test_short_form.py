"""The built-in short form of text messages and chats."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.job import BUILT_IN_FORMS, Job
from schemas.vocabulary import Channel, Trigger
from sender.messages.short_form import TextLimits, short_text
from sender.messages.text_length import segments, units
from sender.ports import OutgoingText
from tests.support.mail.messages import IDENTITY, MessageComposer, a_job, external, internal, shipped_renderer

ADDRESSES = {Channel.SMS: "+33612345678", Channel.CHAT: "#support"}
LINK = "https://portal.example/T-1042"


def job_of(channel: Channel, context: Any = None, **fields: Any) -> Job:
    return a_job(context, channel=channel, address=ADDRESSES[channel], template=BUILT_IN_FORMS[channel], **fields)


def composed(job: Job, limits: TextLimits | None = None) -> OutgoingText:
    composer = MessageComposer(shipped_renderer(), IDENTITY, texts=limits or TextLimits())
    found = composer.compose(job, job.trigger, job.form)
    assert found.fault is None
    assert isinstance(found.message, OutgoingText)
    return found.message


@pytest.mark.parametrize(
    ("language", "trigger", "text"),
    [
        ("en", Trigger.OPENED, "Ticket 2026-1042 opened - Printer"),
        ("en", Trigger.STATUS_CHANGED, "Ticket 2026-1042 status changed - Printer"),
        ("fr-CA", Trigger.RESOLVED, "Demande 2026-1042 résolue - Printer"),
        ("fr", Trigger.CLOSED, "Demande 2026-1042 fermée - Printer"),
        ("de", Trigger.CLOSED, "Ticket 2026-1042 closed - Printer"),
    ],
)
def test_a_text_message_has_trigger_reference_title_and_link(language: str, trigger: Trigger, text: str) -> None:
    job = job_of(Channel.SMS, external(title="Printer", link=LINK), trigger=trigger, language=language)
    message = composed(job)
    assert (message.subject, message.text) == ("", f"{text}\n{LINK}")


def test_it_names_the_other_triggers_of_the_save() -> None:
    job = job_of(Channel.SMS, trigger=Trigger.CLOSED, other_triggers=[Trigger.RESOLVED])
    assert "closed (also resolved)" in short_text(job, Trigger.CLOSED)
    assert "resolved -" in short_text(job, Trigger.RESOLVED)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("trigger", Trigger)
def test_its_words_are_in_the_alphabet_of_text_messages(language: str, trigger: Trigger) -> None:
    others = [one for one in Trigger if one is not trigger]
    text = short_text(job_of(Channel.SMS, external(title="x" * 60), language=language, other_triggers=others), trigger)
    assert segments(text + "a" * (160 - len(text))) == 1
    long = short_text(job_of(Channel.SMS, external(title="x" * 999, link=LINK), language=language), trigger)
    assert segments(long) == 2
    assert f"x...\n{LINK}" in long


@given(st.text(max_size=3_000), st.text(max_size=3_000), st.integers(1, 5))
def test_no_title_and_no_description_makes_it_too_long(title: str, description: str, most: int) -> None:
    context = external(title=title, description=description, link=LINK)
    limits = TextLimits(sms_segments=most, chat_length=400 * most)
    sms = composed(job_of(Channel.SMS, context), limits)
    assert segments(sms.text) <= most
    chat = composed(job_of(Channel.CHAT, context), limits)
    assert units(chat.subject) + 2 + units(chat.text) <= 400 * most


def test_the_link_arrives_whole_whatever_the_title() -> None:
    message = composed(job_of(Channel.SMS, external(title="日本語 " * 400, link=LINK)), TextLimits(sms_segments=2))
    assert message.text.endswith(f"...\n{LINK}")


def test_a_chat_has_the_passage_that_matters() -> None:
    context = external(title="Printer", description="d" * 2_000, resolution="It was off", link=LINK)
    opened = composed(job_of(Channel.CHAT, context))
    assert opened.subject == "[Opened] 2026-1042: Printer"
    assert opened.text.startswith("Ticket 2026-1042 opened\n")
    assert "d" * 597 + "..." in opened.text
    assert opened.text.endswith(f"\n{LINK}")
    resolved = composed(job_of(Channel.CHAT, context, trigger=Trigger.RESOLVED))
    assert "It was off" in resolved.text
    assert "ddd" not in resolved.text


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.CHAT])
def test_nothing_internal_is_in_it_for_anybody(channel: Channel) -> None:
    job = job_of(channel, internal(internal_notes="known bug 881", priority="P-1"))
    assert not {"881", "P-1"} & set(composed(job).text.replace("\n", " ").split())


def test_a_template_of_an_author_is_cut_too() -> None:
    job = job_of(Channel.SMS, external(description="The printer is on fire. " * 90, link=LINK))
    job = type(job)(**{**{f: getattr(job, f) for f in job.__struct_fields__}, "form": a_job().form})
    message = composed(job)
    assert segments(message.text) == 3
    assert "..." in message.text
