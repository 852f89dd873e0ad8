"""What was decided, and for how long that is known: table `[history]`."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from tocsin.config.settings.kinds import Number
from tocsin.config.settings.setting import Setting

KEPT: Final = timedelta(days=90)
"""How long decisions are kept unless another time is set."""

KEEP: Final = Setting(
    key="history.keep",
    variable="TOCSIN_HISTORY_KEEP",
    kind=Number(1, 3_650),
    meaning="Days for which decisions, and the titles of their tickets, are kept to be found.",
    default=KEPT / timedelta(days=1),
    used_by=("up", "history"),
)
