"""Jobs for SMS and chats: how they are decided, written and sent on their way."""

from __future__ import annotations

import pytest

from schemas.job import Job
from schemas.vocabulary import Channel, Trigger
from sender.delivery.transports import Transports
from sender.delivery_mode import DeliveryMode
from sender.messages.short_form import TextLimits
from sender.messages.text_length import segments
from sender.ports import HandingOver, OutgoingMail, OutgoingText, unasked
from sender.records import LedgerEntry
from sender.replies.reply import Reply, ReplyKind
from sender.states import Standing, State
from tests.support.mail.messages import IDENTITY, OPT_OUT, MessageComposer, a_job, as_mail, as_read, shipped_renderer
from tests.support.sender.fakes import OK, FakeTransport

SMS = a_job(channel=Channel.SMS, address="+33 6 12 34 56 78", template="external/opened")
CHAT = a_job(channel=Channel.CHAT, address="#support", template="external/opened")


def composer(mode: str = "live") -> MessageComposer:
    return MessageComposer(shipped_renderer(), IDENTITY, DeliveryMode.parse(mode), OPT_OUT)


@pytest.mark.parametrize(
    ("job", "recipient", "subject"),
    [(SMS, "+33612345678", ""), (CHAT, "#support", "[Opened] 2026-1042: Invoices do not print")],
)
def test_a_text_is_the_templates_text_part_and_only_a_chat_has_a_subject(
    job: Job, recipient: str, subject: str
) -> None:
    message = composer().compose(job, job.trigger, job.form).message
    assert isinstance(message, OutgoingText)
    assert (message.channel, message.recipient) == (job.channel, recipient)
    assert message.subject == subject
    assert message.text.startswith("Hello Zoé Martin,")
    assert "<" not in message.text.replace("<b>nobody</b>", ""), "no HTML but what was typed"
    assert "unsubscribe" not in message.text, "only e-mails offer to opt out by a link"


def test_redirected_it_is_a_mail_that_names_whom_it_was_for() -> None:
    composed = as_mail(composer("redirect:try@desk.example").compose(CHAT, CHAT.trigger, CHAT.form))
    assert composed.mail.recipient == "try@desk.example"
    mail = as_read(composed.mail.content)
    assert mail.subject == "[to #support] [Opened] 2026-1042: Invoices do not print"
    assert mail.text.startswith("Redirected. Intended for contact/p-1 (chat: #support).")


@pytest.mark.parametrize(
    ("channel", "address", "room", "listed"),
    [(Channel.CHAT, "#support", 20_000, 50), (Channel.CHAT, "#support", 2_000, 17), (Channel.SMS, "+331", 2_000, 0)],
)
def test_a_digest_is_short_where_there_is_little_room(channel: Channel, address: str, room: int, listed: int) -> None:
    jobs = [
        LedgerEntry(a_job(id=f"{n}", channel=channel, address=address), False, Standing(State.SENDING))
        for n in range(60)
    ]
    limits = TextLimits(chat_length=room)
    message = MessageComposer(shipped_renderer(), IDENTITY, texts=limits).digest(jobs[-1], jobs).message
    assert isinstance(message, OutgoingText)
    assert message.subject == ("60 messages about support tickets" if channel is Channel.CHAT else "")
    assert len(message.text) <= room
    assert "60 opened" in message.text
    assert ("what follows" in message.text) == (listed > 0)
    assert message.text.count("Invoices do not print") == listed
    assert (f"- and {60 - listed} more" in message.text) == (channel is Channel.CHAT)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_digest_by_sms_is_one_message_that_says_how_many(language: str) -> None:
    jobs = [
        LedgerEntry(
            a_job(id=f"{n}", channel=Channel.SMS, address="+331", trigger=trigger, language=language),
            False,
            Standing(State.SENDING),
        )
        for n, trigger in enumerate([*Trigger] * 30)
    ]
    message = MessageComposer(shipped_renderer(), IDENTITY).digest(jobs[-1], jobs).message
    assert isinstance(message, OutgoingText)
    assert segments(message.text) == 1
    assert message.text.splitlines()[0].endswith(":")


class Texts:
    """Takes texts."""

    def __init__(self) -> None:
        self.sent: list[OutgoingText] = []
        self.closed = False

    async def send(self, message: OutgoingText, /, handing_over: HandingOver = unasked) -> Reply:
        self.sent.append(message)
        return OK

    async def close(self) -> None:
        self.closed = True


async def test_each_message_takes_the_transport_of_its_channel() -> None:
    mails, texts = FakeTransport(), Texts()
    transports = Transports(mails, {Channel.CHAT: texts})
    mail, text = OutgoingMail("a@b.example", "c@d.example", b""), OutgoingText(Channel.CHAT, "#x", "", "")
    assert await transports.send(mail) == await transports.send(text) == OK
    assert (mails.mails, texts.sent) == ([mail], [text])
    await transports.close()
    assert texts.closed


async def test_a_channel_without_a_service_is_refused_by_name() -> None:
    transports = Transports(FakeTransport(), {Channel.CHAT: Texts()})
    reply = await transports.send(OutgoingText(Channel.SMS, "+331", "", ""))
    assert reply == Reply(ReplyKind.REFUSED, None, "no service is set up for the channel sms")
