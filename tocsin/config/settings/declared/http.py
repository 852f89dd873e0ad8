"""What is offered by HTTP to other systems: table `[http]`."""

from __future__ import annotations

from typing import Final

from tocsin.config.settings.forms import LISTEN, TOKEN
from tocsin.config.settings.setting import Secrecy, Setting

HTTP_LISTEN: Final = Setting(
    key="http.listen",
    variable="TOCSIN_HTTP",
    option="--http",
    kind=LISTEN,
    meaning="HOST:PORT of plain HTTP to which events are posted; that of --listen may be the same. Else: none.",
    used_by=("up",),
)
HTTP_TOKEN: Final = Setting(
    key="http.token",
    variable="TOCSIN_HTTP_TOKEN",
    kind=TOKEN,
    meaning="The token of whoever posts events: 16 or more letters, digits and -._~+/=. Needed with http.listen.",
    secrecy=Secrecy.WHOLE,
    used_by=("up",),
)
