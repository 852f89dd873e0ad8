"""Which names a template uses, held against what its reader may see: without running it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, get_args, get_type_hints

from jinja2 import TemplateSyntaxError, meta, nodes
from msgspec import Struct

from adapters.jinja.environment import METHODS, TemplateEnvironment
from adapters.jinja.problems import Problem
from adapters.jinja.sources import is_piece
from schemas.finding import FindingCode
from schemas.job import ExternalContext, ExternalTicket, InternalContext, InternalTicket
from schemas.suggestion import closest

MESSAGE_NAMES: Final = frozenset({"trigger", "other_triggers", "language", "time_zone", "keyword", "unsubscribe_url"})
"""What every template may name beside the fields of its context."""

_OF_JINJA: Final = frozenset({"caller", "kwargs", "loop", "range", "self", "super", "varargs"})
_INTERNAL_ONLY: Final = frozenset(
    {*InternalContext.__struct_fields__, *InternalTicket.__struct_fields__}
    - {*ExternalContext.__struct_fields__, *ExternalTicket.__struct_fields__}
)

# What stands behind an expression: a struct, the custom fields (dict), one value (str), or something unknown (None).
_Shape = type[Any] | None
_Parsed = Mapping[str, nodes.Template]


class Readership(Struct, frozen=True):
    """For whom a template is checked: the type of its context, and the custom fields that it may name."""

    context: type[ExternalContext] | type[InternalContext]
    custom: frozenset[str]
    declared: frozenset[str]
    """All custom fields that the rule file declares, external or not."""

    @property
    def is_external(self) -> bool:
        """Whether contacts read it."""
        return self.context is ExternalContext


def name_problems(environment: TemplateEnvironment, path: str, readership: Readership) -> Iterator[Problem]:
    """What is wrong with the names in a file, and in the files that it extends, includes or imports."""
    parsed: dict[str, nodes.Template] = {}
    yield from parse_with_uses(environment, path, parsed)
    stored = frozenset(name for tree in parsed.values() for name in _stored(tree))
    for file, tree in parsed.items():
        yield from _File(file, tree, readership, stored).problems()


def parse_with_uses(
    environment: TemplateEnvironment, path: str, parsed: dict[str, nodes.Template]
) -> Iterator[Problem]:
    """Parse a file and all that it refers to, into `parsed`; a file that can't be parsed is a problem of its own."""
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
    for name in meta.find_referenced_templates(parsed[path]):
        if name is None:
            message = "a computed file to extend, include or import can't be checked"
            line = _line_of_computed(parsed[path])
            yield Problem(path, line, message, FindingCode.MISSING_PIECE, suggestion="write its name")
        elif name not in environment.list_templates():
            message = f"there is no file `{name}` in the templates folder"
            meant = closest(name, filter(is_piece, environment.list_templates()))
            yield Problem(path, _line_of(parsed[path], name), message, FindingCode.MISSING_PIECE, name, meant)
        elif name not in parsed:
            yield from parse_with_uses(environment, name, parsed)


def _line_of(tree: nodes.Template, text: str) -> int | None:
    return next((node.lineno for node in tree.find_all(nodes.Const) if node.value == text), None)


def _line_of_computed(tree: nodes.Template) -> int | None:
    uses = tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport))
    return next((node.lineno for node in uses if not isinstance(getattr(node, "template", None), nodes.Const)), None)


def _stored(tree: nodes.Template) -> Iterator[str]:
    """Every name that a file itself gives a meaning, anywhere in it."""
    for node in tree.find_all((nodes.Name, nodes.Macro, nodes.Import, nodes.FromImport)):
        if (isinstance(node, nodes.Name) and node.ctx in ("store", "param")) or isinstance(node, nodes.Macro):
            yield node.name
        elif isinstance(node, nodes.Import):
            yield node.target
        elif isinstance(node, nodes.FromImport):
            yield from (name if isinstance(name, str) else name[1] for name in node.names)


class _Wrong(Struct, frozen=True):
    """A name that can't be used, and why."""

    name: str
    message: str
    code: FindingCode
    suggestion: str = ""


def _internal(name: str) -> _Wrong:
    return _Wrong(name, f"`{name}` is internal: it can't be in a message to contacts", FindingCode.INTERNAL_FIELD)


def _unknown(name: str, message: str, known: Iterable[str]) -> _Wrong:
    return _Wrong(name, message, FindingCode.UNKNOWN_NAME, closest(name, known))


class _File:
    """The names of one file. What is assigned once from a known field is known under its new name too."""

    def __init__(self, path: str, tree: nodes.Template, readership: Readership, stored: Collection[str]) -> None:
        self._path = path
        self._tree = tree
        self._for = readership
        own = list(_stored(tree))
        context = {name: _shape(hint) for name, hint in get_type_hints(readership.context).items()}
        self._known = {*context, *MESSAGE_NAMES, *_OF_JINJA, *stored}
        self._shapes: dict[str, _Shape] = {name: shape for name, shape in context.items() if name not in own}
        for node in tree.find_all(nodes.Assign):
            if isinstance(node.target, nodes.Name) and own.count(node.target.name) == 1:
                self._shapes[node.target.name] = self._shape_of(node.node)

    def problems(self) -> Iterator[Problem]:
        """What is wrong with names and fields."""
        for node in self._tree.find_all((nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Call)):
            wrong = None
            if isinstance(node, nodes.Name):
                wrong = self._wrong_name(node)
            elif isinstance(node, nodes.Getattr | nodes.Getitem):
                field = _field(node)
                wrong = None if field is None else self._wrong_field(self._shape_of(node.node), field)
            elif isinstance(node, nodes.Call):
                wrong = self._wrong_get(node)
            if wrong is not None:
                yield Problem(self._path, node.lineno, wrong.message, wrong.code, wrong.name, wrong.suggestion)

    def _wrong_name(self, node: nodes.Name) -> _Wrong | None:
        if node.ctx != "load" or node.name in self._known:
            return None
        if node.name in InternalContext.__struct_fields__:
            return _internal(node.name)
        return _unknown(node.name, f"there is no `{node.name}` in a template", self._known)

    def _wrong_field(self, shape: _Shape, field: str) -> _Wrong | None:
        if shape is dict:
            return self._wrong_custom(field)
        if shape is str:
            return None if field in METHODS[str] else _unknown(field, f"this is one value, it has no `{field}`", ())
        if shape is not None and field in shape.__struct_fields__:
            return None
        if self._for.is_external and field in _INTERNAL_ONLY:
            return _internal(field)
        return None if shape is None else _unknown(field, f"there is no `{field}` here", shape.__struct_fields__)

    def _wrong_custom(self, field: str) -> _Wrong | None:
        if field in self._for.custom or field in METHODS[dict]:
            return None
        if field in self._for.declared:
            message = f"the custom field `{field}` is not declared `external`: it can't be in a message to contacts"
            return _Wrong(field, message, FindingCode.INTERNAL_FIELD)
        message = f"the custom field `{field}` is not declared in the rule file's `fields`"
        return _Wrong(field, message, FindingCode.UNDECLARED_FIELD, closest(field, self._for.custom))

    def _wrong_get(self, node: nodes.Call) -> _Wrong | None:
        called = node.node
        is_get = isinstance(called, nodes.Getattr) and called.attr == "get" and self._shape_of(called.node) is dict
        name = node.args[0] if is_get and node.args else None
        return self._wrong_custom(name.value) if isinstance(name, nodes.Const) and isinstance(name.value, str) else None

    def _shape_of(self, node: nodes.Node) -> _Shape:
        if isinstance(node, nodes.Name):
            return self._shapes.get(node.name)
        field = _field(node)
        if field is None or not isinstance(node, nodes.Getattr | nodes.Getitem):
            return None
        owner = self._shape_of(node.node)
        if owner is dict:
            return str if field not in METHODS[dict] else None
        hints = get_type_hints(owner) if isinstance(owner, type) and issubclass(owner, Struct) else {}
        return _shape(hints[field]) if field in hints else None


def _field(node: nodes.Node) -> str | None:
    """The field that `a.field` or `a["field"]` names."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        return node.arg.value
    return None


def _shape(hint: Any) -> type[Any]:
    """What a field of this type is: a struct, the custom fields, or one value."""
    for kind in (hint, *get_args(hint)):
        if isinstance(kind, type) and issubclass(kind, Struct):
            return kind
    return dict if getattr(hint, "__origin__", None) is dict else str
