"""How messages leave, and what they look like: tables `[mail]`, `[fax]`, `[texts]` and `[opt_out]`."""

from __future__ import annotations

from typing import Final

from adapters.smtp.relay import Tls, greeting_name
from sender.messages.fax import AS_TEXT, FaxForm
from tocsin.config.settings.commands import MAIL, SIGNED
from tocsin.config.settings.forms import LISTEN, NETWORKS, RELAY, TEXT, WRITER
from tocsin.config.settings.kinds import Choice, Flag, Number, Place, Text, Whole
from tocsin.config.settings.setting import Secrecy, Setting

SMTP: Final = Setting(
    key="mail.relay",
    variable="TOCSIN_SMTP",
    option="--smtp",
    kind=RELAY,
    meaning="The mail relay, HOST:PORT.",
    default="localhost:25",
    used_by=MAIL,
)
SMTP_TLS: Final = Setting(
    key="mail.tls",
    variable="TOCSIN_SMTP_TLS",
    option="--tls",
    kind=Choice(Tls),
    meaning="starttls, implicit, or none (for a relay on this machine).",
    default=Tls.STARTTLS,
    used_by=MAIL,
)
SMTP_PLAIN_TEXT: Final = Setting(
    key="mail.plain_text_allowed",
    variable="TOCSIN_SMTP_PLAIN_TEXT_ALLOWED",
    option="--plain-text-allowed",
    kind=Flag(),
    meaning="With --tls none: messages may cross a network in plain text.",
    default=False,
    used_by=MAIL,
)
SMTP_CA: Final = Setting(
    key="mail.ca",
    variable="TOCSIN_SMTP_CA",
    kind=Place("a file", is_read=True),
    meaning="Certificates to trust (PEM) for the relay; else those whom the system trusts.",
    used_by=MAIL,
)
SMTP_HELLO: Final = Setting(
    key="mail.hello",
    variable="TOCSIN_SMTP_HELLO",
    kind=Text("a domain name, or an address in brackets", greeting_name),
    meaning="The name to greet the relay with (EHLO): alerts.desk.example; else this machine's full name.",
    used_by=MAIL,
)
SMTP_CONNECTIONS: Final = Setting(
    key="mail.connections",
    variable="TOCSIN_SMTP_CONNECTIONS",
    option="--connections",
    kind=Whole(1),
    meaning="Connections to the relay at a time, at most.",
    default=8,
    used_by=MAIL,
)
SMTP_USERNAME: Final = Setting(
    key="mail.username",
    variable="TOCSIN_SMTP_USERNAME",
    kind=TEXT,
    meaning="As whom to log in to the relay; else nobody logs in.",
    used_by=MAIL,
)
SMTP_PASSWORD: Final = Setting(
    key="mail.password",
    variable="TOCSIN_SMTP_PASSWORD",
    kind=TEXT,
    meaning="With which password.",
    secrecy=Secrecy.WHOLE,
    used_by=MAIL,
)
FROM: Final = Setting(
    key="mail.from",
    variable="TOCSIN_MAIL_FROM",
    option="--from",
    kind=WRITER,
    meaning="Who writes: 'Support <support@desk.example>'.",
    used_by=MAIL,
    needed_by=MAIL,
)
INSTALLATION: Final = Setting(
    key="mail.installation",
    variable="TOCSIN_INSTALLATION",
    option="--installation",
    kind=TEXT,
    meaning="Domain name of this installation; else that of --from.",
    used_by=(*MAIL, "bounces"),
    needed_by=("bounces",),
)
RETURN_PATH: Final = Setting(
    key="mail.return_path",
    variable="TOCSIN_RETURN_PATH",
    kind=TEXT,
    meaning="Where bounces go: bounces@desk.example, or bounces+{token}@desk.example for each its own; else --from.",
    used_by=MAIL,
)
MAIL_SECRETS: Final = Setting(
    key="mail.secrets",
    variable="TOCSIN_MAIL_SECRETS",
    kind=TEXT,
    meaning="Secrets that Message-IDs, return paths and links to opt out are signed with, blanks or line ends between "
    "them; the first signs, all are accepted; else the data folder has its own.",
    secrecy=Secrecy.WHOLE,
    used_by=SIGNED,
)
UNPROVEN_BOUNCES: Final = Setting(
    key="mail.unproven_bounces",
    variable="TOCSIN_UNPROVEN_BOUNCES",
    option="--unproven",
    kind=Flag(),
    meaning="Bounces count also of messages of the first release, whose Message-IDs anybody can write.",
    default=False,
    used_by=("bounces",),
)
FAX: Final = Setting(
    key="fax.address",
    variable="TOCSIN_FAX",
    option="--fax",
    kind=TEXT,
    meaning="Address of a fax at the e-mail-to-fax gateway: {number}@fax.example",
    used_by=MAIL,
)
FAX_SUBJECT: Final = Setting(
    key="fax.subject",
    variable="TOCSIN_FAX_SUBJECT",
    option="--fax-subject",
    kind=Text("text", FaxForm),
    meaning="Subject of mails to the fax gateway: {subject}, {reference}, and text.",
    default=AS_TEXT.subject,
    used_by=MAIL,
)
FAX_PDF: Final = Setting(
    key="fax.pdf",
    variable="TOCSIN_FAX_PDF",
    option="--fax-pdf",
    kind=Flag(),
    meaning="Faxes as a PDF file attached to the mail; else as the mail's text.",
    default=False,
    used_by=MAIL,
)
SMS: Final = Setting(
    key="texts.sms",
    variable="TOCSIN_APPRISE_SMS",
    kind=TEXT,
    meaning="Apprise's URL of the service for SMS, with {address} in it.",
    secrecy=Secrecy.WHOLE,
    used_by=MAIL,
)
CHAT: Final = Setting(
    key="texts.chat",
    variable="TOCSIN_APPRISE_CHAT",
    kind=TEXT,
    meaning="Apprise's URL of the service for chats, with {address} in it.",
    secrecy=Secrecy.WHOLE,
    used_by=MAIL,
)
SMS_SEGMENTS: Final = Setting(
    key="texts.sms_segments",
    variable="TOCSIN_SMS_SEGMENTS",
    kind=Whole(1),
    meaning="Messages on the air that one SMS may become; a longer one is cut.",
    default=3,
    used_by=MAIL,
)
CHAT_LENGTH: Final = Setting(
    key="texts.chat_length",
    variable="TOCSIN_CHAT_LENGTH",
    kind=Whole(200),
    meaning="Characters of a chat message, with its subject; a longer one is cut.",
    default=2_000,
    used_by=MAIL,
)

OPT_OUT_URL: Final = Setting(
    key="opt_out.url",
    variable="TOCSIN_OPT_OUT_URL",
    option="--opt-out-url",
    kind=TEXT,
    meaning="Where `tocsin opt-out` is reached: https://alerts.desk.example",
    used_by=MAIL,
)
OPT_OUT_MAILTO: Final = Setting(
    key="opt_out.mailto",
    variable="TOCSIN_OPT_OUT_MAILTO",
    option="--opt-out-mailto",
    kind=TEXT,
    meaning="Address of mails that opt out, to be fed to `tocsin bounces read`.",
    used_by=MAIL,
)
OPT_OUT_SECRETS: Final = Setting(
    key="opt_out.secrets",
    variable="TOCSIN_OPT_OUT_SECRETS",
    kind=TEXT,
    meaning="More secrets, as in mail.secrets, behind those: what they were called in the first release.",
    secrecy=Secrecy.WHOLE,
    used_by=SIGNED,
)
OPT_OUT_LISTEN: Final = Setting(
    key="opt_out.listen",
    variable="TOCSIN_OPT_OUT_LISTEN",
    option="--listen",
    kind=LISTEN,
    meaning="HOST:PORT of plain HTTP, behind a proxy that speaks HTTPS.",
    used_by=("opt-out",),
    needed_by=("opt-out",),
)
OPT_OUT_RATE: Final = Setting(
    key="opt_out.rate",
    variable="TOCSIN_OPT_OUT_RATE",
    kind=Number(0.01),
    meaning="Requests a second that one address may make of the page; 20 seconds' worth may come at once.",
    default=5.0,
    used_by=("opt-out",),
)
OPT_OUT_PROXIES: Final = Setting(
    key="opt_out.trusted_proxies",
    variable="TOCSIN_OPT_OUT_TRUSTED_PROXIES",
    kind=NETWORKS,
    meaning="Proxies whose X-Forwarded-For tells who asks: addresses and networks, blanks or commas between them.",
    default="127.0.0.0/8 ::1",
    used_by=("opt-out",),
)
