"""The requests to the child that writes messages and checks templates, and its answers.

Requests are JSON, in which a number may be of any size; answers are MessagePack.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from adapters.children.process import Limits, module
from adapters.jinja.check import Subject
from adapters.jinja.problems import Problem
from sender.delivery_mode import LIVE, DeliveryMode
from sender.messages.addresses import MailIdentity
from sender.messages.composer import Draft
from sender.messages.short_form import TextLimits
from sender.ports import OutgoingMail, OutgoingText

CHILD: Final = module("adapters.writing.child")
"""The command that starts the child."""

MEMORY: Final = 1024 * 1024 * 1024
"""Bytes of address space. A message needs some 50 MB, one of the largest with all its styles some 300 MB."""

WRITING: Final = Limits(seconds=20.0, processor_seconds=5.0, memory=MEMORY)
"""For one message. Its template may take two seconds; the rest is for styles, HTML and the pages of a fax."""

CHECKING: Final = Limits(seconds=60.0, processor_seconds=20.0, memory=MEMORY)
"""For one file, which is tried on two dozen tickets for each audience."""


class Stationery(Struct, frozen=True):
    """What all messages have in common: who writes them, in which mode and form.

    `fax_folder` is where the fonts of faxes are kept; None where no pages are drawn.
    """

    identity: MailIdentity
    mode: DeliveryMode = LIVE
    fax_subject: str = "{subject}"
    texts: TextLimits = TextLimits()
    fax_folder: str | None = None


class Setup(Struct, frozen=True, tag=True):
    """What holds for all requests after it: all templates by their paths, and the region of fax numbers.

    Without a stationery, the child checks templates and writes no messages.
    """

    stationery: Stationery | None
    texts: Mapping[str, str]
    fax_region: str | None = None


class Write(Struct, frozen=True, tag=True):
    """A message to write. The answer is Written."""

    draft: Draft


class Check(Struct, frozen=True, tag=True):
    """A file to check, for those who read it. The answer is Checked."""

    path: str
    subject: Subject


Request = Setup | Write | Check


class Written(Struct, frozen=True):
    """A message, with what was wrong with its template; or the reason why there is none."""

    mail: OutgoingMail | None = None
    text: OutgoingText | None = None
    fault: str | None = None
    failed: str | None = None


class Checked(Struct, frozen=True):
    """All that is wrong with a file."""

    problems: list[Problem]


requests: Final = msgspec.json.Decoder(Request)


def encoded(request: Request) -> bytes:
    """A request as it goes to the child."""
    return msgspec.json.encode(request)
