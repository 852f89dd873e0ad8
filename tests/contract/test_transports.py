"""Every transport keeps the promises of the port, and a transport that breaks one is found out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sender.ports import HandingOver, Transport, unasked
from sender.replies.reply import Reply, ReplyKind
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

    async def send(self, message: Any, /, handing_over: HandingOver = unasked) -> Reply:
        return await self.right.send(message, handing_over)

    async def close(self) -> None:
        await self.right.close()


class SaysYesAlways(Wrong):
    async def send(self, message: Any, /, handing_over: HandingOver = unasked) -> Reply:
        return Reply(ReplyKind.ACCEPTED, None, "yes")


class SendsTwice(Wrong):
    async def send(self, message: Any, /, handing_over: HandingOver = unasked) -> Reply:
        await self.right.send(message, handing_over)
        return await self.right.send(message, handing_over)


class TriesAgainWhatIsInDoubt(Wrong):
    async def send(self, message: Any, /, handing_over: HandingOver = unasked) -> Reply:
        reply = await self.right.send(message, handing_over)
        return await self.right.send(message, handing_over) if reply.kind is ReplyKind.UNKNOWN else reply


class HasNoDoubts(Wrong):
    async def send(self, message: Any, /, handing_over: HandingOver = unasked) -> Reply:
        reply = await self.right.send(message, handing_over)
        kind = ReplyKind.DEFERRED if reply.kind is ReplyKind.UNKNOWN else reply.kind
        return Reply(kind, reply.code, reply.text)


class GivesUpAtOnce(Wrong):
    async def send(self, message: Any, /, handing_over: HandingOver = unasked) -> Reply:
        reply = await self.right.send(message, handing_over)
        kind = ReplyKind.REFUSED if reply.kind is ReplyKind.DEFERRED else reply.kind
        return Reply(kind, reply.code, reply.text)


class HopesForAnotherAddress(Wrong):
    async def send(self, message: Any, /, handing_over: HandingOver = unasked) -> Reply:
        reply = await self.right.send(message, handing_over)
        kind = ReplyKind.DEFERRED if reply.kind is ReplyKind.REFUSED else reply.kind
        return Reply(kind, reply.code, reply.text)


class StopsAfterTrouble(Wrong):
    last = ReplyKind.ACCEPTED

    async def send(self, message: Any, /, handing_over: HandingOver = unasked) -> Reply:
        if self.last is not ReplyKind.ACCEPTED:
            return Reply(ReplyKind.DEFERRED, None, "I had enough")
        reply = await self.right.send(message, handing_over)
        self.last = reply.kind
        return reply


class AsksNobody(Wrong):
    async def send(self, message: Any, /, handing_over: HandingOver = unasked) -> Reply:
        return await self.right.send(message)


class AsksTooLate(Wrong):
    async def send(self, message: Any, /, handing_over: HandingOver = unasked) -> Reply:
        reply = await self.right.send(message)
        await handing_over()
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
        (AsksNobody, promises.what_is_withheld_is_not_handed_over),
        (AsksTooLate, promises.what_is_withheld_is_not_handed_over),
        (StopsAfterTrouble, promises.after_trouble_the_next_one_goes_through),
    ],
)
@pytest.mark.parametrize("made", [smtp_world, apprise_world], ids=["smtp", "apprise"])
async def test_a_transport_that_breaks_a_promise_is_found_out(made: Any, wrong: type[Wrong], promise: Promise) -> None:
    async with made(wrong) as world:
        with pytest.raises(AssertionError):
            await promise(world)
