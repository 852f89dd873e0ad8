"""Several connections to one relay: how many, for how long, and what becomes of them."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from adapters.smtp.relay import Relay, Tls
from adapters.smtp.transport import SmtpTransport
from sender.replies.reply import Reply, ReplyKind, Stage
from tests.support.mail.smtp_peers import HANG, At, Fault, FaultyPeer
from tests.support.mail.smtp_sending import mail, relay_at

ACCEPTED, REFUSED, DEFERRED, UNKNOWN = ReplyKind


async def send_at_once(transport: SmtpTransport, number: int) -> list[Reply]:
    return await asyncio.gather(*(transport.send(mail(f"p{one}@acme.example")) for one in range(number)))


class Slow(FaultyPeer):
    """Answers the message only when so many connections are open that no more may come."""

    def wait_for_open(self, number: int) -> None:
        self.enough = number
        self.all_there = asyncio.Event()

    async def before_data(self) -> None:
        if self.open >= self.enough:
            self.all_there.set()
        await self.all_there.wait()


@pytest.mark.parametrize("connections", [1, 3, 8])
async def test_as_many_connections_as_the_relay_allows_are_used_and_none_more(connections: int) -> None:
    async with Slow() as peer:
        peer.wait_for_open(connections)
        transport = SmtpTransport(replace(relay_at(peer.port), connections=connections))
        replies = await send_at_once(transport, 30)
        await transport.close()

    assert {reply.kind for reply in replies} == {ACCEPTED}
    assert len(peer.taken) == 30
    assert (peer.most_open, peer.connections) == (connections, connections)


async def test_connections_are_opened_only_when_none_is_free() -> None:
    async with FaultyPeer() as peer:
        transport = SmtpTransport(relay_at(peer.port))
        for number in range(10):
            await transport.send(mail(f"p{number}@acme.example"))
        assert (peer.open, peer.connections) == (1, 1)
        await transport.close()


async def test_a_connection_takes_so_many_messages_and_says_goodbye() -> None:
    async with FaultyPeer() as peer:
        relay = replace(relay_at(peer.port), connections=2, messages_per_connection=5)
        transport = SmtpTransport(relay)
        replies = await send_at_once(transport, 20)
        await transport.close()

    assert {reply.kind for reply in replies} == {ACCEPTED}
    assert (peer.connections, peer.most_open, peer.commands.count("QUIT")) == (4, 2, 4)


async def test_an_idle_connection_is_closed_with_a_goodbye_and_a_new_one_opened_when_needed() -> None:
    async with FaultyPeer() as peer:
        transport = SmtpTransport(replace(relay_at(peer.port), idle_timeout=0.02))
        await transport.send(mail())
        await peer.wait_for_command("QUIT")
        assert (await transport.send(mail())).kind is ACCEPTED
        await transport.close()

    assert peer.connections == 2


async def test_a_relay_that_closed_all_idle_connections_costs_no_message() -> None:
    async with Slow() as peer:
        peer.wait_for_open(4)
        transport = SmtpTransport(replace(relay_at(peer.port), connections=4))
        await send_at_once(transport, 4)
        peer.cut_connections()
        replies = await send_at_once(transport, 8)
        await transport.close()

    assert {reply.kind for reply in replies} == {ACCEPTED}
    assert len(peer.taken) == 12


async def test_one_that_waits_for_a_hanging_relay_too_long_is_deferred_and_says_why() -> None:
    async with FaultyPeer([Fault(At.DOT, HANG, times=1)]) as peer:
        relay = replace(relay_at(peer.port), connections=1, timeout=0.2, final_timeout=5)
        transport = SmtpTransport(relay)
        hanging = asyncio.create_task(transport.send(mail()))
        await peer.wait_for_command("DATA")
        reply = await transport.send(mail("li@desk.example"))
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        after = await transport.send(mail("li@desk.example"))
        await transport.close()

    assert (reply.kind, reply.stage) == (DEFERRED, None), "its own connections were busy; no relay was asked"
    assert reply.text == "none of 1 connections came free within 0.2 seconds"
    assert after.kind is ACCEPTED


async def test_what_drags_on_before_the_message_is_given_up_as_a_whole() -> None:
    """Each reply comes in time, all together don't: else one message could hold its connection for minutes."""

    class Dragging(FaultyPeer):
        async def before_reply(self) -> None:
            await asyncio.sleep(0.15)

    async with Dragging() as peer:
        transport = SmtpTransport(relay_at(peer.port, timeout=0.2))
        reply = await transport.send(mail())
        await transport.close()

    assert (reply.kind, reply.code, len(peer.taken)) == (DEFERRED, None, 0)
    assert reply.stage in (Stage.MAIL, Stage.RCPT)


async def test_a_relay_that_hangs_at_the_goodbye_holds_nobody_up() -> None:
    async with FaultyPeer([Fault(At.QUIT, HANG)]) as peer:
        transport = SmtpTransport(replace(relay_at(peer.port, timeout=0.2), messages_per_connection=1))
        replies = await send_at_once(transport, 3)
        await transport.close()

    assert {reply.kind for reply in replies} == {ACCEPTED}
    assert len(peer.taken) == 3


@pytest.mark.parametrize("host", ["relay.example", "192.0.2.25", "localhost.example", "10.0.0.1", "2001:db8::25"])
def test_plain_text_beyond_this_machine_has_to_be_allowed(host: str) -> None:
    with pytest.raises(ValueError, match=rf"tls: none .* {host} in plain text; .* plain_text_allowed"):
        Relay(host=host, port=25, tls=Tls.NONE)
    Relay(host=host, port=25, tls=Tls.NONE, plain_text_allowed=True)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_this_machine_is_spoken_with_in_plain_text(host: str) -> None:
    Relay(host=host, port=25, tls=Tls.NONE)


@pytest.mark.parametrize(
    "fields", [{"connections": 0}, {"messages_per_connection": 0}, {"timeout": 0.0}, {"idle_timeout": -1.0}]
)
def test_settings_under_which_nothing_could_be_sent_are_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"at least 1|more than 0"):
        Relay(host="relay.example", port=25, **fields)  # type: ignore[arg-type]
