"""Several messages by one transport: reuse of the connection, refusals, retries, cancellation, closing."""

from __future__ import annotations

import asyncio

import pytest

from sender.replies.reply import ReplyKind
from tests.support.mail.smtp_peers import HANG, STALL, TAKE_AND_DISCONNECT, At, Fault, FaultyPeer
from tests.support.mail.smtp_sending import mail, send, transport_to

ACCEPTED, REFUSED, DEFERRED, UNKNOWN = ReplyKind


async def test_one_of_fifty_recipients_is_refused_and_the_others_get_theirs() -> None:
    people = [f"person-{number}@acme.example" for number in range(50)]
    refusal = Fault(At.RCPT, "550 5.1.1 No such user", recipient=people[17])
    async with FaultyPeer([refusal]) as peer:
        replies = await send(peer, *map(mail, people))

    assert [reply.kind for reply in replies] == [REFUSED if number == 17 else ACCEPTED for number in range(50)]
    assert [taken.recipient for taken in peer.taken] == [*people[:17], *people[18:]]
    assert sum(people[17] in command for command in peer.commands) == 1, "one attempt"
    assert peer.connections == 1, "one connection for all"


async def test_each_recipient_is_a_transaction_of_its_own() -> None:
    async with FaultyPeer() as peer:
        await send(peer, mail("a@acme.example"), mail("b@acme.example"))

    verbs = [command.partition(" ")[0] for command in peer.commands]
    assert verbs == ["EHLO", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA", "QUIT"]


async def test_a_relay_that_says_later_for_a_while_takes_the_message_afterwards() -> None:
    async with FaultyPeer([Fault(At.RCPT, "451 4.7.1 Greylisted", times=3)]) as peer:
        replies = await send(peer, *[mail()] * 4)

    assert [reply.kind for reply in replies] == [DEFERRED] * 3 + [ACCEPTED]
    assert len(peer.taken) == 1


async def test_a_connection_that_the_relay_closed_in_between_is_no_failure() -> None:
    async with FaultyPeer() as peer:
        transport = transport_to(peer.port)
        first = await transport.send(mail())
        peer.cut_connections()
        second = await transport.send(mail())
        await transport.close()

    assert (first.kind, second.kind) == (ACCEPTED, ACCEPTED)
    assert (peer.connections, len(peer.taken)) == (2, 2)


async def test_a_relay_that_announces_the_end_of_an_idle_connection_is_asked_again_once() -> None:
    async with FaultyPeer([Fault(At.MAIL, "421 4.4.2 Idle", recipient="zoe@acme.example")]) as peer:
        replies = await send(peer, mail(), mail())

    assert [reply.kind for reply in replies] == [ACCEPTED, ACCEPTED]
    assert peer.connections == 2


async def test_a_message_of_unknown_outcome_is_not_sent_again_by_the_transport() -> None:
    async with FaultyPeer([Fault(At.DOT, TAKE_AND_DISCONNECT, times=1, recipient="zoe@acme.example")]) as peer:
        replies = await send(peer, mail("li@desk.example"), mail())

    assert [reply.kind for reply in replies] == [ACCEPTED, UNKNOWN]
    assert [taken.recipient for taken in peer.taken] == ["li@desk.example", "zoe@acme.example"]


async def test_messages_that_are_sent_at_once_do_not_mix() -> None:
    people = [f"person-{number}@acme.example" for number in range(20)]
    async with FaultyPeer() as peer:
        transport = transport_to(peer.port)
        replies = await asyncio.gather(*(transport.send(mail(one, one.encode() + b"\r\n")) for one in people))
        await transport.close()

    assert {reply.kind for reply in replies} == {ACCEPTED}
    assert {(taken.recipient, taken.content) for taken in peer.taken} == {
        (one, one.encode() + b"\r\n") for one in people
    }


async def test_a_message_that_could_not_be_sent_whole_is_deferred_and_never_finished() -> None:
    """While bytes wait on this side, the dot can't have arrived, though the relay has said nothing."""
    async with FaultyPeer([Fault(At.DATA, STALL)]) as peer:
        [reply] = await send(peer, mail(content=(b"x" * 78 + b"\r\n") * 250_000), hangs=True)

        await peer.read_on_to_the_end()

    assert reply.kind is DEFERRED
    assert peer.taken == []


async def test_a_relay_that_closes_after_the_message_is_believed_and_not_asked_again() -> None:
    async with FaultyPeer([Fault(At.DOT, "421 4.3.0 Closing", recipient="zoe@acme.example")]) as peer:
        replies = await send(peer, mail("li@desk.example"), mail(), mail("li@desk.example"))

    assert [(reply.kind, reply.code) for reply in replies] == [(ACCEPTED, 250), (DEFERRED, 421), (ACCEPTED, 250)]
    assert peer.commands.count("DATA") == 3
    assert peer.connections == 2


async def test_a_send_that_is_cancelled_leaves_a_transport_that_works() -> None:
    async with FaultyPeer([Fault(At.DATA, HANG, times=1)]) as peer:
        transport = transport_to(peer.port)
        sending = asyncio.create_task(transport.send(mail("first@acme.example")))
        await peer.wait_for_command("DATA")
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        reply = await transport.send(mail())
        await transport.close()

    assert reply.kind is ACCEPTED
    assert [taken.recipient for taken in peer.taken] == ["zoe@acme.example"]


async def test_a_transport_that_is_closed_connects_anew() -> None:
    async with FaultyPeer() as peer:
        transport = transport_to(peer.port)
        await transport.send(mail())
        await transport.close()
        await transport.close()
        assert (await transport.send(mail())).kind is ACCEPTED
        await transport.close()

    assert peer.connections == 2
