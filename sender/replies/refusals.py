"""What a mail server's refusal is about: the recipient's mailbox, the sender of all messages, or neither. Pure.

Relays spell the same refusal in many ways. Enhanced codes (RFC 3463, RFC 5248) and words are read both; where they
disagree, the more cautious reading holds: a person is suppressed only where nothing in the reply speaks against it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from sender.replies.refusal_words import ABOUT_MESSAGES, AGAINST_US, DISABLED, NO_MAILBOX, OTHER_REASONS, TOO_LARGE

CLOSING: Final = 421
"""The relay closes the connection after this reply (RFC 5321, section 3.8)."""

MAX_READ: Final = 2_000
"""Characters of a reply that are read."""


class About(StrEnum):
    """What a refusal is about."""

    MAILBOX = "mailbox"
    """The recipient's mailbox: there is none, or it takes no mail any more."""
    RELAY = "relay"
    """The relay, or what it holds against this sender: the same would be said to every message."""
    MESSAGE = "message"
    """Anything else: a policy, the content, a full mailbox, a relay that must not be used for this domain."""


_US: Final = frozenset({CLOSING, 523, 530, 534, 535, 538})
"""Replies that say by themselves that they are about the session: closing (RFC 5321), encryption needed (RFC 5248),
log in or encrypt first (RFC 4954, RFC 3207), and what else is said to a login."""

_US_IN_DETAIL: Final = frozenset({"1.7", "1.8", "7.8", "7.9", "7.10", "7.11", "7.25"})
"""Subject and detail of enhanced codes that do: the sender's address (RFC 3463), login and encryption (RFC 4954, RFC
5248), no name for the client's address (RFC 7372)."""

_DEAD: Final = frozenset({"5.1.1", "5.1.3", "5.1.6", "5.1.10"})
"""No such mailbox, no address at all, moved (RFC 3463), a domain that says that it takes no mail (RFC 7505)."""

_DISABLED: Final = "5.2.1"
"""Disabled (RFC 3463). Some send it with policies and limits as well, so that words must say it too."""

_OF_MAILBOXES: Final = _DEAD | {_DISABLED}

_TOO_LARGE: Final = frozenset({"2.3", "3.4"})
"""Subject and detail of enhanced codes: longer than this mailbox, or this system, allows (RFC 3463)."""
_OF_SIZE: Final = frozenset({523, 550, 552, 554})

_VAGUE: Final = frozenset({"5.0.0", "5.1.0", "5.2.0", "5.5.0"})
"""Codes that leave it to the words. The last one is how Outlook says that there is no mailbox."""

_PERMANENT: Final = 500
_WORDED: Final = frozenset({550, 551, 553, 554})
"""Replies whose words count without an enhanced code (RFC 5321, section 4.2.3)."""

_CODE: Final = re.compile(
    # Not within a longer number, a name, an address or a version; a reply's own code may stand right before it.
    r"(?:(?<![\w.@/\\-])|(?<=\b[245][0-9][0-9]-))([245]\.[0-7]\.[0-9]{1,3})(?![\w@/]|[.-]\w)",
    re.ASCII,
)
_PLACED: Final = re.compile(r"(?:^|[\n#(\[:;=,]|\b(?:code|error|status|[245][0-9]{2}))[ -]*$", re.ASCII | re.IGNORECASE)
"""What stands before a code that servers mean as one. Elsewhere it may be a version, so that it proves nothing."""

_VERSION: Final = re.compile(
    r"\b(?:v|ver|version|release|build|e?smtpd?|exim|exchange|postfix|qmail|sendmail|server)\.? ?(?:[245]\.[0-9.]+)",
    re.ASCII | re.IGNORECASE,
)
_NAMES: Final = re.compile(
    r"<[^<>]*>|\[(?:[0-9]+(?:\.[0-9]+){3}|[0-9a-f.]*:[0-9a-f.:]*)\]|\b[a-z]{3,9}://\S+|(?<!\S)\S+@\S+", re.IGNORECASE
)
"""Addresses, hosts and links. What stands in them is no word of the reply: `user.unknown@acme.example`."""

_LATIN_1: Final = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}
"""Bytes that are no UTF-8, as Python escapes them (PEP 383): older relays write Latin-1."""

_NO_LETTER: Final = re.compile(r"[^a-z0-9.;:]+")


def refusal_about(code: int | None, text: str, reported: Iterable[str] = ()) -> About:
    """What a refusal with this code and text (RFC 5321, section 4.2) is about.

    `reported` are further enhanced codes, of a report that quotes the refusal (RFC 3464): all of them must agree.
    """
    found, words = _codes(code, text), _words(text)
    if _is_about_us(code, found, words):
        return About.RELAY
    # A code in the midst of a sentence counts only where it speaks against a dead mailbox.
    told = {one for one, is_placed in found.items() if is_placed or one not in _OF_MAILBOXES} | {*reported}
    return About.MAILBOX if _is_dead(code, told - _VAGUE, words) else About.MESSAGE


def says_too_large(code: int | None, text: str) -> bool:
    """Whether a refusal is about the size of the message: by its code (RFC 3463, sections 3.3 and 3.4) or its words.

    552 (RFC 5321, section 4.2.3) is said of full mailboxes too.
    """
    if code is None or code < _PERMANENT:
        return False
    found = {one[2:] for one in _codes(code, text)}
    if any(not one.endswith(".0") for one in found):
        return found <= _TOO_LARGE
    return code in _OF_SIZE and TOO_LARGE.search(_words(text)) is not None


def codes_in(code: int | None, text: str) -> list[str]:
    """The enhanced codes (RFC 3463) that stand in a reply's text, in their order.

    One of another class than the reply's own code is none of it.
    """
    return [*_codes(code, text)]


def most_telling(codes: Sequence[str]) -> str | None:
    """The first of these enhanced codes that tells something (not X.0.0), else the first; None where there is none."""
    return next((one for one in codes if not one.endswith(".0.0")), codes[0] if codes else None)


def _codes(code: int | None, text: str) -> dict[str, bool]:
    """The enhanced codes of a text, and whether each stands where codes do."""
    plain = _VERSION.sub(" ", _NAMES.sub(" ", text[:MAX_READ]))
    codes: dict[str, bool] = {}
    for found in _CODE.finditer(plain):
        one = found[1]
        if code is None or one[0] == str(code)[0]:
            is_placed = _PLACED.search(plain, max(0, found.start() - 20), found.start()) is not None
            codes[one] = codes.get(one, False) or is_placed
    return codes


def _words(text: str) -> str:
    """The text's words in small letters without accents, a blank between two; lines of a reply are one text."""
    named = _NAMES.sub(" ", text[:MAX_READ]).translate(_LATIN_1).replace("\u2019", "'")
    spelled = unicodedata.normalize("NFKD", named)
    plain = spelled.encode("ascii", "ignore").decode().lower()
    return " ".join(_NO_LETTER.sub(" ", plain).split())


def _is_about_us(code: int | None, codes: Iterable[str], words: str) -> bool:
    if code in _US:
        return True
    if any(one[2:] in _US_IN_DETAIL for one in codes):
        return True
    return AGAINST_US.search(words) is not None and ABOUT_MESSAGES.search(words) is None


def _is_dead(code: int | None, told: set[str], words: str) -> bool:
    if (code is not None and code < _PERMANENT) or OTHER_REASONS.search(words) or not told <= _OF_MAILBOXES:
        return False
    says_so = NO_MAILBOX.search(words) is not None
    if told:
        return _DISABLED not in told or says_so or DISABLED.search(words) is not None
    return code in _WORDED and says_so
