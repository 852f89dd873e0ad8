"""What is checked: read once, as far as it can be read, for all finders."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from adapters.files.directory_folder import LoadedDirectory, load_directory
from adapters.jinja.sources import TemplateSources, read_sources
from adapters.rule_files.load import DEFAULT_FILE, Reading, read_rule_file, template_folders
from adapters.yaml_files.faults import Fault
from engine.rulebook.rulebook import Policy, Rule
from schemas.finding import Finding, FindingCode
from schemas.problem import Problem
from tocsin.authoring.event_files import Line


class Subject:
    """A rule file (None: the shipped one), its templates, and the directory and recorded events, if they are given.

    Raises OSError where the directory can't be read at all. Events are read once.
    """

    def __init__(self, rules: Path | None, directory: Path | None = None, events: Iterable[Line] | None = None) -> None:
        self.events = events
        self.path = rules
        self.file = rules or DEFAULT_FILE
        self.reading: Reading = read_rule_file(rules)
        self.folders = template_folders(rules)
        self.directory_path = directory
        self.directory: LoadedDirectory | None = None if directory is None else load_directory(directory, True)

    @cached_property
    def templates(self) -> TemplateSources | OSError:
        """The templates, or why they can't be read."""
        try:
            return read_sources(*self.folders)
        except OSError as error:
            return error

    @property
    def policy(self) -> Policy | None:
        """The settings; None where there are none that could be read."""
        return None if self.reading.rulebook is None else self.reading.rulebook.policy

    @property
    def rules(self) -> list[Rule]:
        """The rules that have no fault of their own: of these it can be said whether they do what was meant."""
        reading = self.reading
        rules = reading.rulebook.rules if reading.rulebook is not None else ()
        # An inherited rule has no path, and no faults.
        return [rule for rule in rules if not (rule.path and rule.path[1] in reading.faulty)]

    @property
    def has_own_templates(self) -> bool:
        """Whether the templates lie beside the rule file: those that are shipped are nobody's to mend."""
        return self.path is None or self.folders[0] == self.path.parent / "templates"

    def at(self, problem: Problem) -> Finding:
        """A finding at a place of the rule file."""
        if self.reading.source is None:
            raise ValueError("a file that could not be read has no places")
        return finding(self.reading.source.fault(problem))

    def at_file(self, code: FindingCode, message: str, suggestion: str = "", file: Path | None = None) -> Finding:
        """A finding about a file as a whole; where none is named, the rule file."""
        return Finding(str(file or self.file), 1, 1, code.severity, code, "", message, suggestion)

    def at_record(self, code: FindingCode, message: str, suggestion: str, kind: str, record_id: str) -> Finding:
        """A finding about a record of the directory: at its line, where the directory's files say which that is."""
        path, loaded = self.directory_path, self.directory
        if path is None or loaded is None or (kind, record_id) not in loaded.places:
            return self.at_file(code, message, suggestion, path)
        file, line = loaded.places[kind, record_id]
        place = path / file if path.is_dir() else path
        return Finding(str(place), line, 1, code.severity, code, "", message, suggestion)


def finding(fault: Fault) -> Finding:
    """A fault as a finding."""
    offending = fault.text[fault.column - 1 : fault.column - 1 + fault.length]
    return Finding(
        fault.file,
        fault.line,
        fault.column,
        fault.code.severity,
        fault.code,
        offending,
        fault.message,
        fault.suggestion,
        fault.text,
    )
