"""What the intake is told: table `[intake]`."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Final

from intake.ports import Retention
from intake.signatures.schemes import LONGEST_WINDOW
from tocsin.config.settings.forms import HOOK_SECRETS as HOOK_SECRET_PAIRS
from tocsin.config.settings.forms import NETWORKS
from tocsin.config.settings.kinds import Number, Place
from tocsin.config.settings.setting import Secrecy, Setting

_DAY: Final = timedelta(days=1)
_LONGEST: Final = 36_500

MAPPINGS: Final = Setting(
    key="intake.mappings",
    variable="TOCSIN_INTAKE_MAPPINGS",
    option="--mappings",
    kind=Place("a folder"),
    meaning="Folder with mapping files of your own; each stands in the place of the shipped one of its name.",
    used_by=("intake", "up", "dlq"),
    optionless=("dlq list", "dlq show", "dlq pass-over"),
)
HOOK_SECRETS: Final = Setting(
    key="intake.secrets",
    variable="TOCSIN_INTAKE_SECRETS",
    kind=HOOK_SECRET_PAIRS,
    meaning="What helpdesks sign with, as HOOK=SECRET, blanks or line ends between them; a hook may have several.",
    secrecy=Secrecy.WHOLE,
    used_by=("up", "intake"),
)
HOOK_PROXIES: Final = Setting(
    key="intake.trusted_proxies",
    variable="TOCSIN_INTAKE_TRUSTED_PROXIES",
    kind=NETWORKS,
    meaning="Servers in front that may tell whose certificate they checked: addresses and networks, blanks or commas "
    "between them.",
    default="127.0.0.0/8 ::1",
    used_by=("up", "intake"),
)
KEEP_DELIVERIES: Final = Setting(
    key="intake.keep_deliveries",
    variable="TOCSIN_INTAKE_KEEP_DELIVERIES",
    # What is forgotten earlier could be replayed with a signature that still counts.
    kind=Number(ceil(LONGEST_WINDOW / _DAY), _LONGEST),
    meaning="Days for which a webhook's delivery is known again: longer than any helpdesk repeats one.",
    default=Retention().deliveries / _DAY,
    used_by=("up", "intake"),
)
KEEP_STATES: Final = Setting(
    key="intake.keep_states",
    variable="TOCSIN_INTAKE_KEEP_STATES",
    kind=Number(1, _LONGEST),
    meaning="Days after the last post of a ticket for which its state is known; a later post is a first sight.",
    default=Retention().states / _DAY,
    used_by=("up", "intake"),
)
