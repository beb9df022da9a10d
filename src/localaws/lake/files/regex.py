"""Tables of lines that a regular expression, or a Grok pattern, takes apart: by way of Parquet, see `matching`."""

from __future__ import annotations

from localaws.lake.catalog import Table
from localaws.lake.files.reading import select_list
from localaws.lake.files.text import lazy
from localaws.lake.quoting import name, texts
from localaws.lake.runtime import Session


def read(session: Session, table: Table, paths: list[str], uris: dict[str, str], options: str) -> str:
    """What does not fit its column is NULL, as in delimited text."""
    values = {column.name: lazy(name(column.name), column.type, list("\x02\x03\x04")) for column in table.columns}
    return f"SELECT {select_list(values, table, options)} FROM read_parquet({texts(paths)}, {options})"
