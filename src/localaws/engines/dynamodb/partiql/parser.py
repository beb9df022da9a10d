"""PartiQL's four statements, as DynamoDB knows them: text and parameters → a statement.

``SELECT a.b FROM "t" WHERE p = ? AND n > 2`` → ``Select("t", None, [Path(("a", "b"))], All([…]), [])``

Source: DynamoDB developer guide, "PartiQL - a SQL-compatible query language for Amazon DynamoDB".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType

from localaws.engines.dynamodb.conditions import (
    All,
    Any_,
    Between,
    Comparison,
    Condition,
    ConditionError,
    Exists,
    HasType,
    In,
    Literal,
    Not,
    Operand,
    Path,
    Size,
    function,
)
from localaws.gateway.errors import AwsError

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*")|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)"""
    r"""|(?P<word>[A-Za-z_$][\w$]*)|(?P<sign><<|>>|<>|!=|<=|>=|[-+=<>(),.\[\]{}:?*;]))""",
)
_COMPARATORS = {"=", "<>", "!=", "<", "<=", ">", ">="}
_DEEPEST = 100


@dataclass(frozen=True)
class Select:
    table: str
    index: str | None
    paths: Sequence[Path]  #: none for *
    where: Condition
    order: Sequence[tuple[str, bool]]  #: attribute, ascending


@dataclass(frozen=True)
class Insert:
    table: str
    item: dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One SET or REMOVE: the section of an update expression, its path and what stands right of the path."""

    section: str
    path: Path
    terms: Sequence[str | Path | Literal]


@dataclass(frozen=True)
class Update:
    table: str
    changes: Sequence[Change]
    where: Condition
    returning: str | None


@dataclass(frozen=True)
class Delete:
    table: str
    where: Condition
    returning: str | None


@dataclass(frozen=True)
class ExistsCheck:
    """``EXISTS(SELECT …)``, the condition check of a transaction."""

    select: Select


Statement = Select | Insert | Update | Delete | ExistsCheck


def parse(text: str, parameters: Sequence[dict[str, Any]]) -> Statement:
    """The statement in *text*, with *parameters* put in; raises ValidationException."""
    return _Parser(text, parameters).statement()


class _Parser:
    def __init__(self, text: str, parameters: Sequence[dict[str, Any]]) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise _malformed(f"Unexpected token {text[at:].strip()[:20]!r}")
            kind = match.lastgroup or ""
            self._tokens.append((kind, match.group(kind)))
            at = match.end()
        if sum(token == ("sign", "?") for token in self._tokens) != len(parameters):
            raise _invalid("Number of parameters in request and statement don't match.")
        self._parameters = iter(parameters)
        self._at = self._depth = 0

    def statement(self) -> Statement:
        starts: dict[str, Callable[[], Statement]] = {
            "SELECT": self._select,
            "INSERT": self._insert,
            "UPDATE": self._update,
            "DELETE": self._delete,
        }
        word = self._peek_word()
        try:
            if word == "EXISTS":
                statement: Statement = self._exists()
            elif word in starts:
                self._at += 1
                statement = starts[word]()
            else:
                raise _malformed(f"Unexpected term {self._peek()[1]!r}")
        except ConditionError as error:
            raise _invalid(str(error)) from None
        self._take(";")
        if self._at < len(self._tokens):
            raise _malformed(f"Unexpected term {self._peek()[1]!r}")
        return statement

    def _exists(self) -> ExistsCheck:
        self._expect_word("EXISTS")
        self._expect("(")
        self._expect_word("SELECT")
        select = self._select()
        self._expect(")")
        return ExistsCheck(select)

    def _select(self) -> Select:
        paths = []
        if not self._take("*"):
            paths.append(self._path())
            while self._take(","):
                paths.append(self._path())
        self._expect_word("FROM")
        table = self._identifier()
        index = self._identifier() if self._take(".") else None
        where = self._where() if self._peek_word() == "WHERE" else All([])
        order = []
        if self._take_word("ORDER"):
            self._expect_word("BY")
            order.append(self._order_key())
            while self._take(","):
                order.append(self._order_key())
        return Select(table, index, paths, where, order)

    def _order_key(self) -> tuple[str, bool]:
        name = self._identifier()
        descending = self._take_word("DESC")
        if not descending:
            self._take_word("ASC")
        return name, not descending

    def _insert(self) -> Insert:
        self._expect_word("INTO")
        table = self._identifier()
        self._expect_word("VALUE")
        value = self._value()
        if "M" not in value:
            raise _invalid("Unsupported value in INSERT: it takes one item, as {'attribute': value}.")
        return Insert(table, value["M"])

    def _update(self) -> Update:
        table = self._identifier()
        changes: list[Change] = []
        while (section := self._peek_word()) in ("SET", "REMOVE"):
            self._at += 1
            changes.append(self._change(section))
            while self._take(","):
                changes.append(self._change(section))
        if not changes:
            raise _malformed("UPDATE needs SET or REMOVE")
        return Update(table, changes, self._where(), self._returning())

    def _change(self, section: str) -> Change:
        path = self._path()
        if section == "REMOVE":
            return Change("REMOVE", path, [])
        self._expect("=")
        name = self._peek_word().lower()
        if name in ("set_add", "set_delete") and self._peek(1)[1] == "(":
            return Change("ADD" if name == "set_add" else "DELETE", path, [self._call()[1]])
        terms = self._term()
        while self._peek()[1] in ("+", "-"):
            terms = [*terms, self._next()[1], *self._term()]
        return Change("SET", path, terms)

    def _term(self) -> list[str | Path | Literal]:
        name = self._peek_word().lower()
        if name in ("list_append", "if_not_exists") and self._peek(1)[1] == "(":
            first, second = self._call()
            return [f"{name}(", first, ",", second, ")"]
        operand = self._operand()
        if isinstance(operand, Path | Literal):
            return [operand]
        raise _malformed("SET takes a path, a value, LIST_APPEND, SET_ADD or SET_DELETE")

    def _call(self) -> list[Path | Literal]:
        """The two operands of a function in SET."""
        name = self._next()[1]
        self._expect("(")
        operands = [self._operand()]
        while self._take(","):
            operands.append(self._operand())
        self._expect(")")
        found = [each for each in operands if isinstance(each, Path | Literal)]
        if len(found) != 2 or len(operands) != 2:
            raise _malformed(f"{name} takes a path and a value")
        return found

    def _delete(self) -> Delete:
        self._expect_word("FROM")
        return Delete(self._identifier(), self._where(), self._returning())

    def _returning(self) -> str | None:
        if not self._take_word("RETURNING"):
            return None
        words = f"{self._next()[1]} {self._next()[1]}".upper()
        if words not in ("ALL OLD", "ALL NEW", "MODIFIED OLD", "MODIFIED NEW"):
            raise _malformed(f"RETURNING {words}")
        self._expect("*")
        return words

    def _where(self) -> Condition:
        self._expect_word("WHERE")
        return self._or()

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
            raise _malformed("the condition is nested too deeply")
        condition = Not(self._not()) if self._take_word("NOT") else self._primary()
        self._depth -= 1
        return condition

    def _primary(self) -> Condition:
        if self._take("("):
            condition = self._or()
            self._expect(")")
            return condition
        operand = self._operand()
        if not isinstance(operand, Path | Literal | Size):
            return operand
        sign = self._peek()[1]
        if sign in _COMPARATORS:
            self._at += 1
            return Comparison("<>" if sign == "!=" else sign, operand, self._plain_operand())
        if self._take_word("IS"):
            return self._is(operand)
        negated = self._take_word("NOT")
        if self._take_word("BETWEEN"):
            low = self._plain_operand()
            self._expect_word("AND")
            condition = Between(operand, low, self._plain_operand())
        else:
            self._expect_word("IN")
            condition = In(operand, self._options())
        return Not(condition) if negated else condition

    def _is(self, operand: Operand) -> Condition:
        negated = self._take_word("NOT")
        if not isinstance(operand, Path):
            raise _malformed("IS takes a path")
        if self._take_word("NULL"):
            condition: Condition = HasType(operand, Literal(DynamoType({"S": "NULL"})))
        else:
            self._expect_word("MISSING")
            condition = Not(Exists(operand))
        return Not(condition) if negated else condition

    def _options(self) -> list[Operand]:
        opening = self._next()[1]
        closing = {"[": "]", "(": ")"}.get(opening)
        if closing is None:
            raise _malformed("IN takes a list")
        options = [self._plain_operand()]
        while self._take(","):
            options.append(self._plain_operand())
        self._expect(closing)
        return options

    def _plain_operand(self) -> Operand:
        operand = self._operand()
        if isinstance(operand, Path | Literal | Size):
            return operand
        raise _malformed("a condition stands where a value is wanted")

    def _operand(self) -> Condition | Path | Literal | Size:
        kind, word = self._peek()
        if kind == "word" and self._peek(1)[1] == "(":
            self._at += 2
            operands = [self._plain_operand()]
            while self._take(","):
                operands.append(self._plain_operand())
            self._expect(")")
            return function(word.lower(), operands)
        if kind == "name" or (kind == "word" and word.upper() not in ("TRUE", "FALSE", "NULL")):
            return self._path()
        return Literal(DynamoType(self._value()))

    def _path(self) -> Path:
        parts: list[str | int] = [self._identifier()]
        while self._peek()[1] in (".", "[") and self._peek()[0] == "sign":
            if self._take("."):
                parts.append(self._identifier())
                continue
            self._expect("[")
            kind, word = self._next()
            if kind == "number" and word.isdecimal():
                parts.append(int(word))
            elif kind == "text":
                parts.append(_unquoted(word))
            else:
                raise _malformed(f"Unexpected term {word!r}")
            self._expect("]")
        return Path(tuple(parts))

    def _identifier(self) -> str:
        kind, word = self._next()
        if kind == "name":
            return _unquoted(word)
        if kind != "word":
            raise _malformed(f"Unexpected term {word!r}")
        return word

    def _value(self) -> dict[str, Any]:
        """A value, typed as the API has it: ``{'a': [1, ?]}`` → ``{"M": {"a": {"L": [{"N": "1"}, …]}}}``."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _malformed("the value is nested too deeply")
        value = self._flat_value()
        self._depth -= 1
        return value

    def _flat_value(self) -> dict[str, Any]:
        kind, word = self._next()
        if word == "?" and kind == "sign":
            return next(self._parameters)
        if kind == "text":
            return {"S": _unquoted(word)}
        if kind == "number":
            return {"N": word}
        if word == "-" and self._peek()[0] == "number":
            return {"N": "-" + self._next()[1]}
        if kind == "word" and word.upper() in ("TRUE", "FALSE"):
            return {"BOOL": word.upper() == "TRUE"}
        if kind == "word" and word.upper() == "NULL":
            return {"NULL": True}
        if word == "[":
            return {"L": self._values("]")}
        if word == "<<":
            return _set_of(self._values(">>"))
        if word == "{":
            return {"M": self._fields()}
        raise _malformed(f"Unexpected term {word!r}")

    def _values(self, closing: str) -> list[dict[str, Any]]:
        values: list[dict[str, Any]] = []
        while not self._take(closing):
            if values:
                self._expect(",")
            values.append(self._value())
        return values

    def _fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        while not self._take("}"):
            if fields:
                self._expect(",")
            kind, word = self._next()
            if kind not in ("text", "name"):
                raise _malformed(f"Unexpected term {word!r}")
            self._expect(":")
            fields[_unquoted(word)] = self._value()
        return fields

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ("", "")

    def _peek_word(self) -> str:
        kind, word = self._peek()
        return word.upper() if kind == "word" else ""

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        if not token[0]:
            raise _malformed("Unexpected end of statement")
        self._at += 1
        return token

    def _take(self, sign: str) -> bool:
        found = self._peek() == ("sign", sign)
        self._at += found
        return found

    def _take_word(self, word: str) -> bool:
        found = self._peek_word() == word
        self._at += found
        return found

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise _malformed(f"Expected {sign!r}, found {self._peek()[1] or 'the end'!r}")

    def _expect_word(self, word: str) -> None:
        if not self._take_word(word):
            raise _malformed(f"Expected {word}, found {self._peek()[1] or 'the end'!r}")


def _unquoted(word: str) -> str:
    quote = word[0]
    return word[1:-1].replace(quote * 2, quote)


def _set_of(values: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {kind for value in values for kind in value}
    if len(kinds) != 1 or not kinds <= {"S", "N", "B"}:
        raise _invalid("A set has strings, numbers or binaries, all of one type, and at least one.")
    (kind,) = kinds
    return {f"{kind}S": [value[kind] for value in values]}


def _malformed(detail: str) -> AwsError:
    return _invalid(f"Statement wasn't well formed, can't be processed: {detail}")


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
