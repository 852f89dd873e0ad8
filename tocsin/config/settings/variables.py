"""Variables that look like settings and are none: a slip in a name must not go unseen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from msgspec import Struct

from schemas.suggestion import MAX_COMPARED
from tocsin.config.settings.declared import SETTINGS
from tocsin.config.settings.faults import in_one_line

PREFIX: Final = "TOCSIN_"
SETTINGS_FILE: Final = "TOCSIN_SETTINGS"
"""The variable that names the settings file."""

VARIABLES: Final = frozenset({SETTINGS_FILE, *(name for setting in SETTINGS for name in setting.variables)})

# Kubernetes sets variables about every service of a namespace, under its name. The tests have some of their own.
_OF_OTHERS: Final = re.compile(
    r"TOCSIN_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)|TOCSIN_TESTS?(_\w+)?"
)


class UnknownVariable(Struct, frozen=True):
    """A variable that sets nothing."""

    name: str

    def __str__(self) -> str:
        """Says so, and what may have been meant. Its value may be a secret, so it is not shown."""
        # The prefix that all have in common tells nothing of what was meant.
        names = {name.removeprefix(PREFIX) for name in VARIABLES}
        close = get_close_matches(self.name.removeprefix(PREFIX)[:MAX_COMPARED], sorted(names), n=1)
        meant = f": did you mean `{PREFIX}{close[0]}`?" if close else ""
        return f"{in_one_line(self.name)}: there is no such setting, so it has no effect{meant}"


def unknown_variables(names: Iterable[str]) -> list[UnknownVariable]:
    """Those among the names of the environment, in order."""
    of_ours = sorted(name for name in names if name.startswith(PREFIX) and name not in VARIABLES)
    return [UnknownVariable(name) for name in of_ours if not _OF_OTHERS.fullmatch(name)]
