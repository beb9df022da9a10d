"""Avro, by way of Parquet, block by block.

Source: "Avro SerDe" (athena/latest/ug/avro-serde.html): the schema is in ``avro.schema.literal``; ``avro.schema.url``
is not supported. Without either the schema of each file counts, as Hive takes it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import fastavro
import fastavro._write
import fastavro.read
import pyarrow as pa
import pyarrow.parquet as pq

from localaws.lake.catalog import Table
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure
from localaws.lake.files.unpacking import pack_for_avro, unpack_snappy

_ROWS_AT_ONCE = 20_000
_ARROW = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "varchar": pa.string(),
    "char": pa.string(),
    "varbinary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
_AVRO: dict[str, Any] = {
    "boolean": "boolean",
    "tinyint": "int",
    "smallint": "int",
    "integer": "int",
    "bigint": "long",
    "real": "float",
    "double": "double",
    "varchar": "string",
    "char": "string",
    "varbinary": "bytes",
    "date": {"type": "int", "logicalType": "date"},
    "timestamp": {"type": "long", "logicalType": "timestamp-millis"},
}


def _read_long(file: BinaryIO) -> int:
    """Avro's integer: seven bits a byte, the sign in the lowest bit."""
    number = shift = 0
    while True:
        (byte,) = file.read(1)
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1)


def _read_snappy_block(file: BinaryIO) -> io.BytesIO:
    data = file.read(_read_long(file))[:-4]  # the rest is a checksum of what is packed
    return io.BytesIO(unpack_snappy(data))


def _read_zstandard_block(file: BinaryIO) -> io.BytesIO:
    data = pa.BufferReader(file.read(_read_long(file)))
    return io.BytesIO(pa.input_stream(data, compression="zstd").read())


def _write_long(file: BinaryIO, number: int) -> None:
    left = number << 1
    while left > 0x7F:
        file.write(bytes([left & 0x7F | 0x80]))
        left >>= 7
    file.write(bytes([left]))


def _write_snappy_block(file: BinaryIO, block: bytes, level: object) -> None:
    data = pack_for_avro(block)
    _write_long(file, len(data))
    file.write(data)


def _write_zstandard_block(file: BinaryIO, block: bytes, level: object) -> None:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(block)
    data = packed.getvalue().to_pybytes()
    _write_long(file, len(data))
    file.write(data)


# fastavro wants a package of its own for each of these; Arrow has both
fastavro.read.BLOCK_READERS |= {"snappy": _read_snappy_block, "zstandard": _read_zstandard_block}
_writers: dict[str, Any] = fastavro._write.BLOCK_WRITERS  # type: ignore[attr-defined]
_writers |= {"snappy": _write_snappy_block, "zstandard": _write_zstandard_block}


def avro_to_parquet(path: Path, uri: str, table: Table) -> None:
    """Replace the Avro file *path* by a Parquet file with the table's columns, matched by name."""
    made = path.with_suffix(".parquet")
    schema = pa.schema([(column.name, arrow(column.type)) for column in table.columns])
    column_types = {column.name: column.type for column in table.columns}
    try:
        with path.open("rb") as file, pq.ParquetWriter(made, schema, compression="snappy") as target:
            records = fastavro.reader(file, reader_schema=_schema(table))
            for rows in _batches(records):
                target.write_batch(_batch(rows, column_types, schema))
    except (QueryFailure, MemoryError):
        raise
    except Exception as error:  # whatever a decoder makes of bytes that are nothing it knows
        words = str(error) or type(error).__name__
        raise QueryFailure("HIVE_BAD_DATA", f"Error opening Hive split {uri}: Malformed Avro file: {words}") from None
    made.replace(path)


def _schema(table: Table) -> Any:
    places = {**table.parameters, **table.serde_parameters}
    literal = places.get("avro.schema.literal")
    if not literal:
        return None
    try:
        return fastavro.parse_schema(json.loads(literal))
    except (ValueError, fastavro.schema.SchemaParseException) as error:
        raise QueryFailure("HIVE_INVALID_METADATA", f"avro.schema.literal is not a schema: {error}") from None


def _batches(records: Iterable[Any]) -> Iterator[list[dict[str, Any]]]:
    following = iter(records)
    while rows := list(islice(following, _ROWS_AT_ONCE)):
        yield rows


def _batch(rows: list[dict[str, Any]], column_types: dict[str, Type], schema: pa.Schema) -> pa.RecordBatch:
    spelled = {key.lower(): key for key in rows[0]}
    columns = []
    for field in schema:
        key, column_type = spelled.get(field.name, field.name), column_types[field.name]
        columns.append(_column([row.get(key) for row in rows], column_type, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _column(values: list[Any], column_type: Type, wanted: pa.DataType) -> pa.Array:
    if not column_type.parts and column_type.name != "timestamp":
        try:
            return pa.array(values, wanted)
        except (pa.ArrowTypeError, pa.ArrowInvalid):  # bytes or a number for a text, say
            pass
    return pa.array([_value(each, column_type) for each in values], wanted)


def _value(value: Any, column_type: Type) -> Any:
    """A value as fastavro gives it, for Arrow's builder of *column_type*."""
    if value is None:
        return None
    match column_type.name:
        case "row":
            lower = {key.lower(): each for key, each in value.items()}
            return {
                field: _value(lower.get(field.lower()), part)
                for field, part in zip(column_type.fields, column_type.parts, strict=True)
            }
        case "array":
            return [_value(each, column_type.parts[0]) for each in value]
        case "map":
            return [(key, _value(each, column_type.parts[1])) for key, each in value.items()]
        case "varchar" | "char":
            return value if isinstance(value, str) else value.decode() if isinstance(value, bytes) else str(value)
        case "timestamp" if isinstance(value, datetime):
            return value.replace(tzinfo=None)
    return value.isoformat() if isinstance(value, time) else value


def arrow(column_type: Type) -> pa.DataType:
    """The Arrow type of a column."""
    match column_type.name:
        case "row":
            return pa.struct(
                [(field, arrow(part)) for field, part in zip(column_type.fields, column_type.parts, strict=True)]
            )
        case "array":
            return pa.list_(arrow(column_type.parts[0]))
        case "map":
            return pa.map_(arrow(column_type.parts[0]), arrow(column_type.parts[1]))
        case "decimal":
            return pa.decimal128(column_type.precision, column_type.scale)
    return _ARROW[column_type.name]


def parquet_to_avro(path: Path, codec: str, columns: list[tuple[str, Type]]) -> None:
    """Replace the Parquet file *path*, which holds *columns*, by an Avro file; every field may be null."""
    made = path.with_suffix(".avro")
    source = pq.ParquetFile(path)
    schema = _record("athena_row", dict(columns), iter(range(1 << 30)))

    def rows() -> Iterator[dict[str, Any]]:
        for batch in source.iter_batches(_ROWS_AT_ONCE):
            values = [
                [_plain(each, column_type) for each in column.to_pylist()]
                for column, (_, column_type) in zip(batch.columns, columns, strict=True)
            ]
            names = [name for name, _ in columns]
            yield from (dict(zip(names, row, strict=True)) for row in zip(*values, strict=True))

    with made.open("wb") as file:
        fastavro.writer(file, fastavro.parse_schema(schema), rows(), codec=codec)
    made.replace(path)


def _record(name: str, fields: dict[str, Type], numbers: Iterator[int]) -> dict[str, Any]:
    described = [
        {"name": field, "type": ["null", _avro(column_type, numbers)], "default": None}
        for field, column_type in fields.items()
    ]
    return {"type": "record", "name": name, "fields": described}


def _avro(column_type: Type, numbers: Iterator[int]) -> Any:
    match column_type.name:
        case "row":
            return _record(
                f"row_{next(numbers)}", dict(zip(column_type.fields, column_type.parts, strict=True)), numbers
            )
        case "array":
            return {"type": "array", "items": ["null", _avro(column_type.parts[0], numbers)]}
        case "map":
            return {"type": "map", "values": ["null", _avro(column_type.parts[1], numbers)]}
        case "decimal":
            return {
                "type": "bytes",
                "logicalType": "decimal",
                "precision": column_type.precision,
                "scale": column_type.scale,
            }
    return _AVRO[column_type.name]


def _plain(value: Any, column_type: Type) -> Any:
    """A value as Arrow gives it, for fastavro."""
    if value is None:
        return None
    match column_type.name:
        case "map":
            return {str(key): _plain(each, column_type.parts[1]) for key, each in value}
        case "array":
            return [_plain(each, column_type.parts[0]) for each in value]
        case "row":
            return {
                field: _plain(value[field], part)
                for field, part in zip(column_type.fields, column_type.parts, strict=True)
            }
        case "timestamp":
            return value.replace(tzinfo=UTC)  # fastavro takes one without a zone for this machine's time
    return value
