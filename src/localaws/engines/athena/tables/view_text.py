"""A view's query, as Athena and Presto keep it in a Glue table's ViewOriginalText."""

from __future__ import annotations

import base64
import binascii
import json

from localaws.lake.catalog import Table
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure

_START, _END = "/* Presto View: ", " */"


def encode(sql: str, database: str, columns: list[tuple[str, Type]]) -> str:
    """A view's definition as Athena keeps it in ViewOriginalText."""
    content = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": name, "type": column_type.trino} for name, column_type in columns],
    }
    return _START + base64.b64encode(json.dumps(content).encode()).decode() + _END


def decode(view: Table) -> str:
    """The query that *view* stands for. Raises QueryFailure for a view that another engine made."""
    text = view.raw.get("ViewOriginalText") or ""
    try:
        content = base64.b64decode(text.removeprefix(_START).removesuffix(_END), validate=True)
        return str(json.loads(content)["originalSql"])
    except (binascii.Error, ValueError, KeyError):
        name = f"{view.database}.{view.name}"
        raise QueryFailure("INVALID_VIEW", f"View '{name}' was not made by Athena: its text cannot be read") from None
