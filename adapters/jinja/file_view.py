"""One file of a template, with what is known about it: names, shapes, and the files around it."""

from __future__ import annotations

from jinja2 import nodes

from adapters.jinja.calls import asks_for
from adapters.jinja.meanings import Macro, Meanings, Module
from adapters.jinja.pieces import Pieces
from adapters.jinja.scopes import Scope, places, scoped_blocks


class FileView:
    """A file, and the questions that its checks ask about it."""

    def __init__(self, path: str, pieces: Pieces, meanings: Meanings) -> None:
        self.path = path
        self.pieces = pieces
        self.meanings = meanings
        self.tree = pieces.trees[path]
        self.shapes = meanings.shapes_in(path)
        self.made = meanings.known_in(path)
        above = pieces.above(path) or ()
        self.places = list(places(self.tree, scoped_blocks([pieces.trees[one] for one in above])))
        found = [node for node, _ in self.places]
        # By identity: Jinja's nodes are equal where they are written alike.
        self._asked = {id(asked): asked for node in found if (asked := asks_for(node)) is not None}
        self._by_block = {id(node.call) for node in found if isinstance(node, nodes.CallBlock)}

    def is_made(self, name: str, scope: Scope) -> bool:
        """Whether some file gives the name a meaning that is known at this place."""
        return name in scope.names or name in self.made

    def meaning(self, node: nodes.Node, scope: Scope) -> Module | Macro | None:
        """The macro or imported file that an expression stands for."""
        first = node
        while isinstance(first, nodes.Getattr):
            first = first.node
        is_local = isinstance(first, nodes.Name) and first.name in scope.names
        return None if is_local else self.meanings.of(self.path, node)

    def is_asked(self, node: nodes.Node) -> bool:
        """Whether the template asks if this is defined, or gives it a default."""
        return id(node) in self._asked

    def asks_for_name(self, name: str) -> bool:
        """Whether it does so for a name, at any place of the file."""
        return any(isinstance(one, nodes.Name) and one.name == name for one in self._asked.values())

    def is_by_block(self, call: nodes.Call) -> bool:
        """Whether a call is that of `{% call %}`."""
        return id(call) in self._by_block

    def blocks_of(self, paths: frozenset[str]) -> frozenset[str]:
        """The names of all blocks in these files."""
        return frozenset(block.name for path in paths for block in self.pieces.trees[path].find_all(nodes.Block))
