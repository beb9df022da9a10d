"""From a table's objects to a relation that DuckDB reads in place.

A partitioned table is read through links, one directory for each partition, because a partition's values belong to
the catalog and not to the keys of its objects; DuckDB then leaves out the partitions that a filter excludes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from localaws.lake.catalog import Partition, Table
from localaws.lake.datafile import DataFile
from localaws.lake.errors import QueryFailure, not_supported
from localaws.lake.files import cloudtrail, json_keys, json_text, matching, parquet, regex, text, text_repair
from localaws.lake.files.avro import avro_to_parquet
from localaws.lake.files.conversion import orc_to_parquet
from localaws.lake.files.packed import is_repacked
from localaws.lake.files.reading import FILENAME, key_name
from localaws.lake.quoting import PATH, literal, name, own
from localaws.lake.runtime import Broken, Session

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
#: Makes the SELECT that reads files of one format: session, table, paths, uris by path, reader options → SQL.
Reader = Callable[[Session, Table, list[str], dict[str, str], str], str]

_BY_SERDE: dict[str, Reader] = {
    "lazysimpleserde": text.lazy_simple,
    "opencsvserde": text.open_csv,
    "jsonserde": json_text.read,
    "parquethiveserde": parquet.read,
    # after conversion
    "orcserde": parquet.read,
    "avroserde": parquet.read,
    "regexserde": regex.read,
    "grokserde": regex.read,
}
#: Makes of a file one that the reader reads: its path, its URI, the table.
Converter = Callable[[Path, str, Table], None]
_CONVERTERS: dict[str, Converter] = {
    "orcserde": orc_to_parquet,
    "avroserde": avro_to_parquet,
    "regexserde": matching.lines_to_parquet,
    "grokserde": matching.lines_to_parquet,
}
_TEXTS = ("lazysimpleserde", "opencsvserde", "jsonserde")


@dataclass(frozen=True)
class Source:
    """What a query reads of a table: files, and the partition that each belongs to."""

    file: DataFile
    partition: Partition | None = None


def relation(session: Session, table: Table, sources: Sequence[Source], farm: Path, with_path: bool = False) -> str:
    """SQL of a query that gives *table*'s columns, typed, from *sources*.

    *farm* is a directory of the query's own, for links. *with_path* adds the hidden column "$path".
    """
    reader = _reader(table)
    if not sources:
        return _empty(table, with_path)
    serde, convert = table.serde_name, _converter(table)
    # DuckDB's reader of CSV leaves out headers by itself, and converters whatever is no row
    header, footer = table.header_lines if serde == "jsonserde" else 0, table.footer_lines
    rewritten = [False] * len(sources)
    if serde in _TEXTS and not convert:
        cut = [bool(header or footer) or is_repacked(source.file.uri) for source in sources]
        files = [(source.file.path, source.file.uri) for source, sure in zip(sources, cut, strict=True) if not sure]
        plain = iter(text_repair.as_duckdb_reads(session.call, files, serde == "jsonserde"))
        rewritten = [sure or not next(plain) for sure in cut]
    paths = _paths(table, sources, farm, linked=bool(convert) or any(rewritten))
    uris = {path: source.file.uri for path, source in zip(paths, sources, strict=True)}
    bare = replace(table, raw={})
    for path, source, changed in zip(paths, sources, rewritten, strict=True):
        if changed:
            session.call(text_repair.rewrite, Path(path), source.file.uri, serde == "jsonserde", header, footer)
        if convert:
            _convert(session, convert, Path(path), source.file.uri, bare)
        if changed or (convert and convert is not orc_to_parquet):  # then all is read, whatever the query needs
            session.bytes_read += source.file.size
    if serde == "jsonserde":
        paths = json_keys.respell(session.call, bare, paths, uris, farm)
        uris = {path: source.file.uri for path, source in zip(paths, sources, strict=True)}
    session.uris |= uris
    options = "hive_partitioning = false"
    if table.keys:
        types = ", ".join(f"{literal(key_name(number))}: {key.type.duckdb}" for number, key in enumerate(table.keys))
        options = f"hive_partitioning = true, hive_types_autocast = false, hive_types = {{{types}}}"
    if with_path:
        options += f", filename = {literal(FILENAME)}"
    sql = reader(session, table, list(uris), uris, options)
    if with_path:
        rows = ", ".join(f"({literal(path)}, {literal(uri)})" for path, uri in uris.items())
        data, places, place, uri = map(own, ("data", "places", "place", "uri"))
        sql = (
            f"SELECT {data}.* EXCLUDE ({name(FILENAME)}), {uri} AS {name(PATH)} FROM ({sql}) AS {data} "
            f"JOIN (VALUES {rows}) AS {places}({place}, {uri}) ON {place} = {name(FILENAME)}"
        )
    return sql


def _reader(table: Table) -> Reader:
    reader = _BY_SERDE.get(table.serde_name)
    if not table.serde:
        raise QueryFailure("HIVE_UNSUPPORTED_FORMAT", f"Unable to create input format {table.input_format}".rstrip())
    if reader is None:
        raise not_supported(f"The SerDe {table.serde} of table {table.database}.{table.name}")
    return reader


def _converter(table: Table) -> Converter | None:
    if table.serde_name in _TEXTS and table.input_format == cloudtrail.INPUT_FORMAT:
        return cloudtrail.one_record_a_line
    return _CONVERTERS.get(table.serde_name)


def _convert(session: Session, convert: Converter, path: Path, uri: str, table: Table) -> None:
    try:
        session.call(convert, path, uri, table)
    except Broken:
        words = "its reader broke off; the file is damaged, or nested too deeply"
        raise QueryFailure("HIVE_BAD_DATA", f"Error opening Hive split {uri}: {words}") from None


def _paths(table: Table, sources: Sequence[Source], farm: Path, linked: bool) -> list[str]:
    """Where DuckDB finds each source: in place, unless the table is partitioned or its files are to be *linked*."""
    if not table.keys and not linked:
        return [str(source.file.path) for source in sources]
    places: dict[Partition, Path] = {}
    paths = []
    for number, source in enumerate(sources):
        partition = source.partition or Partition((), "")
        place = places.get(partition)
        if place is None:
            place = _place(farm, partition)
            places[partition] = place
        link = place / f"{number}"
        try:
            os.link(source.file.path, link)
        except OSError:  # a file system without hard links
            shutil.copyfile(source.file.path, link)
        paths.append(str(link))
    return paths


def _place(farm: Path, partition: Partition) -> Path:
    """The directory of a partition's files. Its name is made of numbers and escapes: the catalog's are anybody's."""
    folders = []
    for number, value in enumerate(partition.values):
        # DuckDB decodes percent escapes; '=' and '/' must not be taken for its own
        told = value if value == NULL_PARTITION else quote(value, safe=" ,;@+")
        folders.append(f"{key_name(number)}={told}")
    place = farm.joinpath(*folders)
    if not place.resolve().is_relative_to(farm.resolve()):
        raise ValueError(f"{place} lies outside of the query's directory")
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise QueryFailure("HIVE_CANNOT_OPEN_SPLIT", f"Partition {partition.location}: {error.strerror}") from None
    return place


def _empty(table: Table, with_path: bool) -> str:
    items = [f"CAST(NULL AS {column.type.duckdb}) AS {name(column.name)}" for column in table.all_columns]
    if with_path:
        items.append(f"CAST(NULL AS VARCHAR) AS {name(PATH)}")
    return f"SELECT {', '.join(items)} WHERE false"
