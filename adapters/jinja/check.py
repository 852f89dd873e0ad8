"""Checks a templates folder before it is used: names, languages, and a trial on made-up tickets."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from adapters.jinja.environment import TemplateEnvironment
from adapters.jinja.fields import Readership
from adapters.jinja.names import name_problems
from adapters.jinja.pieces import parse_with_uses
from adapters.jinja.problems import Problem
from adapters.jinja.renderer import JinjaRenderer
from adapters.jinja.samples import Sample, digest_samples, samples
from adapters.jinja.sources import TemplateFile, TemplateSources, file_of, is_piece, read_sources
from adapters.shipped import TEMPLATES
from schemas.digest import ExternalDigest, InternalDigest
from schemas.finding import FindingCode
from schemas.job import ExternalContext, InternalContext
from schemas.rule_file import CustomFieldSettings
from schemas.suggestion import closest
from schemas.vocabulary import Audience, MessageFormat
from sender.ports import Part, TemplateFaultError

DIGEST: Final = "digest"
"""The name of templates of digests, in whatever folder."""

CustomFields = Mapping[str, CustomFieldSettings]


class TemplateUse(Struct, frozen=True):
    """A template that the rule file names: for which audience, in which format, and whether digests use it."""

    template: str
    audience: Audience
    format: MessageFormat
    digest: bool = False


def template_problems(
    folder: Path, languages: Collection[str], fields: CustomFields | None = None, uses: Collection[TemplateUse] = ()
) -> list[Problem]:
    """All that is wrong with a templates folder; empty where nothing is.

    `languages` are those in which the rule file says there are templates, `fields` the custom fields that it declares,
    `uses` the templates that it names. Raises OSError where the folder can't be read.
    """
    return source_problems(read_sources(folder), languages, fields, uses)


def source_problems(
    sources: TemplateSources,
    languages: Collection[str],
    fields: CustomFields | None = None,
    uses: Collection[TemplateUse] = (),
    check: FileCheck | None = None,
) -> list[Problem]:
    """The same for a snapshot that has been read, so that what is checked is what is used.

    `check` reads and tries one file, in this process or in a child, which a template may crash. Of a lower folder only
    files that are used are tried, since one's own pieces may not be meant for the others. Where its files do not depend
    on those above (`shipped_alone`), none is tried here.
    """
    found = [
        Problem(path, None, message, FindingCode.UNREADABLE_TEMPLATE) for path, message in sources.unreadable.items()
    ]
    found += _wrong_file_names(sources)
    found += _missing_files(sources, languages, uses)
    checked = check or TemplateCheck(sources).problems
    alone = frozenset() if sources.shipped_alone is None else sources.below
    used = {use.template for use in uses}
    for path in filter(is_piece, sources.texts):
        if path not in sources.below:
            found += checked(path, Subject([], {}))
    for file in _template_files(sources):
        if file.path not in sources.below or (file.path not in alone and file.template in used):
            subject = _subject(file.template, uses, fields or {})
            if _is_internal_as_shipped(file, sources) and Audience.CONTACTS in {*subject.audiences, *subject.digests}:
                found.append(_for_collaborators(file.template, sources))
                own = [Audience.COLLABORATORS]
                subject = replace(subject, audiences=own * bool(subject.audiences), digests=own * bool(subject.digests))
            found += checked(file.path, subject)
    return sorted(set(found), key=lambda one: (one.file, one.line or 0, one.message))


def _is_internal_as_shipped(file: TemplateFile, sources: TemplateSources) -> bool:
    return sources.folders.get(file.path) == TEMPLATES and file.template.startswith("internal/")


def _for_collaborators(template: str, sources: TemplateSources) -> Problem:
    """One problem in the place of one for each internal field, in files that nobody but the product's makers mend."""
    files = [file for file in _template_files(sources) if file.template == template]
    other = template.replace("internal/", "external/", 1)
    there = any(file.template == other for file in _template_files(sources))
    message = f"template `{template}` shows what is internal: it can't be in a message to contacts"
    advice = f"write `{other}`" if there else "name one for contacts"
    return Problem(files[0].path, None, message, FindingCode.INTERNAL_FIELD, suggestion=advice)


class Subject(Struct, frozen=True):
    """For whom a file is checked, and the custom fields of the rule file. Without an audience it is only read: a piece.

    `audiences` read messages by it, `digests` are those who read digests by it.
    """

    audiences: list[Audience]
    fields: CustomFields
    digests: list[Audience] = []


FileCheck = Callable[[str, Subject], Iterable[Problem]]
"""All that is wrong with the file of this path."""


class TemplateCheck:
    """Reads the files of a snapshot and tries templates on made-up tickets, in this process."""

    def __init__(self, sources: TemplateSources) -> None:
        self._renderer = JinjaRenderer(sources)
        self._environment = TemplateEnvironment(sources)
        self._known: set[tuple[str, int | None]] = set()

    def problems(self, path: str, subject: Subject) -> Iterator[Problem]:
        """See FileCheck. A syntax error in a piece is also found with each file that uses the piece."""
        file = file_of(path)
        if file is None:
            yield from parse_with_uses(self._environment, path, {})
            return
        for audience in subject.audiences:
            readable = _readable(audience, subject.fields)
            context = ExternalContext if audience is Audience.CONTACTS else InternalContext
            yield from self._named(path, Readership(context, frozenset(readable), frozenset(subject.fields)))
            yield from self._tried(file, samples(context, readable, file.language))
        for audience in subject.digests:
            digest = ExternalDigest if audience is Audience.CONTACTS else InternalDigest
            yield from self._named(path, Readership(digest, frozenset(), frozenset(subject.fields)))
            yield from self._tried(file, digest_samples(digest, file.language))

    def _named(self, path: str, readership: Readership) -> Iterator[Problem]:
        for problem in name_problems(self._environment, path, readership):
            self._known.add((problem.file, problem.line))
            yield problem

    def _tried(self, file: TemplateFile, tickets: Iterable[Sample]) -> Iterator[Problem]:
        """What goes wrong when the template runs: one problem for each line that has none yet."""
        for sample in tickets:
            try:
                self._renderer.render(file.template, file.language, file.part, sample.variables)
            except TemplateFaultError as fault:
                if (fault.name, fault.line) not in self._known:
                    self._known.add((fault.name, fault.line))
                    yield _failure(fault, sample.words)
                # A template that exceeds a limit takes its full time, and would on every further ticket.
                if fault.reason in ("LimitError", "RecursionError"):
                    return


def _template_files(sources: TemplateSources) -> list[TemplateFile]:
    return sorted(file for file in map(file_of, sources.texts) if file is not None)


def _wrong_file_names(sources: TemplateSources) -> Iterator[Problem]:
    for path in sources.texts:
        if not path.endswith((".txt.j2", ".html.j2")) or (not is_piece(path) and file_of(path) is None):
            yield Problem(
                path,
                None,
                "a template's file is named NAME.LANGUAGE.txt.j2 or NAME.LANGUAGE.html.j2; "
                "a piece that others use is named _NAME.txt.j2 or _NAME.html.j2",
                FindingCode.TEMPLATE_FILE_NAME,
                suggestion="rename it",
            )


def _missing_files(
    sources: TemplateSources, languages: Collection[str], uses: Collection[TemplateUse]
) -> Iterator[Problem]:
    files = _template_files(sources)
    in_html = {file.template for file in files if file.part is Part.HTML}
    in_html |= {use.template for use in uses if use.format is MessageFormat.HTML}
    # The product's own templates need not be there in every language of the rule file, unless it names them.
    own = {file.template for file in files if file.path not in sources.below}
    there = _there(sources)
    for template in sorted(own | {use.template for use in uses}):
        if template not in there and languages:
            yield _no_template(template, languages, sources)
        for language in languages if template in there else ():
            for part in (Part.TEXT, Part.HTML) if template in in_html else (Part.TEXT,):
                path = TemplateFile(template, language, part).path
                if path not in sources.texts and path not in sources.unreadable:
                    what = "text" if part is Part.TEXT else "HTML"
                    message = f"template `{template}` has no {what} part in language `{language}`"
                    yield Problem(path, None, message, FindingCode.MISSING_TEMPLATE)


def _there(sources: TemplateSources) -> set[str]:
    """The templates of which there is a file, be it one that can't be read."""
    paths = (*sources.texts, *sources.unreadable)
    return {file.template for file in map(file_of, paths) if file is not None}


def _no_template(template: str, languages: Collection[str], sources: TemplateSources) -> Problem:
    """One problem for all files of a template that is not there at all."""
    paths = [TemplateFile(template, language, Part.TEXT).path for language in languages]
    meant = _advice(template, sources)
    files = f"a new one begins with the files {', '.join(paths)} in the folder `templates`"
    # Nothing is to be created for a name that no file can have.
    advice = f"{meant} Else {files}" if meant.endswith("?") and file_of(paths[0]) is not None else meant or files
    message, code = f"there is no template `{template}`", FindingCode.MISSING_TEMPLATE
    return Problem(paths[0], None, message, code, suggestion=advice, absent=template)


def _advice(template: str, sources: TemplateSources) -> str:
    """Another template that was perhaps meant, or the file that was meant for this one and has a wrong name."""
    misnamed = sorted(path for path in sources.texts if path.startswith(f"{template}.") and file_of(path) is None)
    if misnamed:
        return f"the name of `{misnamed[0]}` lacks its language, or what it is: rename it"
    there = _there(sources)
    meant = sorted(one for one in there if _is_meant(template, one))
    # All templates of a folder have its name in common, which makes none of them alike.
    alike = [one for one in there if closest(_leaf(template), [_leaf(one)])]
    return f"did you mean `{'` or `'.join(meant)}`?" if meant else closest(template, alike)


_ENDING: Final = re.compile(r"[._-][A-Za-z]{2,4}(?:-[A-Za-z0-9]+)*(?:\.(?:txt|html))?(?:\.j2)?")
"""What may stand behind the name by mistake: a language, and what the names of files end with."""


def _is_meant(written: str, template: str) -> bool:
    """Whether the folder was left out, or only the / behind it, or whether an ending was added."""
    if template.endswith(f"/{written}") or template.replace("/", "") == written:
        return True
    return written.startswith(template) and _ENDING.fullmatch(written.removeprefix(template)) is not None


def _leaf(template: str) -> str:
    return template.rpartition("/")[2]


def _subject(template: str, uses: Collection[TemplateUse], fields: CustomFields) -> Subject:
    """Who may read messages and digests by a template. One that nobody names is of digests if it is called so."""
    own = [use for use in uses if use.template == template]
    digests, messages = [use for use in own if use.digest], [use for use in own if not use.digest]
    is_of_digests = bool(digests) if own else template.rpartition("/")[2] == DIGEST
    return Subject(
        audiences=[] if is_of_digests and not messages else _audiences(template, messages),
        fields=fields,
        digests=_audiences(template, digests) if is_of_digests else [],
    )


def _audiences(template: str, uses: Collection[TemplateUse]) -> list[Audience]:
    """Who may read a template: those for whom it is used, and contacts where it lies in a folder for them."""
    audiences = {use.audience for use in uses if use.template == template}
    if template.startswith(("external/", "fax/")):
        audiences.add(Audience.CONTACTS)
    # A folder of another name counts as one for contacts: nothing internal may reach them.
    if not audiences:
        audiences.add(Audience.COLLABORATORS if template.startswith("internal/") else Audience.CONTACTS)
    return sorted(audiences)


def _readable(audience: Audience, fields: CustomFields) -> CustomFields:
    """The custom fields that this audience may see."""
    return {name: field for name, field in fields.items() if field.external or audience is Audience.COLLABORATORS}


def _failure(fault: TemplateFaultError, sample: str) -> Problem:
    # The cause may quote values. Those of a real ticket are not shown, but here they are made up.
    message = f"fails on {sample}: {fault.__cause__ or fault.reason}"
    advice = 'ask `is defined` first, or add `|default("")`' if fault.reason == "UndefinedError" else ""
    return Problem(fault.name, fault.line, message, FindingCode.TEMPLATE_FAILS, suggestion=advice)
