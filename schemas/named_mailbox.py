"""A mailbox as people write it where one is expected: an address, perhaps with a name (RFC 5322, section 3.4)."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from schemas.errors import InputError
from schemas.mailbox import address_fault, wire_address
from schemas.vocabulary import Channel

LONGEST: Final = 500
"""Characters of a name and an address together."""

_ACTS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NAMED: Final = re.compile(r"(?P<name>.*?)\s*<\s*(?P<address>[^<>]*?)\s*>", re.DOTALL)
_QUOTED: Final = re.compile(r'"(?P<name>(?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_QUOTED_PARTS: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SPECIALS: Final = frozenset('()<>[]:;@\\,"')
"""A name holds these only in quotes (RFC 5322, section 3.2.3). A dot needs no quotes, as in section 4.1."""


class NoMailboxError(InputError, ValueError):
    """A text that is not one mailbox. `reason` quotes nothing of it. `right` is a spelling that would do, if any."""

    def __init__(self, reason: str, right: NamedMailbox | None = None) -> None:
        super().__init__(reason if right is None else f"{reason}: write {right}")
        self.reason = reason
        self.right = right


class NamedMailbox(Struct, frozen=True):
    """One mailbox: the name as its readers see it, perhaps empty, and the address with its domain in ASCII."""

    name: str
    address: str

    def __str__(self) -> str:
        """The mailbox in the form of RFC 5322, with the name in quotes where it needs them."""
        if not self.name:
            return self.address
        quoted = '"' + re.sub(r'(["\\])', r"\\\1", self.name) + '"'
        return f"{quoted if _SPECIALS & set(self.name) else self.name} <{self.address}>"


def named_mailbox(text: str) -> NamedMailbox:
    """Read one mailbox: `support@desk.example` or `ACME Support <support@desk.example>`, with blanks around or not.

    What could be read in two ways is refused: several mailboxes, groups, comments, and names with a comma or another
    special character without quotes. An address with letters beyond ASCII before the @ is refused too, since not every
    relay takes one. Raises NoMailboxError.
    """
    if len(text) > LONGEST:
        raise NoMailboxError(f"this is longer than {LONGEST} characters")
    # Blanks around it are a slip. A line break is none: it could begin another header field.
    plain = text.strip(" \t\u00a0")
    # A tab is let through, since it becomes a blank of the name below.
    if _ACTS.search(plain.replace("\t", " ")):
        raise NoMailboxError("there is a line break or another control character in it: write one line")
    if not plain:
        raise NoMailboxError("it is empty: write one e-mail address")
    named = _NAMED.fullmatch(plain)
    if named is None:
        return NamedMailbox("", _address(plain, plain))
    name, address = named["name"], named["address"]
    quoted = _QUOTED.fullmatch(name)
    if quoted is None and _SPECIALS & set(name):
        raise _wrong_name(plain, name, address)
    wire = _address(address, plain)
    plain_name = name if quoted is None else _ESCAPED.sub(r"\1", quoted["name"])
    # An encoded word (RFC 2047), copied out of a header.
    if "=?" in plain_name:
        raise NoMailboxError("the name is encoded for a header: write it as its readers are to see it")
    return NamedMailbox(" ".join(plain_name.split()), wire)


def _address(address: str, whole: str) -> str:
    """The address as it goes over the wire. Raises NoMailboxError, which says what is wrong with the whole."""
    wire = wire_address(address)
    if wire is None:
        fault = _several_or_group(whole) or address_fault(Channel.EMAIL, address) or "this is no address"
        raise NoMailboxError(fault.removesuffix("."))
    if not wire.isascii():
        raise NoMailboxError("there are letters beyond ASCII before the @, which not every mail server takes")
    return wire


def _wrong_name(whole: str, name: str, address: str) -> NoMailboxError:
    found = _several_or_group(whole)
    wire = wire_address(address)
    if found is not None or wire is None:
        return NoMailboxError(found or "this is not one e-mail address")
    comment = ", or leave out what stands in brackets" if "(" in name else ""
    return NoMailboxError(
        f"a name that holds one of ( ) < > [ ] : ; @ \\ , or a quote needs quotes around it{comment}",
        NamedMailbox(" ".join(name.replace('"', "").split()), wire),
    )


def _several_or_group(text: str) -> str | None:
    """What is wrong with a text that is more than one mailbox; None where it may be meant as one."""
    outside = _QUOTED_PARTS.sub("", text)
    if re.search(r":.*;\s*$", outside):
        return "this is a group of mailboxes (RFC 5322, section 3.4): write one mailbox"
    if sum("@" in part for part in re.split("[,;]", outside)) > 1:
        return "these are several mailboxes: write one"
    if "(" in outside and "<" not in outside:
        return "there is a comment in brackets: leave it out"
    return None
