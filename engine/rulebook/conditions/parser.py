"""From a condition's text to its syntax tree. Nothing is ever evaluated as code."""

from __future__ import annotations

from typing import Final

from engine.rulebook.conditions.lexer import ConditionError, Token, TokenKind, tokens
from engine.rulebook.conditions.syntax import (
    And,
    Compare,
    FieldPair,
    FieldRelation,
    Leaf,
    Listed,
    Literal,
    Node,
    Not,
    OneOf,
    Or,
    Order,
    TextRelation,
    TextTest,
)
from engine.rulebook.fields import TIME, TIME_IN
from schemas.problem import Place

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
        if left.kind is TokenKind.FIELD and self._is_complete:
            return OneOf(left.text, (True,), left.place, (left.place,))
        negated = self._take("not")
        relation = self._text_relation()
        if relation is not None:
            leaf: Leaf = self._text_test(left, relation)
        elif self._take("in"):
            leaf = self._membership(left)
        elif negated:
            message = f"`in`, `contains`, `starts with` or `ends with` is missing before {_named(self._current)}"
            raise ConditionError(message, self._current.place, suggestion="write `not` before the whole comparison")
        else:
            return self._relation(left)
        return Not(leaf) if negated else leaf

    @property
    def _is_complete(self) -> bool:
        """Whether nothing follows with which the field before could be compared."""
        following = self._current
        return following.kind is TokenKind.END or (
            following.kind in (TokenKind.WORD, TokenKind.PUNCTUATION) and following.text in ("and", "or", ")")
        )

    def _relation(self, left: Token) -> Node:
        operator = self._advance()
        if operator.kind is not TokenKind.OPERATOR:
            message = f"a comparison such as `==` or `in` is missing before {_named(operator)}"
            word = operator.text.lower()
            joined = f"write `{_JOINED[word]}`" if word in _JOINED else ""
            raise ConditionError(message, operator.place, suggestion=_MEANT.get(word, joined))
        right = self._operand("a value to compare with")
        if left.kind is right.kind is TokenKind.LITERAL:
            raise ConditionError("two values are compared: compare a field with a value", right.place)
        if operator.text in ("==", "!="):
            equal = _equal(left, right)
            return equal if operator.text == "==" else Not(equal)
        order = Order(operator.text)
        if left.kind is right.kind:
            return FieldPair(left.text, order, right.text, left.place, right.place)
        field, value = (left, right) if left.kind is TokenKind.FIELD else (right, left)
        return Compare(field.text, order if field is left else order.mirrored, value.value, field.place, value.place)

    def _text_relation(self) -> TextRelation | None:
        if self._take("contains"):
            return TextRelation.CONTAINS_WORD if self._take("word") else TextRelation.CONTAINS
        for relation in (TextRelation.STARTS_WITH, TextRelation.ENDS_WITH):
            if self._take(relation.partition(" ")[0]):
                self._expect("with")
                return relation
        return None

    def _text_test(self, field: Token, relation: TextRelation) -> TextTest:
        if field.kind is not TokenKind.FIELD:
            message = f"a field must stand before `{relation}`"
            raise ConditionError(message, field.place, suggestion=f'write `ticket.title {relation} "…"`')
        text = self._advance()
        if text.kind is not TokenKind.LITERAL or not isinstance(text.value, str):
            message = f"`{relation}` asks for a text in quotes, not {_named(text)}"
            advice = f'write it in quotes: "{text.text}"' if text.kind in (TokenKind.FIELD, TokenKind.LITERAL) else ""
            raise ConditionError(message, text.place, suggestion=advice)
        return TextTest(field.text, relation, text.value, field.place, text.place)

    def _membership(self, left: Token) -> Leaf:
        """What stands behind `in`: a list of values, or a field that is a list."""
        if left.kind is TokenKind.FIELD and left.text == TIME:
            return self._in_calendar(left)
        if self._current.kind is TokenKind.FIELD:
            right = self._advance()
            if left.kind is TokenKind.FIELD:
                return FieldPair(left.text, FieldRelation.IN, right.text, left.place, right.place)
            return Listed(left.value, right.text, left.place, right.place)
        if left.kind is not TokenKind.FIELD:
            message = f"a field that is a list, such as `person.groups`, is missing before {_named(self._current)}"
            raise ConditionError(message, self._current.place)
        closing = ")" if self._take("(") else "]"
        if closing == "]":
            self._expect("[", 'a list in parentheses, such as ("high", "critical")')
        values: list[Literal] = []
        places: list[Place] = []
        while not self._take(closing):
            value = self._advance()
            if value.kind is not TokenKind.LITERAL:
                advice = f'write a text in quotes: "{value.text}"' if value.kind is TokenKind.FIELD else ""
                message = f"the list takes values only, not {_named(value)}"
                raise ConditionError(message, value.place, suggestion=advice)
            values.append(value.value)
            places.append(value.place)
            if self._current.text != closing:
                self._expect(",", f"`,` or `{closing}`")
        return OneOf(left.text, tuple(values), left.place, tuple(places))

    def _in_calendar(self, time: Token) -> Leaf:
        """A truth value like any other: whether the event's time lies in the hours of the calendar named here."""
        calendar = self._advance()
        if calendar.kind is not TokenKind.FIELD or "." in calendar.text:
            advice = "write it without quotes and parentheses, `time in support`"
            message = f"the name of a calendar must stand here, not {_named(calendar)}"
            raise ConditionError(message, calendar.place, suggestion=advice)
        offset = time.place.offset
        whole = Place(offset, calendar.place.offset + calendar.place.length - offset)
        return OneOf(TIME_IN + calendar.text, (True,), whole, (whole,))

    def expect_end(self) -> None:
        if self._current.kind is not TokenKind.END:
            before, found = self._tokens[self._next - 1], self._current
            advice = ""
            if found.text.lower() in _JOINED:
                advice = f"write `{_JOINED[found.text.lower()]}`"
            elif found.text == "," and isinstance(before.value, int | float):
                advice = f"write decimals behind a point: `{before.text}.{self._tokens[self._next + 1].text}`"
            elif before.kind is TokenKind.FIELD and "." not in before.text and found.kind is not TokenKind.PUNCTUATION:
                advice = f'write a text of several words in quotes: "{before.text} {found.text}"'
            elif isinstance(before.value, str) and before.place.offset + before.place.length == found.place.offset:
                advice = 'within a text in "…" write a quote as \\", or put the text in quotes of the other kind'
            message = f"`and` or `or` is missing before {_named(found)}"
            raise ConditionError(message, found.place, suggestion=advice)

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
            advice = 'write a text in quotes: "high"' if token.kind is TokenKind.WORD else ""
            message = f"{wanted} is missing before {_named(token)}"
            raise ConditionError(message, token.place, suggestion=advice)
        return token


def _equal(left: Token, right: Token) -> Leaf:
    if left.kind is right.kind:
        return FieldPair(left.text, FieldRelation.EQUAL, right.text, left.place, right.place)
    field, value = (left, right) if left.kind is TokenKind.FIELD else (right, left)
    return OneOf(field.text, (value.value,), field.place, (value.place,))


_CONTAINS: Final = "write `contains`"
_MEANT: Final = {
    "contain": _CONTAINS,
    "containing": _CONTAINS,
    "includes": _CONTAINS,
    "include": _CONTAINS,
    "like": _CONTAINS,
    "matches": _CONTAINS,
    "has": _CONTAINS,
    "does": "write `not contains`",
    "start": "write `starts with`",
    "starts_with": "write `starts with`",
    "startswith": "write `starts with`",
    "begins": "write `starts with`",
    "end": "write `ends with`",
    "ends_with": "write `ends with`",
    "endswith": "write `ends with`",
    "is": "write `==`",
    "equals": "write `==`",
    "word": "write `contains word`",
    "outside": "write `not in`",
    "during": "write `in`",
    "within": "write `in`",
}
"""What people write in the place of a comparison, and what they mean."""


_JOINED: Final = {"et": "and", "und": "and", "y": "and", "e": "and", "ou": "or", "oder": "or", "o": "or", ";": "and"}
"""What people write in their own language to join comparisons."""


def _named(token: Token) -> str:
    return token.kind.value if token.kind is TokenKind.END else f"`{token.text}`"
