"""What the page to opt out says, in English and French. It loads nothing, runs nothing and keeps nothing."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from typing import Final

from msgspec import Struct

from schemas.vocabulary import Trigger
from sender.messages.built_in_text import primary_language
from sender.suppressions.opt_out import OptOutRequest

STYLE: Final = (
    "body{margin:0;padding:24px 16px;background:#eef1f4;color:#1f2933;font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:32rem;margin:0 auto;padding:20px;background:#fff;border-top:4px solid #1d4ed8;border-radius:6px}"
    "h1{margin:0 0 12px;font-size:20px;line-height:1.3}p{margin:0 0 12px}"
    "button{padding:12px 20px;border:0;border-radius:6px;background:#1d4ed8;color:#fff;font:inherit;font-weight:600}"
)

POLICY: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
}
"""A page's own header: it may have its style, and post to itself."""


class Words(Struct, frozen=True):
    """The pages in one language. `{channel}` and `{what}` stand for what it is about."""

    ask: str
    question: str
    button: str
    done: str
    stopped: str
    others: str
    channels: Mapping[str, str]
    triggers: Mapping[Trigger, str]


_WORDS: Final = {
    "en": Words(
        ask="Stop these messages?",
        question="You will get no more messages by {channel} about {what}.",
        button="Stop these messages",
        done="Done",
        stopped="You get no more messages by {channel} about {what}.",
        others="What is on its way already may still arrive. To get them again, ask your support desk.",
        channels={"email": "e-mail", "fax": "fax", "sms": "text message", "chat": "chat"},
        triggers={
            Trigger.OPENED: "support tickets that are opened",
            Trigger.RESOLVED: "support tickets that are resolved",
            Trigger.CLOSED: "support tickets that are closed",
            Trigger.STATUS_CHANGED: "changes of the status of support tickets",
        },
    ),
    "fr": Words(
        ask="Ne plus recevoir ces messages\u00a0?",
        question="Vous ne recevrez plus de messages par {channel} à propos de ceci\u00a0: {what}.",
        button="Ne plus recevoir ces messages",
        done="C\u2019est fait",
        stopped="Vous ne recevez plus de messages par {channel} à propos de ceci\u00a0: {what}.",
        others="Un message déjà parti peut encore arriver. Pour les recevoir à nouveau, adressez-vous à votre support.",
        channels={"email": "courriel", "fax": "fax", "sms": "SMS", "chat": "messagerie instantanée"},
        triggers={
            Trigger.OPENED: "ouverture de demandes d\u2019assistance",
            Trigger.RESOLVED: "résolution de demandes d\u2019assistance",
            Trigger.CLOSED: "clôture de demandes d\u2019assistance",
            Trigger.STATUS_CHANGED: "changements de statut de demandes d\u2019assistance",
        },
    ),
}
_RANGE: Final = re.compile(r"([A-Za-z]{1,8})[A-Za-z0-9-]{0,30}\s*(?:;\s*q=([0-9.]{1,5}))?\s*")


def language_for(known: str, accepted: str) -> str:
    """The language of a page: the person's own, else the best that a browser accepts (RFC 9110, 12.5.4), else `en`."""
    own = primary_language(known)
    if own in _WORDS:
        return own
    ranges = (_RANGE.fullmatch(part.strip()) for part in accepted[:500].split(","))
    weighed = [(_weight(one[2]), one[1].lower()) for one in ranges if one and one[1].lower() in _WORDS]
    return max(weighed, key=lambda one: one[0])[1] if weighed else "en"


def asking_page(wanted: OptOutRequest, language: str) -> str:
    """The page that asks, with the button that does it."""
    words = _WORDS[language]
    form = f'<form method="post"><button type="submit">{escape(words.button)}</button></form>'
    return _page(language, words.ask, [_filled(words.question, words, wanted)], form)


def done_page(wanted: OptOutRequest, language: str) -> str:
    """The page that confirms."""
    words = _WORDS[language]
    return _page(language, words.done, [_filled(words.stopped, words, wanted), words.others], "")


def _filled(sentence: str, words: Words, wanted: OptOutRequest) -> str:
    what = ", ".join(words.triggers[trigger] for trigger in wanted.triggers)
    return sentence.format(channel=words.channels.get(wanted.channel.value, wanted.channel.value), what=what)


def _page(language: str, heading: str, paragraphs: list[str], form: str) -> str:
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(heading)}</h1>{body}{form}</main></body></html>"
    )


def _weight(text: str | None) -> float:
    try:
        return float(text) if text is not None else 1.0
    except ValueError:
        return 0.0
