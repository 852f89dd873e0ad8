"""What goes out, and when: tables `[ledger]`, `[delivery]` and `[storm]`."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sender.delivery.retry import RetryPolicy
from sender.delivery_mode import DeliveryMode
from sender.storms.storm import StormEnd, StormPolicy
from tocsin.config.settings.commands import LEDGER as ON_LEDGER
from tocsin.config.settings.commands import MAIL
from tocsin.config.settings.forms import TEXT
from tocsin.config.settings.kinds import Choice, Number, Text, Whole, Words
from tocsin.config.settings.setting import Secrecy, Setting

SEND_LIMIT: Final = timedelta(minutes=4)
"""Beyond all that a transport may wait for one message: a connection, what comes before the message, its reply."""

_STORM: Final = StormPolicy()
_MINUTE: Final = timedelta(minutes=1)
_LONGEST_TRY: Final = SEND_LIMIT / _MINUTE
_DAY: Final = timedelta(days=1) / _MINUTE

LEDGER: Final = Setting(
    key="ledger.url",
    variable="TOCSIN_LEDGER",
    option="--ledger",
    kind=TEXT,
    secrecy=Secrecy.WITHIN,
    meaning="A PostgreSQL database for the ledger, postgresql://…; else in --data.",
    used_by=(*ON_LEDGER, "intake", "dlq"),
    optionless=("intake try", "intake check", "dlq list", "dlq show", "dlq pass-over"),
)
MODE: Final = Setting(
    key="delivery.mode",
    variable="TOCSIN_DELIVERY_MODE",
    option="--mode",
    kind=Text("a mode", DeliveryMode.parse),
    meaning="live, hold (all waits to be released), or redirect:ADDRESS (all goes there and says for whom it is).",
    default="live",
    used_by=MAIL,
)
LIVE_CUSTOMERS: Final = Setting(
    key="delivery.live_customers",
    variable="TOCSIN_LIVE_CUSTOMERS",
    option="--live-customer",
    kind=Words(),
    meaning="A customer that is live already in the other modes; may be repeated.",
    default=(),
    used_by=MAIL,
)
RATE: Final = Setting(
    key="delivery.rate",
    variable="TOCSIN_DELIVERY_RATE",
    option="--rate",
    kind=Number(0.01),
    meaning="Messages a second that the relay is asked to take, at most.",
    used_by=MAIL,
)
DELIVERY_LEASE: Final = Setting(
    key="delivery.lease",
    variable="TOCSIN_DELIVERY_LEASE",
    # Longer than a try: a message has to be written first.
    kind=Number(_LONGEST_TRY + 1, _DAY),
    meaning="Minutes that a job belongs to the sender that took it up; one whose sender is gone is `unknown` then.",
    default=2 * _LONGEST_TRY,
    used_by=MAIL,
)
DELIVERY_UNKNOWN_AFTER: Final = Setting(
    key="delivery.unknown_after",
    variable="TOCSIN_DELIVERY_UNKNOWN_AFTER",
    # A relay may still be at work on a try that was given up.
    kind=Number(_LONGEST_TRY + 1, _DAY),
    meaning="Minutes after which an `unknown` message, which may have arrived, is tried again.",
    default=RetryPolicy().unknown_delay / _MINUTE,
    used_by=MAIL,
)
STORM_LIMIT: Final = Setting(
    key="storm.limit",
    variable="TOCSIN_STORM_LIMIT",
    option="--storm-limit",
    kind=Whole(0),
    meaning="More messages for one mailbox within the window are held. 0: never.",
    default=_STORM.limit,
    used_by=MAIL,
)
STORM_WINDOW: Final = Setting(
    key="storm.window",
    variable="TOCSIN_STORM_WINDOW",
    option="--storm-window",
    kind=Number(0.1),
    meaning="Minutes, in the time of the saves, that --storm-limit is for.",
    default=_STORM.window / timedelta(minutes=1),
    used_by=MAIL,
)
STORM_END: Final = Setting(
    key="storm.end",
    variable="TOCSIN_STORM_END",
    option="--storm-end",
    kind=Choice(StormEnd, is_listed=True),
    meaning="What is held goes out as one digest, or waits to be released.",
    default=StormEnd.DIGEST,
    used_by=MAIL,
)
