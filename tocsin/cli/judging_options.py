"""What the commands share that judge by rules and a directory: both are those of the settings unless they are named."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tocsin.cli.settled import argument, option
from tocsin.config.settings.declared.processes import DIRECTORY, RULES

RulesOption = Annotated[Path | None, option(RULES, "-r")]
RulesArgument = Annotated[Path | None, argument(RULES)]
DirectoryOption = Annotated[Path, option(DIRECTORY, "-d")]
