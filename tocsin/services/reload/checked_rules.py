"""Rules that may be put in force: loaded, checked with their templates, and tested."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from adapters.jinja.sources import TemplateSources, read_sources
from adapters.rule_files.faults import Fault, RuleFileError
from adapters.rule_files.load import load_rulebook, templates_folder
from engine.rulebook.rulebook import Rulebook
from schemas.finding import FindingCode
from tocsin.authoring.rule_tests.running import faults_of_tests
from tocsin.authoring.templates_in_use import template_faults


class Loaded(Struct, frozen=True, eq=False):
    """A rulebook that has been checked, with exactly the templates that were checked with it."""

    rulebook: Rulebook
    templates: TemplateSources

    @property
    def digest(self) -> tuple[str, str]:
        """What is in force, by name: the same for the same files."""
        return self.rulebook.digest, self.templates.digest


RuleTests = Callable[[Path | None, Rulebook], list[Fault]]
"""Runs the rule tests beside a rule file; one fault for each that fails."""


def load_checked(path: Path | None, tests: RuleTests = faults_of_tests) -> Loaded:
    """Load a rule file and its templates, and run the tests beside it. Raises RuleFileError with every fault."""
    rulebook = load_rulebook(path)
    folder = templates_folder(path)
    try:
        templates = read_sources(folder)
    except OSError as error:
        raise _unreadable(folder, error) from None
    faults = template_faults(folder, templates, rulebook)
    if faults:
        raise RuleFileError(faults)
    failed = tests(path, rulebook)
    if failed:
        raise RuleFileError(failed)
    return Loaded(rulebook, templates)


def _unreadable(folder: Path, error: OSError) -> RuleFileError:
    message = f"the templates can't be read: {error.strerror}"
    return RuleFileError([Fault(str(folder), 1, 1, message, code=FindingCode.UNREADABLE_TEMPLATE)])
