"""Runs PartiQL's statements on moto's tables: with the partition key given it is a query, else a scan."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.dynamodb.exceptions import ConditionalCheckFailed
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from localaws.engines.dynamodb.conditions import All, Comparison, Condition, Literal, Path
from localaws.engines.dynamodb.expressions import Filter
from localaws.engines.dynamodb.partiql.parser import Change, Delete, ExistsCheck, Insert, Select, Statement
from localaws.engines.dynamodb.paths import project
from localaws.gateway.errors import AwsError

if TYPE_CHECKING:
    from localaws.engines.dynamodb.backend import DynamoDBEngine

AttributeMap = dict[str, Any]


@dataclass
class Result:
    items: list[AttributeMap]
    last_key: AttributeMap | None = None


def execute(
    backend: DynamoDBEngine, statement: Statement, limit: int | None = None, start: AttributeMap | None = None
) -> Result:
    """Run *statement*; *limit* is how many items a SELECT looks at, *start* the key after which it goes on.

    Raises ValidationException, ResourceNotFoundException, DuplicateItemException, ConditionalCheckFailedException.
    """
    if isinstance(statement, Select):
        return _select(backend, statement, limit, start)
    if isinstance(statement, ExistsCheck):
        if not _select(backend, statement.select, None, None).items:
            raise ConditionalCheckFailed
        return Result([])
    if isinstance(statement, Insert):
        return _insert(backend, statement)
    table = backend.get_table(statement.table)
    key = key_of(table, statement.where)
    old = backend.get_item(statement.table, key)
    if old is None and isinstance(statement, Delete):
        return Result([])
    if old is None or not statement.where.holds(old.attrs):
        raise ConditionalCheckFailed
    before = old.to_json()["Attributes"]
    if isinstance(statement, Delete):
        backend.delete_item(statement.table, key)
        return Result([before] if statement.returning else [])
    expression, names, values = _update_expression(statement.changes)
    new = backend.update_item(statement.table, key, expression, names, values)
    image = before if statement.returning in ("ALL OLD", "MODIFIED OLD") else new.to_json()["Attributes"]
    if statement.returning in ("MODIFIED OLD", "MODIFIED NEW"):
        image = project(image, [change.path.parts for change in statement.changes])
    return Result([image] if statement.returning else [])


def token_of(key: AttributeMap | None) -> str | None:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode() if key else None


def key_of_token(token: str | None) -> AttributeMap | None:
    """The key in a NextToken; raises ValidationException for a token that is none of ours."""
    if not token:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, dict):
        raise AwsError("ValidationException", "Invalid NextToken")
    return key


def key_of(table: Table, where: Condition) -> AttributeMap:
    """The one key that a WHERE of UPDATE, DELETE or a batch's SELECT must give."""
    given = equalities(where)
    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    if not all(name in given for name in names):
        message = "Where clause does not contain a mandatory equality on all key attributes"
        raise AwsError("ValidationException", message)
    for name in names:
        _check_key_type(table, name, given[name])
    return {name: given[name].to_json() for name in names}


def _select(backend: DynamoDBEngine, select: Select, limit: int | None, start: AttributeMap | None) -> Result:
    table = backend.get_table(select.table)
    if select.index is not None and select.index not in {index.name for index in table.all_indexes()}:
        raise AwsError("ValidationException", f"The table does not have the specified index: {select.index}")
    schema = table.get_index(select.index).schema if select.index else table.schema
    hash_name = schema[0]["AttributeName"]
    range_name = schema[1]["AttributeName"] if len(schema) > 1 else None
    hash_value = equalities(select.where).get(hash_name)
    _check_order(select, hash_name, range_name, hash_value is not None)
    asked = Filter(select.where)
    if hash_value is None:
        found, _, last = table.scan({}, limit or -1, start or None, asked, select.index)  # type: ignore[arg-type]
    else:
        _check_key_type(table, hash_name, hash_value)
        ascending = dict(select.order).get(range_name or "", True)
        found, _, last = table.query(
            hash_value,
            None,
            [],
            limit or -1,
            start or None,  # type: ignore[arg-type]
            ascending,
            None,
            select.index,
            filter_expression=asked,
            hash_key_conditions=[(hash_name, hash_value)],
        )
    return Result([_projected(item, select.paths) for item in found], last)


def _check_order(select: Select, hash_name: str, range_name: str | None, has_hash: bool) -> None:
    if not select.order:
        return
    if select.where == All([]):
        raise AwsError("ValidationException", "Must have WHERE clause in the statement when using ORDER BY clause.")
    if not has_hash:
        message = "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
        raise AwsError("ValidationException", message)
    for name, _ in select.order:
        if name not in (hash_name, range_name):
            message = f"Variable reference {name} in ORDER BY clause must be part of the primary key"
            raise AwsError("ValidationException", message)


def _check_key_type(table: Table, name: str, value: DynamoType) -> None:
    types = {each["AttributeName"]: each["AttributeType"] for each in table.attr}
    if types.get(name, value.type) != value.type:
        message = "One or more parameter values were invalid: Condition parameter type does not match schema type"
        raise AwsError("ValidationException", message)


def _projected(item: Item, paths: Sequence[Path]) -> AttributeMap:
    """The item, or its *paths*, each under the name of its last part."""
    if not paths:
        return dict(item.to_json()["Attributes"])
    found = {}
    for path in paths:
        value = path.resolve(item.attrs)
        if value is not None:
            names = [index for index, part in enumerate(path.parts) if isinstance(part, str)]
            tail = path.parts[names[-1] :]
            found[str(tail[0]) + "".join(f"[{index}]" for index in tail[1:])] = value.to_regular_json()
    return found


def _insert(backend: DynamoDBEngine, insert: Insert) -> Result:
    table = backend.get_table(insert.table)
    item = insert.item
    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    if all(name in item for name in names) and backend.get_item(insert.table, {name: item[name] for name in names}):
        raise AwsError("DuplicateItemException", "Duplicate primary key exists in table")
    backend.put_item(insert.table, item)
    return Result([])


def equalities(where: Condition) -> dict[str, DynamoType]:
    """What the WHERE says that top-level attributes are equal to, whatever else it says."""
    match where:
        case All(parts):
            return {name: value for part in parts for name, value in equalities(part).items()}
        case Comparison("=", Path((str(name),)), Literal(value)) | Comparison("=", Literal(value), Path((str(name),))):
            return {name: value}
    return {}


def _update_expression(changes: Sequence[Change]) -> tuple[str, dict[str, str], dict[str, AttributeMap]]:
    """The update expression that does *changes*, with its names and values."""
    names: dict[str, str] = {}
    values: dict[str, AttributeMap] = {}

    def spelled(term: str | Path | Literal) -> str:
        if isinstance(term, str):
            return term
        if isinstance(term, Literal):
            values[f":v{len(values)}"] = term.value.to_regular_json()
            return f":v{len(values) - 1}"
        text = ""
        for part in term.parts:
            if isinstance(part, int):
                text += f"[{part}]"
                continue
            names[f"#n{len(names)}"] = part
            text += ("." if text else "") + f"#n{len(names) - 1}"
        return text

    sections: dict[str, list[str]] = {}
    for change in changes:
        right = " ".join(spelled(term) for term in change.terms)
        join = " = " if change.section == "SET" else " "
        sections.setdefault(change.section, []).append(spelled(change.path) + join + right)
    expression = " ".join(f"{section} {', '.join(parts)}" for section, parts in sections.items())
    return expression, names, values


def batch_error(error: AwsError | Mapping[str, str]) -> dict[str, str]:
    """A failed statement of a batch: the code without "Exception" (API reference, BatchStatementError)."""
    code, message = (error.code, error.message) if isinstance(error, AwsError) else (error["code"], error["message"])
    short = code.rpartition("#")[2].removesuffix("Exception")
    return {"Code": "ValidationError" if short == "Validation" else short, "Message": message}
