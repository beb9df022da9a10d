"""User-defined functions: a database of the catalog tells of them; who runs them is Hive's or Spark's own.

Source: Glue web API reference, "User-defined Function API".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.glue.exceptions import EntityNotFoundException, GlueClientError, InvalidInputException

from localaws.engines.glue.databases import OwnedDatabase
from localaws.wildcards import fits


def create(database: OwnedDatabase, given: dict[str, Any], now: float, catalog: str) -> None:
    """Have the function *given*, a UserDefinedFunctionInput. Raises AlreadyExistsException."""
    name = _named(given)
    if name in database.functions:
        raise GlueClientError("AlreadyExistsException", f"Function already exists: {name}")
    database.functions[name] = _described(database, {**given, "FunctionName": name}, now, catalog)


def change(database: OwnedDatabase, name: str, given: dict[str, Any]) -> None:
    """Have *given* in the place of the function *name*, which may be called otherwise then."""
    old, new = find(database, name), _named(given)
    created, catalog = old["CreateTime"], old["CatalogId"]
    del database.functions[_name(name)]
    database.functions[new] = _described(database, {**given, "FunctionName": new}, created, catalog)


def find(database: OwnedDatabase, name: str) -> dict[str, Any]:
    """The UserDefinedFunction of that name. Raises EntityNotFoundException."""
    if _name(name) not in database.functions:
        raise EntityNotFoundException(f"Function {name} not found.")
    return database.functions[_name(name)]


def drop(database: OwnedDatabase, name: str) -> None:
    """Raises EntityNotFoundException."""
    find(database, name)
    del database.functions[_name(name)]


def matching(database: OwnedDatabase, pattern: str, kind: str | None) -> Iterator[dict[str, Any]]:
    """The functions whose names fit Hive's *pattern*, in which ``*`` is any text and ``|`` means or."""
    wanted = [part.lower().split("*") for part in pattern.split("|")]
    for name, function in sorted(database.functions.items()):
        if any(fits(parts, name) for parts in wanted) and kind in (None, function.get("FunctionType")):
            yield function


def _named(given: dict[str, Any]) -> str:
    """The name in a UserDefinedFunctionInput. Raises InvalidInputException if there is none."""
    if not given.get("FunctionName"):
        raise InvalidInputException("UserDefinedFunction", "FunctionName cannot be null or empty")
    return _name(given["FunctionName"])


def _name(name: str) -> str:
    return name.lower()


def _described(database: OwnedDatabase, given: dict[str, Any], created: float, catalog: str) -> dict[str, Any]:
    return {**given, "DatabaseName": database.name, "CreateTime": created, "CatalogId": catalog}
