"""Checks what a template does with names: the macros that it calls, its loops and blocks, and what it shows."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import Environment, nodes

from adapters.jinja.calls import Wrong, misused, unknown, wrong_call, wrong_filter_or_test
from adapters.jinja.environment import METHODS
from adapters.jinja.file_view import FileView
from adapters.jinja.meanings import ONE_VALUE, Macro, Module, field_of, is_list
from adapters.jinja.scopes import Scope


class Uses:
    """Looks at what one file does."""

    def __init__(self, environment: Environment, view: FileView) -> None:
        self._environment = environment
        self._view = view

    def wrong(self, node: nodes.Node, scope: Scope) -> Iterator[Wrong]:
        """What is wrong with what a node does."""
        match node:
            case nodes.Filter() | nodes.Test():
                yield from wrong_filter_or_test(self._environment, node)
            case nodes.FromImport():
                yield from self._from_import(node)
            case nodes.Call():
                yield from self._call(node, scope)
            case nodes.CallBlock():
                yield from self._call_block(node, scope)
            case nodes.For():
                yield from self._loop(node)
            case nodes.Output():
                for shown in node.nodes:
                    yield from self._shown(shown, scope)
            case nodes.Block():
                yield from self._block(node)
            case nodes.Pow():
                yield misused("**", "`**` is not there in templates")

    def _from_import(self, node: nodes.FromImport) -> Iterator[Wrong]:
        path = node.template.value if isinstance(node.template, nodes.Const) else None
        exported = self._view.meanings.exported(path) if isinstance(path, str) else None
        if exported is None:
            return
        for one in node.names:
            name, known_as = (one, one) if isinstance(one, str) else one
            if name not in exported and not self._view.asks_for_name(known_as):
                yield unknown(name, f"`{path}` has no macro `{name}`", exported)

    def _call(self, node: nodes.Call, scope: Scope) -> Iterator[Wrong]:
        meaning = self._view.meaning(node.node, scope)
        if isinstance(meaning, Macro):
            yield from wrong_call(meaning.node, meaning.node.name, node, self._view.is_by_block(node))
        elif isinstance(meaning, Module):
            yield misused(meaning.path, f"`{meaning.path}` is a file, no macro", "write the name of a macro behind it")
        elif self._view.shapes.of(node.node) is not None and not _is_method(node.node):
            name = _said(node.node)
            yield misused(name, f"`{name}` is no macro: it can't be called", "leave out the brackets")

    def _call_block(self, node: nodes.CallBlock, scope: Scope) -> Iterator[Wrong]:
        """What is wrong with the arguments that the called macro gives to the block, as its `caller`."""
        macro = self._view.meaning(node.call.node, scope)
        if not isinstance(macro, Macro):
            return
        name = macro.node.name
        for call in macro.node.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "caller":
                for wrong in wrong_call(node, "caller", call, by_block=False):
                    yield misused(name, f"the macro `{name}` can't call this block: {wrong.message}")

    def _loop(self, node: nodes.For) -> Iterator[Wrong]:
        shape = self._view.shapes.of(node.iter)
        if shape is not None and shape is not dict and not is_list(shape):
            name = _said(node.iter)
            yield misused(name, f"`{name}` is no list: a loop can't run over it", "show it without a loop")

    def _shown(self, shown: nodes.Node, scope: Scope) -> Iterator[Wrong]:
        shape, meaning = self._view.shapes.of(shown), self._view.meaning(shown, scope)
        if isinstance(meaning, Macro):
            name = meaning.node.name
            yield misused(name, f"`{name}` is a macro: it is called, not shown", f"write `{name}(...)`")
        elif isinstance(meaning, Module):
            yield misused(meaning.path, f"`{meaning.path}` is a file: it can't be shown", "name a macro of it")
        elif shape is not None and shape not in ONE_VALUE:
            name = _said(shown)
            yield misused(name, f"`{name}` is not one value that can be shown", "name a field of it, or join it")

    def _block(self, block: nodes.Block) -> Iterator[Wrong]:
        """A block that no extended file has: it would never be shown."""
        pieces, path = self._view.pieces, self._view.path
        above = pieces.above(path)
        if not above or not any(block is one for one in self._view.tree.body):
            return
        known = self._view.blocks_of(above)
        together = [pieces.trees[one] for one in pieces.together(path)]
        # `self.name()` shows a block wherever it stands.
        by_hand = {field_of(node) for tree in together for node in tree.find_all((nodes.Getattr, nodes.Getitem))}
        if block.name not in known | by_hand:
            message = f"no file that this one extends has a block `{block.name}`, so it is never shown"
            yield unknown(block.name, message, known)


def _is_method(called: nodes.Node) -> bool:
    field = field_of(called)
    return field is not None and field in {*METHODS[str], *METHODS[dict]}


def _said(node: nodes.Node) -> str:
    """An expression of names and fields, as it is written in the template."""
    field = field_of(node)
    if field is not None and isinstance(node, nodes.Getattr | nodes.Getitem):
        return f"{_said(node.node)}.{field}"
    return str(getattr(node, "name", ""))
