"""Checks the names and fields that a template shows: do they exist, and may its reader see them?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jinja2 import nodes
from msgspec import Struct

from adapters.jinja.calls import Wrong, misused, unknown
from adapters.jinja.environment import METHODS
from adapters.jinja.file_view import FileView
from adapters.jinja.meanings import ONE_VALUE, Context, Module, Shape, field_of, is_list
from adapters.jinja.scopes import Scope
from schemas.digest import ExternalDigest
from schemas.finding import FindingCode
from schemas.job import ExternalContext, ExternalTicket, InternalContext, InternalTicket
from schemas.suggestion import closest

_IN_MACROS: Final = frozenset({"caller", "kwargs", "varargs"})
_IN_PLACES: Final = _IN_MACROS | {"loop", "super"}
_EVERYWHERE: Final = frozenset({"range", "self"})
_OF_LOOPS: Final = frozenset(
    {"changed", "cycle", "depth", "depth0", "first", "index", "index0", "last", "length", "nextitem", "previtem"}
    | {"revindex", "revindex0"}
)
_INTERNAL_ONLY: Final = frozenset(
    {*InternalContext.__struct_fields__, *InternalTicket.__struct_fields__}
    - {*ExternalContext.__struct_fields__, *ExternalTicket.__struct_fields__}
)


class Readership(Struct, frozen=True):
    """For whom a template is checked: the type of its context, and the custom fields that it may show."""

    context: type[Context]
    custom: frozenset[str]
    declared: frozenset[str]
    """All custom fields that the rule file declares, external or not."""

    @property
    def is_external(self) -> bool:
        """Whether contacts read it."""
        return self.context in (ExternalContext, ExternalDigest)


class Fields:
    """Looks at the names and fields of one file."""

    def __init__(self, view: FileView, readership: Readership) -> None:
        self._view = view
        self._for = readership

    def wrong(self, node: nodes.Node, scope: Scope) -> Iterator[Wrong]:
        """What is wrong with the name or field that a node is."""
        if isinstance(node, nodes.Name):
            yield from self._name(node, scope)
        elif isinstance(node, nodes.Getattr | nodes.Getitem):
            yield from self._field(node, scope)
        elif isinstance(node, nodes.Call):
            yield from self._get(node)

    def _name(self, node: nodes.Name, scope: Scope) -> Iterator[Wrong]:
        name, given = node.name, self._view.meanings.of_context
        if node.ctx != "load" or self._view.is_made(name, scope) or name in _EVERYWHERE:
            return
        if name in given:
            yield from self._without_context(name, scope)
        elif name in _IN_PLACES:
            yield from self._in_its_place(name, scope)
        elif self._for.is_external and name in _INTERNAL_ONLY and name in InternalContext.__struct_fields__:
            yield _internal(name)
        else:
            known = {*given, *scope.names, *self._view.made, "range"}
            yield unknown(name, f"there is no `{name}` in a template", known)

    def _without_context(self, name: str, scope: Scope) -> Iterator[Wrong]:
        # A macro may be called by another template, which has the context and shares it.
        if self._view.path not in self._view.pieces.with_context and not scope.in_macro:
            advice = "give it to a macro as an argument, or write `with context` behind the import"
            yield Wrong(name, f"an imported file does not see `{name}`", FindingCode.UNKNOWN_NAME, advice)

    def _in_its_place(self, name: str, scope: Scope) -> Iterator[Wrong]:
        """What is wrong with a name that exists in some places only. A file may be included in such a place."""
        pieces, path = self._view.pieces, self._view.path
        if name == "super":
            above = pieces.above(path)
            if scope.block is None:
                yield misused(name, "there is `super()` in blocks only")
            elif above is not None and scope.block not in self._view.blocks_of(above):
                yield misused(name, f"no file that this one extends has a block `{scope.block}`: `super()` is nothing")
        elif path in pieces.included:
            return
        elif name in _IN_MACROS and not scope.in_macro:
            yield misused(name, f"there is `{name}` in macros only")
        elif name == "loop" and not scope.in_loop:
            yield misused(name, "there is `loop` in `{% for %}` only")

    def _field(self, node: nodes.Getattr | nodes.Getitem, scope: Scope) -> Iterator[Wrong]:
        field, owner = field_of(node), node.node
        if field is None:
            return
        wrong = self._of_shape(self._view.shapes.of(owner), field)
        if wrong is not None:
            yield wrong
        elif isinstance(owner, nodes.Name) and not self._view.is_made(owner.name, scope):
            yield from self._of_jinja(owner.name, field)
        elif not self._view.is_asked(node):
            yield from self._of_import(owner, field, scope)

    def _of_shape(self, shape: Shape, field: str) -> Wrong | None:
        if shape is dict:
            return self._wrong_custom(field)
        if is_list(shape):
            return misused(field, f"this is a list, it has no `{field}`", "use a filter, or a loop")
        if shape in ONE_VALUE:
            is_known = shape is str and field in METHODS[str]
            return None if is_known else unknown(field, f"this is one value, it has no `{field}`", ())
        fields = getattr(shape, "__struct_fields__", ())
        if field in fields:
            return None
        if self._for.is_external and field in _INTERNAL_ONLY:
            return _internal(field)
        return None if shape is None else unknown(field, f"there is no `{field}` here", fields)

    def _wrong_custom(self, field: str) -> Wrong | None:
        if field in self._for.custom or field in METHODS[dict]:
            return None
        if field in self._for.declared:
            message = f"the custom field `{field}` is not declared `external`: it can't be in a message to contacts"
            return Wrong(field, message, FindingCode.INTERNAL_FIELD)
        message = f"the custom field `{field}` is not declared in the rule file's `fields`"
        return Wrong(field, message, FindingCode.UNDECLARED_FIELD, closest(field, self._for.custom))

    def _of_jinja(self, owner: str, field: str) -> Iterator[Wrong]:
        if owner == "loop" and field not in _OF_LOOPS:
            yield unknown(field, f"`loop` has no `{field}`", _OF_LOOPS)
        elif owner == "self":
            blocks = self._view.blocks_of(self._view.pieces.together(self._view.path))
            if field not in blocks:
                yield unknown(field, f"there is no block `{field}`", blocks)

    def _of_import(self, owner: nodes.Node, field: str, scope: Scope) -> Iterator[Wrong]:
        module = self._view.meaning(owner, scope)
        exported = self._view.meanings.exported(module.path) if isinstance(module, Module) else None
        if isinstance(module, Module) and exported is not None and field not in exported:
            yield unknown(field, f"`{module.path}` has no macro `{field}`", exported)

    def _get(self, node: nodes.Call) -> Iterator[Wrong]:
        called, name = node.node, node.args[0] if node.args else None
        if not isinstance(called, nodes.Getattr) or called.attr != "get" or not isinstance(name, nodes.Const):
            return
        is_custom = self._view.shapes.of(called.node) is dict and isinstance(name.value, str)
        wrong = self._wrong_custom(name.value) if is_custom else None
        yield from () if wrong is None else (wrong,)


def _internal(name: str) -> Wrong:
    return Wrong(name, f"`{name}` is internal: it can't be in a message to contacts", FindingCode.INTERNAL_FIELD)
