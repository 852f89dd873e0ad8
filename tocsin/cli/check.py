"""`tocsin check`: everything that is wrong with rules, templates and directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from adapters.files.directory_folder import LoadedDirectory, load_directory
from adapters.jinja.sources import read_sources
from adapters.rule_files.faults import RuleFileError
from adapters.rule_files.load import load_rulebook, templates_folder
from engine.directory.directory import Directory
from engine.language import available
from engine.rulebook.rulebook import Rulebook
from schemas.mailbox import mailbox
from schemas.vocabulary import Channel, PersonKind, Trigger
from tocsin.cli.console import FOUND_FAULTS, named_failures, say
from tocsin.templates import template_faults, uses_of_customers


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    rules: Annotated[Path | None, typer.Argument(help="Rule file; the default rules where it is left out.")] = None,
    directory: Annotated[
        Path | None,
        typer.Option("--directory", "-d", help="Check the directory too, and the templates that customers name."),
    ] = None,
) -> None:
    """Name every problem of a rule file and its templates, with file, line, column and what to do.

    The exit code is 1 if there is one.

    With a directory, also its records that can't be used, and which customers lack a template or keyword of their own
    (the defaults stand in for it), and people whose language has no templates: those are remarks, no problems.
    """
    with named_failures():
        loaded = None if directory is None else load_directory(directory)
        found = (
            [] if loaded is None else [problem.shown() for problem in loaded.problems if not problem.code.is_warning]
        )
        try:
            rulebook = load_rulebook(rules)
        except RuleFileError as error:
            found = [*map(str, error.faults), *found]
        else:
            found = [*_template_faults(rules, rulebook, loaded), *found]
            for remark in _remarks(loaded, rulebook):
                say(f"remark: {remark}")
    for problem in found:
        say(problem)
    say("no problems" if not found else "1 problem" if len(found) == 1 else f"{len(found)} problems")
    raise typer.Exit(FOUND_FAULTS if found else 0)


def _template_faults(rules: Path | None, rulebook: Rulebook, loaded: LoadedDirectory | None) -> list[str]:
    folder = templates_folder(rules)
    further = () if loaded is None else uses_of_customers(loaded.directory, rulebook)
    return [str(fault) for fault in template_faults(folder, read_sources(folder), rulebook, further)]


def _remarks(loaded: LoadedDirectory | None, rulebook: Rulebook) -> Iterator[str]:
    if loaded is None:
        return
    yield from (problem.shown() for problem in loaded.problems if problem.code.is_warning)
    yield from _customers_by_default(loaded.directory)
    yield from _languages_without_templates(loaded.directory, rulebook)
    yield from _shared_mailboxes(loaded.directory)


def _customers_by_default(directory: Directory) -> Iterator[str]:
    for customer in directory.customers():
        for trigger in Trigger:
            settings = customer.alert(trigger)
            if settings is None or not settings.enabled:
                continue
            missing = [
                name
                for name, value in (("template", settings.template), ("keyword", settings.subject_keyword))
                if not value
            ]
            if missing:
                what = " and no ".join(missing)
                yield f"customer/{customer.id}: alerts.{trigger} has no {what}: the rule file's default is used"


def _languages_without_templates(directory: Directory, rulebook: Rulebook) -> Iterator[str]:
    missing: dict[str, int] = {}
    for person in directory.people():
        if person.language and language_without_templates(person.language, rulebook):
            missing[person.language] = missing.get(person.language, 0) + 1
    for language, count in sorted(missing.items()):
        default = rulebook.policy.language
        yield f"language {language} of {count} people has no templates: they get the default, {default}"


def _shared_mailboxes(directory: Directory) -> Iterator[str]:
    """Collaborators at a contact's address: what is internal is sent there whenever the contact gets nothing."""
    contacts: dict[tuple[Channel, str], str] = {}
    for person in directory.people():
        for mode in person.modes:
            key = (mode.channel, mailbox(mode.address))
            if not mode.active:
                continue
            if person.kind is PersonKind.CONTACT:
                contacts.setdefault(key, person.id)
            elif key in contacts:
                yield (
                    f"collaborator/{person.id} and contact/{contacts[key]} share a mailbox: "
                    "internal messages go there when the contact is not alerted"
                )


def language_without_templates(language: str, rulebook: Rulebook) -> bool:
    """Whether someone with this language gets the default one."""
    return available(language, rulebook.policy.languages) is None
