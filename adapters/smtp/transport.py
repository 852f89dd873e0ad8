"""The Transport of the sender on one mail relay."""

from __future__ import annotations

import asyncio

import msgspec
from aiosmtplib import SMTPServerDisconnected

from adapters.smtp.one_recipient import OneRecipient
from adapters.smtp.pool import Pool
from adapters.smtp.relay import Relay
from adapters.smtp.replies import failure_of
from adapters.smtp.session import Session
from schemas.mailbox import wire_address
from sender.ports import HandingOver, OutgoingMail, WithheldError, unasked
from sender.replies.refusals import CLOSING
from sender.replies.reply import Reply, ReplyKind, Stage


class SmtpTransport:
    """Takes messages to a relay, each in a transaction of its own, as many at a time as the relay has connections.

    A refusal of the whole session (greeting, encryption, login) is about the relay and not about the message, so it
    defers the message whatever its code, also where the relay says it only once a sender or recipient is named.
    """

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._pool = Pool(relay)
        self._one_recipient = OneRecipient()

    async def send(self, mail: OutgoingMail, handing_over: HandingOver = unasked) -> Reply:
        """Hand over one message. Nothing is raised for what a relay or network does."""
        checked = _with_wire_addresses(mail)
        if isinstance(checked, Reply):
            return checked
        try:
            reply, stale = await self._try(checked, handing_over)
            if stale:
                # A relay may close an idle connection at any time; that says nothing about the message.
                self._pool.forget_idle()
                reply, _ = await self._try(checked, handing_over)
        except TimeoutError:
            words = f"none of {self._relay.connections} connections came free within {self._relay.timeout:g} seconds"
            # The sender's own connections are busy: that tells nothing of the relay.
            return Reply(ReplyKind.DEFERRED, None, words)
        if reply.is_about_the_relay:
            # What is mended shows on a new connection alone.
            self._pool.forget_idle()
        return self._one_recipient.judged(checked.recipient, reply)

    async def close(self) -> None:
        """Say goodbye to the relay, within its timeout. The next message connects anew."""
        await self._pool.close()

    async def _try(self, mail: OutgoingMail, handing_over: HandingOver) -> tuple[Reply, bool]:
        """The reply, and whether the connection had been used before and was gone before the message was under way."""
        async with self._pool.session(self._relay.timeout) as session:
            reused = session.is_open
            try:
                reply = await self._before(session, mail, handing_over) or await session.content(mail.content)
            except WithheldError:
                # The relay waits for the content: without a final dot there is no message (RFC 5321, section 4.1.1.4).
                session.drop()
                raise
            except Exception as error:  # noqa: BLE001  (the port promises a reply; the message's end was not sent)
                session.drop()
                return failure_of(error, session.stage), reused and _is_loss(error)
            return reply, reused and reply.code == CLOSING and reply.stage is not Stage.DOT

    async def _before(self, session: Session, mail: OutgoingMail, handing_over: HandingOver) -> Reply | None:
        """All that comes before the message; the relay may take as long for it as for two replies."""
        async with asyncio.timeout(2 * self._relay.timeout):
            if not session.is_open:
                await session.open()
            no = await session.begin(mail) or await session.ask_for_content()
        if no is None:
            await handing_over()
        return no


def _is_loss(error: Exception) -> bool:
    return isinstance(error, SMTPServerDisconnected | ConnectionError)


def _with_wire_addresses(mail: OutgoingMail) -> OutgoingMail | Reply:
    """The message with addresses as SMTP writes them, or the refusal of one that is none: no relay need be asked."""
    recipient = wire_address(mail.recipient)
    if recipient is None:
        return Reply(ReplyKind.REFUSED, None, "the recipient is not one e-mail address, so the relay was not asked")
    envelope_from = wire_address(mail.envelope_from)
    if envelope_from is None:
        return Reply(
            ReplyKind.REFUSED, None, "the envelope sender is not one e-mail address, so the relay was not asked"
        )
    return msgspec.structs.replace(mail, recipient=recipient, envelope_from=envelope_from)
