"""What becomes of a message, by what the relay does and when: against a server that misbehaves."""

from __future__ import annotations

import pytest

from sender.ports import Reply, ReplyKind
from tests.smtp_peers import DISCONNECT, HANG, TAKE_AND_DISCONNECT, Fault, FaultyPeer, Stage
from tests.smtp_sending import CONTENT, mail, send, transport_to

ACCEPTED, REFUSED, DEFERRED, UNKNOWN = ReplyKind

MATRIX = [
    (Stage.CONNECT, "554 5.3.2 No service here", DEFERRED, 554),
    (Stage.CONNECT, "421 4.3.2 Too busy", DEFERRED, 421),
    (Stage.CONNECT, DISCONNECT, DEFERRED, None),
    (Stage.CONNECT, HANG, DEFERRED, None),
    (Stage.EHLO, "550 5.7.1 Not you", DEFERRED, 550),
    (Stage.EHLO, "421 4.3.2 Too busy", DEFERRED, 421),
    (Stage.EHLO, DISCONNECT, DEFERRED, None),
    (Stage.EHLO, HANG, DEFERRED, None),
    (Stage.MAIL, "552 5.3.4 Too large", REFUSED, 552),
    (Stage.MAIL, "451 4.3.0 Later", DEFERRED, 451),
    (Stage.MAIL, "421 4.3.2 Closing", DEFERRED, 421),
    (Stage.MAIL, DISCONNECT, DEFERRED, None),
    (Stage.MAIL, HANG, DEFERRED, None),
    (Stage.RCPT, "550 5.1.1 No such user", REFUSED, 550),
    (Stage.RCPT, "451 4.7.1 Greylisted", DEFERRED, 451),
    (Stage.RCPT, DISCONNECT, DEFERRED, None),
    (Stage.RCPT, HANG, DEFERRED, None),
    (Stage.DATA, "554 5.7.1 No", REFUSED, 554),
    (Stage.DATA, "452 4.3.1 Disk full", DEFERRED, 452),
    (Stage.DATA, "250 What?", DEFERRED, 250),
    (Stage.DATA, DISCONNECT, DEFERRED, None),
    (Stage.DATA, HANG, DEFERRED, None),
    (Stage.DOT, "554 5.6.0 Looks like spam", REFUSED, 554),
    (Stage.DOT, "451 4.3.0 Later", DEFERRED, 451),
    (Stage.DOT, "354 What?", UNKNOWN, 354),
    (Stage.DOT, "gibberish", UNKNOWN, None),
    (Stage.DOT, DISCONNECT, UNKNOWN, None),
    (Stage.DOT, TAKE_AND_DISCONNECT, UNKNOWN, None),
    (Stage.DOT, HANG, UNKNOWN, None),
    (Stage.MAIL, "gibberish", DEFERRED, None),
    (Stage.RCPT, "250", ACCEPTED, 250),
    (Stage.RCPT, "251 2.1.5 Forwarded", ACCEPTED, 250),
]


@pytest.mark.parametrize(("stage", "action", "kind", "code"), MATRIX)
async def test_what_a_relay_does_and_when_decides_what_becomes_of_the_message(
    stage: Stage, action: str, kind: ReplyKind, code: int | None
) -> None:
    async with FaultyPeer([Fault(stage, action)]) as peer:
        [reply] = await send(peer, mail(), hangs=action == HANG)

    assert (reply.kind, reply.code) == (kind, code)
    assert reply.text or action == "250"
    assert len(peer.taken) == (kind is ACCEPTED or action == TAKE_AND_DISCONNECT)


@pytest.mark.parametrize("action", ["554 5.7.1 No", "451 4.3.0 Later", DISCONNECT, HANG])
@pytest.mark.parametrize("stage", [one for one in Stage if one is not Stage.RSET])
async def test_after_any_trouble_the_next_message_goes_through(stage: Stage, action: str) -> None:
    # EHLO is followed by HELO, which meets the same stage.
    times = 2 if stage is Stage.EHLO and action[0] in "45" else 1
    async with FaultyPeer([Fault(stage, action, times)]) as peer:
        replies = await send(peer, mail(), mail("li@desk.example"), hangs=action == HANG)

    assert replies[0].kind is not ACCEPTED
    assert replies[1].kind is ACCEPTED
    assert [taken.recipient for taken in peer.taken] == ["li@desk.example"]


async def test_a_peer_without_faults_takes_everything() -> None:
    """The control of the matrix: without the fault, the same message is accepted."""
    async with FaultyPeer() as peer:
        [reply] = await send(peer, mail())

    assert reply == Reply(ACCEPTED, 250, "2.0.0 Queued")
    assert peer.taken[0].content == CONTENT
    assert (peer.taken[0].sender, peer.taken[0].recipient) == ("bounces@desk.example", "zoe@acme.example")


async def test_nobody_listens() -> None:
    async with FaultyPeer() as peer:
        port = peer.port

    reply = await transport_to(port).send(mail())

    assert (reply.kind, reply.code) == (DEFERRED, None)
    assert reply.text.startswith("connect: SMTPConnectError: ")
