"""`tocsin preview`: a message as it would be rendered."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import Struct
from msgspec.structs import replace

from adapters.browser.picture import picture
from adapters.files.directory_folder import load_directory
from adapters.jinja.check import TemplateUse
from adapters.jinja.sources import TemplateSources, file_of, read_sources
from adapters.rule_files.load import load_rulebook, template_folders
from adapters.writing.checking import checked_templates
from engine.decide import Decision, decide
from engine.directory.directory import Directory
from engine.directory.records import Person
from engine.rulebook.rulebook import Rulebook
from schemas.finding import FindingCode
from schemas.job import BUILT_IN_FORMS, PersonRef
from schemas.mailbox import mailbox
from schemas.suggestion import nearest
from schemas.vocabulary import Audience, Channel, MessageFormat, PersonKind, Trigger
from tocsin.authoring.event_files import Line, read_one
from tocsin.authoring.explain.case import Case, called
from tocsin.authoring.explain.reasons import in_words
from tocsin.authoring.explain.ties import not_concerned
from tocsin.authoring.precedence import contests_of
from tocsin.authoring.preview import digests
from tocsin.authoring.preview.jobs import Reader, Shown, preview_job, reader_of, trigger_of
from tocsin.authoring.preview.rendering import Rendered, render, render_digests
from tocsin.authoring.preview.showing import page, side_by_side, size
from tocsin.cli.console import FOUND_FAULTS, say, say_lines, stop, told
from tocsin.cli.event_options import LOG, recorded
from tocsin.cli.named_records import known_person
from tocsin.cli.options import KAFKA_CREDENTIALS, Form, add_command
from tocsin.config.settings.declared.processes import DIRECTORY, RULES
from tocsin.config.settings.in_force import Settings
from tocsin.printing.tables import is_terminal

ALL: Final = "all"


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, "preview", preview, Form(RULES, ("-r",)), Form(DIRECTORY, ("-d",)), LOG, epilog=KAFKA_CREDENTIALS)


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
    events: Annotated[
        str | None,
        typer.Option(
            "--events", help="For a template of digests: file of what else happened, one event a line, or topic:NAME."
        ),
    ] = None


def preview(
    template: Annotated[str, typer.Argument(help="The template, such as external/opened.")],
    person: Annotated[str, typer.Option("--person", "-p", help="For whom: contact/ct-1, a name or an e-mail address.")],
    settings: Settings,
    wanted: Wanted,
    event: Annotated[
        Path | None, typer.Option("--event", "-e", help="File with one event; `-`: standard input.")
    ] = None,
    png: Annotated[Path | None, typer.Option("--png", help="Write a picture to this file.")] = None,
) -> None:
    """Show subject, text and HTML of a message as they would be rendered for a person. Nothing is sent.

    The person need not get it: if they would not, that is said first, and the message is shown all the same. A template
    of digests (external/digest) is shown with the messages that rules collect for the person: those of --events, and
    that of --event.

    The exit code is 1 if the template fails: the built-in text, which would be sent then, is shown.
    """
    rulebook = load_rulebook(settings[RULES])
    sources = read_sources(*template_folders(settings[RULES]))
    loaded = load_directory(settings.given(DIRECTORY))
    told(loaded)
    known = loaded.directory
    _check_template(template, wanted.channel, sources)
    of_digests = digests.is_of_digests(template, rulebook)
    if event is None and (wanted.events is None or not of_digests):
        raise typer.BadParameter("name the file of an event", param_hint="--event")
    if wanted.events is not None and not of_digests:
        raise typer.BadParameter(f"only a digest has several events, and {template} is for none", param_hint="--events")
    recalled = [] if wanted.events is None else recorded(wanted.events, settings)
    what = _Previewed(template, known_person(person, known), wanted, recalled, known, rulebook, sources)
    decision = None if event is None else _decision(event, known, rulebook)
    said, rendered = _digest(what, decision) if decision is None or of_digests else _message(what, decision)
    rendered = _in_words(rendered, what, of_digests)
    for line in (*said, ""):
        say(line)
    for lines in side_by_side(rendered, shutil.get_terminal_size().columns if is_terminal() else None):
        say_lines(lines)
    if png is not None:
        _take_picture(png, rendered)
    raise typer.Exit(FOUND_FAULTS if any(one.fault is not None for one in rendered) else 0)


class _Previewed(Struct, frozen=True):
    """What is previewed, for whom, and by what it is decided and written."""

    template: str
    person: Person
    wanted: Wanted
    events: Iterable[Line]
    directory: Directory
    rulebook: Rulebook
    sources: TemplateSources

    @property
    def languages(self) -> Sequence[str | None]:
        """The languages in which it is shown; None: those that the person would get."""
        return self.rulebook.policy.languages if self.wanted.language == ALL else (self.wanted.language,)


def _message(what: _Previewed, decision: Decision) -> tuple[list[str], list[Rendered]]:
    """Who gets one message and when, and what it looks like."""
    reader, known, rulebook = reader_of(decision, what.person), what.directory, what.rulebook
    about = what.wanted.trigger or trigger_of(decision, reader)
    shown = [Shown(about, what.wanted.channel, one) for one in what.languages]
    jobs = [preview_job(decision, reader, one, known, rulebook) for one in shown]
    lines = [*_who_gets_it(decision, reader, what.template, known, rulebook)]
    return lines, render(jobs, what.template, what.sources)


def _digest(what: _Previewed, decision: Decision | None) -> tuple[list[str], list[Rendered]]:
    """Which messages a digest collects and when it goes out, and what it looks like."""
    known, channel, person = (what.directory, what.rulebook), what.wanted.channel, what.person
    events = (line.event for line in what.events)
    decisions = (decide(one, *known, one.time) for one in events if one is not None)
    own = () if decision is None else (decision,)
    collected = digests.collect((*decisions, *own), person, channel, decision)
    lines = []
    if not collected.parts:
        if decision is None:
            stop(f"none of these events brings {called(_ref(person), known[0])} a message by {channel}", FOUND_FAULTS)
        reader = reader_of(decision, person)
        lines = [*_who_gets_it(decision, reader, what.template, *known)]
        collected = digests.only(decision, reader, channel, known)
    made = []
    for language in what.languages:
        shown = Shown(collected.parts[-1].job.trigger, channel, language)
        entries = digests.entries_of(collected, person, shown, what.template, known)
        made.append((", ".join(entries[-1].job.languages), entries))
    lines += digests.told(collected, called(_ref(person), known[0]))
    return lines, render_digests(made, what.sources)


def _in_words(rendered: list[Rendered], what: _Previewed, of_digests: bool) -> list[Rendered]:
    """The same; where a template failed since contacts are shown nothing internal, its fault says so."""
    if what.person.kind is not PersonKind.CONTACT or all(one.fault is None for one in rendered):
        return rendered
    use = TemplateUse(what.template, Audience.CONTACTS, MessageFormat.HTML, of_digests)
    found = checked_templates(what.sources, (), what.rulebook.policy.custom_fields, [use])
    internal = next((one for one in found if one.code is FindingCode.INTERNAL_FIELD), None)
    if internal is None:
        return rendered
    words = f"{_ref(what.person)} is a contact, and contacts are shown nothing internal: {internal}"
    return [one if one.fault is None else replace(one, fault=words) for one in rendered]


def _ref(person: Person) -> PersonRef:
    return PersonRef(person.kind, person.id)


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
        yield from () if (when := digests.when(job)) is None else (f"  {when}",)
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
