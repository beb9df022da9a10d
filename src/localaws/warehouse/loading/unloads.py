"""An UNLOAD at work: the rows of a query as files, which the lab puts into S3 by the rights of the statement's role.

Sources: Redshift database developer guide, "UNLOAD", "UNLOAD examples" (names of files, manifests).
"""

from __future__ import annotations

import bz2
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localaws.lake.quoting import literal, name, own, texts
from localaws.warehouse.errors import INTERNAL, UNDEFINED_COLUMN, RedshiftError
from localaws.warehouse.loading.files import Folder
from localaws.warehouse.loading.history import Entry
from localaws.warehouse.loading.unload_request import Unload

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

#: A node of a cluster has at least two slices ("Clusters and nodes in Amazon Redshift", management guide).
_SLICES = 2
_NOT_EMPTY = (
    "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually removing "
    "the target files in S3, or using the ALLOWOVERWRITE option."
)
#: DuckDB's type → Redshift's in a manifest.
_BASES = {
    "INTEGER": "integer", "BIGINT": "bigint", "SMALLINT": "smallint", "DOUBLE": "double precision", "FLOAT": "real",
    "BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "timestamp without time zone", "VARCHAR": "character varying",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone", "JSON": "super", "BLOB": "varbyte",
    "TIME": "time without time zone", "TIME WITH TIME ZONE": "time with time zone",
}  # fmt: skip


@dataclass(frozen=True)
class _Written:
    """A file and the object that it becomes."""

    path: Path
    uri: str
    rows: int

    @property
    def size(self) -> int:
        return self.path.stat().st_size


class UnloadRun:
    """*unload* in the transaction of *session*; *sql* is its query in DuckDB's words."""

    def __init__(self, session: Session, unload: Unload, sql: str) -> None:
        self._session, self._unload, self._sql = session, unload, sql
        self._prefix = unload.target
        if unload.partitions and not self._prefix.endswith("/"):
            self._prefix += "/"

    def run(self) -> int:
        """How many rows it has written. Raises RedshiftError."""
        unload = self._unload
        if not unload.flags & {"ALLOWOVERWRITE", "CLEANPATH"} and self._ask("has_any", uri=self._prefix):
            raise RedshiftError(INTERNAL, _NOT_EMPTY)
        with Folder(self._session.node.databases.scratch) as folder:
            entry = Entry(self._session)
            try:
                columns = [(column, type) for column, type, *_ in self._session.execute(f"DESCRIBE {self._sql}")]
                self._check(columns)
                written = self._write(folder, columns)
                total = sum(each.rows for each in written)
                if "CLEANPATH" in unload.flags:
                    self._ask("clear", uris=sorted({each.uri.rpartition("/")[0] + "/" for each in written}
                                                   if unload.partitions else {self._prefix}))  # fmt: skip
                if unload.manifest:
                    written.append(self._manifest(folder, written, columns))
                self._ask("put", files=[(str(each.path), each.uri) for each in written], kms_key=unload.kms_key)
                entry.unloaded([(each.uri, each.rows, each.size) for each in written if each.rows >= 0],
                               unload.format.lower())  # fmt: skip
            finally:
                entry.close()
        return total

    def _ask(self, question: str, **arguments: Any) -> Any:
        unload, session = self._unload, self._session
        return session.node.lab.ask(
            question, rights=unload.rights, user=session.user, region=unload.region, **arguments
        )

    def _check(self, columns: Sequence[tuple[str, str]]) -> None:
        known = [column.lower() for column, _ in columns]
        for column in self._unload.partitions:
            if column not in known:
                raise RedshiftError(UNDEFINED_COLUMN, f'Partition column "{column}" is not in the query')
        if len(self._unload.partitions) == len(columns) and not self._unload.include:
            raise RedshiftError(INTERNAL, "All columns are partition columns: say INCLUDE, or leave one out")
        if self._unload.widths and [label for label, _ in self._unload.widths] != known:
            raise RedshiftError(UNDEFINED_COLUMN, "FIXEDWIDTH must name each column of the query, in their order")

    def _write(self, folder: Folder, columns: Sequence[tuple[str, str]]) -> list[_Written]:
        """Have DuckDB write the files, and say what each of them is to be called."""
        unload, target = self._unload, folder.new(".out")
        options = [self._format()]
        if unload.partitions:
            listed = ", ".join(map(name, unload.partitions))
            options.append(f"PARTITION_BY ({listed}), WRITE_PARTITION_COLUMNS {str(unload.include).lower()}")
        else:
            options.append(f"FILE_SIZE_BYTES {unload.most_bytes}, PER_THREAD_OUTPUT {str(unload.parallel).lower()}")
        query = f"SELECT {', '.join(self._items(columns))} FROM ({self._sql}) AS {own('rows')}"
        told = self._session.execute(f"COPY ({query}) TO {literal(str(target))} ({', '.join(options)})")
        paths = sorted((path for path in target.rglob("*") if path.is_file()), key=_order)
        written, numbers = list[_Written](), dict[Path, int]()
        for path in paths:
            within = path.parent.relative_to(target).as_posix().removeprefix(".")
            number = numbers[path.parent] = numbers.get(path.parent, -1) + 1
            rows = int(told[0][0]) if len(paths) == 1 else self._rows_in(path)
            uri = f"{self._prefix}{within}{'/' if within else ''}{self._file_name(number)}"
            written.append(_Written(self._packed(path), uri, rows))
        return written

    def _file_name(self, number: int) -> str:
        """``0001_part_00``: which slice has written it, and how many before it; in series only a number."""
        plain = f"{number:03}" if not self._unload.parallel else f"{number % _SLICES:04}_part_{number // _SLICES:02}"
        return plain + self._unload.suffix

    def _format(self) -> str:
        unload = self._unload
        packed = f"COMPRESSION {unload.packed if unload.packed in ('gzip', 'zstd') else 'none'}"
        header = f"HEADER {str('HEADER' in unload.flags).lower()}"
        match unload.format:
            case "PARQUET":
                return "FORMAT parquet, COMPRESSION snappy"
            case "JSON":
                return f"FORMAT json, {packed}"
            case "CSV":
                delimiter = literal(unload.delimiter or ",")
                return f"FORMAT csv, DELIMITER {delimiter}, QUOTE '\"', ESCAPE '\"', NULL {literal(unload.null)}, " \
                       f"{header}, {packed}"  # fmt: skip
        delimiter = literal(unload.delimiter or "|")
        return (
            f"FORMAT csv, DELIMITER {delimiter}, QUOTE '', ESCAPE '', NULL {literal(unload.null)}, {header}, {packed}"
        )

    def _items(self, columns: Sequence[tuple[str, str]]) -> list[str]:
        """The columns as the format has them; those of partitions stay as they are."""
        unload = self._unload
        if unload.format in ("PARQUET", "JSON"):
            return [f"{_typed(column, type, unload.format)} AS {name(column)}" for column, type in columns]
        values = [(column, _text(name(column), type)) for column, type in columns]
        if unload.format == "FIXEDWIDTH":
            padded = [
                f"rpad(coalesce({value}, {literal(unload.null)}), {width}, ' ')"
                for (_, value), (_, width) in zip(values, unload.widths, strict=True)
            ]
            return [" || ".join(padded)]
        return [f"{self._spelled(value)} AS {name(column)}" for column, value in values]

    def _spelled(self, text: str) -> str:
        """A text with what ESCAPE and ADDQUOTES put into it."""
        unload = self._unload
        quotes = "ADDQUOTES" in unload.flags
        if "ESCAPE" in unload.flags:
            special = ["\\", "\n", "\r", unload.delimiter or "|", *(['"', "'"] if quotes else [])]
            marked = "".join(re.escape(each) for each in special)
            text = f"regexp_replace({text}, {literal(f'([{marked}])')}, '\\\\\\1', 'g')"
        return f"'\"' || {text} || '\"'" if quotes else text

    def _rows_in(self, path: Path) -> int:
        if self._unload.format == "PARQUET":
            relation = f"read_parquet({literal(str(path))}, hive_partitioning = false)"
        else:
            packed = self._unload.packed if self._unload.packed in ("gzip", "zstd") else "none"
            quote = "'\"'" if self._unload.format == "CSV" else "''"
            relation = (
                f"read_csv({texts([str(path)])}, columns = {{'line': 'VARCHAR'}}, auto_detect = false, header = false, "
                f"delim = {literal(chr(1))}, quote = {quote}, escape = {quote}, compression = {literal(packed)}, "
                f"hive_partitioning = false, strict_mode = false, null_padding = false)"
            )
        header = 1 if "HEADER" in self._unload.flags and self._unload.format != "PARQUET" else 0
        return int(self._session.execute(f"SELECT count(*) FROM {relation}")[0][0]) - header

    def _packed(self, path: Path) -> Path:
        """DuckDB packs with GZIP and ZSTD by itself."""
        if self._unload.packed != "bz2":
            return path
        packed = path.with_name(path.name + ".bz2")
        with path.open("rb") as source, bz2.open(packed, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        return packed

    def _manifest(self, folder: Folder, written: Sequence[_Written], columns: Sequence[tuple[str, str]]) -> _Written:
        """The list of the objects, behind the prefix."""
        entries: list[dict[str, Any]] = [{"url": each.uri} for each in written]
        document: dict[str, Any] = {"entries": entries}
        if self._unload.manifest == "verbose" or self._unload.format == "PARQUET":
            for entry, each in zip(entries, written, strict=True):
                entry["meta"] = {"content_length": each.size}
                if self._unload.manifest == "verbose":
                    entry["meta"]["record_count"] = each.rows
        if self._unload.manifest == "verbose":
            sizes, rows = sum(each.size for each in written), sum(each.rows for each in written)
            elements = [{"name": column, "type": _base(type)} for column, type in columns]
            document |= {
                "schema": {"elements": elements},
                "meta": {"content_length": sizes, "record_count": rows},
                "author": {"name": "Amazon Redshift", "version": "1.0.0"},
            }
        path = folder.new(".manifest")
        path.write_text(json.dumps(document, indent=2))
        return _Written(path, f"{self._prefix}manifest", -1)


def _order(path: Path) -> tuple[str, int]:
    """Files of a folder in the order in which DuckDB has numbered them."""
    found = re.search(r"(\d+)\D*$", path.name)
    return str(path.parent), int(found[1]) if found else 0


def _text(column: str, type: str) -> str:
    """A value as Redshift writes it in text."""
    match type:
        case "BOOLEAN":
            return f"CASE WHEN {column} THEN 't' WHEN NOT {column} THEN 'f' END"
        case "BLOB":
            return f"lower(hex({column}))"
    return f"CAST({column} AS VARCHAR)"


def _typed(column: str, type: str, format: str) -> str:
    """A value as Parquet or JSON has it."""
    if type == "BLOB" and format == "JSON":
        return f"lower(hex({name(column)}))"
    if type == "JSON" and format == "PARQUET":
        return f"CAST({name(column)} AS VARCHAR)"
    if type in ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE") and format == "JSON":
        return f"CAST({name(column)} AS VARCHAR)"
    return name(column)


def _base(type: str) -> dict[str, Any]:
    if found := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", type):
        return {"base": "numeric", "precision": int(found[1]), "scale": int(found[2])}
    return {"base": _BASES.get(type, "character varying")}
