"""What becomes of a message, by what the relay does and when: against a server that misbehaves."""

from __future__ import annotations

import pytest

from sender.replies.reply import Reply, ReplyKind, Stage
from tests.support.mail.smtp_peers import DISCONNECT, HANG, TAKE_AND_DISCONNECT, At, Fault, FaultyPeer
from tests.support.mail.smtp_sending import CONTENT, mail, send, transport_to

ACCEPTED, REFUSED, DEFERRED, UNKNOWN = ReplyKind

MATRIX = [
    (At.CONNECT, "554 5.3.2 No service here", DEFERRED, 554),
    (At.CONNECT, "421 4.3.2 Too busy", DEFERRED, 421),
    (At.CONNECT, DISCONNECT, DEFERRED, None),
    (At.CONNECT, HANG, DEFERRED, None),
    (At.EHLO, "550 5.7.1 Not you", DEFERRED, 550),
    (At.EHLO, "421 4.3.2 Too busy", DEFERRED, 421),
    (At.EHLO, DISCONNECT, DEFERRED, None),
    (At.EHLO, HANG, DEFERRED, None),
    (At.MAIL, "552 5.3.4 Too large", REFUSED, 552),
    (At.MAIL, "451 4.3.0 Later", DEFERRED, 451),
    (At.MAIL, "421 4.3.2 Closing", DEFERRED, 421),
    (At.MAIL, DISCONNECT, DEFERRED, None),
    (At.MAIL, HANG, DEFERRED, None),
    (At.RCPT, "550 5.1.1 No such user", REFUSED, 550),
    (At.RCPT, "451 4.7.1 Greylisted", DEFERRED, 451),
    (At.RCPT, DISCONNECT, DEFERRED, None),
    (At.RCPT, HANG, DEFERRED, None),
    (At.DATA, "554 5.7.1 No", REFUSED, 554),
    (At.DATA, "452 4.3.1 Disk full", DEFERRED, 452),
    (At.DATA, "250 What?", DEFERRED, 250),
    (At.DATA, DISCONNECT, DEFERRED, None),
    (At.DATA, HANG, DEFERRED, None),
    (At.DOT, "554 5.6.0 Looks like spam", REFUSED, 554),
    (At.DOT, "451 4.3.0 Later", DEFERRED, 451),
    (At.DOT, "354 What?", UNKNOWN, 354),
    (At.DOT, "gibberish", UNKNOWN, None),
    (At.DOT, DISCONNECT, UNKNOWN, None),
    (At.DOT, TAKE_AND_DISCONNECT, UNKNOWN, None),
    (At.DOT, HANG, UNKNOWN, None),
    (At.MAIL, "gibberish", DEFERRED, None),
    (At.RCPT, "250", ACCEPTED, 250),
    (At.RCPT, "251 2.1.5 Forwarded", ACCEPTED, 250),
]
SPECIAL = {At.STARTTLS, At.AUTH, At.RSET, At.QUIT}
"""Where this peer meets no message, or none any more."""


@pytest.mark.parametrize(("stage", "action", "kind", "code"), MATRIX)
async def test_what_a_relay_does_and_when_decides_what_becomes_of_the_message(
    stage: At, action: str, kind: ReplyKind, code: int | None
) -> None:
    async with FaultyPeer([Fault(stage, action)]) as peer:
        [reply] = await send(peer, mail(), hangs=action == HANG)

    assert (reply.kind, reply.code) == (kind, code)
    assert reply.text or action == "250"
    assert len(peer.taken) == (kind is ACCEPTED or action == TAKE_AND_DISCONNECT)


@pytest.mark.parametrize("action", ["554 5.7.1 No", "451 4.3.0 Later", DISCONNECT, HANG])
@pytest.mark.parametrize("stage", [one for one in At if one not in SPECIAL])
async def test_after_any_trouble_the_next_message_goes_through(stage: At, action: str) -> None:
    # A refused EHLO is followed by HELO, which meets the same stage.
    times = 2 if stage is At.EHLO and action[0] == "5" else 1
    async with FaultyPeer([Fault(stage, action, times)]) as peer:
        replies = await send(peer, mail(), mail("li@desk.example"), hangs=action == HANG)

    assert replies[0].kind is not ACCEPTED
    assert replies[1].kind is ACCEPTED
    assert [taken.recipient for taken in peer.taken] == ["li@desk.example"]


async def test_a_peer_without_faults_takes_everything() -> None:
    """The control of the matrix: without the fault, the same message is accepted."""
    async with FaultyPeer() as peer:
        [reply] = await send(peer, mail())

    assert reply == Reply(ACCEPTED, 250, "2.0.0 Queued", Stage.DOT, "2.0.0")
    assert peer.taken[0].content == CONTENT
    assert (peer.taken[0].sender, peer.taken[0].recipient) == ("bounces@desk.example", "zoe@acme.example")


async def test_nobody_listens() -> None:
    async with FaultyPeer() as peer:
        port = peer.port

    reply = await transport_to(port).send(mail())

    assert (reply.kind, reply.code) == (DEFERRED, None)
    assert reply.text.startswith("connect: SMTPConnectError: ")
