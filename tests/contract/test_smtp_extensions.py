"""Addresses, extensions and replies; and a composed message at a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.mailbox.mailbox import Mailbox
from sender.replies.reply import Reply, ReplyKind, Stage
from tests.support.mail.messages import a_job, as_read, compose, external
from tests.support.mail.smtp_peers import At, Fault, FaultyPeer
from tests.support.mail.smtp_sending import mail, send, transport_to

ACCEPTED, REFUSED, DEFERRED, UNKNOWN = ReplyKind


@pytest.mark.parametrize(
    "recipient",
    ["", "nobody", "a@b.example, c@d.example", "a@b.example>\r\nRCPT TO:<c@d.example", "+33 1 23 45", "a b@c.example"],
)
async def test_what_is_not_one_address_is_refused_without_asking_the_relay(recipient: str) -> None:
    async with FaultyPeer() as peer:
        [reply] = await send(peer, mail(recipient))

    assert (reply.kind, reply.code) == (REFUSED, None)
    assert "is not one e-mail address" in reply.text
    assert peer.connections == 0


async def test_an_address_beyond_ascii_needs_a_relay_that_takes_it() -> None:
    async with FaultyPeer(extensions=["8BITMIME"]) as peer:
        [refused] = await send(peer, mail("josé@acme.example"))
    assert (refused.kind, refused.code) == (REFUSED, None)
    assert "SMTPUTF8" in refused.text
    assert not any(command.startswith("MAIL") for command in peer.commands)

    async with FaultyPeer() as peer:
        [accepted] = await send(peer, mail("josé@müller.example"))
    assert accepted.kind is ACCEPTED
    assert "MAIL FROM:<bounces@desk.example> SMTPUTF8" in peer.commands
    assert peer.taken[0].recipient == "josé@xn--mller-kva.example"


async def test_a_message_of_eight_bits_needs_a_relay_that_takes_it() -> None:
    async with FaultyPeer(extensions=[]) as peer:
        [refused] = await send(peer, mail(content="é\r\n".encode()))
    assert (refused.kind, refused.code) == (REFUSED, None)

    async with FaultyPeer(extensions=["8BITMIME", "SIZE 1000"]) as peer:
        [accepted] = await send(peer, mail(content="é\r\n".encode()))
    assert accepted.kind is ACCEPTED
    assert "MAIL FROM:<bounces@desk.example> SIZE=4 BODY=8BITMIME" in peer.commands


async def test_a_relay_without_extensions_takes_what_the_composer_writes() -> None:
    content = compose(a_job(external(title="請求書"))).mail.content
    async with FaultyPeer([Fault(At.EHLO, "502 5.5.1 What?", times=1)]) as peer:
        [reply] = await send(peer, mail(content=content))

    assert reply.kind is ACCEPTED
    assert [command.partition(" ")[0] for command in peer.commands][:2] == ["EHLO", "HELO"]
    assert peer.taken[0].content == content


@pytest.mark.parametrize("reply", ["550 " + "x" * 6_000, "550-" + "\r\n550-".join(["y" * 70] * 200) + "\r\n550 end"])
async def test_a_reply_is_kept_as_one_bounded_line(reply: str) -> None:
    async with FaultyPeer([Fault(At.RCPT, reply)]) as peer:
        [got] = await send(peer, mail())

    assert got.kind is REFUSED
    assert len(got.text) == 500
    assert got.text.isprintable()


async def test_an_endless_reply_is_no_reply() -> None:
    async with FaultyPeer([Fault(At.RCPT, "550-" + "x" * 100_000)]) as peer:
        [got] = await send(peer, mail())

    assert got.kind is DEFERRED
    assert len(got.text) <= 500


async def test_a_composed_message_arrives_as_it_was_written(tmp_path: Path) -> None:
    composed = compose(a_job(external(description=".\r\n..\r\n. dots\r\n", title="É" * 300), language="fr")).mail
    async with Mailbox(tmp_path) as mailbox:
        transport = transport_to(mailbox.port)
        reply = await transport.send(composed)
        await transport.close()

    assert reply == Reply(ACCEPTED, 250, "2.0.0 Kept", Stage.DOT, "2.0.0")
    [received] = mailbox.received
    assert (received.sender, received.recipients) == ("bounces@desk.example", ("zoe@acme.example",))
    assert received.path.read_bytes() == composed.content
    assert as_read(received.path.read_bytes()).subject.endswith("É" * 300)


async def test_an_address_beyond_ascii_goes_to_a_real_server(tmp_path: Path) -> None:
    composed = compose(a_job(address="josé@müller.example")).mail
    async with Mailbox(tmp_path) as mailbox:
        transport = transport_to(mailbox.port)
        reply = await transport.send(composed)
        await transport.close()

    assert reply.kind is ACCEPTED
    assert mailbox.received[0].recipients == ("josé@xn--mller-kva.example",)
