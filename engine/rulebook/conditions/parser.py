"""From a condition's text to its syntax tree. Nothing is ever evaluated as code."""

from __future__ import annotations

from typing import Final

from engine.rulebook.conditions.lexer import ConditionError, Token, TokenKind, tokens
from engine.rulebook.conditions.syntax import And, Compare, Literal, Node, Not, OneOf, Or, Order, Place

MAX_LENGTH: Final = 4_000
MAX_DEPTH: Final = 40


def parse_condition(text: str) -> Node:
    """The syntax tree of a condition. Raises ConditionError, which says what is wrong and where."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(
            f"the condition is longer than {MAX_LENGTH} characters: split the rule", Place(MAX_LENGTH, 1)
        )
    parser = _Parser(tokens(text))
    node = parser.either(0)
    parser.expect_end()
    return node


class _Parser:
    """Recursive descent: one method for each level of binding, the loosest first."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._next = 0

    def either(self, depth: int) -> Node:
        parts = [self.both(depth)]
        while self._take("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self, depth: int) -> Node:
        parts = [self.negation(depth)]
        while self._take("and"):
            parts.append(self.negation(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def negation(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise ConditionError(f"more than {MAX_DEPTH} levels of nesting: split the rule", self._current.place)
        if self._take("not"):
            return Not(self.negation(depth + 1))
        if self._take("("):
            node = self.either(depth + 1)
            self._expect(")")
            return node
        return self.comparison()

    def comparison(self) -> Node:
        left = self._operand("a field, such as `ticket.priority`")
        if left.kind is TokenKind.FIELD and self._current.text in ("in", "not"):
            return self._membership(left)
        operator = self._advance()
        if operator.kind is not TokenKind.OPERATOR:
            raise ConditionError(
                f"a comparison such as `==` or `in` is missing before {_named(operator)}", operator.place
            )
        right = self._operand("a value to compare with")
        if left.kind is right.kind:
            what = "two fields" if left.kind is TokenKind.FIELD else "two values"
            raise ConditionError(f"{what} are compared: compare a field with a value", right.place)
        field, value = (left, right) if left.kind is TokenKind.FIELD else (right, left)
        if operator.text in ("==", "!="):
            equal = OneOf(field.text, (value.value,), field.place, (value.place,))
            return equal if operator.text == "==" else Not(equal)
        order = Order(operator.text)
        return Compare(field.text, order if field is left else order.mirrored, value.value, field.place, value.place)

    def _membership(self, field: Token) -> Node:
        negated = self._take("not")
        self._expect("in")
        closing = ")" if self._take("(") else "]"
        if closing == "]":
            self._expect("[", 'a list in parentheses, such as ("high", "critical")')
        values: list[Literal] = []
        places: list[Place] = []
        while not self._take(closing):
            value = self._advance()
            if value.kind is not TokenKind.LITERAL:
                raise ConditionError(f"the list takes values only, not {_named(value)}", value.place)
            values.append(value.value)
            places.append(value.place)
            if self._current.text != closing:
                self._expect(",", f"`,` or `{closing}`")
        member = OneOf(field.text, tuple(values), field.place, tuple(places))
        return Not(member) if negated else member

    def expect_end(self) -> None:
        if self._current.kind is not TokenKind.END:
            found = self._current
            raise ConditionError(f"`and` or `or` is missing before {_named(found)}", found.place)

    @property
    def _current(self) -> Token:
        return self._tokens[self._next]

    def _advance(self) -> Token:
        token = self._current
        if token.kind is not TokenKind.END:
            self._next += 1
        return token

    def _take(self, text: str) -> bool:
        # A quoted "and" is a value, never the word.
        if self._current.kind in (TokenKind.WORD, TokenKind.PUNCTUATION) and self._current.text == text:
            self._next += 1
            return True
        return False

    def _expect(self, text: str, words: str | None = None) -> None:
        if not self._take(text):
            raise ConditionError(
                f"{words or f'`{text}`'} is missing before {_named(self._current)}", self._current.place
            )

    def _operand(self, wanted: str) -> Token:
        token = self._advance()
        if token.kind not in (TokenKind.FIELD, TokenKind.LITERAL):
            raise ConditionError(f"{wanted} is missing before {_named(token)}", token.place)
        return token


def _named(token: Token) -> str:
    return token.kind.value if token.kind is TokenKind.END else f"`{token.text}`"
