"""The places of a template, each with what is known there alone: parameters of macros, targets of loops."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from jinja2 import nodes
from msgspec import Struct
from msgspec.structs import replace


class Scope(Struct, frozen=True):
    """What stands around a place: names that are known there alone, a macro, a loop, a block of this name."""

    names: frozenset[str] = frozenset()
    in_macro: bool = False
    in_loop: bool = False
    block: str | None = None


Place = tuple[nodes.Node, Scope]

_NOWHERE: Final[Mapping[str, Scope]] = MappingProxyType({})


def places(tree: nodes.Node, scoped: Mapping[str, Scope] = _NOWHERE) -> Iterator[Place]:
    """A node and all below it in the order of the text, each with what stands around it.

    `scoped` is what the blocks that it fills in other files are given there.
    """
    waiting = [(tree, Scope())]
    # No recursion: a sum of a thousand parts is as deep.
    while waiting:
        node, scope = waiting.pop()
        yield node, scope
        waiting += reversed(list(_below(node, scope, scoped)))


def scoped_blocks(trees: Collection[nodes.Template]) -> Mapping[str, Scope]:
    """What the blocks of these files are given of their surroundings: what fills one in another file knows it too.

    That is all where a block is `scoped`, and what the block around it was given where it is not.
    """
    found: dict[str, Scope] = {}
    for _ in trees:  # as often as one of them may hand on what it was given by another
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
    if isinstance(node, nodes.For):
        outside = [node.iter, *node.else_]
        inside = replace(scope, names=scope.names | named([node.target]), in_loop=True)
    elif isinstance(node, nodes.Macro):
        inside = replace(scope, names=scope.names | named(node.args), in_macro=True)
    elif isinstance(node, nodes.CallBlock):
        outside = [node.call]
        inside = replace(scope, names=scope.names | named(node.args))
    elif isinstance(node, nodes.With):
        # A value may name what stands before it.
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
    """The names that a file gives a meaning outside of loops and macros, or that outlive those."""
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
