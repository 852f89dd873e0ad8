"""Rules that may be put in force: loaded, checked with their templates, tested; in a thread, as that may take long."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Final, Generic, TypeVar

from msgspec import Struct

from adapters.files.signature import Signature
from adapters.jinja.sources import TemplateSources, read_sources
from adapters.rule_files.load import DEFAULT_FILE, read_rule_file, template_folders
from adapters.yaml_files.faults import Fault, FaultyFileError
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
    """Load a rule file and its templates, and run the tests beside it. Raises FaultyFileError with every fault."""
    reading = read_rule_file(path)
    rulebook, source = reading.rulebook, reading.source
    if reading.faults or rulebook is None or source is None:
        raise FaultyFileError(reading.faults)
    folders = template_folders(path)
    try:
        templates = read_sources(*folders)
    except OSError as error:
        raise _unreadable(folders[0], error) from None
    faults = template_faults(templates, rulebook, source)
    if faults:
        raise FaultyFileError(faults)
    # Last: tests run the decision, and would fail for any fault above.
    failed = tests(path, rulebook)
    if failed:
        raise FaultyFileError(failed)
    return Loaded(rulebook, templates)


def _unreadable(folder: Path, error: OSError) -> FaultyFileError:
    message = f"the templates can't be read: {error.strerror}"
    return FaultyFileError([Fault(str(folder), 1, 1, message, code=FindingCode.UNREADABLE_TEMPLATE)])


def reloaded(path: Path | None, folder: Path, load: Callable[[Path | None], Loaded]) -> Loaded:
    """Load rules anew, in a service that has used the templates in `folder`. Raises FaultyFileError alone."""
    if template_folders(path)[0] != folder and not folder.is_dir():
        # Where a folder is gone for a moment, every message would otherwise be swapped for the shipped one.
        message = "the templates folder is gone"
        advice = "put it back, or start anew to use the templates that come with the product"
        fault = Fault(str(folder), 1, 1, message, code=FindingCode.UNREADABLE_TEMPLATE, suggestion=advice)
        raise FaultyFileError([fault])
    try:
        return load(path)
    except FaultyFileError:
        raise
    except Exception as error:
        message = f"the rules can't be checked: {type(error).__name__}: {error}"
        file = str(path or DEFAULT_FILE)
        raise FaultyFileError([Fault(file, 1, 1, message, code=FindingCode.UNREADABLE_FILE)]) from error


PATIENCE: Final = 5.0
"""Seconds that a reload waits for its check. Hardly any takes longer, unless reading the files hangs."""

T = TypeVar("T")


class Checking(Generic[T]):
    """One check of the files with this signature, in a thread that ends with the process."""

    def __init__(self, signature: Signature, check: Callable[[], T]) -> None:
        self.signature: Final = signature
        self._check = check
        self._checked: Future[T] = Future()
        self._patience = PATIENCE
        try:
            Thread(target=self._run, name="check", daemon=True).start()
        except RuntimeError:  # where the process may have no more threads
            self._run()

    def has_ended(self) -> bool:
        """Whether the check is over. The first call waits for that, a few seconds at most."""
        patience, self._patience = self._patience, 0.0
        try:
            self._checked.exception(patience)
        except TimeoutError:
            return False
        return True

    def result(self) -> T:
        """What it found, once it has ended. Raises what the check raised."""
        return self._checked.result()

    def _run(self) -> None:
        try:
            self._checked.set_result(self._check())
        except BaseException as error:  # noqa: BLE001 - told to whoever asks for the result
            self._checked.set_exception(error)
