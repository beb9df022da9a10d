"""An answer that becomes objects: files of a format, in partitions and buckets.

Everything is written to the query's own directory first, and put into S3 when it is complete. Sources: "CTAS table
properties" (create-table-as.html), "Use Hive table compression" (compression-support-hive.html).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from localaws.engines.athena.errors import QueryFailure, not_supported
from localaws.engines.athena.files.avro import parquet_to_avro
from localaws.engines.athena.files.bucketing import bucket
from localaws.engines.athena.files.conversion import compress, parquet_to_orc
from localaws.engines.athena.files.text import NULL, delimiters, lazy_text, unescape
from localaws.engines.athena.files.unfinished import all_or_none
from localaws.engines.athena.runner import Job
from localaws.engines.athena.runtime import Session
from localaws.engines.athena.sql.column_types import Type
from localaws.engines.athena.sql.quoting import internal, literal, name, own
from localaws.engines.athena.tables.catalog import Partition

MOST_PARTITIONS = 100
_UNWRITABLE = ("timestamp with time zone", "time", "json", "interval day to second", "uuid")
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
_BUCKET = internal("bucket")


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


@dataclass
class Written:
    """The objects of an answer, and the partitions that they make."""

    uris: list[str]
    partitions: list[Partition]
    rows: int


def write(job: Job, sql: str, columns: Sequence[tuple[str, Type]], target: Target) -> Written:
    """Run *sql* and put its rows under ``target.location``, in at most 100 partitions and buckets."""
    for column, kind in columns:
        if kind.name in _UNWRITABLE:
            raise QueryFailure("NOT_SUPPORTED", f"Unsupported Hive type: {kind.trino} (column {column})")
        if kind.name == "timestamp" and kind.digits != 3:  # such as Iceberg's are: CAST(… AS timestamp(3)) helps
            words = f"Incorrect timestamp precision for {kind.trino}; the configured precision is MILLISECONDS"
            raise QueryFailure("NOT_SUPPORTED", f"{words}; column name: {column}")
    options = target.options()
    folders = [*target.keys, *([_BUCKET] if target.buckets else [])]
    query = _query(sql, columns, target)
    job.execution.passed("QueryPlanningTime")
    out = job.session.directory / "out"
    if folders:
        options += f", PARTITION_BY ({', '.join(map(name, folders))})"
    else:
        out.mkdir()
    rows = job.copy(query, out if folders else out / "data", options)
    job.execution.passed("EngineExecutionTime")
    job.execution.rows_written = rows
    files = sorted(path for path in out.rglob("*") if path.is_file()) if rows else []
    if folders and len({path.parent for path in files}) > MOST_PARTITIONS:
        raise QueryFailure(
            "HIVE_TOO_MANY_OPEN_PARTITIONS", f"Exceeded limit of {MOST_PARTITIONS} open writers for partitions/buckets"
        )
    held = [(column, kind) for column, kind in columns if column.lower() not in target.keys]
    for path in files:
        target.finish(job.session, path, held)
    uris, partitions = _places(job, files, out, target)
    _put(job, uris)
    return Written(list(uris), partitions, rows)


def _query(sql: str, columns: Sequence[tuple[str, Type]], target: Target) -> str:
    """*sql* with its columns as the format wants them, and the number of each row's bucket."""
    places = [own(f"c{number}") for number in range(len(columns))]
    items = [
        f"{_value(place, kind, target, column.lower() in target.keys)} AS {name(column)}"
        for place, (column, kind) in zip(places, columns, strict=True)
    ]
    if target.buckets:
        by_name = {column.lower(): (place, kind) for place, (column, kind) in zip(places, columns, strict=True)}
        hashed = [by_name[column] for column in target.bucketed_by]
        items.append(f"{bucket(hashed, target.buckets)} AS {name(_BUCKET)}")
    return f"SELECT {', '.join(items)} FROM ({sql}) AS {own('answer')}({', '.join(places)})"


def _value(place: str, kind: Type, target: Target, is_key: bool) -> str:
    """SQL of a column as its format wants it."""
    if kind.name == "bigint":
        return f"CAST({place} AS BIGINT)"
    if is_key or target.format not in ("TEXTFILE", "CSV", "JSON"):
        return place
    if target.format == "JSON":
        return f"to_base64({place})" if kind.name == "varbinary" else place
    between = delimiters(target.serde)
    escape = unescape(target.serde.get("escape.delim", ""))
    if kind.name in ("varchar", "char") and escape and target.format == "TEXTFILE":
        place = f"replace({place}, {literal(escape)}, {literal(escape * 2)})"
        return f"replace({place}, {literal(between[0])}, {literal(escape + between[0])})"
    if kind.parts or kind.name in ("timestamp", "varbinary"):
        return lazy_text(place, kind, between[1:])
    return place


def _places(job: Job, files: list[Path], out: Path, target: Target) -> tuple[dict[str, Path], list[Partition]]:
    """The URI of each file, named as Athena names them, and the partitions that the folders are."""
    stamp = job.now.strftime("%Y%m%d_%H%M%S")
    location = target.location.rstrip("/") + "/"
    uris: dict[str, Path] = {}
    partitions: dict[str, Partition] = {}
    for number, path in enumerate(files):
        parts = path.parent.relative_to(out).parts
        file = f"{stamp}_{number:05d}_{job.execution.id[:5]}_{uuid.uuid4()}"
        if target.buckets:
            file = f"{file}_bucket-{int(re.sub('.*=', '', parts[-1])):05d}"
        keys = parts[: len(target.keys)]
        folder = location + "".join(f"{part}/" for part in keys)
        uris[f"{folder}{file}{target.suffix}"] = path
        if keys:
            partitions[folder] = Partition(tuple(unquote(part.partition("=")[2]) for part in keys), folder)
    return uris, [partitions[folder] for folder in sorted(partitions)]


def _put(job: Job, uris: dict[str, Path]) -> None:
    """All of the files, or none."""
    with all_or_none(job.lake, job.execution.id, uris):
        for uri, path in uris.items():
            job.session.check()
            job.lake.upload(path, uri, **job.upload_settings)
