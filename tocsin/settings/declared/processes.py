"""What the processes are told: tables `[process]`, `[engine]`, `[sender]`, `[rules]` and `[directory]`."""

from __future__ import annotations

from typing import Final

from tocsin.running.groups import ENGINE_GROUP as ENGINE_GROUP_NAME
from tocsin.running.groups import SENDER_GROUP as SENDER_GROUP_NAME
from tocsin.settings.commands import LEDGER_TOOLS
from tocsin.settings.forms import INSTANCE, LISTEN, TEXT
from tocsin.settings.kinds import Flag, Place
from tocsin.settings.setting import Setting

INSTANCE_NAME: Final = Setting(
    key="process.instance",
    variable="TOCSIN_INSTANCE",
    option="--instance",
    kind=INSTANCE,
    meaning="Name of this process among its like: its own, and the same after each restart. A lone sender needs none.",
    used_by=("engine", "sender"),
    needed_by=("engine",),
)
LISTEN_ADDRESS: Final = Setting(
    key="process.listen",
    variable="TOCSIN_LISTEN",
    option="--listen",
    kind=LISTEN,
    meaning="HOST:PORT for /livez, /readyz and /metrics. Else: none.",
    used_by=("engine", "sender"),
)
DATA: Final = Setting(
    key="process.data",
    variable="TOCSIN_DATA",
    option="--data",
    kind=Place("a folder"),
    meaning="Folder for what must not be forgotten: everything of `up`; of `sender` the ledger, unless --ledger.",
    used_by=("sender", "up", "opt-out", "emit", "dlq", *LEDGER_TOOLS),
    needed_by=("sender", "up"),
)


ENGINE_GROUP: Final = Setting(
    key="engine.group",
    variable="TOCSIN_ENGINE_GROUP",
    option="--group",
    kind=TEXT,
    meaning="The group that shares the work.",
    default=ENGINE_GROUP_NAME,
    used_by=("engine", "lag"),
)
ENGINE_HEALTH: Final = Setting(
    key="engine.health",
    variable="TOCSIN_ENGINE_HEALTH",
    option="--health",
    kind=Place("a folder"),
    meaning="Folder for health.json: rules in force, faults of rule files.",
    used_by=("engine",),
)
ENGINE_LEAVE: Final = Setting(
    key="engine.leave",
    variable="TOCSIN_ENGINE_LEAVE",
    option="--leave",
    kind=Flag(),
    meaning="When stopped, give up the place in the group: others take over at once.",
    default=False,
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
)
RULES: Final = Setting(
    key="rules.file",
    variable="TOCSIN_RULES",
    option="--rules",
    kind=Place("a file"),
    meaning="Rule file; the ten default rules where it is left out.",
    used_by=("engine", "sender", "up"),
)
DIRECTORY: Final = Setting(
    key="directory.path",
    variable="TOCSIN_DIRECTORY",
    option="--directory",
    kind=Place("a folder"),
    meaning="Folder (or file) with the directory's records, YAML or JSONL.",
    used_by=("up",),
    needed_by=("up",),
)
