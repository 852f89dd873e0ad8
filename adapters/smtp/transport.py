"""The Transport of the sender on one connection to a mail relay, reused from message to message."""

from __future__ import annotations

import asyncio

import msgspec
from aiosmtplib import SMTPResponseException, SMTPServerDisconnected

from adapters.smtp.relay import Relay
from adapters.smtp.session import CLOSING, Session, words_of
from sender.addresses import wire_address
from sender.ports import OutgoingMail, Reply, ReplyKind


class SmtpTransport:
    """Takes messages to a relay, one at a time and one recipient a transaction.

    A refusal of the whole session (greeting, encryption, login) is about the relay and not about the message, so it
    defers the message whatever its code. Several connections are several of these.
    """

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._lock = asyncio.Lock()
        self._session: Session | None = None

    async def send(self, mail: OutgoingMail) -> Reply:
        """Hand over one message. Nothing is raised for what a relay or network does."""
        checked = _with_wire_addresses(mail)
        if isinstance(checked, Reply):
            return checked
        async with self._lock:
            reused = self._session is not None and self._session.is_open
            reply, gone = await self._try(checked)
            if reused and gone:
                # A relay may close an idle connection at any time; that says nothing about the message.
                reply, _ = await self._try(checked)
            return reply

    async def close(self) -> None:
        """Say goodbye to the relay, within its timeout. The next message connects anew."""
        async with self._lock:
            session, self._session = self._session, None
            if session is not None:
                await session.close()

    async def _try(self, mail: OutgoingMail) -> tuple[Reply, bool]:
        """The reply, and whether the connection was gone before the message was under way."""
        session = Session(self._relay) if self._session is None else self._session
        self._session = session
        try:
            if not session.is_open:
                await self._open(session)
            reply = await session.deliver(mail)
        except _NotOpenError as error:
            return error.reply, False
        except asyncio.CancelledError:
            session.drop()
            raise
        except Exception as error:  # noqa: BLE001  (the port promises a reply; the message's end was not sent)
            session.drop()
            return Reply(ReplyKind.DEFERRED, None, words_of(error, session.stage)), _is_loss(error)
        return reply, reply.code == CLOSING and session.stage != "final dot"

    async def _open(self, session: Session) -> None:
        try:
            await session.open()
        except asyncio.CancelledError:
            session.drop()
            raise
        except Exception as error:
            session.drop()
            code = error.code if isinstance(error, SMTPResponseException) else None
            raise _NotOpenError(Reply(ReplyKind.DEFERRED, code, words_of(error, session.stage))) from error


class _NotOpenError(Exception):
    """There is no session to send a message on."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


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
