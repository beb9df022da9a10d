"""A table of the Glue catalog in a query: a view over those of its objects that the query needs.

Sources: Redshift database developer guide, "Querying external data using Amazon Redshift Spectrum", "Data files for
queries in Amazon Redshift Spectrum" (formats, hidden files), "Pseudocolumns".
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb
from sqlglot import exp

from localaws.lake.quoting import PATH, internal, literal, name, texts
from localaws.warehouse.catalog.objects import Schema
from localaws.warehouse.catalog.privileges import require
from localaws.warehouse.errors import INTERNAL, UNDEFINED_TABLE, RedshiftError, not_done
from localaws.warehouse.external.schemas import ask, external_schema
from localaws.warehouse.loading.history import Entry
from localaws.warehouse.sql.translating import translate

if TYPE_CHECKING:
    from localaws.lake.catalog import Partition, Table
    from localaws.lake.datafile import DataFile
    from localaws.lake.files.scan import Source
    from localaws.lake.runtime import Session as LakeSession
    from localaws.warehouse.session import Session

_SERDES = {"lazysimpleserde", "opencsvserde", "jsonserde", "parquethiveserde", "orcserde", "avroserde"}
_views = count()


def bound(session: Session, table: exp.Table, parts: Sequence[str]) -> str | None:
    """The view that stands for the external table *parts* in the query of *table*; None if there is no such schema.

    Raises RedshiftError for a table that the catalog has not, or that the role may not read.
    """
    schema = external_schema(session, parts)
    if schema is None:
        return None
    require(session, schema, "USAGE")
    raw = ask(session, schema, "external_table", table=parts[-1])
    if raw is None:
        if len(parts) == 1:
            return None
        raise RedshiftError(UNDEFINED_TABLE, f'relation "{".".join(parts)}" does not exist')
    from localaws.lake.errors import QueryFailure  # what follows takes a second to load: for who needs it

    try:
        sql = _Scan(session, schema, raw, table).sql()
    except QueryFailure as failure:
        raise spectrum_error(str(failure).partition(": ")[2]) from None
    view = internal(f"external{next(_views)}")
    session.execute(f"CREATE TEMP VIEW {name(view)} AS {sql}")
    return view


def spectrum_error(said: str) -> RedshiftError:
    return RedshiftError(INTERNAL, f"Spectrum Scan Error: {said}")


class _Scan:
    """One external table that is read."""

    def __init__(self, session: Session, schema: Schema, raw: dict[str, Any], node: exp.Table) -> None:
        from localaws.lake.catalog import table_of

        self._session, self._schema, self._node = session, schema, node
        self._table: Table = table_of(raw)

    def sql(self) -> str:
        """DuckDB's SQL of the table's rows, or of none while a statement is only described."""
        from localaws.lake.files.scan import Source, relation
        from localaws.lake.pruning import conditions

        table = self._table
        if table.is_view or table.iceberg:
            raise not_done("views and Iceberg tables of the Glue catalog in external schemas")
        if table.serde_name not in _SERDES:
            raise not_done(f"external tables with the SerDe {table.serde}")
        columns = {column.name.lower() for column in self._node.root().find_all(exp.Column)}
        with_path = PATH in columns
        folder = self._session.node.databases.scratch / f"external-{self._session.process}-{next(_views)}"
        if self._session.describing:
            return self._read_with(None, lambda lake: relation(lake, table, [], folder, with_path))
        partitions = self._partitions(conditions(self._node, table.keys)) if table.keys else None
        places = [table.location] if partitions is None else [each.location for each in partitions]
        found = ask(self._session, self._schema, "external_files", table=table.name, places=places) if places else []
        sources = [
            Source(_file(each), partitions[place] if partitions is not None else None)
            for place, listed in enumerate(found)
            for each in listed
        ]
        folder.mkdir(mode=0o700)
        sql = self._read_with(folder, lambda lake: relation(lake, table, sources, folder, with_path))
        self._note(sources, columns, bool(self._node.root().find(exp.Star)))
        return sql

    def _partitions(self, wanted: list[exp.Expr]) -> list[Partition]:
        """Those that satisfy *wanted*, the conditions of the query on partition keys."""
        from localaws.lake.catalog import Column, Partition
        from localaws.lake.pruning import select_partitions

        listed = [
            Partition(tuple(values), location, tuple(Column(*column) for column in columns))
            for values, location, columns in ask(
                self._session, self._schema, "external_partitions", table=self._table.name
            )
        ]

        def translated(condition: exp.Expr) -> str:
            return translate(exp.select("1").where(condition.copy())).partition(" WHERE ")[2]

        return cast(
            "list[Partition]",
            self._read_with(
                None, lambda lake: select_partitions(lake, self._table.keys, listed, wanted, translated)
            ),
        )  # fmt: skip

    def _read_with(self, directory: Path | None, read: Callable[[LakeSession], Any]) -> Any:
        """What *read* makes with a session of the lake's, beside the client's transaction, which errors would end."""
        with self._session.node.databases.cursor(self._session.database) as cursor:
            return read(cast("LakeSession", _LakeSession(cursor, directory)))

    def _note(self, sources: Sequence[Source], columns: set[str], everything: bool) -> None:
        """Have what is scanned billed: all of a text, and of Parquet the columns that the query names."""
        files = [source.file for source in sources]
        scanned = sum(file.size for file in files)
        if files and self._table.serde_name == "parquethiveserde" and not everything:
            held = [literal(column.name) for column in self._table.columns if column.name in columns]
            told = self._session.execute(
                f"SELECT coalesce(sum(total_compressed_size), 0) FROM parquet_metadata("
                f"{texts(str(file.path) for file in files)}) "
                f"WHERE lower(split_part(path_in_schema, ', ', 1)) IN ({', '.join(['NULL', *held])})"
            )
            scanned = int(told[0][0])
        self._session.scanned += scanned
        entry = Entry(self._session)
        try:
            name_there = f"S3 Scan {self._schema.name}_{self._table.name}"
            entry.scanned(name_there, self._table.serde_name, bool(self._table.keys), scanned, len(files))
        finally:
            entry.close()


def _file(told: dict[str, Any]) -> DataFile:
    from localaws.lake.datafile import DataFile

    return DataFile(told["uri"], told["size"], Path(told["path"]))


class _LakeSession:
    """What the lake's readers ask of a session, done by DuckDB's *cursor* in this process."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, directory: Path | None) -> None:
        self._cursor, self.directory = cursor, directory
        self.bytes_read = 0
        self.uris: dict[str, str] = {}

    def run(self, sql: str, measured: bool = False) -> list[tuple[Any, ...]]:
        return self._cursor.execute(sql).fetchall()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    def check(self) -> None:
        """Nothing: a statement is ended by DuckDB."""

    def checked(self, items: Iterable[Any]) -> Iterator[Any]:
        return iter(items)


def settle(session: Session, failed: bool) -> None:
    """Have what a statement scanned be billed; a statement that failed costs nothing."""
    scanned, session.scanned = session.scanned, 0
    if scanned and not failed:
        session.node.lab.ask("external_scanned", scanned=scanned)


def forget(session: Session) -> None:
    """Remove what *session*'s queries have made of external files."""
    for folder in session.node.databases.scratch.glob(f"external-{session.process}-*"):
        shutil.rmtree(folder, ignore_errors=True)
