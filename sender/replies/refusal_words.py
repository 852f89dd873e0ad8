"""The words by which mail servers say why they refuse: English and French, small letters, no accents.

Postfix, Exim, Sendmail, qmail, Exchange, Domino, Gmail, Outlook, Yahoo, Orange, SFR, Free and OVH each have their own.
One blank stands between two words; an apostrophe and a hyphen are blanks (`doesn t exist`).
"""

from __future__ import annotations

import re
from typing import Final


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(alternatives)})\b", re.ASCII)


_MAILBOX: Final = r"(?:mail ?box(?:es)?|users?|recipients?|addressee|(?:e ?mail )?account|(?:e ?mail )?address)"
_ADRESSE: Final = r"adresse(?: e ?mail| mail| de messagerie| electronique)?"
_BOITE: Final = rf"(?:destinataires?|utilisateur|{_ADRESSE}|boite(?: aux lettres| mail)?|compte)"
_GAP: Final = r"[^.;:]{0,60}?"
_IS_NOT: Final = r"(?:does not|doesn t|did not|do not|not)"

NO_MAILBOX: Final = _any(
    rf"(?:unknown|no such|non ?existent) (?:(?:local|virtual|smtp|or \w+) )?{_MAILBOX}",
    r"(?:invalid|bad|wrong) (?:destination )?(?:mail ?box|users?|recipients?|account)",
    r"bad destination mailbox address",
    r"no such person",
    r"unknown local ?part",
    rf"no (?:{_MAILBOX}|one) (?:here )?(?:by|with|of) that (?:name|address)",
    rf"{_MAILBOX}(?: is| was)? (?:unknown|not known|invalid|non ?existent|not found)",
    rf"{_MAILBOX} {_GAP}(?:was |is |could )?not (?:be )?found",
    rf"{_MAILBOX}(?: {_GAP})? ?{_IS_NOT} exists?",
    rf"{_MAILBOX} {_GAP}not listed in",
    rf"{_MAILBOX} {_GAP}{_IS_NOT} have an? [^;:]{{0,60}}?(?:account|mail ?box)",
    rf"not an? (?:known|valid) (?:local )?{_MAILBOX}",
    r"mail ?box(?: is)? (?:unavailable|not available)",
    rf"{_MAILBOX}(?: \w+)? no longer (?:exists|available|valid|active|in use)",
    r"(?:mail ?box|account|recipient|user)(?: is| has been| was)? (?:disabled|inactive|deactivated|closed|deleted)",
    r"account (?:is |has been )?(?:disabled or )?discontinued",
    r"recip(?:ient)?notfound",
    rf"{_BOITE}(?: est)? (?:inconnue?s?|invalides?|inexistante?s?|introuvables?)",
    r"(?:boite(?: aux lettres| mail)?|compte)(?: est)? (?:desactivee?|fermee?|inactive?|supprimee?|cloturee?)",
    rf"{_BOITE} {_GAP}n existe (?:pas|plus)",
)
"""There is no such mailbox, or no more."""

DISABLED: Final = _any(
    r"disabled", r"inactive", r"deactivated", r"suspended", r"closed", r"discontinued", r"desactivee?", r"fermee?"
)
"""What makes 5.2.1 a mailbox that takes no mail for good."""

OTHER_REASONS: Final = _any(
    # Relaying. Postfix calls the list of mailboxes of a domain that it relays for a table.
    r"rela(?:y|ys|yed|ying|yage|is)(?! recipient table)",
    r"not (?:local|hosted|handled|our (?:domain|host))",
    r"(?:domain|host|hostname|mx|dns|name ?server)(?: name| record)? (?:is )?(?:not|unknown|lookup|error|does|doesn)",
    r"(?:unknown|no such|invalid|bad) (?:domain|host)",
    # Policy, reputation, content.
    r"polic(?:y|ies)",
    r"politique",
    r"\w*(?:spam|virus|malware|phish)\w*",
    r"(?:black|block|white|deny) ?list\w*",
    r"blocked",
    r"bloquee?s?",
    r"banned",
    r"(?<!not )listed",
    r"dnsbl",
    r"rbl",
    r"spf",
    r"dkim",
    r"dmarc",
    r"reputation",
    r"content",
    r"contenu",
    r"unsolicited",
    r"suspicious",
    r"gr[ea]y ?list\w*",
    # Who may send, and from where.
    r"senders?",
    r"from address",
    r"expediteur",
    r"emetteur",
    r"client",
    r"helo",
    r"ehlo",
    r"ptr",
    r"reverse",
    r"ip",
    r"your (?:account|mail ?box|host|domain|server|network)",
    r"auth\w*",
    r"unauthori[sz]ed",
    r"unauthenticated",
    r"non autorisee?",
    r"log ?in",
    r"(?:access|permission|service) (?:is )?(?:denied|refused?)",
    r"service (?:is )?(?:not available|unavailable)",
    r"(?:acces|service) (?:refuse|interdit)e?",
    r"(?:not|isn t|aren t) (?:permitted|allowed)",
    r"prohibited",
    r"forbidden",
    r"restrict\w*",
    r"starttls",
    r"tls",
    r"encrypt\w*",
    # Room, size, pace, and what passes.
    r"quota\w*",
    r"over ?quota",
    r"full",
    r"pleine?",
    r"storage",
    r"sizes?",
    r"taille",
    r"too (?:large|big|long|many|much|quickly|fast)",
    r"trop",
    r"exceed\w*",
    r"rate",
    r"limit\w*",
    r"throttl\w*",
    r"temporar\w*",
    r"temporaire\w*",
    r"later",
    r"plus tard",
    r"ulterieurement",
    r"try again",
    r"timed? ?out",
    r"unverified",
    r"undeliverable",
)
"""What speaks against a dead mailbox, whatever else is said: a refusal of us, of this message, or for now."""

_CLIENT: Final = (
    r"(?:client(?: host| address| ip)?|(?:your |the )?ip(?: address)?|your (?:host|server|network)(?: name)?)"
)
_AUTHENTICATION: Final = r"(?:smtp )?auth(?:entication|entification)?"

AGAINST_US: Final = _any(
    r"client (?:host|address)(?: name)? (?:rejected|blocked|refused|denied|not allowed)",
    rf"{_CLIENT}(?: [\w.]+){{0,3}} (?:blocked|blacklisted|blocklisted|banned|not allowed|rejected|denied|refused)",
    r"(?:helo|ehlo)(?: command| name| hostname)? (?:rejected|invalid|refused|denied)",
    r"(?:bad|invalid|wrong|forged) (?:helo|ehlo)",
    r"(?:send|say|says|expected) (?:your )?(?:helo|ehlo)",
    r"need fully qualified hostname",
    r"cannot find your(?: reverse)? hostname",
    r"(?:no|missing|invalid) (?:reverse dns|ptr)",
    r"reverse dns (?:lookup )?(?:failed|failure|required)",
    r"too many (?:\w+ ){0,2}(?:connections|sessions)",
    r"(?:connection|session)s?(?: rate| count)? limit(?: \w+)? (?:exceeded|reached)",
    r"trop de (?:connexions|sessions)",
    rf"{_AUTHENTICATION} (?:is )?(?:required|needed|necessary|mandatory|requise|obligatoire|necessaire)",
    r"requires? (?:smtp )?auth(?:entication)?",
    r"(?:must|please|need to|have to) (?:first )?(?:authenticate|log ?in|be authenticated)",
    r"(?:client|user|you|session|connection)(?: was| is| are)? not (?:authenticated|logged in)",
    r"(?:authenticate|log ?in) (?:yourself )?first",
    r"auth (?:command )?first",
    r"(?:must|please) (?:issue|use|send) (?:an? )?(?:starttls|tls)",
    r"(?:starttls|tls|encryption)(?: \w+)? (?:is )?(?:required|needed|mandatory|first)",
    r"requires? (?:starttls|tls|encryption)",
    r"sender(?: address| domain)?(?: is| was)? (?:rejected|refused|denied|not allowed|not owned|unknown|invalid)",
    r"(?:bad|invalid|unknown) (?:outbound )?sender",
    r"sender (?:verify|verification) failed",
    r"envelope sender domain must exist",
    r"not have permissions? to send",
    # A limit or a ban of everything that comes from here.
    r"banned (?:sending )?(?:ip|sender)",
    r"traffic not accepted from this ip",
    r"(?:daily|hourly|monthly) (?:\w+ ){0,3}sending (?:limit|quota)",
    r"you (?:have |ve )?(?:reached|exceeded) your (?:\w+ ){0,3}(?:limit|quota)",
    r"(?:expediteur|emetteur)(?: est)? (?:refuse|rejete|inconnu|invalide|non autorise)",
)
"""What is held against this sender, in the midst of a message: host, greeting, login, encryption, address, limit."""

ABOUT_MESSAGES: Final = _any(
    r"spf",
    r"dkim",
    r"dmarc",
    r"(?:e ?mail|message|domain) authentication",
    r"unauthenticated e ?mail",
    r"sendernotauthenticated\w*",
    r"resolver\.rst\.\w+",
    r"gr[ea]y ?list\w*",
    r"for (?:this|that) (?:group|recipient|mail ?box)",
)
"""What makes of the same words a matter of one message or one recipient: proofs of where a message is from (RFC 7489),
groups that not everybody may write to, greylists (RFC 6647)."""

TOO_LARGE: Final = _any(
    r"(?:message|mail|content|e ?mail|it)(?: body)?(?: is| was)? (?:far )?too (?:large|big|long)",
    r"(?:message|mail|header) ?(?:size|length)s?(?: \w+){0,4} (?:limits?|maximum|exceed\w*|allowed)",
    r"(?:exceed\w*|limits?|maximum)(?: \w+){0,4} (?:message|mail) (?:size|length)",
    r"(?:size|length) (?:of (?:the |this |your )?)?(?:message|mail)(?: \w+){0,3} (?:exceed\w*|limit)",
    r"message trop (?:grand|gros|long|volumineux)",
    r"taille (?:maximale|du message)",
)
"""The message is larger than is taken, whoever it is for."""
