"""One connection to the relay: greeted, encrypted, logged in, then a transaction for each message."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, cast

from aiosmtplib import SMTP, SMTPHeloError, SMTPResponse, SMTPResponseException, SMTPServerDisconnected

from adapters.smtp.relay import Relay, Tls
from adapters.smtp.replies import no_of, words_of, yes_of
from adapters.smtp.tls import why_it_failed
from sender.ports import OutgoingMail
from sender.replies.refusals import CLOSING
from sender.replies.reply import Reply, ReplyKind, Stage

GOODBYE: Final = 5.0
"""Seconds that a relay has to answer QUIT: nothing depends on it."""

_PERMANENT: Final = 500
_LEADING_DOT: Final = re.compile(rb"^\.", re.MULTILINE)


class Session:
    """A connection to a relay. It is used for one message at a time, and not again once it is closed.

    Each message is one transaction with one recipient. What goes wrong before the message's end is raised as it comes
    from the library; after its end, nothing is raised: the message may have arrived.
    """

    def __init__(self, relay: Relay, tls_context: Callable[[], Awaitable[ssl.SSLContext | None]]) -> None:
        self._relay = relay
        self._tls_context = tls_context
        self._client = SMTP(
            hostname=relay.host,
            port=relay.port,
            local_hostname=relay.hello,
            timeout=relay.timeout,
            use_tls=relay.tls is Tls.IMPLICIT,
            start_tls=False,
        )
        self.stage = Stage.CONNECT
        self.messages = 0
        """How many were handed over, or tried to be."""

    @property
    def is_open(self) -> bool:
        """Whether another message can be sent on it, as far as is known: the relay may have closed it already."""
        return self._client.is_connected

    async def open(self) -> None:
        """Connect, greet, encrypt, log in. Raises SMTPException or OSError."""
        self.stage = Stage.CONNECT
        await self._client.connect(tls_context=await self._tls_context())
        await self._greet()
        if self._relay.tls is Tls.STARTTLS:
            self.stage = Stage.STARTTLS
            await self._client.starttls()
            # What was said before encryption counts no more (RFC 3207, section 4.2).
            await self._greet()
        if self._relay.username is not None:
            self.stage = Stage.AUTH
            await self._client.login(self._relay.username, self._relay.password or "")

    async def begin(self, mail: OutgoingMail) -> Reply | None:
        """Name sender and recipient, whose addresses are valid; None: the relay takes them."""
        self.messages += 1
        needs_utf8 = not (mail.recipient.isascii() and mail.envelope_from.isascii())
        wrong = self._missing_extension(mail, needs_utf8=needs_utf8)
        if wrong is not None:
            return Reply(ReplyKind.REFUSED, None, wrong)
        options = self._options(mail, needs_utf8=needs_utf8)
        for stage, command in (
            (Stage.MAIL, [b"MAIL", f"FROM:<{mail.envelope_from}>".encode(), *options]),
            (Stage.RCPT, [b"RCPT", f"TO:<{mail.recipient}>".encode()]),
        ):
            no = await self._say(stage, command, 2)
            if no is not None:
                return no
        return None

    async def ask_for_content(self) -> Reply | None:
        """Announce the message; None: the relay waits for it."""
        return await self._say(Stage.DATA, [b"DATA"], 3)

    async def reset(self) -> None:
        """End the transaction, so that the next one can begin (RFC 5321, section 4.1.1.5)."""
        try:
            if self.is_open:
                await self._client.rset()
        except (SMTPResponseException, SMTPServerDisconnected, OSError):
            self.drop()

    async def content(self, content: bytes) -> Reply:
        """The message and its final dot (RFC 5321, section 4.5.2), and the reply to both."""
        self.stage = Stage.DOT
        protocol = self._client.protocol
        if protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        ending = b"" if content.endswith(b"\r\n") else b"\r\n"
        protocol.write(_LEADING_DOT.sub(b"..", content) + ending + b".\r\n")
        try:
            response = await protocol.read_response(timeout=self._relay.final_timeout)
        except Exception as error:  # noqa: BLE001  (whatever it was, the message may have arrived)
            # The dot is the last thing in the buffer: while that is not empty, the relay does not have it.
            kind = ReplyKind.DEFERRED if self._unsent() else ReplyKind.UNKNOWN
            self.drop()
            return Reply(kind, None, words_of(error, self.stage), self.stage, why=why_it_failed(error))
        if response.code // 100 == 2:  # noqa: PLR2004  (RFC 5321, section 4.2.1: the first digit is the meaning)
            return yes_of(response, self.stage)
        return self._no(response, otherwise=ReplyKind.UNKNOWN)

    async def close(self) -> None:
        """Say goodbye. Whatever goes wrong with that, the connection is gone afterwards."""
        self.stage = Stage.QUIT
        try:
            if self.is_open:
                async with asyncio.timeout(min(GOODBYE, self._relay.timeout)):
                    await self._client.quit()
        except (SMTPResponseException, SMTPServerDisconnected, OSError):
            pass
        finally:
            self.drop()

    def drop(self) -> None:
        """Cut the connection. What has not been sent yet never will be."""
        if self._client.transport is not None:
            cast(asyncio.WriteTransport, self._client.transport).abort()
        self._client.close()

    async def _greet(self) -> None:
        stage, self.stage = self.stage, Stage.EHLO
        try:
            await self._client.ehlo()
        except SMTPHeloError as error:
            if error.code < _PERMANENT or not self.is_open:
                raise
            # A relay that knows no extensions (RFC 5321, section 3.2).
            await self._client.helo()
        self.stage = stage

    def _missing_extension(self, mail: OutgoingMail, *, needs_utf8: bool) -> str | None:
        if needs_utf8 and not self._client.supports_extension("smtputf8"):
            return "the relay takes no address with letters beyond ASCII before the @ (no SMTPUTF8, RFC 6531)"
        if not mail.content.isascii() and not self._client.supports_extension("8bitmime"):
            return "the relay takes no message of eight bits (no 8BITMIME, RFC 6152)"
        return None

    def _options(self, mail: OutgoingMail, *, needs_utf8: bool) -> list[bytes]:
        options = []
        if self._client.supports_extension("size"):
            # RFC 1870: a message that is too large is refused before it is sent.
            options.append(b"SIZE=%d" % len(mail.content))
        if not mail.content.isascii():
            options.append(b"BODY=8BITMIME")
        if needs_utf8:
            options.append(b"SMTPUTF8")
        return options

    def _no(self, response: SMTPResponse, otherwise: ReplyKind = ReplyKind.DEFERRED) -> Reply:
        """The reply for a negative response. It ends a session that the relay closes, or in which it makes no sense."""
        reply = no_of(response, self.stage, otherwise)
        if response.code // 100 not in (4, 5) or response.code == CLOSING or reply.is_about_the_relay:
            self.drop()
        return reply

    async def _say(self, stage: Stage, command: Sequence[bytes], yes: int) -> Reply | None:
        """Send a command; None where the first digit of the response is `yes`."""
        self.stage = stage
        response = await self._client.execute_command(*command)
        if response.code // 100 == yes:
            return None
        await self.reset()
        return self._no(response)

    def _unsent(self) -> int:
        transport = self._client.transport
        return cast(asyncio.WriteTransport, transport).get_write_buffer_size() if transport is not None else 0
