"""What is offered by HTTP to other systems: table `[http]`."""

from __future__ import annotations

from typing import Final

from tocsin.config.settings.commands import INTAKE_TOOLS
from tocsin.config.settings.forms import LISTEN, TOKEN
from tocsin.config.settings.kinds import Flag, Number, Place, Whole
from tocsin.config.settings.setting import Secrecy, Setting

HTTP_LISTEN: Final = Setting(
    key="http.listen",
    variable="TOCSIN_HTTP",
    option="--http",
    kind=LISTEN,
    meaning="HOST:PORT of plain HTTP to which events are posted; that of --listen may be the same. Else: none.",
    used_by=("up", "intake"),
    optionless=INTAKE_TOOLS,
)
HTTP_TOKEN: Final = Setting(
    key="http.token",
    variable="TOCSIN_HTTP_TOKEN",
    kind=TOKEN,
    meaning="The first token, which allows everything: 16 or more letters, digits and -._~+/=. With http.listen, this "
    "or http.tokens is needed.",
    secrecy=Secrecy.WHOLE,
    used_by=("up", "intake"),
)
HTTP_TOKENS: Final = Setting(
    key="http.tokens",
    variable="TOCSIN_HTTP_TOKENS",
    option="--http-tokens",
    kind=Place("a file"),
    meaning="YAML file of further tokens, each with a name, the SHA-256 of its secret, and scopes: docs/http.md.",
    used_by=("up", "intake"),
    optionless=INTAKE_TOOLS,
)
HTTP_RATE: Final = Setting(
    key="http.rate",
    variable="TOCSIN_HTTP_RATE",
    kind=Number(0.1),
    meaning="Requests a second of each token, and posts a second of each hook; 20 seconds' worth may come at once.",
    default=1_000.0,
    used_by=("up", "intake"),
)
HTTP_PREVIEW: Final = Setting(
    key="http.preview",
    variable="TOCSIN_HTTP_PREVIEW",
    option="--preview",
    kind=Flag(),
    meaning="Of `intake serve`: answer who would be told before a ticket is saved. It then holds the directory in "
    "memory, as engines do, and reads the rule file.",
    default=False,
    used_by=("intake",),
    optionless=INTAKE_TOOLS,
)
HTTP_POSTS: Final = Setting(
    key="http.posts",
    variable="TOCSIN_HTTP_POSTS",
    kind=Whole(1),
    meaning="Posts that are worked on or wait at once; beyond that number, the answer is 503.",
    default=128,
    used_by=("up", "intake"),
)
HTTP_PROCESSOR: Final = Setting(
    key="http.processor",
    variable="TOCSIN_HTTP_PROCESSOR",
    kind=Number(5, 100),
    meaning="Percent of one processor that answering may take at most. Else: 50 of `up`, which also decides "
    "and sends; 100 of `intake serve`.",
    used_by=("up", "intake"),
)
