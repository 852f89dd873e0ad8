"""What every transport promises, whatever it sends by."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from enum import Enum, auto
from typing import Any, Final, Protocol

from sender.ports import OutgoingMessage, Transport, WithheldError
from sender.replies.reply import ReplyKind


class Misdeed(Enum):
    """What the other side can do to one message."""

    SAYS_LATER = auto()
    """It does not take it, and says so."""
    LOSES_THE_CONNECTION = auto()
    """It takes it, and is gone before it says so."""
    SAYS_NOTHING = auto()
    """It takes it, and never answers."""


class World(Protocol):
    """A transport, and what it sends to."""

    @property
    def transport(self) -> Transport[Any]:
        """The transport. It waits for an answer only as long as a test can."""
        ...

    def message(self, number: int) -> OutgoingMessage:
        """One of several messages, each to an address of its own."""
        ...

    def for_nobody(self) -> OutgoingMessage:
        """A message whose recipient is no address."""
        ...

    def misbehave(self, misdeed: Misdeed) -> None:
        """With the next message. Those after it are taken."""
        ...

    async def asked(self) -> None:
        """Wait until the other side has a message whole."""
        ...

    async def leave(self) -> None:
        """The other side goes away, and nobody answers there."""
        ...

    def taken(self) -> Sequence[OutgoingMessage]:
        """What the other side has, as it was handed over, and did not say no to."""
        ...


async def what_is_accepted_has_arrived_once_and_as_it_was(world: World) -> None:
    """The plain case."""
    reply = await world.transport.send(world.message(1))
    assert reply.kind is ReplyKind.ACCEPTED
    assert list(world.taken()) == [world.message(1)]


async def several_at_a_time_arrive_each_once(world: World) -> None:
    """More than a transport has connections or threads."""
    messages = [world.message(number) for number in range(30)]
    replies = await asyncio.gather(*(world.transport.send(one) for one in messages))
    assert {reply.kind for reply in replies} == {ReplyKind.ACCEPTED}
    assert sorted(world.taken(), key=repr) == sorted(messages, key=repr)


async def what_is_put_off_is_deferred(world: World) -> None:
    """With words that say why."""
    world.misbehave(Misdeed.SAYS_LATER)
    reply = await world.transport.send(world.message(1))
    assert (reply.kind, bool(reply.text)) == (ReplyKind.DEFERRED, True)
    assert not world.taken()


async def where_nobody_listens_all_is_deferred(world: World) -> None:
    """Nothing was handed over, and nothing is raised."""
    await world.leave()
    reply = await world.transport.send(world.message(1))
    assert (reply.kind, bool(reply.text)) == (ReplyKind.DEFERRED, True)


async def what_may_have_arrived_is_unknown(world: World) -> None:
    """A connection that is lost after the whole message was sent says nothing about it."""
    world.misbehave(Misdeed.LOSES_THE_CONNECTION)
    reply = await world.transport.send(world.message(1))
    assert (reply.kind, bool(reply.text)) == (ReplyKind.UNKNOWN, True)
    assert list(world.taken()) == [world.message(1)], "not sent twice behind the sender's back"


async def silence_is_unknown(world: World) -> None:
    """And it ends."""
    world.misbehave(Misdeed.SAYS_NOTHING)
    reply = await world.transport.send(world.message(1))
    assert (reply.kind, bool(reply.text)) == (ReplyKind.UNKNOWN, True)
    assert list(world.taken()) == [world.message(1)]


async def no_address_is_refused_without_asking(world: World) -> None:
    """It would be no other after a retry."""
    reply = await world.transport.send(world.for_nobody())
    assert (reply.kind, bool(reply.text)) == (ReplyKind.REFUSED, True)
    assert not world.taken()


async def after_trouble_the_next_one_goes_through(world: World) -> None:
    """Whatever the trouble was."""
    for misdeed in Misdeed:
        world.misbehave(misdeed)
        await world.transport.send(world.message(1))
        reply = await world.transport.send(world.message(2))
        assert reply.kind is ReplyKind.ACCEPTED


async def what_is_withheld_is_not_handed_over(world: World) -> None:
    """It is asked for once all else is settled, and the next one is none the worse for it."""
    asked: list[int] = []

    async def withhold() -> None:
        asked.append(len(world.taken()))
        raise WithheldError("no")

    async def agree() -> None:
        asked.append(len(world.taken()))

    withheld = await asyncio.gather(world.transport.send(world.message(1), withhold), return_exceptions=True)
    assert isinstance(withheld[0], WithheldError)
    assert (await world.transport.send(world.message(2), agree)).kind is ReplyKind.ACCEPTED
    assert (list(world.taken()), asked) == ([world.message(2)], [0, 0])


async def a_send_may_be_cancelled(world: World) -> None:
    """The next one is none the worse for it."""
    world.misbehave(Misdeed.SAYS_NOTHING)
    sending = asyncio.create_task(world.transport.send(world.message(1)))
    await world.asked()
    sending.cancel()
    with suppress(asyncio.CancelledError):
        await sending
    assert sending.cancelled()
    assert (await world.transport.send(world.message(2))).kind is ReplyKind.ACCEPTED


PROMISES: Final[Sequence[Callable[[World], Awaitable[None]]]] = (
    what_is_accepted_has_arrived_once_and_as_it_was,
    several_at_a_time_arrive_each_once,
    what_is_put_off_is_deferred,
    where_nobody_listens_all_is_deferred,
    what_may_have_arrived_is_unknown,
    silence_is_unknown,
    no_address_is_refused_without_asking,
    after_trouble_the_next_one_goes_through,
    what_is_withheld_is_not_handed_over,
    a_send_may_be_cancelled,
)
