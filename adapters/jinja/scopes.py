"""The places of a template, each with the names known only there: parameters of macros, targets of loops."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from jinja2 import nodes
from msgspec import Struct
from msgspec.structs import replace


class Scope(Struct, frozen=True):
    """What is around a place: names that are known only there, a macro, a loop, and the name of a block."""

    names: frozenset[str] = frozenset()
    in_macro: bool = False
    in_loop: bool = False
    block: str | None = None


Place = tuple[nodes.Node, Scope]

_NOWHERE: Final[Mapping[str, Scope]] = MappingProxyType({})


def places(tree: nodes.Node, scoped: Mapping[str, Scope] = _NOWHERE) -> Iterator[Place]:
    """A node and all below it, in the order of the text, each with what is around it.

    `scoped` says what is known in the blocks of other files that this file fills.
    """
    waiting = [(tree, Scope())]
    # No recursion: a sum of a thousand parts is a tree a thousand levels deep.
    while waiting:
        node, scope = waiting.pop()
        yield node, scope
        waiting += reversed(list(_below(node, scope, scoped)))


def scoped_blocks(trees: Collection[nodes.Template]) -> Mapping[str, Scope]:
    """What the blocks of these files know from around them. A block that fills one in another file knows it too.

    A `scoped` block knows all that is around it. Any other block knows only what the block around it was given.
    """
    found: dict[str, Scope] = {}
    # One pass for each file, since a block may pass on what it was given by a block of another file.
    for _ in trees:
        for tree in trees:
            for node, scope in places(tree, found):
                if isinstance(node, nodes.Block):
                    given = scope if node.scoped else found.get(scope.block or "", Scope())
                    found[node.name] = _joined(given, found.get(node.name, given))
    return found


def _joined(one: Scope, other: Scope) -> Scope:
    return replace(
        one,
        names=one.names | other.names,
        in_macro=one.in_macro or other.in_macro,
        in_loop=one.in_loop or other.in_loop,
    )


def _below(node: nodes.Node, scope: Scope, scoped: Mapping[str, Scope]) -> Iterator[Place]:
    outside: list[nodes.Node] = []
    inside = scope
    # A list, an `else` and a call stand outside: they do not see the names that their statement makes.
    if isinstance(node, nodes.For):
        outside = [node.iter, *node.else_]
        inside = replace(scope, names=scope.names | named([node.target]), in_loop=True)
    elif isinstance(node, nodes.Macro):
        inside = replace(scope, names=scope.names | named(node.args), in_macro=True)
    elif isinstance(node, nodes.CallBlock):
        outside = [node.call]
        inside = replace(scope, names=scope.names | named(node.args))
    elif isinstance(node, nodes.With):
        # Values count as inside, since one may name a target before it: `{% with a = 1, b = a %}`.
        inside = replace(scope, names=scope.names | named(node.targets))
    elif isinstance(node, nodes.Block):
        inside = replace(_joined(scope, scoped.get(node.name, scope)), block=node.name)
    for child in node.iter_child_nodes():
        yield child, scope if any(child is one for one in outside) else inside


def named(targets: Iterable[nodes.Node]) -> frozenset[str]:
    """The names in targets: `key` and `value` of `for key, value in ...`."""
    return frozenset(
        one.name for target in targets for one in (target, *target.find_all(nodes.Name)) if isinstance(one, nodes.Name)
    )


def free_names(tree: nodes.Template) -> frozenset[str]:
    """The names that a file sets, and those of its macros and imports: all but targets of loops and parameters."""
    found: set[str] = set()
    for node, scope in places(tree):
        if isinstance(node, nodes.Name) and node.ctx == "store" and node.name not in scope.names:
            found.add(node.name)
        elif isinstance(node, nodes.Macro | nodes.Import | nodes.FromImport):
            found |= set(made_by(node))
    return frozenset(found)


def made_by(node: nodes.Node) -> Iterator[str]:
    """The names that a macro or an import makes."""
    if isinstance(node, nodes.Macro):
        yield node.name
    elif isinstance(node, nodes.Import):
        yield node.target
    elif isinstance(node, nodes.FromImport):
        yield from (name if isinstance(name, str) else name[1] for name in node.names)
