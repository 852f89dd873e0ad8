"""What names and expressions of a template mean, as far as that is known without running it.

An unknown meaning is None, and no problem is reported for it. A name with two meanings anywhere counts as unknown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, get_args, get_type_hints

from jinja2 import nodes
from msgspec import Struct

from adapters.jinja.environment import METHODS
from adapters.jinja.pieces import Pieces
from adapters.jinja.scopes import free_names
from schemas.digest import ExternalDigest, InternalDigest
from schemas.job import ExternalContext, InternalContext

MESSAGE_NAMES: Final[dict[str, type[Any]]] = {
    "trigger": str,
    "other_triggers": list,
    "language": str,
    "time_zone": str,
    "keyword": str,
    "unsubscribe_url": str,
}
"""What every template may name beside the fields of its context."""

Context = ExternalContext | InternalContext | ExternalDigest | InternalDigest
"""All that a template can name: of a message to contacts or to collaborators, or of a digest."""


class ListOf(Struct, frozen=True):
    """What a list of structs is: each of them is one of `kind`."""

    kind: type[Any]


Shape = type[Any] | ListOf | None
"""What an expression is: a struct, the custom fields (dict), a list, or one value. None where that is unknown."""

ONE_VALUE: Final[Collection[Shape]] = (str, datetime, bool)


class Module(Struct, frozen=True):
    """An imported file."""

    path: str


class Macro(Struct, frozen=True, eq=False):
    """A macro, and the file that it stands in."""

    path: str
    node: nodes.Macro


Meaning = Module | Macro | None


class Meanings:
    """The names of all files of a template."""

    def __init__(self, pieces: Pieces, context: type[Context]) -> None:
        self._pieces = pieces
        self.of_context: dict[str, Shape] = {**_shapes_of_fields(context), **MESSAGE_NAMES}
        """The names that a template is given, with what they are."""
        self._free = {path: free_names(tree) for path, tree in pieces.trees.items()}
        self._made = {path: _made_in(path, tree) for path, tree in pieces.trees.items()}

    def known_in(self, path: str) -> frozenset[str]:
        """The names that one file may see because a file gives them a meaning."""
        together = self._pieces.together(path)
        known = frozenset[str]().union(*(self._free[one] for one in together))
        # An included file also sees what is known only at its place: targets of loops, parameters.
        if path in self._pieces.included:
            known = known.union(*(self._made[one].keys() for one in together))
        return known

    def exported(self, path: str) -> frozenset[str] | None:
        """The names that an import of a file may reach; None where that is unknown."""
        above = self._pieces.above(path)
        if above is None or path not in self._free:
            return None
        names = frozenset[str]().union(*(self._free[one] for one in (path, *above)))
        return frozenset(name for name in names if not name.startswith("_"))

    def of_name(self, path: str, name: str) -> Meaning:
        """The macro or imported file that a name in a file stands for."""
        return self._made_by(self._pieces.together(path), name)

    def of(self, path: str, node: nodes.Node) -> Meaning:
        """The macro or imported file that an expression in a file stands for."""
        if isinstance(node, nodes.Name):
            return self.of_name(path, node.name)
        if isinstance(node, nodes.Getattr):
            owner = self.of(path, node.node)
            return self._in_module(owner.path, node.attr) if isinstance(owner, Module) else None
        return None

    def _in_module(self, path: str, name: str) -> Meaning:
        """What an import of a file has under a name: only that file and those that it extends can give it."""
        exported, above = self.exported(path), self._pieces.above(path)
        return self._made_by({path, *above}, name) if above is not None and name in (exported or ()) else None

    def _made_by(self, files: Collection[str], name: str) -> Meaning:
        if name in self.of_context:
            return None
        made = [one for file in sorted(files) for one in self._made[file].get(name, ())]
        return self._one_of([self._followed(one) for one in made])

    def _followed(self, made: _Made) -> Meaning:
        if isinstance(made, _Imported):
            return self._in_module(made.path, made.name) if made.path in self._pieces.trees else None
        return made

    def _one_of(self, meanings: list[Meaning]) -> Meaning:
        """The meaning, if all are the same. Two macros are never the same, even where they are written alike."""
        first = meanings[0] if meanings else None
        if isinstance(first, Module):
            return first if all(one == first for one in meanings) and first.path in self._pieces.trees else None
        if isinstance(first, Macro):
            return first if all(isinstance(one, Macro) and one.node is first.node for one in meanings) else None
        return None

    def shapes_in(self, path: str) -> Shapes:
        """What expressions of a file are."""
        given = self.of_context if path in self._pieces.with_context else {}
        times: Counter[str] = Counter()
        for one in self._pieces.together(path):
            times.update({name: len(made) for name, made in self._made[one].items()})
        return Shapes(self._pieces.trees[path], given, times)


class Shapes:
    """What expressions of one file are. A name that is assigned once, from a known field, is what that field is.

    So is one that runs once over a known list.
    """

    def __init__(self, tree: nodes.Template, given: Mapping[str, Shape], times: Mapping[str, int]) -> None:
        self._shapes = {name: shape for name, shape in given.items() if name not in times}
        for node in tree.find_all((nodes.Assign, nodes.For)):
            target: nodes.Node | None = None
            shape: Shape = None
            if isinstance(node, nodes.Assign):
                target, shape = node.target, self.of(node.node)
            elif isinstance(node, nodes.For):
                target, shape = node.target, _one_of(self.of(node.iter))
            if isinstance(target, nodes.Name) and times[target.name] == 1:
                self._shapes[target.name] = shape

    def of(self, node: nodes.Node) -> Shape:
        """What an expression is."""
        if isinstance(node, nodes.Name):
            return self._shapes.get(node.name)
        field = field_of(node)
        if field is None or not isinstance(node, nodes.Getattr | nodes.Getitem):
            return None
        owner = self.of(node.node)
        if owner is dict:
            return str if field not in METHODS[dict] else None
        return _shapes_of_fields(owner).get(field) if isinstance(owner, type) and issubclass(owner, Struct) else None


def field_of(node: nodes.Node) -> str | None:
    """The field that `a.field` or `a["field"]` names."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        return node.arg.value
    return None


@lru_cache(maxsize=16)
def _shapes_of_fields(struct: type[Struct]) -> Mapping[str, Shape]:
    return {name: _shape_of_type(hint) for name, hint in get_type_hints(struct).items()}


def is_list(shape: Shape) -> bool:
    """Whether this is a list."""
    return shape is list or isinstance(shape, ListOf)


def _one_of(shape: Shape) -> Shape:
    """What is in a list."""
    return shape.kind if isinstance(shape, ListOf) else None


def _shape_of_type(hint: Any) -> type[Any] | ListOf:
    """What a field of this type is: a list, a struct, the custom fields, or one value."""
    if getattr(hint, "__origin__", None) is list:
        (kind,) = get_args(hint)
        return ListOf(kind) if isinstance(kind, type) and issubclass(kind, Struct) else list
    kinds = [kind for kind in (hint, *get_args(hint)) if isinstance(kind, type)]
    for kind in kinds:
        if issubclass(kind, Struct):
            return kind
    if getattr(hint, "__origin__", None) is dict:
        return dict
    return next((kind for kind in (datetime, bool) if kind in kinds), str)


class _Imported(Struct, frozen=True):
    """What `from "path" import name` makes."""

    path: str
    name: str


_Made = Module | Macro | _Imported | None


def _made_in(path: str, tree: nodes.Template) -> dict[str, list[_Made]]:
    """Every name to which a file gives a meaning, at any place, with each of these meanings."""
    made: dict[str, list[_Made]] = defaultdict(list)
    for node in tree.find_all((nodes.Name, nodes.Macro, nodes.Import, nodes.FromImport)):
        if isinstance(node, nodes.Name) and node.ctx in ("store", "param"):
            made[node.name].append(None)
        elif isinstance(node, nodes.Macro):
            made[node.name].append(Macro(path, node))
        elif isinstance(node, nodes.Import):
            imported = _file_of(node.template)
            made[node.target].append(None if imported is None else Module(imported))
        elif isinstance(node, nodes.FromImport):
            imported = _file_of(node.template)
            for one in node.names:
                name, known_as = (one, one) if isinstance(one, str) else one
                made[known_as].append(None if imported is None else _Imported(imported, name))
    return made


def _file_of(template: nodes.Node) -> str | None:
    return template.value if isinstance(template, nodes.Const) and isinstance(template.value, str) else None
