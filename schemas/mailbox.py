"""Addresses: which text is one e-mail or fax address, and which two are the same mailbox."""

from __future__ import annotations

import re
from typing import Final

from email_validator import EmailNotValidError, validate_email

from schemas.fax_number import e164
from schemas.vocabulary import Channel

# RFC 5321, section 4.1.2: Dot-string "@" Domain, in ASCII. What does not match is left to the library, which knows
# the rest.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN_EMAIL: Final = re.compile(
    rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?=.{{1,255}}$){_LABEL}(?:\.{_LABEL})*", re.ASCII
)

_FAX: Final = re.compile(r"(?=.{0,31}[0-9])\+?[0-9 ()./-]{1,32}", re.ASCII)


def address_fault(channel: Channel, address: str) -> str | None:
    """What is wrong with an address, as words to put behind its field; None where it is one address."""
    if address != address.strip():
        return "there are blanks or line breaks around the address: remove them"
    if channel is Channel.FAX:
        return _fax_fault(address)
    if _PLAIN_EMAIL.fullmatch(address):
        return None
    try:
        validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        return f"this is not one e-mail address: {error}"
    return None


def mailbox(address: str) -> str:
    """The form in which two addresses of one mailbox are equal: no case, no blanks around.

    Of a number, E.164 where it is written with + and country code; else its digits.
    """
    plain = address.strip().lower()
    if "@" in plain or not _FAX.fullmatch(plain):
        return plain
    return (e164(plain) if plain.startswith("+") else None) or re.sub(r"[^0-9+]", "", plain)


def _fax_fault(address: str) -> str | None:
    if not _FAX.fullmatch(address):
        return "this is no fax number: digits, perhaps with + before and blanks between"
    if address.startswith("+") and e164(address) is None:
        return "this is no fax number: after + comes a country's code, and as many digits as its numbers have"
    return None
