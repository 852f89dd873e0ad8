"""Each misdeed of a relay at each command, from the ledger to the end: what becomes of it, in how many copies."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.smtp.relay import Relay, Tls
from adapters.smtp.transport import SmtpTransport
from sender.delivery.loop import Delivery, DeliverySettings
from sender.delivery.transports import Transports
from sender.ledger.port import Ledger
from sender.ports import HandingOver, OutgoingMail, Transport, unasked
from sender.replies.reply import Reply, ReplyKind, Stage
from sender.states import State
from tests.support.mail.smtp_certificates import server_context, trusting_context
from tests.support.mail.smtp_peers import At, FaultyPeer
from tests.support.sender.delivery_matrix import Fate, Misdeed, as_markdown, cells, fault
from tests.support.sender.fakes import START, FakeClock, FakeComposer, a_job
from tests.support.sender.in_memory_ledger import InMemoryLedger
from tests.support.sender.on_fakes import until_finished

DOCS = Path(__file__).parents[2] / "docs" / "delivery.md"

HISTORIES = {
    Fate.DELIVERED: ["accepted", "claimed", "delivered"],
    Fate.RELAY: ["accepted", "claimed", "deferred", "claimed", "delivered"],
    Fate.DEFERRED: ["accepted", "claimed", "deferred", "claimed", "delivered"],
    Fate.REFUSED: ["accepted", "claimed", "refused"],
    Fate.UNKNOWN: ["accepted", "claimed", "undecided", "claimed", "delivered"],
}
COPIES = {Fate.REFUSED: 0, Fate.UNKNOWN: 2}
"""How many the relay may have, where that is not one."""

FIRST, SECOND = a_job("e-1"), a_job("e-2", "T-2", "li@desk.example")


def relay_of(peer: FaultyPeer, misdeed: Misdeed) -> Relay:
    """A relay of which all is asked that can be, on a connection of its own for each message."""
    patience = 0.5 if misdeed is Misdeed.SILENT else 10.0
    return Relay(
        host="localhost",
        port=peer.port,
        tls=Tls.STARTTLS,
        username="tocsin",
        password="secret",
        timeout=patience,
        final_timeout=patience,
        messages_per_connection=1,
        hello="client.example",
        tls_context=trusting_context(),
    )


Wrap = Callable[[Transport[OutgoingMail]], Transport[OutgoingMail]]


async def check(ledger: Ledger, stage: At, misdeed: Misdeed, fate: Fate, wrap: Wrap = lambda it: it) -> None:
    """Deliver two jobs one after the other, of which the first meets the misdeed."""
    clock, settings = FakeClock(), DeliverySettings(concurrency=1)
    async with FaultyPeer([fault(stage, misdeed)], tls=server_context(), takes_in_doubt=True) as peer:
        transport = wrap(SmtpTransport(relay_of(peer, misdeed)))
        delivery = Delivery(ledger, FakeComposer(), Transports(transport), clock, random.Random(1).random, settings)
        ledger.accept([FIRST, SECOND], START)
        await until_finished(ledger, delivery, clock)
        await transport.close()
    first, second = ledger.history(FIRST.id), ledger.history(SECOND.id)
    assert [change.transition.value for change in first] == HISTORIES[fate]
    assert first[-1].state is (State.FAILED if fate is Fate.REFUSED else State.DELIVERED)
    assert [change.transition.value for change in second] == HISTORIES[Fate.DELIVERED]
    assert (second[1].at > START) == (fate is Fate.RELAY), "the others wait where it is about the relay, and only there"
    copies = [taken.content for taken in peer.taken if taken.recipient == FIRST.address]
    assert len(copies) == COPIES.get(fate, 1)
    assert len(peer.taken) == len(copies) + 1
    assert len({*copies}) <= 1, "each copy has the same Message-ID"


@pytest.mark.parametrize(("stage", "misdeed", "fate"), [*cells()])
async def test_a_cell_of_the_matrix(either_ledger: Ledger, stage: At, misdeed: Misdeed, fate: Fate) -> None:
    await check(either_ledger, stage, misdeed, fate)


class Wrong:
    """A transport that tells or does something else than the right one, the first time."""

    def __init__(self, right: Transport[OutgoingMail], **lies: object) -> None:
        self.right, self.lies, self.twice = right, lies, lies.pop("twice", False)

    async def send(self, mail: OutgoingMail, /, handing_over: HandingOver = unasked) -> Reply:
        if self.twice:
            await self.right.send(mail, handing_over)
        reply, lies = await self.right.send(mail, handing_over), self.lies
        self.lies = {}
        return replace(reply, **lies)

    async def close(self) -> None:
        await self.right.close()


@pytest.mark.parametrize(
    ("stage", "misdeed", "lies"),
    [
        (At.CONNECT, Misdeed.NO, {"kind": ReplyKind.REFUSED}),
        (At.STARTTLS, Misdeed.GONE, {"stage": Stage.MAIL}),
        (At.MAIL, Misdeed.SILENT, {"stage": Stage.CONNECT}),
        (At.RCPT, Misdeed.LATER, {"kind": ReplyKind.REFUSED}),
        (At.DATA, Misdeed.NO, {"kind": ReplyKind.DEFERRED}),
        (At.DOT, Misdeed.GONE, {"kind": ReplyKind.DEFERRED}),
        (At.DOT, Misdeed.GARBAGE, {"kind": ReplyKind.ACCEPTED}),
        (At.DOT, Misdeed.SLOW, {"kind": ReplyKind.UNKNOWN}),
        (At.QUIT, Misdeed.SLOW, {"twice": True}),
    ],
)
async def test_a_transport_that_is_wrong_in_one_cell_is_found(
    stage: At, misdeed: Misdeed, lies: dict[str, object]
) -> None:
    fate = next(fate for at, one, fate in cells() if (at, one) == (stage, misdeed))
    with pytest.raises(AssertionError):
        await check(InMemoryLedger(), stage, misdeed, fate, lambda right: Wrong(right, **lies))


def test_the_matrix_in_the_docs_is_the_one_that_is_tested() -> None:
    assert as_markdown() in DOCS.read_text(encoding="utf-8")
