"""Letters by the templates of a folder, written in a real child process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from msgspec.structs import replace

from adapters.jinja.sources import TemplateSources, read_sources
from adapters.rule_files.load import template_folders
from adapters.writing.composer import ChildComposer
from adapters.writing.protocol import Stationery
from sender.messages.composer import Drafts
from tests.support.console.lookups import HELPDESK
from tocsin.authoring.preview.rendering import IDENTITY
from tocsin.services.console.letters import LettersInForce, Templates, Writing


def sources_of(changed: Mapping[str, str] | None = None) -> TemplateSources:
    """The demo's templates, with these texts in place of their own."""
    sources = read_sources(*template_folders(HELPDESK / "rules.yaml"))
    return replace(sources, texts={**sources.texts, **(changed or {})})


@contextmanager
def letters_of(sources: TemplateSources | None = None) -> Iterator[LettersInForce]:
    """Letters that are open."""
    known = sources or sources_of()
    with closing(LettersInForce()) as made:
        made.open(Writing(lambda: ChildComposer(Drafts(IDENTITY), Stationery(IDENTITY)), lambda: Templates(known)))
        yield made
