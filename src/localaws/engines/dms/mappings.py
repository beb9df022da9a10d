"""Table mappings: which tables a task copies, which rows of them, and under which names.

Source: DMS user guide, "Specifying table selection and transformations rules using JSON"
(CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation…).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from psycopg import sql

from localaws.gateway.errors import AwsError
from localaws.wildcards import matches

_SELECTIONS = {"include", "exclude", "explicit"}
_RENAMINGS: dict[str, Callable[[str, str], str]] = {
    "rename": lambda name, value: value,
    "add-prefix": lambda name, value: value + name,
    "add-suffix": lambda name, value: name + value,
    "remove-prefix": lambda name, value: name.removeprefix(value),
    "remove-suffix": lambda name, value: name.removesuffix(value),
    "convert-lowercase": lambda name, value: name.lower(),
    "convert-uppercase": lambda name, value: name.upper(),
}
_OPERATORS = {"eq": "=", "noteq": "<>", "gte": ">=", "ste": "<=", "gt": ">", "st": "<"}
_PIECE = re.compile(r"\s*(?:'((?:[^']|'')*)'|\$\{?([A-Za-z_]\w*)\}?|(-?\d+(?:\.\d+)?))\s*(\|\||$)")


def invalid(reason: str) -> AwsError:
    """What CreateReplicationTask answers to mappings that it cannot use."""
    return AwsError("InvalidParameterValueException", f"Invalid Table mappings document. {reason}")


@dataclass(frozen=True)
class Column:
    """A column of a source table; *kind* is PostgreSQL's name of its type without length."""

    name: str
    kind: str
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True)
class Condition:
    """One filter condition: *operator* as the rule names it, *values* as the rule gives them."""

    column: str
    operator: str
    values: tuple[str, ...]

    @property
    def where(self) -> sql.Composed:
        """As SQL, for the full load."""
        name, values = sql.Identifier(self.column), [sql.Literal(value) for value in self.values]
        if self.operator in ("null", "notnull"):
            return sql.SQL("{} IS {}NULL").format(name, sql.SQL("" if self.operator == "null" else "NOT "))
        if self.operator in ("between", "notbetween"):
            negation = sql.SQL("NOT " if self.operator == "notbetween" else "")
            return sql.SQL("{} {}BETWEEN {} AND {}").format(name, negation, *values)
        return sql.SQL("{} {} {}").format(name, sql.SQL(_OPERATORS[self.operator]), values[0])

    def holds(self, row: Mapping[str, str | None]) -> bool:
        """Whether a changed *row* fits; a column that the change does not tell (a deleted row's) fits."""
        if self.column not in row:
            return True
        value = row[self.column]
        if self.operator in ("null", "notnull"):
            return (value is None) == (self.operator == "null")
        if value is None:
            return False
        ours, theirs = _comparable(value, self.values)
        if self.operator in ("between", "notbetween"):
            return (theirs[0] <= ours <= theirs[1]) == (self.operator == "between")
        compare = {"eq": ours == theirs[0], "noteq": ours != theirs[0], "gte": ours >= theirs[0]}
        compare |= {"ste": ours <= theirs[0], "gt": ours > theirs[0], "st": ours < theirs[0]}
        return compare[self.operator]


def _comparable(value: str, others: Sequence[str]) -> tuple[Any, list[Any]]:
    """As numbers if all are, else as texts."""
    try:
        return Decimal(value), [Decimal(other) for other in others]
    except InvalidOperation:
        return value, list(others)


@dataclass(frozen=True)
class Selection:
    """A selected table's filters: rules are alternatives, and so are the conditions on one column."""

    filters: tuple[tuple[Condition, ...], ...] = ()

    @property
    def where(self) -> sql.Composable:
        if not self.filters:
            return sql.SQL("")
        either = [
            sql.SQL("(") + sql.SQL(" OR ").join([each.where for each in one]) + sql.SQL(")") for one in self.filters
        ]
        return sql.SQL(" WHERE ") + sql.SQL(" AND ").join(either)

    def holds(self, row: Mapping[str, str | None]) -> bool:
        return all(any(condition.holds(row) for condition in one) for one in self.filters)


@dataclass(frozen=True)
class OutColumn:
    """A column of the target: a *source* column, or the *pieces* of an expression (text, or a column's name)."""

    name: str
    source: Column | None
    pieces: tuple[tuple[str, bool], ...] = ()  # (text, whether it names a column)

    def value(self, row: Mapping[str, str | None]) -> str | None:
        """Its value in a changed *row*."""
        if self.source:
            return row.get(self.source.name)
        parts = [row.get(text) if is_column else text for text, is_column in self.pieces]
        return None if None in parts else "".join(part for part in parts if part is not None)


@dataclass(frozen=True)
class Target:
    """What a source table becomes."""

    schema: str
    table: str
    columns: tuple[OutColumn, ...]


@dataclass
class TableMappings:
    """The rules of one task."""

    selections: list[dict[str, Any]] = field(default_factory=list)
    transformations: list[dict[str, Any]] = field(default_factory=list)

    def select(self, schema: str, table: str) -> Selection | None:
        """The table's filters if it is included and not excluded ("exclude rules are applied after include rules")."""
        filters: list[tuple[Condition, ...]] = []
        included = False
        for rule in self.selections:
            if not _locates(rule, schema, table):
                continue
            if rule["rule-action"] == "exclude":
                return None
            included = True
            filters += [_conditions(each) for each in rule.get("filters", [])]
        return Selection(tuple(filters)) if included else None

    def target(self, schema: str, table: str, columns: Sequence[Column]) -> Target:
        """Names and columns of the table in the target."""
        names = {column.name: column.name for column in columns}
        added: list[OutColumn] = []
        new_schema, new_table = schema, table
        for rule in self.transformations:
            locator, action, value = rule["object-locator"], rule["rule-action"], rule.get("value") or ""
            if not _like(locator.get("schema-name", "%"), schema):
                continue
            if rule["rule-target"] == "schema":
                new_schema = _RENAMINGS[action](new_schema, value)
            elif not _like(locator.get("table-name", "%"), table):
                continue
            elif rule["rule-target"] == "table":
                new_table = _RENAMINGS[action](new_table, value)
            elif action == "add-column":
                added.append(OutColumn(value, None, _pieces(rule)))
            else:
                for name in [each for each in names if _like(locator.get("column-name", "%"), each)]:
                    if action == "remove-column":
                        del names[name]
                    else:
                        names[name] = _RENAMINGS[action](names[name], value)
        kept = [OutColumn(names[column.name], column) for column in columns if column.name in names]
        return Target(new_schema, new_table, (*kept, *added))


def parse_mappings(text: str) -> TableMappings:
    """Read the TableMappings document. Raises InvalidParameterValueException with the reason."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise invalid(f"Document failed to parse as JSON: {error}") from None
    rules = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(rules, list) or not rules:
        raise invalid('It needs "rules", a list of at least one selection rule.')
    mappings = TableMappings()
    seen: set[str] = set()
    for number, rule in enumerate(rules, 1):
        if not isinstance(rule, dict):
            raise invalid(f"Rule {number} is not an object.")
        where = f"Rule {rule.get('rule-id', number)}"
        for needed in ("rule-type", "rule-id", "rule-name", "rule-action", "object-locator"):
            if not rule.get(needed):
                raise invalid(f"{where}: {needed} is missing.")
        for unique in ("rule-id", "rule-name"):
            if f"{unique}={rule[unique]}" in seen:
                raise invalid(f"{where}: {unique} {rule[unique]} is not unique.")
            seen.add(f"{unique}={rule[unique]}")
        if not isinstance(rule["object-locator"], dict):
            raise invalid(f"{where}: object-locator is not an object.")
        if rule["rule-type"] == "selection":
            _check_selection(where, rule)
            mappings.selections.append(rule)
        elif rule["rule-type"] == "transformation":
            _check_transformation(where, rule)
            mappings.transformations.append(rule)
        else:
            raise invalid(f"{where}: this lab does selection and transformation rules, not {rule['rule-type']}.")
    if not any(rule["rule-action"] in ("include", "explicit") for rule in mappings.selections):
        raise invalid("No selection rule includes anything.")
    return mappings


def _check_selection(where: str, rule: dict[str, Any]) -> None:
    if rule["rule-action"] not in _SELECTIONS:
        raise invalid(f"{where}: rule-action is one of {', '.join(sorted(_SELECTIONS))}, not {rule['rule-action']}.")
    for needed in ("schema-name", "table-name"):
        if not isinstance(rule["object-locator"].get(needed), str):
            raise invalid(f"{where}: object-locator needs a {needed}.")
    for each in rule.get("filters") or []:
        try:
            _conditions(each)
        except (KeyError, TypeError, AttributeError) as error:
            raise invalid(f"{where}: a filter lacks {error}.") from None
        except ValueError as error:
            raise invalid(f"{where}: {error}.") from None


def _check_transformation(where: str, rule: dict[str, Any]) -> None:
    action, target = rule["rule-action"], rule.get("rule-target")
    if target not in ("schema", "table", "column"):
        raise invalid(f"{where}: rule-target is schema, table or column, not {target}.")
    if action not in _RENAMINGS and not (target == "column" and action in ("remove-column", "add-column")):
        raise invalid(f"{where}: this lab has no rule-action {action} for a {target}.")
    if not action.startswith("convert-") and action != "remove-column" and not isinstance(rule.get("value"), str):
        raise invalid(f"{where}: {action} needs a value.")
    if action == "add-column":
        _pieces(rule)


def _locates(rule: dict[str, Any], schema: str, table: str) -> bool:
    locator = rule["object-locator"]
    return _like(locator["schema-name"], schema) and _like(locator["table-name"], table)


def _like(pattern: str, name: str) -> bool:
    """``%`` stands for any characters; everything else for itself."""
    return matches(pattern, name, anything="%")


def _conditions(rule: dict[str, Any]) -> tuple[Condition, ...]:
    """The conditions of one filter. Raises ValueError for an operator there is none of."""
    conditions = []
    for each in rule["filter-conditions"]:
        operator = each["filter-operator"]
        if operator in _OPERATORS:
            values: tuple[str, ...] = (str(each["value"]),)
        elif operator in ("between", "notbetween"):
            values = (str(each["start-value"]), str(each["end-value"]))
        elif operator in ("null", "notnull"):
            values = ()
        else:
            raise ValueError(f"there is no filter-operator {operator}")
        conditions.append(Condition(rule["column-name"], operator, values))
    if not conditions:
        raise ValueError("a filter has no filter-conditions")
    return tuple(conditions)


def _pieces(rule: dict[str, Any]) -> tuple[tuple[str, bool], ...]:
    """What add-column's expression joins: ``'text'``, ``$column`` and numbers, with ``||`` between them."""
    expression = rule.get("expression") or ""
    pieces: list[tuple[str, bool]] = []
    position = 0
    more = True
    while more:
        match = _PIECE.match(expression, position)
        if not match:
            raise invalid(
                f"Rule {rule['rule-id']}: this lab's expressions join 'text', numbers and $columns by ||, "
                f"which {expression!r} does not."
            )
        text, name, number, joint = match.groups()
        pieces.append((name, True) if name else (text.replace("''", "'") if text is not None else number, False))
        position, more = match.end(), joint == "||"
    return tuple(pieces)
