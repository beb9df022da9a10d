"""What the readers of all formats share."""

from __future__ import annotations

from localaws.lake.catalog import Table
from localaws.lake.quoting import internal, name

#: The column that DuckDB adds when it is asked which file a row comes from.
FILENAME = internal("filename")


def null_for_invalid(table: Table) -> bool:
    """Whether a value that its column's type cannot hold is NULL instead of the end of the query.

    Source: "Open CSV SerDe" (a table's property), "OpenX JSON SerDe" (a SerDe's): use.null.for.invalid.data.
    """
    given = {**table.parameters, **table.serde_parameters}
    return given.get("use.null.for.invalid.data", "false").lower() == "true"


def key_name(number: int) -> str:
    """What DuckDB calls the table's partition key *number*: the folders of the links are named so."""
    return internal(f"key{number}")


def select_list(values: dict[str, str], table: Table, options: str) -> str:
    """The columns of a relation: *values* has SQL for each of the table's own; the reader gives its keys."""
    items = [f"{value} AS {name(column)}" for column, value in values.items()]
    items += [f"{name(key_name(number))} AS {name(key.name)}" for number, key in enumerate(table.keys)]
    if FILENAME in options:
        items.append(name(FILENAME))
    return ", ".join(items)
