"""The templates that a rule file has, each with where it comes from and who uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from adapters.jinja.sources import TemplateFile, TemplateSources, file_of, is_piece
from adapters.shipped import TEMPLATES
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from schemas.vocabulary import Channel, Trigger


class Listed(Struct, frozen=True):
    """A template or a piece: its files, by layer, and who names it (nobody knows that of a piece)."""

    name: str
    languages: Sequence[str]
    own: Sequence[str]
    shipped: Sequence[str]
    users: Sequence[str]

    @property
    def origin(self) -> str:
        """Which layer its files are from."""
        if not self.own:
            return "shipped"
        return "own" if not self.shipped else f"own ({len(self.own)} of {len(self.own) + len(self.shipped)} files)"


def listed(sources: TemplateSources, rulebook: Rulebook, directory: Directory | None) -> Iterator[Listed]:
    """Templates by name, then the pieces that they are made of."""
    files: dict[str, list[TemplateFile]] = {}
    for path in sources.texts:
        if (file := file_of(path)) is not None:
            files.setdefault(file.template, []).append(file)
    users = _users(rulebook, directory)
    for name in sorted(files):
        languages = sorted({file.language for file in files[name]})
        yield _listed(sources, name, languages, [file.path for file in files[name]], users.get(name, []))
    for path in sorted(filter(is_piece, sources.texts)):
        yield _listed(sources, path, [], [path], [])


def files_of(sources: TemplateSources, name: str) -> list[str]:
    """The paths of a template's files, or of the piece of this path; none where there is no such thing."""
    if is_piece(name):
        return [name] if name in sources.texts else []
    return sorted(path for path in sources.texts if (file := file_of(path)) is not None and file.template == name)


def _listed(
    sources: TemplateSources, name: str, languages: Sequence[str], paths: Sequence[str], users: Sequence[str]
) -> Listed:
    own = [path for path in paths if sources.folders[path] != TEMPLATES]
    return Listed(name, languages, own, [path for path in paths if path not in own], users)


def _users(rulebook: Rulebook, directory: Directory | None) -> dict[str, list[str]]:
    """By template: defaults, rules and customers that name it, each once."""
    found: dict[str, dict[str, None]] = {}
    for template, who in (*_in_the_file(rulebook), *(() if directory is None else _in_records(directory))):
        found.setdefault(template, {})[who] = None
    return {template: list(who) for template, who in found.items()}


def _in_the_file(rulebook: Rulebook) -> Iterator[tuple[str, str]]:
    policy = rulebook.policy
    for (audience, trigger), form in policy.forms.items():
        yield form.template, f"defaults: {audience}: {trigger}"
    yield policy.fax.template, "defaults: fax"
    for (channel, audience), digest in policy.digests.items():
        yield digest.template, f"defaults: {audience if channel is Channel.EMAIL else channel}: digest"
    for channel, template in policy.texts.items():
        yield template, f"defaults: {channel}"
    for rule in rulebook.rules:
        for named in (rule.template, *(rule.templates or {}).values()):
            if named is not None:
                yield named, f"rule {rule.name}"


def _in_records(directory: Directory) -> Iterator[tuple[str, str]]:
    for customer in directory.customers():
        for trigger in Trigger:
            settings = customer.alert(trigger)
            if settings is not None and settings.enabled and settings.template:
                yield settings.template, f"customer/{customer.id}"
