"""Makes a template pay for what it runs: for each body of a loop, macro, call or block, and for the file itself."""

from __future__ import annotations

from typing import Final, TypeVar

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.visitor import NodeTransformer

from adapters.jinja.limits import NODE

PAY: Final = "pay for this body"
CONCAT: Final = "join these texts"
LITERAL: Final = "hold these values"
"""Names of filters. They have blanks in them, so that no template can write `|` before one."""

_Body = TypeVar("_Body", nodes.For, nodes.Macro, nodes.CallBlock, nodes.Block)


def instrument(template: nodes.Template, environment: Environment) -> nodes.Template:
    """The template with its payments. Raises TemplateSyntaxError for `autoescape`, which no template may use."""
    for node in template.find_all((nodes.EvalContextModifier, nodes.ScopedEvalContextModifier)):
        raise TemplateSyntaxError("escaping can't be switched off: leave out `autoescape`", node.lineno)
    _Instrument().visit(template)
    template.body.insert(0, _payment(template))
    template.set_environment(environment)
    return template


class _Instrument(NodeTransformer):
    """Puts a payment at the start of every body, and bounded operations in the place of `~` and of literal lists."""

    # Jinja's visitors are named after the nodes that they visit.

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
        return self._paying(node)

    def visit_Macro(self, node: nodes.Macro) -> nodes.Macro:  # noqa: N802
        return self._paying(node)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.CallBlock:  # noqa: N802
        return self._paying(node)

    def visit_Block(self, node: nodes.Block) -> nodes.Block:  # noqa: N802
        return self._paying(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), CONCAT)

    def visit_List(self, node: nodes.List) -> nodes.Filter:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, LITERAL)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Filter:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, LITERAL)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        # In `{% for key, value in … %}` a tuple is a target, and no value.
        return _filtered(node, LITERAL) if node.ctx == "load" else node

    def _paying(self, node: _Body) -> _Body:
        self.generic_visit(node)
        node.body.insert(0, _payment(node))
        return node


def _filtered(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _payment(node: nodes.Node) -> nodes.ExprStmt:
    """A statement that pays for all nodes and text in a body, inner bodies included, each time that the body runs."""
    text = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
    units = NODE * (1 + sum(1 for _ in node.find_all(nodes.Node))) + text
    return nodes.ExprStmt(_filtered(nodes.Const(units, lineno=node.lineno), PAY), lineno=node.lineno)
