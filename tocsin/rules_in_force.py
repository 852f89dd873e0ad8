"""The rules of a running engine.

Watched, checked, and swapped between two batches; the last good ones stay in force.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from adapters.durable_rules.matcher import DurableMatcher
from adapters.rule_files.faults import Fault, RuleFileError
from adapters.rule_files.load import DEFAULT_FILE, load_rulebook, templates_folder
from engine.ports import RulesInForce
from engine.rulebook.rulebook import Rulebook
from tocsin.deciding import SteadfastMatcher

log = structlog.get_logger()

TemplateCheck = Callable[[Path, Rulebook], list[Fault]]
OnSwap = Callable[[Rulebook], None]


class WatchedRules:
    """A RulesSource on a rule file and its templates. It belongs to one thread.

    `faults` holds what is wrong with the files as they are now, `refusals` counts the times that they were refused.
    """

    def __init__(self, path: Path | None, check: TemplateCheck, on_swap: OnSwap | None = None) -> None:
        """Load the rules. Raises RuleFileError: at the start there are no good ones that could stay in force."""
        self._path = path
        self._check = check
        self._on_swap = on_swap or (lambda _rulebook: None)
        self._seen = self._signature()
        self._matcher, self._in_force = self._load()
        self.faults: list[Fault] = []
        self.refusals = 0

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
            matcher, in_force = self._load()
        except RuleFileError as error:
            self.faults = error.faults
            self.refusals += 1
            kept = self._in_force.rulebook.digest
            log.warning(
                "rules_refused", kept=kept, faults=[f"{one.file}:{one.line}: {one.message}" for one in error.faults]
            )
            return
        self._matcher.close()
        self._matcher, self._in_force, self.faults = matcher, in_force, []
        self._on_swap(in_force.rulebook)

    def _load(self) -> tuple[DurableMatcher, RulesInForce]:
        rulebook = load_rulebook(self._path)
        faults = self._check(templates_folder(self._path), rulebook)
        if faults:
            raise RuleFileError(faults)
        matcher = DurableMatcher(rulebook)
        log.info("rules_in_force", rulebook=rulebook.digest, rules=len(rulebook.rules))
        return matcher, RulesInForce(rulebook, SteadfastMatcher(matcher))

    def _signature(self) -> tuple[tuple[str, int, int], ...]:
        file = self._path or DEFAULT_FILE
        files = [file, *sorted(templates_folder(self._path).rglob("*.j2"))]
        return tuple(_mark(one) for one in files)


def _mark(file: Path) -> tuple[str, int, int]:
    try:
        status = file.stat()
    except OSError:
        return (str(file), 0, -1)
    return (str(file), status.st_mtime_ns, status.st_size)
