"""What policies are told of a request: whose items it means, and which of their attributes.

Source: DynamoDB developer guide, "Using IAM policy conditions for fine-grained access control" and "IAM security
policies with PartiQL for DynamoDB".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from localaws.engines.dynamodb.partiql.execution import equalities
from localaws.engines.dynamodb.partiql.parser import Delete, ExistsCheck, Insert, Select, Statement, Update, parse
from localaws.gateway.errors import AwsError

_Values = Mapping[str, Any]
_EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
#: Words of an expression that are no attributes; a function is known by its bracket.
_WORDS = frozenset("AND OR NOT BETWEEN IN SET REMOVE ADD DELETE".split())
#: The first step of a path. What follows a dot is inside of an attribute, and what begins with a colon is a value.
_PATH = re.compile(r"(?<![.\w:#])(#?[A-Za-z_]\w*)(?!\w)(?!\s*\()")
_EQUALS = re.compile(r"(?<![.\w:#])(#?[A-Za-z_]\w*)\s*=\s*(:\w+)")
#: Members with a map whose names are attributes, and with a list of them.
_MAPS = ("AttributeUpdates", "Expected", "Item", "Key", "KeyConditions", "QueryFilter", "ScanFilter")
_STATEMENTS = {"Statements": "Statement", "TransactStatements": "Statement"}


def keys_of(operation: str, parameters: _Values, account: str, region: str) -> dict[str, list[str]]:
    """dynamodb:LeadingKeys, Attributes, EnclosingOperation and FullTableScan of a request, as far as it has them."""
    leading: dict[str, None] = {}
    attributes: dict[str, None] = {}
    full_scan = False
    for part, table_name in _parts(parameters):
        index = str(part.get("IndexName") or "")
        name = _partition_key(table_name, index, account, region)
        leading.update(dict.fromkeys(_leading_keys(part, name)))
        attributes.update(dict.fromkeys(_attributes(part)))
    for statement in _statements(parameters):
        select = statement.select if isinstance(statement, ExistsCheck) else statement
        index = (select.index or "") if isinstance(select, Select) else ""
        given = _given_by(select)
        key = given.get(_partition_key(select.table, index, account, region))
        leading.update({key: None} if key is not None else {})
        full_scan |= key is None and isinstance(select, Select)
        attributes.update(dict.fromkeys(_attributes_of(select, given)))
    keys = {
        "dynamodb:LeadingKeys": [*leading],
        "dynamodb:Attributes": [*attributes],
        "dynamodb:EnclosingOperation": [operation] if operation.startswith("Transact") else [],
        "dynamodb:FullTableScan": [str(full_scan).lower()] if "Statement" in operation else [],
    }
    return {name: values for name, values in keys.items() if values}


def _parts(parameters: _Values) -> Iterator[tuple[_Values, str]]:
    """Each item that a request means, or a search for some, with its table's name or ARN."""
    if isinstance(table := parameters.get("TableName"), str):
        yield parameters, table
    items = parameters.get("RequestItems")
    for name, asked in items.items() if isinstance(items, Mapping) else ():
        if isinstance(asked, Mapping):  # of BatchGetItem
            keys = asked.get("Keys")
            yield {**asked, "Keys": None}, name
            yield from (({"Key": key}, name) for key in keys or () if isinstance(keys, list))
        for request in asked if isinstance(asked, list) else ():
            yield from ((each, name) for each in _inner(request))
    for request in _listed(parameters.get("TransactItems")):
        yield from ((each, str(each.get("TableName") or "")) for each in _inner(request))


def _inner(request: Any) -> Iterator[_Values]:
    if isinstance(request, Mapping):
        yield from (each for each in request.values() if isinstance(each, Mapping))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _leading_keys(part: _Values, name: str) -> Iterator[str]:
    for member in ("Key", "Item"):
        if isinstance(item := part.get(member), Mapping) and name in item:
            yield _text(item[name])
    condition = part.get("KeyConditions")
    if isinstance(condition, Mapping) and isinstance(asked := condition.get(name), Mapping):
        yield from map(_text, _listed(asked.get("AttributeValueList")))
    names, values = _placeholders(part)
    for path, value in _EQUALS.findall(str(part.get("KeyConditionExpression") or "")):
        if names.get(path, path) == name and value in values:
            yield _text(values[value])


def _attributes(part: _Values) -> Iterator[str]:
    for member in _MAPS:
        if isinstance(named := part.get(member), Mapping):
            yield from map(str, named)
    yield from map(str, _listed(part.get("AttributesToGet")))
    names, _ = _placeholders(part)
    for member in _EXPRESSIONS:
        for path in _PATH.findall(str(part.get(member) or "")):
            if path.upper() not in _WORDS:
                yield str(names.get(path, path))


def _placeholders(part: _Values) -> tuple[_Values, _Values]:
    found = [part.get(f"ExpressionAttribute{kind}") for kind in ("Names", "Values")]
    names, values = (each if isinstance(each, Mapping) else {} for each in found)
    return names, values


def _partition_key(table: str, index: str, account: str, region: str) -> str:
    """The name of the attribute that decides where items of the *table*, or of an index, lie; "" if there is none."""
    if table.startswith("arn:"):
        _, _, _, region, account, table = table.split(":", 5)
        table = table.removeprefix("table/").partition("/")[0]
    by_region = dynamodb_backends.get(account)
    backend = by_region.get(region) if by_region else None
    found = backend.tables.get(table) if backend else None
    if found is None:
        return ""
    schema = next((each.schema for each in found.global_indexes if each.name == index), None)
    hashes = (each["AttributeName"] for each in schema or () if each["KeyType"] == "HASH")
    return next(hashes, str(found.hash_key_attr))


def _text(value: Any) -> str:
    """A key's value: a text, a number as it is written, bytes in base64."""
    return str(next(iter(value.values()), "")) if isinstance(value, Mapping) else str(value)


def _statements(parameters: _Values) -> Iterator[Statement]:
    asked = [parameters] if "Statement" in parameters else []
    for member in _STATEMENTS:
        asked += [each for each in _listed(parameters.get(member)) if isinstance(each, Mapping)]
    for each in asked:
        try:
            yield parse(str(each.get("Statement")), _listed(each.get("Parameters")))
        except AwsError:
            continue  # it is refused afterwards for what it is


def _given_by(statement: Any) -> dict[str, str]:
    """What a statement says that attributes are equal to."""
    if isinstance(statement, Insert):
        return {name: _text(value) for name, value in statement.item.items()}
    return {name: _text(value.to_json()) for name, value in equalities(statement.where).items()}


def _attributes_of(statement: Any, given: _Values) -> Iterator[str]:
    yield from given
    if isinstance(statement, Select):
        yield from (str(path.parts[0]) for path in statement.paths)
    elif isinstance(statement, Update):
        yield from (str(change.path.parts[0]) for change in statement.changes)
    elif isinstance(statement, Delete | Insert):
        return
