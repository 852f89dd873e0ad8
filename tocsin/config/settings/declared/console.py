"""The console, which `tocsin up --http` serves: table `[console]`."""

from __future__ import annotations

from typing import Final

from tocsin.config.settings.forms import NETWORKS, SITE
from tocsin.config.settings.kinds import Flag, Number
from tocsin.config.settings.setting import Setting

CONSOLE_SERVED: Final = Setting(
    key="console.served",
    variable="TOCSIN_CONSOLE",
    kind=Flag(),
    meaning="Whether the console is served at /console of http.listen.",
    default=True,
    used_by=("up",),
)
CONSOLE_URL: Final = Setting(
    key="console.url",
    variable="TOCSIN_CONSOLE_URL",
    kind=SITE,
    meaning="Where browsers reach it through a server in front: https://tocsin.desk.example. With https, its cookie is "
    "sent by HTTPS alone.",
    used_by=("up", "console"),
)
CONSOLE_IDLE: Final = Setting(
    key="console.idle_minutes",
    variable="TOCSIN_CONSOLE_IDLE_MINUTES",
    kind=Number(1, 1_440),
    meaning="Minutes after which a session that nobody used ends.",
    default=60.0,
    used_by=("up",),
)
CONSOLE_SESSION: Final = Setting(
    key="console.session_hours",
    variable="TOCSIN_CONSOLE_SESSION_HOURS",
    kind=Number(0.1, 720),
    meaning="Hours after which each session ends.",
    default=12.0,
    used_by=("up",),
)
CONSOLE_PROXIES: Final = Setting(
    key="console.trusted_proxies",
    variable="TOCSIN_CONSOLE_TRUSTED_PROXIES",
    kind=NETWORKS,
    meaning="Servers in front whose X-Forwarded-For tells who asks: addresses and networks, blanks or commas between "
    "them.",
    default="127.0.0.0/8 ::1",
    used_by=("up",),
)
