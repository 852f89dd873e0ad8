"""Every transport keeps the promises of the port, and a transport that breaks one is found out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sender.ports import Reply, ReplyKind, Transport
from tests.contract import transport_promises as promises
from tests.contract.transport_promises import PROMISES, World
from tests.contract.transport_worlds import WORLDS, apprise_world, smtp_world

Promise = Callable[[World], Awaitable[None]]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("world", WORLDS)
async def test_a_promise_is_kept(world: str, promise: Promise) -> None:
    async with WORLDS[world]() as made:
        await promise(made)


class Wrong:
    """A transport that is right but for one thing."""

    def __init__(self, right: Transport[Any]) -> None:
        self.right = right

    async def send(self, message: Any, /) -> Reply:
        return await self.right.send(message)

    async def close(self) -> None:
        await self.right.close()


class SaysYesAlways(Wrong):
    async def send(self, message: Any, /) -> Reply:
        return Reply(ReplyKind.ACCEPTED, None, "yes")


class SendsTwice(Wrong):
    async def send(self, message: Any, /) -> Reply:
        await self.right.send(message)
        return await self.right.send(message)


class TriesAgainWhatIsInDoubt(Wrong):
    async def send(self, message: Any, /) -> Reply:
        reply = await self.right.send(message)
        return await self.right.send(message) if reply.kind is ReplyKind.UNKNOWN else reply


class HasNoDoubts(Wrong):
    async def send(self, message: Any, /) -> Reply:
        reply = await self.right.send(message)
        kind = ReplyKind.DEFERRED if reply.kind is ReplyKind.UNKNOWN else reply.kind
        return Reply(kind, reply.code, reply.text)


class GivesUpAtOnce(Wrong):
    async def send(self, message: Any, /) -> Reply:
        reply = await self.right.send(message)
        kind = ReplyKind.REFUSED if reply.kind is ReplyKind.DEFERRED else reply.kind
        return Reply(kind, reply.code, reply.text)


class HopesForAnotherAddress(Wrong):
    async def send(self, message: Any, /) -> Reply:
        reply = await self.right.send(message)
        kind = ReplyKind.DEFERRED if reply.kind is ReplyKind.REFUSED else reply.kind
        return Reply(kind, reply.code, reply.text)


class StopsAfterTrouble(Wrong):
    last = ReplyKind.ACCEPTED

    async def send(self, message: Any, /) -> Reply:
        if self.last is not ReplyKind.ACCEPTED:
            return Reply(ReplyKind.DEFERRED, None, "I had enough")
        reply = await self.right.send(message)
        self.last = reply.kind
        return reply


@pytest.mark.parametrize(
    ("wrong", "promise"),
    [
        (SaysYesAlways, promises.what_is_accepted_has_arrived_once_and_as_it_was),
        (SendsTwice, promises.what_is_accepted_has_arrived_once_and_as_it_was),
        (SendsTwice, promises.several_at_a_time_arrive_each_once),
        (TriesAgainWhatIsInDoubt, promises.what_may_have_arrived_is_unknown),
        (HasNoDoubts, promises.what_may_have_arrived_is_unknown),
        (HasNoDoubts, promises.silence_is_unknown),
        (GivesUpAtOnce, promises.what_is_put_off_is_deferred),
        (GivesUpAtOnce, promises.where_nobody_listens_all_is_deferred),
        (HopesForAnotherAddress, promises.no_address_is_refused_without_asking),
        (StopsAfterTrouble, promises.after_trouble_the_next_one_goes_through),
    ],
)
@pytest.mark.parametrize("made", [smtp_world, apprise_world], ids=["smtp", "apprise"])
async def test_a_transport_that_breaks_a_promise_is_found_out(made: Any, wrong: type[Wrong], promise: Promise) -> None:
    async with made(wrong) as world:
        with pytest.raises(AssertionError):
            await promise(world)
