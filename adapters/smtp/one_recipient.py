"""Refusals that sound as if the relay wanted nothing from this sender, and yet are about one recipient alone."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from msgspec.structs import replace

from sender.replies.refusals import About
from sender.replies.reply import Reply, ReplyKind

MOST: Final = 1_000
"""How many recipients are remembered. The one that was refused longest ago is forgotten first."""


class OneRecipient:
    """Tells the refusal of a sender from that of a recipient: a relay may restrict one address in the same words.

    If the relay takes a message after it refused anybody in such words, it does want this sender. When it then refuses
    the same recipient so again, the refusal is about that recipient, and only that message is put off. Used from one
    event loop.
    """

    def __init__(self) -> None:
        self._refused: OrderedDict[str, None] = OrderedDict()
        self._takes = False

    def judged(self, recipient: str, reply: Reply) -> Reply:
        """The reply to this recipient's message; one that is about the recipient alone says so."""
        if reply.kind is ReplyKind.ACCEPTED:
            self._takes = True
            self._refused.pop(recipient, None)
        if reply.about is not About.RELAY:
            return reply
        if self._takes and recipient in self._refused:
            return replace(reply, about=About.MESSAGE)
        self._takes = False
        self._refused[recipient] = None
        if len(self._refused) > MOST:
            self._refused.popitem(last=False)
        return reply
