"""Checks the filters, tests and macros that a template uses: do they exist, and do they take these arguments?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import Environment, nodes
from msgspec import Struct

from schemas.finding import FindingCode
from schemas.suggestion import closest

_BY_ATTRIBUTE: Final = ("selectattr", "rejectattr")
_BY_TEST: Final = ("select", "reject", *_BY_ATTRIBUTE)
_ASKS: Final = ("defined", "undefined")
_DEFAULTS: Final = ("default", "d")


class Wrong(Struct, frozen=True):
    """A name that can't be used as it is, and why."""

    name: str
    message: str
    code: FindingCode
    suggestion: str = ""


def unknown(name: str, message: str, known: Any) -> Wrong:
    """A name that does not exist, with the one that was meant."""
    return Wrong(name, message, FindingCode.UNKNOWN_NAME, closest(name, known))


def misused(name: str, message: str, suggestion: str = "") -> Wrong:
    """A name that exists, and can't be used in this way."""
    return Wrong(name, message, FindingCode.WRONG_USE, suggestion)


# --- filters and tests


def wrong_filter_or_test(environment: Environment, node: nodes.Filter | nodes.Test) -> Iterator[Wrong]:
    """What is wrong with the use of a filter or test."""
    if isinstance(node, nodes.Test):
        yield from _wrong_word(environment.tests, "test", node.name, node)
        return
    yield from _wrong_word(environment.filters, "filter", node.name, node)
    if node.name == "map":
        yield from _wrong_map(environment, node)
    elif node.name in _BY_TEST and not _is_open(node):
        before = 1 if node.name in _BY_ATTRIBUTE else 0
        if len(node.args) < before:
            yield misused(node.name, f"`{node.name}` asks for the name of an attribute")
        yield from _wrong_named(environment.tests, "test", node, before)


def _wrong_map(environment: Environment, node: nodes.Filter) -> Iterator[Wrong]:
    if _is_open(node):
        return
    if node.args:
        yield from _wrong_named(environment.filters, "filter", node, 0)
        return
    given = {one.key for one in node.kwargs}
    if "attribute" not in given or given - {"attribute", "default"}:
        yield misused("map", "`map` takes the name of a filter, or `attribute=` with or without `default=`")


def _wrong_named(known: Mapping[str, Any], what: str, node: nodes.Filter, at: int) -> Iterator[Wrong]:
    """What is wrong with a filter or test that an argument names (`map('upper')`), and with the arguments for it."""
    named = node.args[at] if len(node.args) > at else None
    if isinstance(named, nodes.Const) and isinstance(named.value, str):
        yield from _wrong_word(known, what, named.value, node, at + 1)


def _wrong_word(
    known: Mapping[str, Any], what: str, name: str, node: nodes.Filter | nodes.Test, skip: int = 0
) -> Iterator[Wrong]:
    # A blank is in the names of internal filters (see `instrument`). `map('…')` could name one all the same.
    if name not in known or " " in name:
        yield unknown(name, f"there is no {what} `{name}`", [one for one in known if one.isidentifier()])
        return
    signature = _signature(known[name])
    if signature is None or _is_open(node):
        return
    try:
        signature.bind(*node.args[skip:], **{str(one.key): one.value for one in node.kwargs})
    except TypeError as error:
        form = ", ".join(map(_written, signature.parameters.values()))
        advice = f"write `{name}({form})`" if form else f"write `{name}` alone"
        yield misused(name, f"the {what} `{name}` can't be used like this: {error}", advice)


@lru_cache(maxsize=256)
def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """The arguments of a filter or test, without the value that it is applied to."""
    inner = inspect.unwrap(function)
    try:
        found = inspect.signature(inner)
    except ValueError:
        # Some functions in C have no signature.
        return None
    # With `pass_context` and its like, Jinja puts one more argument before the value.
    parameters = list(found.parameters.values())
    return found.replace(parameters=parameters[2 if hasattr(inner, "jinja_pass_arg") else 1 :])


def _written(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return parameter.name
    return f"{parameter.name}={parameter.default!r}"


def _is_open(node: nodes.Call | nodes.Filter | nodes.Test) -> bool:
    """Whether its arguments are known only when it runs: `*list`, `**dict`."""
    return node.dyn_args is not None or node.dyn_kwargs is not None


# --- macros


class _Signature(Struct, frozen=True):
    """How a macro may be called.

    `needed` are the parameters without which it fails. `has_caller` says that `{% call %}` may call it, `needs_caller`
    that nothing else may.
    """

    arguments: tuple[str, ...]
    needed: frozenset[str]
    takes_more: bool
    takes_any: bool
    has_caller: bool
    needs_caller: bool


def wrong_call(macro: nodes.Macro | nodes.CallBlock, name: str, call: nodes.Call, by_block: bool) -> Iterator[Wrong]:
    """What is wrong with a call of a macro. For a call of `caller` in it, `macro` is the block that it calls."""
    signature = _signature_of(macro)
    if by_block and not (signature.has_caller or signature.takes_any):
        yield misused(name, f"the macro `{name}` does not use `caller`", f"write {{{{ {name}(...) }}}}")
    if not by_block and signature.needs_caller:
        yield misused(name, f"the macro `{name}` needs a `caller`", f"write {{% call {name}(...) %}}")
    if _is_open(call):
        return
    form = f"write `{name}({', '.join(signature.arguments)})`"
    given, arguments = len(call.args), signature.arguments
    if given > len(arguments) and not signature.takes_more:
        yield misused(name, f"`{name}` takes {_counted(len(arguments))}, here it gets {given}", form)
    left = arguments[given:]
    for one in call.kwargs:
        if one.key in left or one.key == "caller" or signature.takes_any:
            continue
        if one.key in arguments:
            yield misused(name, f"`{name}` gets its argument `{one.key}` twice", form)
        else:
            advice = closest(one.key, arguments) or form
            yield misused(one.key, f"`{name}` has no argument `{one.key}`", advice)
    missing = [one for one in left if one in signature.needed and one not in {given.key for given in call.kwargs}]
    if missing:
        yield misused(name, f"`{name}` needs its argument `{missing[0]}`", form)


def _counted(number: int) -> str:
    return "no argument" if number == 0 else "1 argument" if number == 1 else f"{number} arguments"


def _signature_of(macro: nodes.Macro | nodes.CallBlock) -> _Signature:
    arguments = tuple(one.name for one in macro.args)
    without_default = frozenset(arguments[: len(arguments) - len(macro.defaults)])
    inside = [node for part in macro.body for node in _with_all(part)]
    read = {node.name for node in inside if isinstance(node, nodes.Name) and node.ctx == "load"}
    used = _used_always(macro)
    return _Signature(
        arguments,
        (without_default & used) - _asked_or_set(inside),
        "varargs" in read,
        "kwargs" in read,
        "caller" in read or "caller" in arguments,
        "caller" in used and "caller" not in {*arguments, *_asked_or_set(inside)},
    )


def _used_always(macro: nodes.Macro | nodes.CallBlock) -> frozenset[str]:
    """The names without which every run of a macro fails. Those that it only passes on as arguments are not among them.

    A parameter that is missing is undefined, and fails only where it is used.
    """
    names: set[str] = set()
    # Of what runs only at times, only the part that always runs counts: the test of an `if`, the list of a loop.
    waiting: list[nodes.Node] = list(macro.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, nodes.Name) and node.ctx == "load":
            names.add(node.name)
        elif isinstance(node, nodes.If | nodes.CondExpr):
            waiting.append(node.test)
        elif isinstance(node, nodes.For):
            waiting.append(node.iter)
        elif isinstance(node, nodes.And | nodes.Or):
            waiting.append(node.left)
        elif isinstance(node, nodes.Call):
            waiting.append(node.node)
        elif not isinstance(node, nodes.Macro | nodes.CallBlock | nodes.Assign | nodes.With):
            waiting += node.iter_child_nodes()
    return frozenset(names)


def _asked_or_set(inside: list[nodes.Node]) -> frozenset[str]:
    """The names that a macro sets, gives a default, or asks whether they are defined: it may run without them."""
    names = {node.name for node in inside if isinstance(node, nodes.Name) and node.ctx != "load"}
    for node in inside:
        asked = asks_for(node)
        if asked is not None:
            names |= {one.name for one in _with_all(asked) if isinstance(one, nodes.Name)}
    return frozenset(names)


def asks_for(node: nodes.Node) -> Any:
    """The expression that a node gives a default, or asks whether it is defined. It may be missing without a fault."""
    if isinstance(node, nodes.Test):
        return node.node if node.name in _ASKS else None
    return node.node if isinstance(node, nodes.Filter) and node.name in _DEFAULTS else None


def _with_all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    yield from node.find_all(nodes.Node)
