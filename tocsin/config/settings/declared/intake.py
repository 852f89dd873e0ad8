"""What the intake is told: table `[intake]`."""

from __future__ import annotations

from typing import Final

from tocsin.config.settings.kinds import Place
from tocsin.config.settings.setting import Setting

MAPPINGS: Final = Setting(
    key="intake.mappings",
    variable="TOCSIN_INTAKE_MAPPINGS",
    option="--mappings",
    kind=Place("a folder"),
    meaning="Folder with mapping files of your own; each stands in the place of the shipped one of its name.",
    used_by=("intake",),
)
