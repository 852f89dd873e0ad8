"""`tocsin preview`: a message as it would be rendered."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct

from adapters.browser.picture import picture
from adapters.files.directory_folder import load_directory
from adapters.jinja.sources import TemplateSources, file_of, read_sources
from adapters.rule_files.load import load_rulebook, template_folders
from engine.decide import Decision, decide
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from schemas.job import BUILT_IN_FORMS
from schemas.mailbox import mailbox
from schemas.suggestion import nearest
from schemas.vocabulary import Channel, Trigger
from tocsin.authoring.event_files import read_one
from tocsin.authoring.explain.case import Case, called
from tocsin.authoring.explain.reasons import in_words
from tocsin.authoring.explain.ties import not_concerned
from tocsin.authoring.precedence import contests_of
from tocsin.authoring.preview.jobs import Reader, Shown, preview_job, reader_of, trigger_of
from tocsin.authoring.preview.rendering import Rendered, render
from tocsin.authoring.preview.showing import page, side_by_side, size
from tocsin.cli.console import FOUND_FAULTS, say, say_lines, stop, told
from tocsin.cli.named_records import known_person
from tocsin.cli.options import Form, add_command
from tocsin.config.settings.declared.processes import DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings
from tocsin.printing.tables import is_terminal

ALL: Final = "all"


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "preview", preview, Form(RULES, ("-r",)), Form(DIRECTORY, ("-d",)))


class Wanted(Struct, frozen=True):
    """Which message it is to be, where not the one that the person would get."""

    language: Annotated[
        str | None, typer.Option("--language", "-l", help="Another language alone, or `all` side by side.")
    ] = None
    trigger: Annotated[
        Trigger | None, typer.Option("--trigger", help="What the message is about. Else: what the person would get.")
    ] = None
    channel: Annotated[Channel, typer.Option("--channel", help="email, or sms, chat: cut as it would be; fax.")] = (
        Channel.EMAIL
    )


def preview(
    template: Annotated[str, typer.Argument(help="The template, such as external/opened.")],
    event: Annotated[Path, typer.Option("--event", "-e", help="File with one event; `-`: standard input.")],
    person: Annotated[str, typer.Option("--person", "-p", help="For whom: contact/ct-1, a name or an e-mail address.")],
    settings: Settings,
    wanted: Wanted,
    png: Annotated[Path | None, typer.Option("--png", help="Write a picture to this file.")] = None,
) -> None:
    """Show subject, text and HTML of a message as they would be rendered for a person. Nothing is sent.

    The person need not get it: if they would not, that is said first, and the message is shown all the same.

    The exit code is 1 if the template fails: the built-in text, which would be sent then, is shown.
    """
    rules, language, channel = settings[RULES], wanted.language, wanted.channel
    rulebook = load_rulebook(rules)
    sources = read_sources(*template_folders(rules))
    loaded = load_directory(settings.given(DIRECTORY))
    told(loaded)
    known = loaded.directory
    _check_template(template, channel, sources)
    decision = _decision(event, known, rulebook)
    reader = reader_of(decision, known_person(person, known))
    about = wanted.trigger or trigger_of(decision, reader)
    languages = rulebook.policy.languages if language == ALL else (language,)
    shown = [Shown(about, channel, one) for one in languages]
    jobs = [preview_job(decision, reader, one, known, rulebook) for one in shown]
    rendered = render(jobs, template, sources)
    for line in (*_who_gets_it(decision, reader, template, known, rulebook), ""):
        say(line)
    for lines in side_by_side(rendered, shutil.get_terminal_size().columns if is_terminal() else None):
        say_lines(lines)
    if png is not None:
        _take_picture(png, rendered)
    raise typer.Exit(FOUND_FAULTS if any(one.fault is not None for one in rendered) else 0)


def _check_template(template: str, channel: Channel, sources: TemplateSources) -> None:
    names = {found.template for found in map(file_of, sources.texts) if found is not None}
    names |= {BUILT_IN_FORMS[channel]} if channel in BUILT_IN_FORMS else set()
    if template not in names:
        stop(f"there is no template {template!r}{nearest(template, names)}", FOUND_FAULTS)


def _decision(event: Path, directory: Directory, rulebook: Rulebook) -> Decision:
    line = read_one(event, datetime.now(UTC))
    if line.event is None:
        raise line.refused or AssertionError("a line without an event was refused")
    return decide(line.event, directory, rulebook, line.event.time)


def _who_gets_it(
    decision: Decision, reader: Reader, template: str, directory: Directory, rulebook: Rulebook
) -> Iterator[str]:
    who, job = called(reader.ref, directory), reader.job
    if job is not None:
        other = "" if job.form.template == template else f", not by {template}"
        yield f"{who} gets `{job.trigger}` by {job.channel} of this event, by the template {job.form.template}{other}."
        yield from (f"  {contest.said}" for contest in contests_of(job, directory, rulebook))
        return
    entries = [skip for skip in decision.skipped if decision.reason is not None or skip.person == reader.ref]
    if not entries:
        yield f"{who} would not get this: {_unnamed(decision, reader, directory)}."
        return
    skip = max(entries, key=lambda entry: entry.reason.depth)
    words = in_words(Case(skip, decision, directory, rulebook))
    yield f"{who} would not get this: {words.why} [{skip.reason}]"


def _unnamed(decision: Decision, reader: Reader, directory: Directory) -> str:
    """Why the decision says nothing of somebody: another one got the same message, or nothing attaches them here."""
    record = directory.person(reader.ref.kind, reader.ref.id)
    mailboxes = {(mode.channel, mailbox(mode.address)) for mode in record.modes if mode.active} if record else set()
    for job in decision.jobs:
        if (job.channel, mailbox(job.address)) in mailboxes and job.person.kind is reader.ref.kind:
            return f"{called(job.person, directory)} reads the same mailbox, and gets the message"
    return f"this person {not_concerned(reader.ref, decision, directory)}"


def _take_picture(file: Path, rendered: list[Rendered]) -> None:
    file.write_bytes(picture(page(rendered), *size(rendered)))
    say("")
    say(f"{file}: a picture of {', '.join(one.language for one in rendered)}")
