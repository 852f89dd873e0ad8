"""What becomes of a message, by what the relay does and at which command: one table, for the tests and for the docs."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from tests.support.mail.smtp_peers import DELAY, DISCONNECT, HANG, At, Fault


class Misdeed(StrEnum):
    """What a relay does instead of saying yes."""

    LATER = "4xx"
    NO = "5xx"
    SLOW = "slow"
    GONE = "disconnect"
    SILENT = "hang"
    GARBAGE = "garbage"


class Fate(StrEnum):
    """What becomes of the message, by this one try."""

    DELIVERED = "delivered"
    RELAY = "relay"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNKNOWN = "unknown"


D, R, L, F, U = Fate.DELIVERED, Fate.RELAY, Fate.DEFERRED, Fate.REFUSED, Fate.UNKNOWN

TABLE: Final = {
    #            4xx 5xx slow disconnect hang garbage
    At.CONNECT: (R, R, D, R, R, R),
    At.EHLO: (R, R, D, R, R, R),
    At.STARTTLS: (R, R, D, R, R, R),
    At.AUTH: (R, R, D, R, R, R),
    At.MAIL: (L, F, D, L, L, L),
    At.RCPT: (L, F, D, L, L, L),
    At.DATA: (L, F, D, L, L, L),
    At.DOT: (L, F, D, U, U, U),
    At.QUIT: (D, D, D, D, D, D),
}

NAMES: Final = {At.CONNECT: "connect, greeting", At.DOT: "final dot"}

ACTIONS: Final = {
    Misdeed.LATER: "451 4.3.0 Later",
    Misdeed.NO: "554 5.7.1 No",
    Misdeed.SLOW: DELAY,
    Misdeed.GONE: DISCONNECT,
    Misdeed.SILENT: HANG,
    Misdeed.GARBAGE: "gibberish",
}


def cells() -> Iterator[tuple[At, Misdeed, Fate]]:
    """All cells of the table."""
    for stage, fates in TABLE.items():
        for misdeed, fate in zip(Misdeed, fates, strict=True):
            yield stage, misdeed, fate


def fault(stage: At, misdeed: Misdeed) -> Fault:
    """The misdeed of one cell, once. A refused EHLO is followed by HELO, which is refused as well."""
    return Fault(stage, ACTIONS[misdeed], times=2 if (stage, misdeed) == (At.EHLO, Misdeed.NO) else 1)


def as_markdown() -> str:
    """The table as docs/delivery.md shows it."""
    head = ["at", *Misdeed]
    rows = [[NAMES.get(stage, stage.value), *fates] for stage, fates in TABLE.items()]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
