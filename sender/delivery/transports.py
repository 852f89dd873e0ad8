"""Which transport a message takes: mails go to the relay, texts to the service of their channel."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.vocabulary import Channel
from sender.ports import HandingOver, OutgoingMail, OutgoingMessage, OutgoingText, Transport, unasked
from sender.replies.reply import Reply, ReplyKind


class Transports:
    """A Transport of all messages. A channel that has none is refused by name."""

    def __init__(
        self, mail: Transport[OutgoingMail], texts: Mapping[Channel, Transport[OutgoingText]] | None = None
    ) -> None:
        self._mail = mail
        self._texts = dict(texts or {})

    async def send(self, message: OutgoingMessage, /, handing_over: HandingOver = unasked) -> Reply:
        """See sender.ports.Transport."""
        if isinstance(message, OutgoingMail):
            return await self._mail.send(message, handing_over)
        transport = self._texts.get(message.channel)
        if transport is None:
            return Reply(ReplyKind.REFUSED, None, f"no service is set up for the channel {message.channel.value}")
        return await transport.send(message, handing_over)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._mail.close()
        for transport in self._texts.values():
            await transport.close()
