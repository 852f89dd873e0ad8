"""Rulebooks for tests, built from what a rule file would say, so that names and types are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from adapters.rule_files.load import default_base
from engine.rulebook.build import Base, build_rulebook
from engine.rulebook.rulebook import Rulebook
from schemas.rule_file import RuleFile
from schemas.vocabulary import Trigger

_FORMS = {trigger.value: {"template": f"any/{trigger.value}"} for trigger in Trigger}
DEFAULTS: Mapping[str, Any] = {"contacts": _FORMS, "collaborators": _FORMS, "fax": {"template": "any/fax"}}


CALENDARS: Mapping[str, Any] = {
    "support": {"time_zone": "Europe/Paris", "open": {"mon-fri": "09:00-18:00"}},
    "night": {"time_zone": "Europe/Paris", "open": {"mon-sun": "00:00-06:00"}},
}


def rulebook_of(rules: Sequence[Mapping[str, Any]], settings: Mapping[str, Any] | None = None) -> Rulebook:
    """The rulebook of a file with these rules, which need only what matters. Raises RulebookError."""
    named = [{"rule": f"rule-{index}", **rule} for index, rule in enumerate(rules)]
    content = {"defaults": DEFAULTS, "rules": named, "settings": settings, "calendars": CALENDARS}
    return build_rulebook(msgspec.convert(content, RuleFile), digest="test")


@cache
def base() -> Base:
    """What a rule file starts from that extends the default one."""
    return default_base()
