"""What the services share: who they are, where they keep what must not be forgotten, and what they follow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tocsin.cli.settled import option
from tocsin.settings.declared.processes import DATA, DIRECTORY, INSTANCE_NAME, RULES

InstanceOption = Annotated[str, option(INSTANCE_NAME)]
FolderOption = Annotated[Path, option(DATA)]
RulesInForceOption = Annotated[Path | None, option(RULES)]
FollowedDirectoryOption = Annotated[Path, option(DIRECTORY)]
