"""Where the files lie that come with the program and that rule authors start from: the rule file and its templates."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parents[1]
_INSTALLED: Final = _HERE / "tocsin" / "rules"

RULES: Final = _INSTALLED if _INSTALLED.is_dir() else _HERE / "rules"
"""In a checkout the folder `rules`. An installed program has it inside of `tocsin`: a package `rules` exists too."""

TEMPLATES: Final = RULES / "templates"
"""The folder of the templates that come with the product."""
