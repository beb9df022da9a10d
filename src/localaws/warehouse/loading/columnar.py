"""Parquet and ORC: columns by their place, each of a type that its column can take.

Source: Redshift database developer guide, "COPY from columnar data formats".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb
import pyarrow.orc as orc
import pyarrow.parquet as pq

from localaws.lake.quoting import literal, name
from localaws.warehouse.errors import INTERNAL, RedshiftError
from localaws.warehouse.loading.files import File, Folder
from localaws.warehouse.loading.target import Field

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

#: What a column can take, by families of DuckDB's types.
_FAMILIES = {
    "TINYINT": "integer", "SMALLINT": "integer", "INTEGER": "integer", "BIGINT": "integer", "UTINYINT": "integer",
    "USMALLINT": "integer", "UINTEGER": "integer", "UBIGINT": "integer", "FLOAT": "float", "DOUBLE": "float",
    "VARCHAR": "text", "BLOB": "text", "DATE": "date", "BOOLEAN": "boolean",
}  # fmt: skip
_TAKES = {
    "int2": {"integer"}, "int4": {"integer"}, "int8": {"integer"}, "float4": {"float"}, "float8": {"float"},
    "numeric": {"numeric", "integer"}, "varchar": {"text"}, "char": {"text"}, "date": {"date"},
    "timestamp": {"timestamp"}, "timestamptz": {"timestamp"}, "bool": {"boolean"}, "varbyte": {"text"},
    "time": {"time", "text"}, "timetz": {"time", "text"},
    "super": {"nested", "text", "integer", "float", "numeric", "boolean"},
}  # fmt: skip


def values(session: Session, files: Sequence[File], fields: Sequence[Field], fill: bool) -> str:
    """A query of the *fields*' values from *files*. Raises RedshiftError where the files do not go with the table."""
    selects = []
    for file in files:
        relation = f"read_parquet({literal(str(file.path))}, binary_as_string = false)"
        found = _columns_of(session, file, relation)
        if len(found) > len(fields) or (len(found) < len(fields) and not fill):
            raise _failed(
                f"Unmatched number of columns between table and file. Table columns: {len(fields)}, "
                f"Data columns: {len(found)}, File name: {file.uri}"
            )
        items = [_value(field, column, type, file) for field, (column, type) in zip(fields, found, strict=False)]
        items += ["NULL"] * (len(fields) - len(found))
        selects.append(f"SELECT {', '.join(items)} FROM {relation}")
    return " UNION ALL ".join(selects)


def _columns_of(session: Session, file: File, relation: str) -> list[tuple[str, str]]:
    """Name and type of each column of a file; beside the session's transaction, which an error would end."""
    try:
        with session.beside() as beside:
            told = beside.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    except duckdb.Error:  # its words have a path of this machine
        raise _failed(f"File '{file.uri}' is not a valid Parquet file") from None
    return [(column, type) for column, type, *_ in told]


def _value(field: Field, column: str, type: str, file: File) -> str:
    if _family(type) not in _TAKES.get(field.type, {"text"}):
        raise _failed(
            f"File '{file.uri}' has an incompatible {'Parquet'} schema for column '{file.uri.rpartition('/')[0]}."
            f"{column}'. Column type: {_said(field)}, Parquet schema: {type.lower()} {column}"
        )
    value = name(column)
    if field.is_text:
        text = f"decode({value})" if type == "BLOB" else value
        if not field.length:
            return text
        said = literal(
            f"Spectrum Scan Error: The length of the data column {column} is longer than the length defined in the "
            f"table. Table: {field.length}, File name: {file.uri}"
        )
        return f"CASE WHEN strlen({text}) > {field.length} THEN error({said}) ELSE {text} END"
    if field.type == "super":
        return f"to_json({value})" if _family(type) != "text" or type == "VARCHAR" else f"to_json(decode({value}))"
    return f"CAST({value} AS {field.duckdb})"


def _family(type: str) -> str:
    if type.startswith("DECIMAL"):
        return "numeric"
    if type.startswith("TIMESTAMP"):
        return "timestamp"
    if type.startswith("TIME"):
        return "time"
    if type.endswith("]") or type.startswith(("STRUCT", "MAP")):
        return "nested"
    return _FAMILIES.get(type, "")


def _said(field: Field) -> str:
    if field.type == "numeric":
        return f"NUMERIC({field.length},{field.scale})"
    return f"{field.type.upper()}({field.length})" if field.length else field.type.upper()


def _failed(said: str) -> RedshiftError:
    return RedshiftError(INTERNAL, f"Spectrum Scan Error: {said}")


def orc_as_parquet(file: File, folder: Folder) -> File:
    target = folder.new(".parquet")
    try:
        source = orc.ORCFile(str(file.path))
        with pq.ParquetWriter(target, source.schema, compression="zstd", compression_level=1) as sink:
            for number in range(source.nstripes):
                sink.write_batch(source.read_stripe(number))
    except (OSError, ValueError) as error:
        raise _failed(f"File '{file.uri}' is no ORC file: {error}") from None
    return File(file.uri, target, target.stat().st_size)
