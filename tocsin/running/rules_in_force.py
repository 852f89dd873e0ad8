"""The rules of a running engine: watched, checked, swapped between two batches; the last good ones stay in force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from msgspec import Struct

from adapters.durable_rules.matcher import DurableMatcher
from adapters.files.signature import Signature, signature_of
from adapters.jinja.sources import TemplateSources, read_sources
from adapters.rule_files.faults import Fault, RuleFileError
from adapters.rule_files.load import DEFAULT_FILE, load_rulebook, templates_folder
from engine.ports import RulesInForce
from engine.rulebook.rulebook import Rulebook
from tocsin.deciding import SteadfastMatcher
from tocsin.running.health import Health
from tocsin.templates import template_faults

log = structlog.get_logger()


class Loaded(Struct, frozen=True):
    """A rulebook that has been checked, with exactly the templates that were checked with it."""

    rulebook: Rulebook
    templates: TemplateSources


def load_checked(path: Path | None) -> Loaded:
    """Load a rule file and its templates. Raises RuleFileError with every fault."""
    rulebook = load_rulebook(path)
    folder = templates_folder(path)
    try:
        templates = read_sources(folder)
    except OSError as error:
        raise RuleFileError([Fault(str(folder), 1, 1, f"the templates can't be read: {error.strerror}")]) from None
    faults = template_faults(folder, templates, rulebook)
    if faults:
        raise RuleFileError(faults)
    return Loaded(rulebook, templates)


def health_of(watched: WatchedRules, now: datetime) -> Health:
    """How the rules stand, for the health file."""
    faults = [f"{fault.file}:{fault.line}:{fault.column}: {fault.said}" for fault in watched.faults]
    return Health(now, watched.loaded.rulebook.digest, watched.refusals, faults)


class WatchedRules:
    """A RulesSource on a rule file and its templates. It belongs to one thread.

    `on_change` is called after each reload, also after one that was refused: `faults` then holds what is wrong with the
    files as they are now. `refusals` counts those.
    """

    def __init__(self, path: Path | None, on_change: Callable[[WatchedRules], None]) -> None:
        """Load the rules. Raises RuleFileError: at the start there are no good ones that could stay in force."""
        self._path = path
        self._on_change = on_change
        self._seen = self._signature()
        self.faults: list[Fault] = []
        self.refusals = 0
        self.loaded = load_checked(path)
        self._matcher = DurableMatcher(self.loaded.rulebook)
        self._in_force = self._put_in_force()

    def current(self) -> RulesInForce:
        """See engine.ports.RulesSource."""
        signature = self._signature()
        if signature != self._seen:
            self._seen = signature
            self._reload()
        return self._in_force

    def close(self) -> None:
        """End the rule engine's process."""
        self._matcher.close()

    def _reload(self) -> None:
        try:
            loaded = load_checked(self._path)
        except RuleFileError as error:
            self.faults = error.faults
            self.refusals += 1
            named = [f"{fault.file}:{fault.line}: {fault.said}" for fault in error.faults]
            log.warning("rules_refused", kept=self.loaded.rulebook.digest, faults=named)
            self._on_change(self)
            return
        self._matcher.close()
        self.loaded, self.faults = loaded, []
        self._matcher = DurableMatcher(loaded.rulebook)
        self._in_force = self._put_in_force()

    def _put_in_force(self) -> RulesInForce:
        rulebook = self.loaded.rulebook
        log.info("rules_in_force", rulebook=rulebook.digest, rules=len(rulebook.rules))
        self._on_change(self)
        return RulesInForce(rulebook, SteadfastMatcher(self._matcher))

    def _signature(self) -> Signature:
        file = self._path or DEFAULT_FILE
        return signature_of([file, *sorted(templates_folder(self._path).rglob("*.j2"))])
