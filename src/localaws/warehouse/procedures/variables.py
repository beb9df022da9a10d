"""The values of a procedure's variables, and SQL with those in the places of their names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlglot.tokenizer_core import TokenType

from localaws.lake.quoting import own
from localaws.warehouse.catalog.system.facts import type_id
from localaws.warehouse.catalog.types import canonical
from localaws.warehouse.errors import SYNTAX, RedshiftError
from localaws.warehouse.session_protocol import Parameter
from localaws.warehouse.sql.splitting import Statement, split
from localaws.warehouse.wire.types import PYTHON

#: Statements in which a variable's name is its value; in others it may be a column's or a table's name.
_SUBSTITUTED = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "CALL")


@dataclass
class Value:
    """A variable's; *type* is "" for a record, whose value is a dict."""

    type: str
    value: Any = None
    constant: bool = False
    not_null: bool = False


@dataclass
class Scope:
    """The variables of a block; those of the blocks around it are found in *outer*."""

    outer: Scope | None = None
    values: dict[str, Value] = field(default_factory=dict)

    def find(self, name: str) -> Value | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.outer
        return None

    def declare(self, name: str, type: str, constant: bool = False, not_null: bool = False) -> Value:
        written = "" if type.strip().lower() == "record" else canonical(type)
        self.values[name] = Value(written, {} if not written else None, constant, not_null)
        return self.values[name]

    def assign(self, target: str, value: Any) -> None:
        """Raises RedshiftError for what is no variable, or must not have this value."""
        name, _, part = target.partition(".")
        found = self.find(name)
        if found is None:
            raise RedshiftError(SYNTAX, f'"{target}" is not a known variable')
        if found.constant:
            raise RedshiftError("22005", f'"{name}" is declared CONSTANT')
        if found.not_null and value is None:
            raise RedshiftError("22004", f'NULL cannot be assigned to variable "{name}" declared NOT NULL')
        if part:
            found.value[part] = value
        else:
            found.value = value

    def type_of(self, target: str) -> str:
        found = self.find(target.partition(".")[0])
        return found.type if found and "." not in target else ""

    def bound(self, sql: str) -> tuple[Statement, list[Parameter]]:
        """The statement *sql* with ``$1`` for each variable, and their values."""
        (statement,) = split(sql)
        if statement.command not in _SUBSTITUTED:
            return statement, []
        values: list[Parameter] = []
        tokens, changes = statement.tokens, list[tuple[int, int, str]]()
        for place, token in enumerate(tokens):
            before = tokens[place - 1].text if place else ""
            after = tokens[place + 1].text if place + 1 < len(tokens) else ""
            if token.token_type == TokenType.STRING or before == "." or after == "(":
                continue
            found, end = self.find(token.text.lower()), token.end
            if found is None:
                continue
            value, type = found.value, found.type
            if not type:
                if after != "." or place + 2 >= len(tokens):
                    continue
                part = tokens[place + 2].text.lower()
                if part not in value:
                    raise RedshiftError("42703", f'record "{token.text}" has no field "{part}"')
                value, end = value[part], tokens[place + 2].end
            elif after == ".":
                continue
            values.append(Parameter(type_id(type) if type else PYTHON.get(_class(value), 0), value))
            changes.append((token.start, end + 1, own(str(len(values)))))
        text, start = statement.text, tokens[0].start
        for first, end, name in reversed(changes):
            text = text[: first - start] + name + text[end - start :]
        return split(text)[0], values


def _class(value: Any) -> type:
    return type(value)
