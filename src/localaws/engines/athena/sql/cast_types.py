"""The types that a query names: ``CAST(x AS decimal(10, 2))``, and literals such as ``TIME '10:11:12.345'``.

Source: "Data types in Amazon Athena"; Trino's "Data types".
"""

from __future__ import annotations

import re
from dataclasses import replace

from sqlglot import exp

from localaws.engines.athena.sql.type_rules import TIMESTAMP_TZ, array_of
from localaws.lake.column_types import Type

_DATATYPES = {
    "INT": "integer", "INTEGER": "integer", "BIGINT": "bigint", "SMALLINT": "smallint", "TINYINT": "tinyint",
    "DOUBLE": "double", "FLOAT": "real", "VARCHAR": "varchar", "TEXT": "varchar", "CHAR": "char",
    "BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "timestamp", "DATETIME": "timestamp",
    "TIMESTAMPTZ": "timestamp with time zone", "TIME": "time", "TIMETZ": "time", "VARBINARY": "varbinary",
    "BINARY": "varbinary", "JSON": "json", "UUID": "uuid", "INTERVAL": "interval day to second",
    "TIMESTAMPNTZ": "timestamp", "TIMESTAMPLTZ": "timestamp with time zone",
}  # fmt: skip


def of_datatype(node: exp.DataType) -> Type | None:
    """The type that a CAST names."""
    name = node.this.name if hasattr(node.this, "name") else str(node.this)
    inner = node.expressions
    if name == "DECIMAL":
        numbers = [int(each.this.name) for each in inner]
        return Type("decimal", precision=(numbers or [38])[0], scale=numbers[1] if len(numbers) > 1 else 0)
    if name == "ARRAY":
        return array_of(of_datatype(inner[0])) if inner else None
    if name == "MAP":
        parts = [of_datatype(each) for each in inner]
        return Type("map", (parts[0], parts[1])) if len(parts) == 2 and parts[0] and parts[1] else None
    if name == "STRUCT":
        names: list[str] = []
        fields: list[Type] = []
        for each in inner:
            column_type = of_datatype(each.args["kind"] if isinstance(each, exp.ColumnDef) else each)
            if column_type is None:
                return None
            fields.append(column_type)
            names.append(each.name if isinstance(each, exp.ColumnDef) else "")
        return Type("row", tuple(fields), tuple(names))
    if name in ("VARCHAR", "CHAR") and inner:
        return Type(name.lower(), precision=int(inner[0].this.name))
    if name == "CHAR":
        return Type("char", precision=1)
    if name in ("TIMESTAMP", "TIME", "TIMESTAMPTZ") and inner:
        return Type(_DATATYPES[name], digits=int(inner[0].this.name), zoned=name == "TIMESTAMPTZ")
    return Type(_DATATYPES[name], zoned=name == "TIMESTAMPTZ") if name in _DATATYPES else None


def of_cast(node: exp.Cast) -> Type | None:
    """The type of a CAST, or of a literal such as ``TIMESTAMP '2024-01-01 10:00:00.000001'``, which tells more.

    ``TIME '13:24:11'`` is a time(0). A timestamp has three digits at least, which clients rely on.
    """
    column_type = of_datatype(node.to)
    if column_type is None or not node.meta.get("literal"):
        return column_type
    text = node.this.name
    if column_type.name in ("timestamp", "time", TIMESTAMP_TZ.name):
        fraction = re.search(r":\d+\.(\d+)", text)
        digits = len(fraction[1]) if fraction else 0
        return replace(column_type, digits=digits if column_type.name == "time" else max(digits, 3))
    return (
        replace(column_type, precision=len(text))
        if column_type.name in ("varchar", "char") and not node.to.expressions
        else column_type
    )
