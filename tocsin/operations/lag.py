"""How far consumers are behind: looked at again and again, and the tickets that wait the longest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from adapters.kafka.lag_reader import LagReader
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.waiting_reader import Stretch, WaitingReader
from schemas.lag import LEAST_WAIT, GroupLag, WaitingTicket, WaitingTickets
from schemas.log import Record
from tocsin.operations.dead_letters.subjects import subject_of
from tocsin.services.monitoring.lag_status import LagWindow


class GroupOnTopic(Struct, frozen=True):
    """A group, and the topic that it reads."""

    group: str
    topic: str


def looks(
    settings: KafkaSettings,
    groups: tuple[GroupOnTopic, ...],
    span: timedelta,
    every: timedelta,
    pause: Callable[[float], object] = time.sleep,
) -> Iterator[list[GroupLag]]:
    """One look at each group every `every`, judged over the last `span`, until a `pause` of so many seconds is true.

    Raises KafkaUnavailableError and KafkaRefusedError.
    """
    with ExitStack() as stack:
        readers = [stack.enter_context(closing(LagReader(settings, one.group, one.topic))) for one in groups]
        windows = [LagWindow(one.group, one.topic, span) for one in groups]
        while True:
            yield [window.add(*reader.read()) for reader, window in zip(readers, windows, strict=True)]
            if pause(every.total_seconds()):
                return


MOST_RECORDS: Final = 20_000
"""The most records that are read, of all partitions of a topic together."""
MOST_TIME: Final = timedelta(seconds=10)
"""How long reading may take for each group."""


class Waiting(Struct):
    """One ticket while records are counted: its oldest one, and how many there are."""

    first: Record
    ticket: str | None
    contract: str | None
    records: int = 1


def with_tickets(settings: KafkaSettings, lag: GroupLag, limit: int) -> GroupLag:
    """The group's lag with the tickets that wait the longest, `limit` of them at most.

    Raises KafkaUnavailableError and KafkaRefusedError.
    """
    stretches = [Stretch(one.partition, one.committed, one.end) for one in lag.partitions if one.records != 0]
    # The same share for each partition, so that a long one does not hide the others.
    most = max(1, MOST_RECORDS // max(1, len(stretches)))
    reader = WaitingReader(settings, lag.topic, stretches, most, MOST_TIME)
    found = collected(reader.records())
    return replace(lag, waiting=waiting_tickets(found, lag.at, limit, reader.is_whole, lag.records))


def collected(records: Iterable[Record]) -> list[Waiting]:
    """The tickets of these records; one that names none stands alone. The same id counts as the same ticket."""
    found: dict[object, Waiting] = {}
    for record in records:
        subject = subject_of(record.key, record.value, record.headers)
        # Records that name no ticket can't be told to be of one, so each stands alone.
        name = subject.ticket if subject.ticket is not None else (record.partition, record.offset)
        known = found.get(name)
        if known is None:
            # There may be very many records, and nothing of their values is needed any more.
            found[name] = Waiting(replace(record, value=None), subject.ticket, subject.contract)
            continue
        known.records += 1
        known.contract = known.contract or subject.contract
        if record.timestamp < known.first.timestamp:
            known.first = replace(record, value=None)
    return [*found.values()]


def waiting_tickets(
    found: Sequence[Waiting], now: datetime, limit: int, is_whole: bool, records: int
) -> WaitingTickets:
    """The tickets that wait the longest, and how many more there are. `records` wait according to their offsets."""
    oldest = nsmallest(limit, found, key=lambda one: (one.first.timestamp, one.first.partition, one.first.offset))
    read, listed = (sum(one.records for one in some) for some in (found, oldest))
    return WaitingTickets(
        tickets=[_listed(one, now) for one in oldest],
        more_tickets=len(found) - len(oldest),
        more_records=(read if is_whole else max(read, records)) - listed,
        is_whole=is_whole,
    )


def _listed(one: Waiting, now: datetime) -> WaitingTicket:
    return WaitingTicket(
        ticket=one.ticket,
        contract=one.contract,
        partition=one.first.partition,
        offset=one.first.offset,
        came=one.first.timestamp,
        # Clocks of machines differ: a record may seem to come from the future.
        seconds=max(LEAST_WAIT, (now - one.first.timestamp).total_seconds()),
        records=one.records,
    )
