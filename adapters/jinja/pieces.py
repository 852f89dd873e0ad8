"""Which files a template extends, includes and imports, and which of them see the names of one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Final

from jinja2 import TemplateSyntaxError, nodes
from msgspec import Struct

from adapters.jinja.environment import TemplateEnvironment
from adapters.jinja.problems import Problem
from adapters.jinja.sources import is_piece
from schemas.finding import FindingCode
from schemas.suggestion import closest

_USES: Final = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)
_IMPORTS: Final = (nodes.Import, nodes.FromImport)


class _Use(Struct, frozen=True, eq=False):
    """A place where a file is used: the first of `names` that exists. None where the name is computed."""

    node: nodes.Node
    names: tuple[str, ...] | None

    @property
    def may_be_missing(self) -> bool:
        return bool(getattr(self.node, "ignore_missing", False))

    @property
    def is_import(self) -> bool:
        return isinstance(self.node, _IMPORTS)

    @property
    def is_extension(self) -> bool:
        return isinstance(self.node, nodes.Extends)

    @property
    def shares_context(self) -> bool:
        """Whether the used file sees the ticket.

        An import does so only `with context`, an include does unless it is `without context`.
        """
        return self.is_extension or bool(getattr(self.node, "with_context", False))


class Pieces:
    """A template and all files that it refers to, parsed, by their paths."""

    def __init__(self, root: str, trees: Mapping[str, nodes.Template]) -> None:
        self.trees = trees
        self._root = root
        self._uses = {path: list(_uses(tree)) for path, tree in trees.items()}
        # A cache for each object: one at the class would keep every object alive.
        self.above = lru_cache(maxsize=None)(self._above)
        """The files that one file extends, directly or through others. None where one of them could not be read."""
        self.together = lru_cache(maxsize=None)(self._together)
        """The files whose names one file may see: those that run together with it, as one template or one import."""

    @cached_property
    def with_context(self) -> frozenset[str]:
        """The files that see the ticket."""
        return self._closure(self._root, lambda use: use.shares_context)

    @cached_property
    def included(self) -> frozenset[str]:
        """The files that others include. They also see names that are known only at the place of the include."""
        uses = (use for each in self._uses.values() for use in each)
        return frozenset(name for use in uses if isinstance(use.node, nodes.Include) for name in use.names or ())

    def extends(self, path: str) -> bool:
        """Whether a file extends another one."""
        return any(use.is_extension for use in self._uses[path])

    def _above(self, path: str) -> frozenset[str] | None:
        found = self._closure(path, lambda use: use.is_extension)
        extensions = [use for one in found for use in self._uses[one] if use.is_extension]
        is_known = all(use.names is not None and self.trees.keys() >= set(use.names) for use in extensions)
        return found - {path} if is_known else None

    def _together(self, path: str) -> frozenset[str]:
        imports = (use for each in self._uses.values() for use in each if use.is_import)
        starts = {self._root, *(name for use in imports for name in use.names or () if name in self.trees)}
        families = [self._closure(start, lambda use: not use.is_import or use.shares_context) for start in starts]
        return frozenset(one for family in families if path in family for one in family)

    def _closure(self, start: str, follows: Callable[[_Use], bool]) -> frozenset[str]:
        found: set[str] = set()
        waiting = [start]
        while waiting:
            path = waiting.pop()
            if path in found or path not in self.trees:
                continue
            found.add(path)
            waiting += [name for use in self._uses[path] if follows(use) for name in use.names or ()]
        return frozenset(found)


def parse_with_uses(
    environment: TemplateEnvironment, path: str, parsed: dict[str, nodes.Template]
) -> Iterator[Problem]:
    """Parse a file and all that it refers to, into `parsed`. A file that can't be parsed is a problem of its own."""
    assert environment.loader is not None  # noqa: S101  (every TemplateEnvironment has one)
    source, _, _ = environment.loader.get_source(environment, path)
    try:
        parsed[path] = environment.parse(source, path)
    except TemplateSyntaxError as error:
        yield Problem(path, error.lineno, error.message or "the template can't be read")
        return
    except RecursionError:
        yield Problem(path, None, "the template is nested too deeply to be read")
        return
    except Exception as error:  # noqa: BLE001 - whatever the parser meets in a text that nobody foresaw
        yield Problem(path, None, f"the template can't be read: {type(error).__name__}")
        return
    there = environment.list_templates()
    for use in _uses(parsed[path]):
        yield from _wrong_use(path, use, there)
        for name in use.names or ():
            if name in there and name not in parsed and _part(name) == _part(path):
                yield from parse_with_uses(environment, name, parsed)


def _uses(tree: nodes.Template) -> Iterator[_Use]:
    for node in tree.find_all(_USES):
        yield _Use(node, _written(getattr(node, "template")))  # noqa: B009 - each of them has one, Node has not


def _written(template: nodes.Expr) -> tuple[str, ...] | None:
    items = template.items if isinstance(template, nodes.List | nodes.Tuple) else [template]
    names = tuple(one.value for one in items if isinstance(one, nodes.Const) and isinstance(one.value, str))
    return names if len(names) == len(items) else None


def _wrong_use(path: str, use: _Use, there: list[str]) -> Iterator[Problem]:
    line, code = use.node.lineno, FindingCode.MISSING_PIECE
    if use.names is None:
        message = "a computed file to extend, include or import can't be checked"
        yield Problem(path, line, message, code, suggestion="write its name")
        return
    found = [name for name in use.names if name in there]
    if not found and not use.may_be_missing:
        for name in use.names:
            alike = [one for one in there if is_piece(one) and _part(one) == _part(path)]
            message = f"there is no file `{name}` in the templates folder"
            yield Problem(path, line, message, code, name, closest(name, alike))
    for name in found:
        if _part(name) != _part(path):
            message = f"`{name}` is of another kind: text files use text files, HTML files use HTML files"
            yield Problem(path, line, message, code, name, "name one of the same kind")


def _part(path: str) -> bool:
    return path.endswith(".html.j2")
