"""Which replies put off a mailbox, and when they put off its whole domain: once several mailboxes in a row had one.

A single mailbox may be full, greylisted, or on a server of its own that is overloaded: that says nothing of the others.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from datetime import datetime
from typing import Final

from sender.delivery.backoff import Backoff, BackoffPolicy
from sender.delivery.retry import Chance
from sender.replies.reply import Reply, ReplyKind

MAILBOX_UNAVAILABLE: Final = 450
"""RFC 5321, section 4.2.3: the mailbox is busy or blocked for now. Greylisting (RFC 6647) answers with it too."""

_ABOUT_A_MAILBOX: Final = "4.2."
_ABOUT_A_HOST: Final = ("4.1.2", "4.3.", "4.4.")
"""RFC 3463: the domain can't be found, its mail system has trouble, or the network to it has."""
_GREYLISTED: Final = re.compile(r"gr[ae]y[- ]?list", re.IGNORECASE)


class DomainBackoff:
    """Which domains wait. After its pause a domain gets one job at a time, until one is accepted.

    For a domain that does not wait, the mailboxes are counted that were put off since it last accepted a message.
    """

    def __init__(self, policy: BackoffPolicy, chance: Chance) -> None:
        self.waiting: Final = Backoff(policy, chance)
        self._policy = policy
        self._mailboxes: OrderedDict[str, set[str]] = OrderedDict()

    def put_off(self, job: str, name: str, mailbox: str, now: datetime) -> None:
        """A job to this mailbox of the domain was put off, by a reply that may be about all of the domain."""
        if name not in self.waiting:
            mailboxes = self._mailboxes.setdefault(name, set())
            self._mailboxes.move_to_end(name)
            mailboxes.add(mailbox)
            if len(self._mailboxes) > self._policy.remembered:
                self._mailboxes.popitem(last=False)
            if len(mailboxes) <= self._policy.tolerated:
                return
            del self._mailboxes[name]
        self.waiting.put_off(job, name, now)

    def accepted(self, name: str) -> None:
        """A job to the domain was accepted."""
        self.waiting.forget(name)
        self._mailboxes.pop(name, None)


def puts_off_its_mailbox(reply: Reply) -> bool:
    """Whether the mailbox gets nothing more for now: it was put off, or it is unknown whether the message arrived."""
    return reply.kind in (ReplyKind.DEFERRED, ReplyKind.UNKNOWN) and not reply.is_about_the_relay


def may_be_about_the_domain(reply: Reply) -> bool:
    """Whether a reply that puts off a mailbox may do so for others of its domain as well."""
    if reply.kind is not ReplyKind.DEFERRED or reply.is_about_the_relay or _GREYLISTED.search(reply.text):
        return False
    status = reply.status or ""
    if reply.code == MAILBOX_UNAVAILABLE:
        return status.startswith(_ABOUT_A_HOST)
    return not status.startswith(_ABOUT_A_MAILBOX)
