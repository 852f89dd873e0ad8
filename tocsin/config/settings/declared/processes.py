"""What the processes are told: tables `[process]`, `[log]`, `[engine]`, `[sender]`, `[rules]` and `[directory]`."""

from __future__ import annotations

from typing import Final

from tocsin.config.groups import ENGINE_GROUP as ENGINE_GROUP_NAME
from tocsin.config.groups import SENDER_GROUP as SENDER_GROUP_NAME
from tocsin.config.settings.commands import INTAKE_TOOLS, JUDGES, LEDGER_TOOLS, NAMING, REPLAYERS, SERVICES
from tocsin.config.settings.forms import INSTANCE, LISTEN, TEXT
from tocsin.config.settings.kinds import Choice, Flag, Number, Place
from tocsin.config.settings.setting import Setting
from tocsin.logs.settings import LogFormat, LogLevel

INSTANCE_NAME: Final = Setting(
    key="process.instance",
    variable="TOCSIN_INSTANCE",
    option="--instance",
    kind=INSTANCE,
    meaning="Name of this process among its like: its own, and the same after each restart. A lone sender needs none.",
    used_by=("engine", "sender", "intake"),
    needed_by=("engine",),
    optionless=INTAKE_TOOLS,
)
LISTEN_ADDRESS: Final = Setting(
    key="process.listen",
    variable="TOCSIN_LISTEN",
    option="--listen",
    kind=LISTEN,
    meaning="HOST:PORT for /livez, /readyz and /metrics. Else: none.",
    used_by=("engine", "sender", "up", "intake"),
    optionless=INTAKE_TOOLS,
)
STOP_WITHIN: Final = Setting(
    key="process.stop_within",
    variable="TOCSIN_STOP_WITHIN",
    option="--stop-within",
    kind=Number(0, 86_400),
    meaning="Seconds for what is under way at a stop; what takes longer is cut (code 6). Less than the grace period.",
    default=25.0,  # below the half minute that Kubernetes and docker-compose.yml leave between SIGTERM and SIGKILL
    used_by=SERVICES,
    optionless=INTAKE_TOOLS,
)
DATA: Final = Setting(
    key="process.data",
    variable="TOCSIN_DATA",
    option="--data",
    kind=Place("a folder"),
    meaning="Folder for what must not be forgotten: everything of `up`; of `sender` the ledger, unless --ledger.",
    used_by=("sender", "up", "opt-out", "emit", "dlq", "explain", "intake", *REPLAYERS, *LEDGER_TOOLS),
    needed_by=("sender", "up"),
    optionless=("dlq pass-over", "intake try", "intake check", "intake serve"),
)


LOG_FORMAT: Final = Setting(
    key="log.format",
    variable="TOCSIN_LOG_FORMAT",
    kind=Choice(LogFormat),
    meaning="Lines of the log: json or text; where nothing is said, text on a terminal, else json.",
    used_by=SERVICES,
)
LOG_LEVEL: Final = Setting(
    key="log.level",
    variable="TOCSIN_LOG_LEVEL",
    kind=Choice(LogLevel),
    meaning="Lines from this level on: debug, info, warning, error or critical.",
    default=LogLevel.INFO,
    used_by=SERVICES,
)


ENGINE_GROUP: Final = Setting(
    key="engine.group",
    variable="TOCSIN_ENGINE_GROUP",
    option="--group",
    kind=TEXT,
    meaning="The group that shares the work.",
    default=ENGINE_GROUP_NAME,
    used_by=("engine", "lag", "dlq"),
    optionless=("lag", "dlq list", "dlq show", "dlq redrive"),
)
ENGINE_HEALTH: Final = Setting(
    key="engine.health",
    variable="TOCSIN_ENGINE_HEALTH",
    option="--health",
    kind=Place("a folder"),
    meaning="Folder for health.json and for the last good rules, which a start with refused files works by.",
    used_by=("engine",),
)
ENGINE_LEAVE: Final = Setting(
    key="engine.leave",
    variable="TOCSIN_ENGINE_LEAVE",
    option="--leave",
    kind=Flag(),
    meaning="When stopped, give up the place in the group: others take over at once. Else: if its directory is large.",
    used_by=("engine",),
)
SENDER_GROUP: Final = Setting(
    key="sender.group",
    variable="TOCSIN_SENDER_GROUP",
    option="--group",
    kind=TEXT,
    meaning="The group that reads the jobs.",
    default=SENDER_GROUP_NAME,
    used_by=("sender", "lag"),
    optionless=("lag",),  # its --group is any group on any topic
)
SENDER_LEAVE: Final = Setting(
    key="sender.leave",
    variable="TOCSIN_SENDER_LEAVE",
    option="--leave",
    kind=Flag(),
    meaning="When stopped, give up the place in the group: others take over at once.",
    default=False,
    used_by=("sender",),
)
RULES: Final = Setting(
    key="rules.file",
    variable="TOCSIN_RULES",
    option="--rules",
    kind=Place("a file"),
    meaning="Rule file; the ten default rules where it is left out.",
    used_by=("engine", "sender", "up", "test", "templates", "intake", *JUDGES),
    optionless=("intake check", "intake seed"),
)
DIRECTORY: Final = Setting(
    key="directory.path",
    variable="TOCSIN_DIRECTORY",
    option="--directory",
    kind=Place("a folder"),
    meaning="Folder (or file) with the directory's records, YAML or JSONL.",
    used_by=("up", "diff", "templates", "intake", "directory", *NAMING, *JUDGES),
    needed_by=("up", "decide", "derive", "preview", "coverage", "match"),
    optionless=(
        "person forgotten",
        "templates copy",
        "jobs show",
        "dlq show",
        "dlq pass-over",
        "intake check",
        "intake serve",
        "directory load",
        "directory diff",
        "directory check",
    ),
)
