"""What helpdesks are told of messages: table `[outcomes]`."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from outcomes.posting import PostingSettings
from tocsin.config.settings.forms import ENDPOINT_SECRETS
from tocsin.config.settings.kinds import Number, Place
from tocsin.config.settings.setting import Secrecy, Setting

ENDPOINTS: Final = Setting(
    key="outcomes.endpoints",
    variable="TOCSIN_OUTCOMES_ENDPOINTS",
    option="--outcomes",
    kind=Place("a file"),
    meaning="YAML file of addresses to which it is posted what became of messages: docs/outcomes.md. Else: none.",
    used_by=("sender", "up"),
)
SECRETS: Final = Setting(
    key="outcomes.secrets",
    variable="TOCSIN_OUTCOMES_SECRETS",
    kind=ENDPOINT_SECRETS,
    meaning="What posts are signed with, as ENDPOINT=whsec_…, blanks or line ends between; all of an endpoint sign.",
    secrecy=Secrecy.WHOLE,
    used_by=("sender", "up"),
)
GIVE_UP_AFTER: Final = Setting(
    key="outcomes.give_up_after",
    variable="TOCSIN_OUTCOMES_GIVE_UP_AFTER",
    kind=Number(0.01, 30),
    meaning="Days for which a post is tried.",
    default=PostingSettings().give_up_after / timedelta(days=1),
    used_by=("sender", "up"),
)
