"""What the intake is told: table `[intake]`."""

from __future__ import annotations

from typing import Final

from tocsin.config.settings.forms import HOOK_SECRETS as HOOK_SECRET_PAIRS
from tocsin.config.settings.forms import NETWORKS
from tocsin.config.settings.kinds import Place
from tocsin.config.settings.setting import Secrecy, Setting

MAPPINGS: Final = Setting(
    key="intake.mappings",
    variable="TOCSIN_INTAKE_MAPPINGS",
    option="--mappings",
    kind=Place("a folder"),
    meaning="Folder with mapping files of your own; each stands in the place of the shipped one of its name.",
    used_by=("intake", "up"),
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
