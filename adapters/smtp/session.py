"""One connection to the relay, and what its replies mean for a message."""

from __future__ import annotations

import asyncio
import re
from typing import Final, cast

from aiosmtplib import SMTP, SMTPHeloError, SMTPResponse, SMTPResponseException, SMTPServerDisconnected

from adapters.smtp.relay import Relay, Tls
from sender.plain_text import one_line
from sender.ports import OutgoingMail, Reply, ReplyKind

MAX_REPLY: Final = 500
CLOSING: Final = 421
"""The relay closes the connection after this reply (RFC 5321, section 3.8)."""

_START_INPUT: Final = 354
_LEADING_DOT: Final = re.compile(rb"^\.", re.MULTILINE)


class Session:
    """A connection that has been greeted and, where asked for, encrypted and logged in.

    Each message is one transaction with one recipient. What goes wrong before the message's end is raised as it comes
    from the library; after its end, nothing is raised: the message may have arrived.
    """

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._client = SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.username,
            password=relay.password,
            local_hostname=relay.hello,
            timeout=relay.timeout,
            use_tls=relay.tls is Tls.IMPLICIT,
            start_tls=relay.tls is Tls.STARTTLS,
            tls_context=relay.tls_context,
        )
        self.stage = "connect"
        """The command that was sent last."""

    @property
    def is_open(self) -> bool:
        """Whether another message can be tried on it; the relay may have gone all the same."""
        return self._client.is_connected

    async def open(self) -> None:
        """Connect, encrypt, greet, log in. Raises SMTPException or OSError."""
        self.stage = "connect"
        await self._client.connect()
        if not self._client.is_ehlo_or_helo_needed:
            return
        self.stage = "EHLO"
        try:
            await self._client.ehlo()
        except SMTPHeloError:
            if not self.is_open:
                raise
            # A relay that knows no extensions (RFC 5321, section 3.2).
            await self._client.helo()

    async def deliver(self, mail: OutgoingMail) -> Reply:
        """Hand over one message whose addresses are valid."""
        needs_utf8 = not (mail.recipient.isascii() and mail.envelope_from.isascii())
        wrong = self._missing_extension(mail, needs_utf8=needs_utf8)
        if wrong is not None:
            return Reply(ReplyKind.REFUSED, None, wrong)
        options = self._options(mail, needs_utf8=needs_utf8)
        for command in (
            (b"MAIL", f"FROM:<{mail.envelope_from}>".encode(), *options),
            (b"RCPT", f"TO:<{mail.recipient}>".encode()),
            (b"DATA",),
        ):
            self.stage = command[0].decode()
            response = await self._client.execute_command(*command)
            if response.code // 100 != (3 if self.stage == "DATA" else 2):
                await self._reset()
                return self._no(response)
        return await self._content(mail.content)

    async def close(self) -> None:
        """Say goodbye. Whatever goes wrong with that, the connection is gone afterwards."""
        self.stage = "QUIT"
        try:
            if self.is_open:
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

    async def _content(self, content: bytes) -> Reply:
        """The message and its final dot (RFC 5321, section 4.5.2), and the reply to both."""
        self.stage = "final dot"
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
            return Reply(kind, None, words_of(error, self.stage))
        if response.code // 100 == 2:  # noqa: PLR2004  (RFC 5321, section 4.2.1: the first digit is the meaning)
            return Reply(ReplyKind.ACCEPTED, response.code, _text(response))
        return self._no(response, otherwise=ReplyKind.UNKNOWN)

    def _no(self, response: SMTPResponse, otherwise: ReplyKind = ReplyKind.DEFERRED) -> Reply:
        """What a reply means that is no yes; `otherwise` is for one that makes no sense here."""
        kind = {4: ReplyKind.DEFERRED, 5: ReplyKind.REFUSED}.get(response.code // 100)
        if kind is None or response.code == CLOSING:
            self.drop()
        return Reply(kind or otherwise, response.code, _text(response))

    async def _reset(self) -> None:
        """End the transaction, so that the next one can begin (RFC 5321, section 4.1.1.5)."""
        try:
            if self.is_open:
                await self._client.rset()
        except (SMTPResponseException, SMTPServerDisconnected, OSError):
            self.drop()

    def _unsent(self) -> int:
        transport = self._client.transport
        return cast(asyncio.WriteTransport, transport).get_write_buffer_size() if transport is not None else 0


def words_of(error: Exception, stage: str) -> str:
    """An error as the words of a reply: where it happened, its class, and what it says."""
    return one_line(f"{stage}: {type(error).__name__}: {error}", MAX_REPLY)


def _text(response: SMTPResponse) -> str:
    return one_line(response.message, MAX_REPLY)
