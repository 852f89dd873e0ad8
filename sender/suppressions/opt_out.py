"""Opting out: the links by which a person says that they don't want such messages, and what follows from one.

A link holds a token that only this installation can write: it names the person, the channel and the triggers. Whoever
has the message can use it, and nobody else; it never ends, since a message may be read years later. A mail that opts
out has the token in its subject, whatever else mail systems put there, in a form that survives a change of case.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

import msgspec
from itsdangerous import BadData, URLSafeSerializer
from msgspec import Struct

from schemas.directory import SuppressionRecord
from schemas.job import Job, PersonRef
from schemas.mailbox import wire_address
from schemas.reading import IDENTIFIER_LENGTH
from schemas.vocabulary import Channel, PersonKind, Trigger
from sender.proof import MAX_TOKENS, SHORTEST_SECRET, of_letters, small_letters

OPTED_OUT: Final = "opted_out"
COMPLAINT: Final = "complaint"
"""Why a suppression stands of somebody who told their mail provider that such messages are spam."""

PATH: Final = "/u/"
"""Where the page is, below the settings' URL."""

SUBJECT: Final = "unsubscribe"
"""The word before the token in the subject of a mail that opts out."""

LONGEST_TOKEN: Final = 700
"""Characters of a token. A longer one (of very long ids) would not fit into a line of a header (RFC 5322, 2.1.1)."""

_SALT: Final = b"tocsin opt-out"
_TOKEN: Final = re.compile(rf"[A-Za-z0-9._-]{{1,{LONGEST_TOKEN}}}")
_SHORTEST_TOKEN: Final = 40
_AS_WRITTEN: Final = re.compile(rf"[A-Za-z0-9._-]{{{_SHORTEST_TOKEN},{LONGEST_TOKEN}}}")
_IN_ONE_CASE: Final = re.compile(rf"[A-Za-z2-7]{{{_SHORTEST_TOKEN},{LONGEST_TOKEN}}}")
_ASKS: Final = re.compile(rf"{SUBJECT}[\W_]{{1,20}}[A-Za-z0-9._-]{{{_SHORTEST_TOKEN}}}", re.IGNORECASE)
_HERE: Final = ("localhost", "127.0.0.1", "::1")


class Suppressor(Protocol):
    """Keeps suppressions: a ledger does."""

    def suppress(self, records: Sequence[SuppressionRecord], now: datetime) -> int:
        """Keep suppressions by their ids; says how many are new. Raises LedgerUnavailableError."""
        ...


class OptOut(Struct, frozen=True):
    """How people can opt out: by a page below `url`, by a mail to `mailto`; each only where it is given.

    `url` is of https (RFC 8058), without query; of http only on this machine. `mailto` is an address whose mails are
    fed to `tocsin bounces read`. The first of the `secrets` writes tokens, all of them are read: to change it, put the
    new one first. Raises ValueError, which names the field, where one can't be used.
    """

    url: str | None = None
    mailto: str | None = None
    secrets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what would make every link unusable."""
        if self.url is not None and not _is_base(self.url):
            # Somebody may have put a password or a key into it.
            raise ValueError("url: it is not of the form https://alerts.desk.example")
        if self.mailto is not None and not _is_plain(self.mailto):
            raise ValueError(f"mailto: {self.mailto!r} is not one e-mail address of letters, digits and . _ + - @")
        if any(len(secret) < SHORTEST_SECRET for secret in self.secrets):
            raise ValueError(f"secrets: each needs at least {SHORTEST_SECRET} characters")
        if not self.secrets and (self.url or self.mailto):
            raise ValueError("secrets: links to opt out need a secret to be signed with")


class OptOutRequest(Struct, frozen=True, array_like=True):
    """What a token says: who wants no more messages about what, on which channel, and in which language they read."""

    kind: PersonKind
    person: str
    channel: Channel
    triggers: tuple[Trigger, ...]
    language: str

    def records(self, now: datetime, reason: str = OPTED_OUT) -> list[SuppressionRecord]:
        """The suppressions that follow, one for each trigger, without an end."""
        person = PersonRef(self.kind, self.person)
        return [
            SuppressionRecord(
                id=_id(f"{person}/{self.channel}/{trigger}"),
                channel=self.channel,
                person=str(person),
                triggers=[trigger.value],
                reason=reason,
                since=now.isoformat().replace("+00:00", "Z"),
            )
            for trigger in self.triggers
        ]


class OptOutTokens:
    """Writes and reads tokens. With no secrets it reads none."""

    def __init__(self, secrets: Sequence[str]) -> None:
        # The library writes with the last key.
        self._serializer = URLSafeSerializer(
            [secret.encode() for secret in reversed(secrets)] or b"",
            salt=_SALT,
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )
        self._readable = bool(secrets)

    def write(self, request: OptOutRequest) -> str:
        """The token: letters, digits, `.`, `_` and `-`. The same for the same request and secret."""
        return str(self._serializer.dumps(msgspec.to_builtins(request)))

    def read(self, token: str) -> OptOutRequest | None:
        """What the token says, in either form; None where it is none of ours."""
        if not self._readable or not _TOKEN.fullmatch(token):
            return None
        for form in (token, without_case(token)):
            try:
                return msgspec.convert(self._serializer.loads(form), OptOutRequest)
            except (BadData, msgspec.ValidationError):
                continue
        return None

    def first(self, tokens: Iterable[str]) -> OptOutRequest | None:
        """What the first one says that is ours."""
        return next((wanted for token in tokens if (wanted := self.read(token)) is not None), None)


class OptOutLinks(Struct, frozen=True):
    """The links of one message. Without any, it offers no way to opt out."""

    page: str | None = None
    mail: str | None = None


NO_LINKS: Final = OptOutLinks()


class OptOutWriter:
    """Writes the links of messages."""

    def __init__(self, settings: OptOut) -> None:
        self._settings = settings
        self._tokens = OptOutTokens(settings.secrets)

    def links(self, job: Job, triggers: Sequence[Trigger]) -> OptOutLinks:
        """The links by which the job's person opts out of these triggers, on the job's channel."""
        settings, person = self._settings, job.person
        if settings.url is None and settings.mailto is None:
            return NO_LINKS
        token = self._tokens.write(OptOutRequest(person.kind, person.id, job.channel, tuple(triggers), job.language))
        if len(token) > LONGEST_TOKEN:
            return NO_LINKS
        words = f"{SUBJECT} {in_one_case(token)}"
        by_mail = settings.mailto is not None and len(words) <= LONGEST_TOKEN
        return OptOutLinks(
            page=None if settings.url is None else settings.url.rstrip("/") + PATH + token,
            mail=f"mailto:{settings.mailto}?subject={quote(words)}" if by_mail else None,
        )


def in_one_case(token: str) -> str:
    """The same token in small letters and digits (RFC 4648, section 6): a subject is not always kept as it was."""
    return small_letters(token.encode())


def without_case(text: str) -> str:
    """The token whose small letters these are, in whatever case; empty where they are of none."""
    try:
        return of_letters(text).decode("ascii")
    except ValueError:
        return ""


def tokens_in_subject(subject: str) -> tuple[str, ...]:
    """What may be tokens in the subject of a mail that opts out, whoever wrote it; empty where it is another mail.

    A mail opts out by its token, wherever that stands: behind `[EXTERNAL]` or `Re:`, in quotes, with line breaks in it.
    Any long word may look like one, such as a server's name: only reading it tells.
    """
    words = subject.split()
    small = [word.lower() for word in words]
    after = words[small.index(SUBJECT) + 1 :] if SUBJECT in small else []
    texts, forms = (subject, "".join(after)), (_IN_ONE_CASE, _AS_WRITTEN)
    found = [one for text in texts for form in forms for one in form.findall(text)]
    if len(after) == 1 and len(words) == 2:  # noqa: PLR2004 - the word and the token
        found.append(after[0])
    return tuple(dict.fromkeys(found))[:MAX_TOKENS]


def asks_to_opt_out(subject: str) -> bool:
    """Whether it is one by its words, whatever the token is worth: `unsubscribe` stands right before that."""
    return (
        _ASKS.search(subject) is not None or re.fullmatch(rf"\s*{SUBJECT}\s+\S+\s*", subject, re.IGNORECASE) is not None
    )


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        here = parts.scheme == "http" and parts.hostname in _HERE
    except ValueError:
        return False
    plain = re.fullmatch(r"[!-~]{1,200}", url) is not None and not re.search(r"[<>\"'\\@?#,]", url)
    return plain and bool(parts.hostname) and (parts.scheme == "https" or here)


def _is_plain(address: str) -> bool:
    """Whether it can stand in a URI (RFC 6068) as it is."""
    return re.fullmatch(r"[A-Za-z0-9._+@-]{3,200}", address) is not None and wire_address(address) is not None


def _id(text: str) -> str:
    return text if len(text) <= IDENTIFIER_LENGTH else hashlib.sha256(text.encode()).hexdigest()
