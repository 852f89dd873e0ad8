"""What the services share: who they are, where they keep what must not be forgotten, and what they follow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from tocsin.cli.settled import by_default, option
from tocsin.config.settings.declared.processes import DATA, DIRECTORY, INSTANCE_NAME, RULES
from tocsin.config.settings.declared.processes import STOP_WITHIN as WITHIN

InstanceOption = Annotated[str, option(INSTANCE_NAME)]
FolderOption = Annotated[Path, option(DATA)]
RulesInForceOption = Annotated[Path | None, option(RULES)]
StopWithinOption = Annotated[float, option(WITHIN)]
FollowedDirectoryOption = Annotated[Path, option(DIRECTORY)]

STOP_WITHIN: Final = by_default(WITHIN)
