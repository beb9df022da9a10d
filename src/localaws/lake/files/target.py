"""Files that are written for a table: DuckDB's COPY for each format, compressions, buckets.

Sources: "CTAS table properties" (create-table-as.html), "Use Hive table compression" (compression-support-hive.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure, not_supported
from localaws.lake.files.avro import parquet_to_avro
from localaws.lake.files.bucketing import bucket
from localaws.lake.files.conversion import compress, parquet_to_orc
from localaws.lake.files.text import NULL, delimiters, lazy_text, unescape
from localaws.lake.quoting import internal, literal, name, own
from localaws.lake.runtime import Session

_TEXT_COMPRESSIONS = {
    "GZIP": "gzip", "BZIP2": "bzip2", "LZ4": "lz4", "SNAPPY": "snappy", "ZSTD": "zstd", "NONE": "none"
}  # fmt: skip
#: Format → its compressions by Athena's name, the usual one first.
_COMPRESSIONS = {
    "PARQUET": {"GZIP": "gzip", "SNAPPY": "snappy", "ZSTD": "zstd", "NONE": "uncompressed"},
    "ORC": {"ZLIB": "zlib", "SNAPPY": "snappy", "ZSTD": "zstd", "LZ4": "lz4", "NONE": "uncompressed"},
    "AVRO": {"DEFLATE": "deflate", "SNAPPY": "snappy", "ZSTD": "zstandard", "BZIP2": "bzip2", "NONE": "null"},
    "TEXTFILE": _TEXT_COMPRESSIONS,
    "JSON": _TEXT_COMPRESSIONS,
    "CSV": _TEXT_COMPRESSIONS,
}
_SUFFIX = {"gzip": ".gz", "zstd": ".zst", "bzip2": ".bz2", "lz4": ".lz4", "snappy": ".snappy"}
#: The column that tells the bucket of each row.
BUCKET = internal("bucket")


@dataclass
class Target:
    """Where and how an answer is written. ``keys`` are the partition columns, which come last."""

    location: str
    format: str = "PARQUET"
    compression: str = ""
    keys: list[str] = field(default_factory=list)
    serde: dict[str, str] = field(default_factory=dict)
    """The properties of the SerDe that has to read it: delimiters, quotes."""
    header: bool = False
    bucketed_by: list[str] = field(default_factory=list)
    buckets: int = 0

    @property
    def codec(self) -> str:
        """The compression by the writer's name. Raises QueryFailure for one that the format does not take."""
        if self.format not in _COMPRESSIONS:
            raise not_supported(f"Writing {self.format}")
        known = _COMPRESSIONS[self.format]
        wanted = self.compression.upper().replace("UNCOMPRESSED", "NONE") or next(iter(known))
        if wanted not in known:
            raise QueryFailure("INVALID_TABLE_PROPERTY", f"Compression {wanted} is not supported for {self.format}")
        return known[wanted]

    @property
    def suffix(self) -> str:
        """How the name of a file ends: text tells its compression, the other formats know it themselves."""
        return _SUFFIX.get(self.codec, "") if _COMPRESSIONS[self.format] is _TEXT_COMPRESSIONS else ""

    def options(self) -> str:
        """COPY's options. Raises QueryFailure for what cannot be written."""
        codec = self.codec
        if self.format == "PARQUET":
            return f"FORMAT parquet, COMPRESSION {codec}"
        if self.format in ("ORC", "AVRO"):  # by way of Parquet
            return "FORMAT parquet"
        packed = f"COMPRESSION {codec if codec in ('gzip', 'zstd') else 'none'}"
        if self.format == "JSON":
            return f"FORMAT json, {packed}"
        if self.format == "CSV":
            separator, quote = (
                literal(unescape(self.serde.get(key, usual)))
                for key, usual in (("separatorChar", ","), ("quoteChar", '"'))
            )
            escape = literal(unescape(self.serde["escapeChar"])) if "escapeChar" in self.serde else quote
            settings = f"DELIMITER {separator}, QUOTE {quote}, ESCAPE {escape}, FORCE_QUOTE *, NULL ''"
        else:
            null = self.serde.get("serialization.null.format", NULL)
            settings = f"DELIMITER {literal(delimiters(self.serde)[0])}, QUOTE '', ESCAPE '', NULL {literal(null)}"
        return f"FORMAT csv, {settings}, HEADER {self.header}, {packed}"

    def finish(self, session: Session, path: Path, columns: Sequence[tuple[str, Type]]) -> None:
        """Make a file that DuckDB wrote what the format wants. *columns* are those in the file."""
        if self.format == "ORC":
            session.call(parquet_to_orc, path, self.codec)
        elif self.format == "AVRO":
            session.call(parquet_to_avro, path, self.codec, list(columns))
        elif self.suffix and self.codec not in ("gzip", "zstd"):
            session.call(compress, path, self.codec)

    def query(self, sql: str, columns: Sequence[tuple[str, Type]]) -> str:
        """*sql* with its columns as the format wants them, and the number of each row's bucket."""
        places = [own(f"c{number}") for number in range(len(columns))]
        items = [
            f"{self._value(place, column_type, column.lower() in self.keys)} AS {name(column)}"
            for place, (column, column_type) in zip(places, columns, strict=True)
        ]
        if self.buckets:
            by_name = {
                column.lower(): (place, column_type)
                for place, (column, column_type) in zip(places, columns, strict=True)
            }
            hashed = [by_name[column] for column in self.bucketed_by]
            items.append(f"{bucket(hashed, self.buckets)} AS {name(BUCKET)}")
        return f"SELECT {', '.join(items)} FROM ({sql}) AS {own('answer')}({', '.join(places)})"

    def _value(self, place: str, column_type: Type, is_key: bool) -> str:
        """SQL of a column as its format wants it."""
        if column_type.name == "bigint":
            return f"CAST({place} AS BIGINT)"
        if is_key or self.format not in ("TEXTFILE", "CSV", "JSON"):
            return place
        if self.format == "JSON":
            return f"to_base64({place})" if column_type.name == "varbinary" else place
        between = delimiters(self.serde)
        escape = unescape(self.serde.get("escape.delim", ""))
        if column_type.name in ("varchar", "char") and escape and self.format == "TEXTFILE":
            place = f"replace({place}, {literal(escape)}, {literal(escape * 2)})"
            return f"replace({place}, {literal(between[0])}, {literal(escape + between[0])})"
        if column_type.parts or column_type.name in ("timestamp", "varbinary"):
            return lazy_text(place, column_type, between[1:])
        return place
