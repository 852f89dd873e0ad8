"""Mails that come back, made up in the shape that mail systems give them."""

from __future__ import annotations

from base64 import encodebytes
from email.message import EmailMessage
from quopri import encodestring

from sender.messages.message import message_id
from tests.support.mail.messages import IDENTITY, a_job, compose

OURS = compose(a_job()).mail.content
ID = message_id(a_job(), IDENTITY)
OLD_ID = "<0123456789abcdef0123456789abcdef.job@tocsin.desk.example>"
"""As the first release wrote it: from the id of the job, which can be computed from that of the event."""
ZOE = "zoe@acme.example"


def postfix(to: str = ZOE, status: str = "5.1.1", action: str = "failed", original: bytes = OURS, **more: str) -> bytes:
    """Postfix: the whole message comes back."""
    said = more.get("said", f"550 {status} <{to}>: Recipient address rejected: User unknown")
    return (
        _crlf(f"""\
Return-Path: <>
Received: by mail.acme.example (Postfix)
\tid 4C1D2E3F; Mon,  2 Mar 2026 09:16:01 +0000 (UTC)
Date: {more.get("date", "Mon,  2 Mar 2026 09:16:01 +0000 (UTC)")}
From: MAILER-DAEMON@mail.acme.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounces@desk.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4C1D2E3F.1772442961/mail.acme.example"
Content-Transfer-Encoding: 8bit
Message-Id: <20260302091601.4C1D2E3F@mail.acme.example>

This is a MIME-encapsulated message.

--4C1D2E3F.1772442961/mail.acme.example
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

I'm sorry to have to inform you that your message could not be delivered.

<{to}>: host mx.acme.example[192.0.2.1] said: {said}

--4C1D2E3F.1772442961/mail.acme.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.acme.example
X-Postfix-Queue-ID: 4C1D2E3F
X-Postfix-Sender: rfc822; bounces@desk.example
Arrival-Date: Mon,  2 Mar 2026 09:16:00 +0000 (UTC)

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{more.get("original_recipient", to)}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.acme.example
Diagnostic-Code: smtp; {said}

--4C1D2E3F.1772442961/mail.acme.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

""")
        + original
        + b"\r\n\r\n--4C1D2E3F.1772442961/mail.acme.example--\r\n"
    )


def exchange(to: str = ZOE, status: str = "5.1.10") -> bytes:
    """Exchange: its own words in HTML, the header alone comes back, and it refers to the message."""
    return _crlf(f"""\
From: <postmaster@acme.example>
To: <bounces@desk.example>
Date: Mon, 2 Mar 2026 09:16:05 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="a6e1f1f3-0000-4f6e-9d0a-5a5a5a5a5a5a"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-US
Message-ID: <a6e1f1f3@EX01.acme.example>
In-Reply-To: {ID}
References: {ID}
Subject: Undeliverable: [Opened] 2026-1042: Invoices do not print
Auto-Submitted: auto-replied
MIME-Version: 1.0

--a6e1f1f3-0000-4f6e-9d0a-5a5a5a5a5a5a
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="b6e1f1f3"

--b6e1f1f3
Content-Type: text/html; charset="us-ascii"

<html><body><p>{to} wasn't found at acme.example.</p></body></html>

--b6e1f1f3--

--a6e1f1f3-0000-4f6e-9d0a-5a5a5a5a5a5a
Content-Type: message/delivery-status

Reporting-MTA: dns;EX01.acme.example
Received-From-MTA: dns;mail.desk.example
Arrival-Date: Mon, 2 Mar 2026 09:16:04 +0000

Final-Recipient: rfc822;{to}
Action: failed
Status: {status}
Diagnostic-Code: smtp;550 {status} RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
X-Display-Name: Zoe

--a6e1f1f3-0000-4f6e-9d0a-5a5a5a5a5a5a
Content-Type: text/rfc822-headers

From: Support Desk <support@desk.example>
To: <{to}>
Subject: [Opened] 2026-1042: Invoices do not print
Message-ID: {ID}

--a6e1f1f3-0000-4f6e-9d0a-5a5a5a5a5a5a--
""")


def gmail(to: str = ZOE) -> bytes:
    """Gmail: a multipart/related for its own words, and the message as an attachment."""
    return _crlf(f"""\
From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>
To: bounces@desk.example
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: {ID}
In-Reply-To: {ID}
X-Failed-Recipients: {to}
Message-ID: <65e2e0b5@mx.google.example>
Date: Mon, 02 Mar 2026 01:16:05 -0800 (PST)
Content-Type: multipart/report; boundary="0000000000001f"; report-type=delivery-status

--0000000000001f
Content-Type: multipart/related; boundary="0000000000002f"

--0000000000002f
Content-Type: text/plain; charset="UTF-8"

** Address not found **

--0000000000002f--

--0000000000001f
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.example
Arrival-Date: Mon, 02 Mar 2026 01:16:04 -0800 (PST)
X-Original-Message-ID: {ID}

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.acme.example. (192.0.2.1, the server for the domain acme.example.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.
Last-Attempt-Date: Mon, 02 Mar 2026 01:16:05 -0800 (PST)

--0000000000001f
Content-Type: message/rfc822

Message-ID: {ID}
Subject: [Opened] 2026-1042: Invoices do not print

body
--0000000000001f--
""")


def exim(to: str = ZOE, said: str = "550 5.1.1 no such user here") -> bytes:
    """Exim: a status that says nothing, and the server's own words."""
    return _crlf(f"""\
Return-path: <>
From: Mail Delivery System <Mailer-Daemon@mail.acme.example>
To: bounces@desk.example
Auto-Submitted: auto-replied
X-Failed-Recipients: {to}
References: {ID}
Content-Type: multipart/report; report-type=delivery-status; boundary=1772442965-eximdsn-1804289383
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender
Date: Mon, 02 Mar 2026 09:16:05 +0000

--1772442965-eximdsn-1804289383
Content-type: text/plain; charset=us-ascii

  {to}
    SMTP error from remote mail server after RCPT TO:<{to}>: {said}

--1772442965-eximdsn-1804289383
Content-type: message/delivery-status

Reporting-MTA: dns; mail.acme.example

Action: failed
Final-Recipient: rfc822;{to}
Status: 5.0.0
Remote-MTA: dns; mx.acme.example
Diagnostic-Code: smtp; {said}

--1772442965-eximdsn-1804289383
Content-type: text/rfc822-headers

Message-ID: {ID}

--1772442965-eximdsn-1804289383--
""")


def encoded(report: bytes, encoding: str) -> bytes:
    """The same report, with what its parts but the first hold in base64 or quoted-printable."""
    for kind in ("message/delivery-status", "message/rfc822", "text/rfc822-headers", "message/feedback-report"):
        before, mark, rest = report.partition(f"\r\nContent-Type: {kind}\r\n".encode())
        if not mark:
            continue
        fields, _, rest = rest.partition(b"\r\n")
        held, _, after = rest.partition(b"\r\n--")
        written = encodebytes(held) if encoding.lower() == "base64" else encodestring(held, quotetabs=True)
        written = written.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        transfer = f"Content-Transfer-Encoding: {encoding}\r\n".encode()
        report = before + mark + fields + transfer + b"\r\n" + written + b"\r\n--" + after
    return report


def without_the_original(came_to: str = "bounces@desk.example", header: str = "To", to: str = ZOE) -> bytes:
    """A bounce that returns nothing of the message: only where it came to can tell of which one it is."""
    return _crlf(f"""\
Return-Path: <>
From: MAILER-DAEMON@mail.acme.example
{header}: <{came_to}>
Date: Mon, 02 Mar 2026 09:16:05 +0000
Subject: failure notice
Content-Type: multipart/report; report-type=delivery-status; boundary="x1"

--x1
Content-Type: text/plain

Your message could not be delivered.

--x1
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.acme.example

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1

--x1--
""")


def complaint(feedback: str = "abuse", original: str = f"Message-ID: {ID}", mail_from: str = "b@x.example") -> bytes:
    """A provider's feedback loop: its user pressed the button for spam; whom it was sent to is blacked out."""
    return _crlf(f"""\
From: <feedback@provider.example>
To: <abuse@desk.example>
Date: Mon, 2 Mar 2026 09:16:05 +0000
Subject: FW: [Opened] 2026-1042
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
\tboundary="part1_13d.2e68ed54"

--part1_13d.2e68ed54
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for a message received from 192.0.2.1.

--part1_13d.2e68ed54
Content-Type: message/feedback-report

Feedback-Type: {feedback}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{mail_from}>
Arrival-Date: Mon, 2 Mar 2026 09:15:05 +0000
Source-IP: 192.0.2.1

--part1_13d.2e68ed54
Content-Type: message/rfc822

From: Support Desk <support@desk.example>
To: <redacted@provider.example>
{original}
Subject: [Opened] 2026-1042

body
--part1_13d.2e68ed54--
""")


def a_mail(subject: str = "Re: [Opened] 2026-1042", answers: str | None = None, **headers: str) -> bytes:
    """A plain mail; `_` in a header's name stands for `-`."""
    message = EmailMessage()
    message["From"] = headers.pop("From", "Zoe <zoe@acme.example>")
    message["To"] = "support@desk.example"
    message["Subject"] = subject
    message["Date"] = "Mon, 02 Mar 2026 09:16:05 +0000"
    if answers is not None:
        message["In-Reply-To"] = answers
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("I am away until Monday.")
    return message.as_bytes()


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()
