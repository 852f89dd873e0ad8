"""Recipients for whom alone the relay says what it would say to a sender that it does not want at all."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from msgspec.structs import replace

from sender.replies.refusals import About
from sender.replies.reply import Reply, ReplyKind

MOST: Final = 1_000
"""How many recipients are remembered: the one that was refused longest ago is forgotten first."""


class OneRecipient:
    """Tells a refusal of this sender from one that only looks so, since a relay may restrict a single address.

    Where the relay has taken somebody else's message after it last refused anybody in such words, and refuses a
    recipient so again, that is about this recipient: it puts off its message alone. Used from one event loop.
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
