"""Addresses: whether a text is one address on a channel, and whether two addresses are the same mailbox."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import idna
from email_validator import EmailNotValidError, validate_email

from schemas.fax_number import e164
from schemas.vocabulary import NUMBERS, Channel

# RFC 5321, section 4.1.2: Dot-string "@" Domain, in ASCII. An address of another form is left to the library, which
# knows the rest of the grammar.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN_EMAIL: Final = re.compile(
    rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?=.{{1,255}}$){_LABEL}(?:\.{_LABEL})*", re.ASCII
)

_NUMBER: Final = re.compile(r"(?=.{0,31}[0-9])\+?[0-9 ()./-]{1,32}", re.ASCII)

_LONGEST_CHAT: Final = 200
_SEPARATORS: Final = frozenset(",;/\\")
"""Characters that services take for the end of one address and the beginning of the next."""


def address_fault(channel: Channel, address: str) -> str | None:
    """What is wrong with an address, in words that follow the name of its field; None where it is one address."""
    if address != address.strip():
        return "there are blanks or line breaks around the address: remove them"
    if channel in NUMBERS:
        return _number_fault(channel, address)
    if channel is Channel.CHAT:
        return None if _is_chat(address) else "this is no chat address: up to 200 characters, no blanks , ; / \\"
    if _PLAIN_EMAIL.fullmatch(address):
        return None
    try:
        validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        return f"this is not one e-mail address: {error}"
    return None


def wire_address(address: str) -> str | None:
    """The address with an ASCII domain (RFC 5890); None where it is not one e-mail address.

    Letters beyond ASCII before the @ stay: only a relay with SMTPUTF8 takes them (RFC 6531).
    """
    if address_fault(Channel.EMAIL, address) is not None:
        return None
    if address.isascii():
        return address
    try:
        checked = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return f"{checked.local_part}@{checked.ascii_domain}"


def _is_chat(address: str) -> bool:
    visible = all(one.isprintable() and not one.isspace() and one not in _SEPARATORS for one in address)
    return visible and 1 <= len(address) <= _LONGEST_CHAT


# A decision asks for the same few again and again: merging, suppressions and ids of jobs each need it.
@lru_cache(maxsize=16_384)
def mailbox(address: str) -> str:
    """The form in which all spellings of one mailbox are equal: without case, and without blanks around it.

    Letters beyond ASCII are composed (NFC). A domain is in its ASCII form (IDNA 2008, mapped as in UTS 46). A number is
    in E.164 where it is written with + and country code; else it is its digits. This is the one place that says what a
    mailbox is: merging, suppressions, "own save", lanes, storms and the ids of jobs follow from it.
    """
    plain = address.strip()
    if not plain.isascii():
        return _spelled(plain)
    plain = plain.lower()
    # The id of a chat may begin with a minus, which is a part of it.
    if "@" in plain or plain.startswith("-") or not _NUMBER.fullmatch(plain):
        return plain
    return (e164(plain) if plain.startswith("+") else None) or re.sub(r"[^0-9+]", "", plain)


def _spelled(address: str) -> str:
    """One spelling of an address with letters beyond ASCII."""
    local, at, domain = _without_case(address).rpartition("@")
    return local + at + _ascii_domain(domain) if at else domain


def _without_case(text: str) -> str:
    """The text in NFC and without case, letter by letter.

    So no letter depends on its place in a word (the final sigma), and none becomes two (ß stays apart from ss).
    """
    composed = unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", "".join(map(_small, composed)))


def _small(letter: str) -> str:
    folded = letter.casefold()
    return folded if len(folded) == 1 else letter.lower()


def _ascii_domain(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode().lower()
    except idna.IDNAError:  # no domain that can get mail: the check of addresses refuses it
        return domain


def _number_fault(channel: Channel, address: str) -> str | None:
    if not _NUMBER.fullmatch(address):
        return f"this is no {channel.value} number: digits, perhaps with + before and blanks between"
    if address.startswith("+") and e164(address) is None:
        return (
            f"this is no {channel.value} number: after + comes a country's code, and as many digits as its numbers have"
        )
    return None
