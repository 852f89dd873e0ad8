"""Sending made-up messages by a transport that waits for a peer only as long as a test can."""

from __future__ import annotations

from adapters.smtp.relay import Relay, Tls
from adapters.smtp.transport import SmtpTransport
from sender.ports import OutgoingMail
from sender.replies.reply import Reply
from tests.support.mail.smtp_peers import FaultyPeer

CONTENT = b"Subject: hello\r\nMessage-ID: <1@x.example>\r\n\r\n.leading dot\r\n..two\r\nend\r\n"


def mail(recipient: str = "zoe@acme.example", content: bytes = CONTENT) -> OutgoingMail:
    return OutgoingMail("bounces@desk.example", recipient, content)


def relay_at(port: int, timeout: float = 5.0, final_timeout: float = 5.0) -> Relay:
    """A relay on this machine that gets long enough to answer, on a busy machine too."""
    return Relay(
        host="127.0.0.1",
        port=port,
        tls=Tls.NONE,
        timeout=timeout,
        final_timeout=final_timeout,
        hello="client.example",
    )


def transport_to(port: int, timeout: float = 5.0, final_timeout: float = 5.0) -> SmtpTransport:
    return SmtpTransport(relay_at(port, timeout, final_timeout))


def impatient(port: int) -> SmtpTransport:
    """For peers that hang."""
    return transport_to(port, timeout=0.2, final_timeout=0.2)


async def send(peer: FaultyPeer, *mails: OutgoingMail, hangs: bool = False) -> list[Reply]:
    """Send these one after another by one transport."""
    transport = impatient(peer.port) if hangs else transport_to(peer.port)
    replies = [await transport.send(one) for one in mails]
    await transport.close()
    return replies
