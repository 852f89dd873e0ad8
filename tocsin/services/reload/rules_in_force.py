"""The rules of a running engine: rules, checked, tested, swapped between two batches.

Where anything is wrong with the files as they are now, the last good rules stay in force.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

import structlog

from adapters.durable_rules.matcher import DurableMatcher
from adapters.files.shortage import ADVICE, runs_short
from adapters.files.signature import Signature, settled, signature_of
from adapters.jinja.sources import template_files
from adapters.rule_files.load import DEFAULT_FILE, template_folders
from adapters.yaml_files.faults import Fault, FaultyFileError
from engine.ports import RulesInForce
from tocsin.authoring.deciding import SteadfastMatcher
from tocsin.authoring.rule_tests.reading import files_of_tests
from tocsin.services.reload.checked_rules import Checking, Loaded, load_checked, reloaded
from tocsin.services.reload.kept_rules import KeptRules, KeptRulesError

log = structlog.get_logger()


class ReloadOutcome(StrEnum):
    """What became of a change of the rule files."""

    APPLIED = "applied"
    """The new rules are in force."""
    UNCHANGED = "unchanged"
    """The files were written anew with what they held before."""
    REFUSED = "refused"
    """Something is wrong with them: the last good rules stay in force."""
    UNSETTLED = "unsettled"
    """They went on changing while they were looked at: they are looked at again with the next batch."""
    UNSEEN = "unseen"
    """They could not be looked at, for want of descriptors or a disk: likewise. Counted once for looks in a row."""


class ReloadingRules:
    """A RulesSource on a rule file and its templates and tests. It belongs to one thread.

    `on_change` is called after each reload, also after one that was refused: `faults` then holds what is wrong with the
    files as they are now. `reloads` counts them by outcome, `last` is the last one. What `load` raises refuses a
    reload; `pause` waits between two looks at files that are perhaps being written. `kept` keeps the last good rules
    for the next start.
    """

    def __init__(
        self,
        path: Path | None,
        on_change: Callable[[ReloadingRules], None],
        load: Callable[[Path | None], Loaded] = load_checked,
        pause: Callable[[float], None] = time.sleep,
        kept: KeptRules | None = None,
    ) -> None:
        """Load the rules. Where they are refused, the last good ones that were kept are used, and `kept_since` says so.

        Raises FaultyFileError where there are none.
        """
        self._path = path
        self._on_change = on_change
        self._load = load
        self._pause = pause
        # The default rules come with the program, and are good.
        self._kept = kept if path is not None else None
        self.kept_since: datetime | None = None
        """When the rules in force were kept for a start; None where they were read from the files."""
        self.not_kept: str | None = None
        """Why the rules in force could not be kept for a start; None where they are, or need not be."""
        self.unseen: str | None = None
        """Why the files can't be looked at now; None where they can."""
        self.faults: list[Fault] = []
        self.reloads: Counter[ReloadOutcome] = Counter()
        self.last: ReloadOutcome | None = None
        self._checking: Checking[Loaded] | None = None
        self._seen = self._signature()
        self._folder = template_folders(path)[0]
        self.loaded = self._first()
        self._matcher = DurableMatcher(self.loaded.rulebook)
        self._in_force = self._put_in_force()
        on_change(self)

    def _first(self) -> Loaded:
        try:
            loaded = self._load(self._path)
        except FaultyFileError as error:
            return self._instead(error)
        self._keep(loaded)
        return loaded

    def _instead(self, refused: FaultyFileError) -> Loaded:
        """The last good rules, in place of those that are refused at the start."""
        if self._kept is None:
            raise refused
        try:
            loaded, self.kept_since = self._kept.load()
        except KeptRulesError as error:
            log.warning("no_kept_rules", said=str(error))
            raise refused from None
        self.faults = refused.faults
        self.last = ReloadOutcome.REFUSED
        self.reloads[self.last] += 1
        named = [f"{fault.file}:{fault.line}: {fault.said}" for fault in self.faults]
        log.warning("kept_rules_in_force", kept=loaded.rulebook.digest, since=self.kept_since.isoformat(), faults=named)
        return loaded

    def _keep(self, loaded: Loaded) -> None:
        if self._kept is not None and self._path is not None:
            self.not_kept = self._kept.keep(self._path, loaded)

    @property
    def refusals(self) -> int:
        """How many changes were refused."""
        return self.reloads[ReloadOutcome.REFUSED]

    @property
    def named_faults(self) -> list[str]:
        """What is wrong with the files as they are now: file, line, column, and what to do."""
        named = [f"{fault.file}:{fault.line}:{fault.column}: {fault.said}" for fault in self.faults]
        return named if self.unseen is None else [*named, f"{self._file}: {self.unseen}"]

    def current(self) -> RulesInForce:
        """See engine.ports.RulesSource."""
        has_changed, unseen = self._look()
        if unseen != self.unseen:
            self._see(unseen)
        if unseen is None and (has_changed or self._checking is not None):
            try:
                outcome = self._reload()
            except OSError:
                # The files could be looked at a moment ago, and can't be now.
                outcome = self._later()
            if outcome is not None:
                self.last = outcome
                self.reloads[outcome] += 1
                self._on_change(self)
        return self._in_force

    def close(self) -> None:
        """End the rule engine's process."""
        self._matcher.close()

    def _look(self) -> tuple[bool, str | None]:
        """Whether the files changed; and why nobody can say, where that is so."""
        try:
            has_changed = self._signature() != self._seen
        except OSError as error:
            return False, ADVICE if runs_short() else f"can't be looked at: {error.strerror or error}"
        # Files that can't be read for want of descriptors would be refused, and not be read again until they change.
        return has_changed, ADVICE if has_changed and runs_short() else None

    def _see(self, unseen: str | None) -> None:
        self.unseen = unseen
        if unseen is None:
            log.info("rules_seen_again")
            self.last = None
        else:
            log.warning("rules_unseen", said=unseen)
            self.last = ReloadOutcome.UNSEEN
            self.reloads[self.last] += 1
        self._on_change(self)

    def _reload(self) -> ReloadOutcome | None:
        """What became of the change; None while it is being checked."""
        if self._checking is None:
            # Editors write files in steps; a file that is half written must not be checked.
            signature = settled(self._signature, self._pause)
            if signature is None:
                return self._later()
            self._checking = Checking(signature, partial(reloaded, self._path, self._folder, self._load))
        checking = self._checking
        if not checking.has_ended():
            return None
        self._checking, signature = None, checking.signature
        try:
            loaded = checking.result()
        except FaultyFileError as error:
            faults: list[Fault] = error.faults
            loaded = None
        else:
            faults = []
        # Files that changed while they were read may be of two versions.
        if self._signature() != signature or (loaded is None and runs_short()):
            return self._later()
        self._seen, self.faults = signature, faults
        if loaded is None:
            named = [f"{fault.file}:{fault.line}: {fault.said}" for fault in faults]
            log.warning("rules_refused", kept=self.loaded.rulebook.digest, faults=named)
            return ReloadOutcome.REFUSED
        return self._swap(loaded)

    def _swap(self, loaded: Loaded) -> ReloadOutcome:
        """Put other rules in force, in a new process of the rule engine: a process can't unload its rules."""
        self._folder = template_folders(self._path)[0]
        self.kept_since = None
        if loaded.digest == self.loaded.digest:
            # The files hold what is in force, so this is the moment to try once more to keep it.
            if self.not_kept is not None:
                self._keep(loaded)
            return ReloadOutcome.UNCHANGED
        self._matcher.close()
        self.loaded = loaded
        self._matcher = DurableMatcher(loaded.rulebook)
        self._in_force = self._put_in_force()
        self._keep(loaded)
        return ReloadOutcome.APPLIED

    def _later(self) -> ReloadOutcome:
        log.info("rules_unsettled", kept=self.loaded.rulebook.digest)
        return ReloadOutcome.UNSETTLED

    def _put_in_force(self) -> RulesInForce:
        rulebook = self.loaded.rulebook
        log.info("rules_in_force", rulebook=rulebook.digest, rules=len(rulebook.names))
        return RulesInForce(rulebook, SteadfastMatcher(self._matcher))

    def _signature(self) -> Signature:
        templates = [file for folder in template_folders(self._path) for file in template_files(folder)]
        return signature_of([self._file, *_tests(self._file), *templates])

    @property
    def _file(self) -> Path:
        return self._path or DEFAULT_FILE


def _tests(file: Path) -> list[Path]:
    try:
        return files_of_tests(file.parent, file)
    except OSError:
        return []
