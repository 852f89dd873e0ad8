"""Addresses in the form in which they go over the wire (RFC 5321), and who writes: the installation's own addresses."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from schemas.fax_number import e164
from schemas.job import Job
from schemas.mailbox import address_fault, mailbox, wire_address
from schemas.vocabulary import Channel
from sender.messages.plain_text import one_line
from sender.proof import TOKEN_LENGTH, TOKEN_PLACE, is_return_path

MAX_NAME: Final = 120
_NUMBER: Final = "{number}"
_E164: Final = "{e164}"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?=.{{1,190}}\Z){_LABEL}(?:\.{_LABEL})*")


class MailIdentity(Struct, frozen=True):
    """Who writes the messages of one installation.

    `envelope_from` gets the bounces; with {token} in it, as in `bounces+{token}@desk.example`, each message has its own
    (VERP). `installation` is a domain name that only this installation uses: it stands in every Message-ID and thread,
    so that two installations that mail to one mailbox stay apart. `fax_pattern` is the address of a fax number at the
    e-mail-to-fax gateway: `{number}@fax.example` for digits alone, `{e164}@fax.example` for E.164 with its +; without
    one, faxes are refused by name. The first of the installation's `secrets` writes the tokens of messages, see
    sender.proof. Raises ValueError, which names the field, where one can't be used.
    """

    envelope_from: str
    from_name: str
    from_address: str
    installation: str
    fax_pattern: str | None = None
    secrets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what would make every message unusable."""
        bounces = self.envelope_from
        if TOKEN_PLACE in bounces:
            if not is_return_path(bounces):
                raise ValueError(
                    f"envelope_from: {bounces!r} has no room before the @ for {TOKEN_LENGTH} letters of token"
                )
            bounces = bounces.replace(TOKEN_PLACE, "a" * TOKEN_LENGTH)
        for field, address in (("envelope_from", bounces), ("from_address", self.from_address)):
            wire = wire_address(address)
            if wire is None or not wire.isascii():
                raise ValueError(f"{field}: {address!r} is not one e-mail address with ASCII letters before the @")
        if not _DOMAIN.fullmatch(self.installation):
            raise ValueError(f"installation: {self.installation!r} is no domain name such as tocsin.desk.example")
        if self.fax_pattern is not None and not _is_fax_pattern(self.fax_pattern):
            raise ValueError(f"fax_pattern: {self.fax_pattern!r} is no address with {_NUMBER} or {_E164} in it")


def recipient_of(job: Job, identity: MailIdentity, fax_region: str | None = None) -> str:
    """Where the message goes: for a fax, its number at the gateway; for an SMS, its number without signs.

    Where there is a `fax_region`, a fax number without a country code is one of that region's, or none: an emergency
    number or an extension is not dialled.

    What is no address is given back as it is: the transport refuses it by name, without asking anybody.
    """
    if job.channel is Channel.FAX:
        return _at_gateway(job.address, identity.fax_pattern, fax_region) or job.address
    if job.channel is Channel.SMS:
        return mailbox(job.address) if address_fault(Channel.SMS, job.address) is None else job.address
    if job.channel is Channel.CHAT:
        return job.address
    return wire_address(job.address) or job.address


def display_name(name: str | None) -> str:
    """A person's name as it stands before their address: one line, perhaps empty."""
    # Blanks between the words of a name mean one (RFC 5322, section 3.2.2), and not every reader keeps more.
    return re.sub(" +", " ", one_line(name or "", MAX_NAME))


def _at_gateway(number: str, pattern: str | None, region: str | None) -> str | None:
    """The address of a fax number; None where it has none. One without + and country code has digits alone."""
    if pattern is None or address_fault(Channel.FAX, number) is not None:
        return None
    written = mailbox(number)
    if region is not None and not written.startswith("+") and e164(written, region) is None:
        return None
    if _E164 in pattern:
        return wire_address(pattern.replace(_E164, written)) if written.startswith("+") else None
    return wire_address(pattern.replace(_NUMBER, written.removeprefix("+")))


def _is_fax_pattern(pattern: str) -> bool:
    places = [place for place in (_NUMBER, _E164) for _ in range(pattern.count(place))]
    wire = wire_address(pattern.replace(_NUMBER, "33123456789").replace(_E164, "+33123456789"))
    return len(places) == 1 and wire is not None and wire.isascii()
