"""What the console looks up in a folder of records and a rule file."""

from __future__ import annotations

from pathlib import Path

from adapters.files.directory_folder import load_directory
from adapters.rule_files.load import load_rulebook
from engine.directory.directory import Directory
from tocsin.services.console.lookup import LookupInForce

HELPDESK = Path(__file__).parents[3] / "tocsin" / "demo" / "helpdesk"


class Fixed:
    """A DirectorySource; a test may give it another directory."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    def current(self) -> Directory:
        return self.directory


def lookup_of(directory: Path = HELPDESK / "directory", rules: Path | None = HELPDESK / "rules.yaml") -> LookupInForce:
    """A lookup that is open."""
    rulebook = load_rulebook(rules)
    made = LookupInForce()
    made.open(Fixed(load_directory(directory).directory), lambda: rulebook)
    return made
