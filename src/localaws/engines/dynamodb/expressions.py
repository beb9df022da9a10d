"""Condition, filter and key condition expressions: ``a = :x AND begins_with(#b.c[0], :y)`` → `conditions`.

Source: DynamoDB developer guide, "Syntax for filter and condition expressions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.parsing.key_condition_expression import validate_schema
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from localaws.engines.dynamodb.conditions import (
    All,
    Any_,
    BeginsWith,
    Between,
    Comparison,
    Condition,
    ConditionError,
    In,
    Literal,
    Not,
    Operand,
    Path,
    Size,
    function,
)

_TOKEN = re.compile(r"\s*([:#]?\w[\w-]*|<>|<=|>=|[=<>(),.\[\]]|\S)")
_COMPARATORS = {"=", "<>", "<", "<=", ">", ">="}
#: Deeper than any expression that AWS accepts (300 operators), and within Python's own stack.
_DEEPEST = 100


class ExpressionParser:
    """A recursive descent over one expression; has the face that moto expects of its own parser.

    ``expr_attr_names_found`` and ``expr_attr_values_found`` are the placeholders that it used.
    """

    def __init__(
        self, text: str | None, names: Mapping[str, str] | None, values: Mapping[str, dict[str, Any]] | None
    ) -> None:
        self._text = text
        self._names, self._values = names or {}, values or {}
        self._tokens = _TOKEN.findall(text or "")
        self._at = self._depth = 0
        self.expr_attr_names_found: list[str] = []
        self.expr_attr_values_found: list[str] = []

    def parse(self) -> Filter:
        """The expression's condition; raises ConditionError, with AWS's words for what is wrong."""
        if self._text is None:
            return Filter(All([]))
        if not self._tokens:
            raise ConditionError("The expression can not be empty;")
        condition = self._or()
        if self._peek():
            raise self._syntax_error()
        return Filter(condition)

    def _or(self) -> Condition:
        parts = [self._and()]
        while self._take_word("OR"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Any_(parts)

    def _and(self) -> Condition:
        parts = [self._not()]
        while self._take_word("AND"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else All(parts)

    def _not(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ConditionError("The expression contains too many nested levels;")
        condition = Not(self._not()) if self._take_word("NOT") else self._primary()
        self._depth -= 1
        return condition

    def _primary(self) -> Condition:
        if self._take("("):
            if self._peek() == "(" and self._closes_doubly():
                raise ConditionError("The expression has redundant parentheses;")
            condition = self._or()
            self._expect(")")
            return condition
        operand = self._operand()
        if not isinstance(operand, Path | Literal | Size):
            return operand
        if self._peek() in _COMPARATORS:
            return Comparison(self._next(), operand, self._plain_operand())
        if self._take_word("BETWEEN"):
            low = self._plain_operand()
            if not self._take_word("AND"):
                raise self._syntax_error()
            return Between(operand, low, self._plain_operand())
        if self._take_word("IN"):
            self._expect("(")
            options = [self._plain_operand()]
            while self._take(","):
                options.append(self._plain_operand())
            self._expect(")")
            return In(operand, options)
        raise self._syntax_error()

    def _closes_doubly(self) -> bool:
        """Whether the parenthesis just opened holds nothing but another pair."""
        depth = 0
        for index, token in enumerate(self._tokens[self._at :], self._at):
            depth += (token == "(") - (token == ")")
            if depth == 0:
                return self._tokens[index + 1 : index + 2] == [")"]
        return False

    def _plain_operand(self) -> Operand:
        operand = self._operand()
        if isinstance(operand, Path | Literal | Size):
            return operand
        raise self._syntax_error()

    def _operand(self) -> Condition | Path | Literal | Size:
        word = self._next()
        if word.startswith(":"):
            if word not in self._values:
                raise ConditionError(
                    f"An expression attribute value used in expression is not defined; attribute value: {word}"
                )
            self.expr_attr_values_found.append(word)
            return Literal(DynamoType(self._values[word]))
        if self._peek() == "(":
            self._expect("(")
            operands = [self._plain_operand()]
            while self._take(","):
                operands.append(self._plain_operand())
            self._expect(")")
            return function(word, operands)
        parts: list[str | int] = [self._name(word)]
        while self._peek() in (".", "["):
            if self._take("."):
                parts.append(self._name(self._next()))
            else:
                self._expect("[")
                index = self._next()
                if not index.isdecimal():
                    self._at -= 1
                    raise self._syntax_error()
                parts.append(int(index))
                self._expect("]")
        return Path(tuple(parts))

    def _name(self, word: str) -> str:
        if word.startswith("#"):
            if word not in self._names:
                raise ConditionError(
                    f"An expression attribute name used in the document path is not defined; attribute name: {word}"
                )
            self.expr_attr_names_found.append(word)
            return self._names[word]
        if not re.match(r"[A-Za-z_]", word):
            self._at -= 1
            raise self._syntax_error()
        if word.upper() in ReservedKeywords.get_reserved_keywords():
            raise ConditionError(f"Attribute name is a reserved keyword; reserved keyword: {word}")
        return word

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise self._syntax_error()
        self._at += 1
        return token

    def _take(self, token: str) -> bool:
        found = self._peek() == token
        self._at += found
        return found

    def _take_word(self, word: str) -> bool:
        found = self._peek().upper() == word
        self._at += found
        return found

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise self._syntax_error()

    def _syntax_error(self) -> ConditionError:
        near = " ".join(self._tokens[max(self._at - 1, 0) : self._at + 2])
        return ConditionError(f'Syntax error; token: "{self._peek() or "<EOF>"}", near: "{near}"')


class Filter:
    """A condition as moto asks it: ``expr(item)``, where no item has no attributes."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition

    def expr(self, item: Item | None) -> bool:
        return self.condition.holds(item.attrs if item is not None else {})


def filter_of(text: str | None, names: Mapping[str, str] | None, values: Mapping[str, dict[str, Any]] | None) -> Filter:
    return ExpressionParser(text or None, names, values).parse()


def parse_key_condition(
    key_condition_expression: str,
    expression_attribute_values: dict[str, dict[str, Any]],
    expression_attribute_names: dict[str, str],
    schema: list[dict[str, str]],
) -> tuple[list[tuple[str, dict[str, Any]]], list[tuple[str, str, list[dict[str, Any]]]], list[str]]:
    """The equalities on hash keys, the conditions on sort keys and the name placeholders used, as moto has them."""
    parser = ExpressionParser(key_condition_expression, expression_attribute_names, expression_attribute_values)
    try:
        condition = parser.parse().condition
        results = [_key_condition(part) for part in _conjuncts(condition)]
    except ConditionError as error:
        raise MockValidationException(f"Invalid KeyConditionExpression: {error}") from None
    if len({name for name, _, _ in results}) < len(results):
        raise MockValidationException("KeyConditionExpressions must only contain one condition per key")
    hash_keys, range_keys = validate_schema(results, schema)
    return hash_keys, range_keys, parser.expr_attr_names_found


def _conjuncts(condition: Condition) -> list[Condition]:
    if isinstance(condition, All):
        return [each for part in condition.parts for each in _conjuncts(part)]
    return [condition]


def _key_condition(condition: Condition) -> tuple[str, str, list[dict[str, Any]]]:
    """``(attribute, comparison, values)`` of one condition on a key."""
    flipped = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
    match condition:
        case Comparison(comparison, Path((str(name),)), Literal(value)) if comparison != "<>":
            return name, comparison, [value.to_json()]
        case Comparison(comparison, Literal(value), Path((str(name),))) if comparison != "<>":
            return name, flipped[comparison], [value.to_json()]
        case Between(Path((str(name),)), Literal(low), Literal(high)):
            return name, "BETWEEN", [low.to_json(), high.to_json()]
        case BeginsWith(Path((str(name),)), Literal(prefix)):
            return name, "BEGINS_WITH", [prefix.to_json()]
    word = {"Any_": "OR", "Not": "NOT", "In": "IN"}.get(type(condition).__name__, "")
    if word:
        raise ConditionError(f"Invalid operator used in KeyConditionExpression: {word}")
    raise MockValidationException("Query key condition not supported")
