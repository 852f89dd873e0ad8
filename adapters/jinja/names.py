"""Checks what a template names and does, against what exists and what its reader may see, without running it.

So problems are also found in parts that no made-up ticket reaches.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from adapters.jinja.environment import TemplateEnvironment
from adapters.jinja.fields import Fields, Readership
from adapters.jinja.file_view import FileView
from adapters.jinja.meanings import Meanings
from adapters.jinja.pieces import Pieces, parse_with_uses
from adapters.jinja.problems import Problem
from adapters.jinja.uses import Uses


def name_problems(environment: TemplateEnvironment, path: str, readership: Readership) -> Iterator[Problem]:
    """What is wrong with the names in a file, and in the files that it extends, includes or imports."""
    trees: dict[str, nodes.Template] = {}
    yield from parse_with_uses(environment, path, trees)
    pieces = Pieces(path, trees)
    meanings = Meanings(pieces, readership.context)
    for file in trees:
        try:
            yield from _problems_in(environment, FileView(file, pieces, meanings), readership)
        except RecursionError:
            yield Problem(file, None, "the template is nested too deeply to be checked, or imports itself")


def _problems_in(environment: TemplateEnvironment, view: FileView, readership: Readership) -> Iterator[Problem]:
    fields, uses = Fields(view, readership), Uses(environment, view)
    for node, scope in view.places:
        for wrong in (*fields.wrong(node, scope), *uses.wrong(node, scope)):
            yield Problem(view.path, node.lineno, wrong.message, wrong.code, wrong.name, wrong.suggestion)
