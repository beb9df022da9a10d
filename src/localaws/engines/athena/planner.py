"""From a query's tables to relations over the lab's files: catalog asked, views opened, partitions pruned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from sqlglot import exp

from localaws.credentials import Credential
from localaws.engines.athena.governed import Grants, denied, guarded
from localaws.engines.athena.sql.dialect import Translator
from localaws.engines.athena.sql.grammar import parse, position
from localaws.engines.athena.sql.sources import cte_of
from localaws.engines.athena.tables import projection, view_text
from localaws.engines.athena.tables.coercion import check_partition
from localaws.engines.athena.tables.metadata import metadata_relation
from localaws.engines.glue.governed import whole
from localaws.engines.lakeformation.deciding import TableAccess, insufficient
from localaws.lake.catalog import Catalog, Column, Partition, Table
from localaws.lake.column_types import Type
from localaws.lake.datafile import DataFile
from localaws.lake.errors import QueryFailure, not_supported
from localaws.lake.files.scan import Source, relation
from localaws.lake.objects import Lake
from localaws.lake.pruning import conditions, select_partitions
from localaws.lake.quoting import PATH, internal, literal, name
from localaws.lake.runtime import Session

_MOST_VIEWS_DEEP = 20
#: With more partitions than this it is quicker to list the whole table than each of them.
_FEW_PARTITIONS = 8


#: Whether a statement's plan is told, and whether it is run for that.
Explained = Literal["", "planned", "analyzed"]


class Planner:
    """Plans the queries of one statement. *database* is where names without one are looked up."""

    def __init__(
        self,
        session: Session,
        catalog: Catalog,
        lake: Lake,
        database: str,
        translator: Translator,
        explained: Explained = "",
    ) -> None:
        self._explained = explained
        self._session = session
        self._catalog = catalog
        self._lake = lake
        self._database = database
        self._translator = translator
        self._made = 0
        self._schemas: set[str] = set()
        self._tables: dict[tuple[str, str], Table] = {}
        self._views: dict[tuple[str, ...], tuple[str, int]] = {}
        self._grants = Grants(lake)
        self.text_bytes = 0
        """How many bytes of text the query has to read: known before it runs."""
        self.source_bytes = 0
        """The size of everything it reads from: it cannot scan more, though a reader may look at a header twice."""
        self.is_governed = False
        """Whether it reads a table that is not left to IAM: what it tells is for its caller alone."""

    @property
    def tables(self) -> tuple[tuple[str, str], ...]:
        """Database and name of each table and view that it reads."""
        return tuple(self._tables)

    @property
    def readers(self) -> dict[str, Credential]:
        """By the tables' locations, who has read objects in the place of who asks."""
        return self._grants.readers

    def plan(self, query: exp.Expr) -> str:
        """DuckDB's SQL for *query*. Raises QueryFailure, in Trino's words, for what is not there."""
        if query.find(exp.MatchRecognize):
            raise not_supported("MATCH_RECOGNIZE")
        holder = exp.Subquery(this=query)
        self._say_where(holder)
        self._resolve(holder, self._database, 0)
        return self._translator.translate(holder.this)

    def _say_where(self, root: exp.Expr) -> None:
        """``current_catalog`` and ``current_schema`` are texts; only between quotes do they name columns."""
        for node in list(root.find_all(exp.CurrentCatalog)):
            node.replace(exp.Literal.string("awsdatacatalog"))
        for column in list(root.find_all(exp.Column)):
            if not column.table and not column.this.args.get("quoted") and column.name.lower() == "current_schema":
                column.replace(exp.Literal.string(self._database))

    def _resolve(self, root: exp.Expr, database: str, depth: int) -> None:
        for node in list(root.find_all(exp.Table)):
            if not isinstance(node.this, exp.Identifier):
                raise QueryFailure("FUNCTION_NOT_FOUND", f"Table function {node.this.sql()} not registered")
            if node.db or cte_of(node) is None:  # else the query itself defines this name
                self._replace(node, database, depth)
        for column in root.find_all(exp.Column):
            if column.db.lower() in self._schemas:  # schema.table.column, not a field of a field
                column.set("db", None)
                column.set("catalog", None)

    def _replace(self, node: exp.Table, database: str, depth: int) -> None:
        where = position(node)
        schema, table_name = (node.db or database).lower(), node.name.lower()
        self._schemas.add(schema)
        if node.catalog and node.catalog.lower() != "awsdatacatalog":
            raise QueryFailure("CATALOG_NOT_FOUND", f"Catalog '{node.catalog}' does not exist", where)
        with whole(False):  # what tells of tables tells what the caller may see of them
            special = self._of_iceberg(schema, table_name) or metadata_relation(self._catalog, schema, table_name)
        if special is not None:
            columns, sql = special
            self.is_governed = True
            self._read(node, self._view(sql), columns)
            return
        with whole():
            table = self._tables.get((schema, table_name)) or self._catalog.table(schema, table_name, where)
        self._tables[schema, table_name] = table
        access = self._grants.access(schema, table_name)
        self.is_governed |= not access.is_open
        if not (access.is_open or access.reads):
            raise QueryFailure("COLUMN_NOT_FOUND", "Relation contains no accessible columns", where)
        if table.is_view:
            self._open_view(node, table, view_text.decode(table), depth, access)
            return
        if table.iceberg:
            from localaws.engines.athena.iceberg import planning  # a second's work for who needs it

            known = None if _is_all(access) else access.always
            with self._grants.reading(table, access):
                scan = planning.plan(self._session, self._lake, table, node, self._translator.translate, known)
            self.source_bytes += scan.size
            self._read_granted(node, self._view(scan.sql), scan.columns, access)
            return
        if node.args.get("version"):
            raise QueryFailure("NOT_SUPPORTED", "This connector does not support versioned tables", where)
        if not table.location:
            raise QueryFailure("HIVE_UNSUPPORTED_FORMAT", f"Table StorageDescriptor is null for table {table.name}")
        with_path = any(column.name.lower() == PATH for column in node.root().find_all(exp.Column))
        wanted = conditions(node, _known_keys(table, access))
        key = (schema, table_name, str(with_path), *(part.sql() for part in wanted))
        if key not in self._views:  # a table that the query names twice is looked at once, and read twice
            sql, size = self._relation(table, wanted, with_path, access)
            self._views[key] = self._view(sql), size
        view, size = self._views[key]
        self.source_bytes += size
        if "parquet" not in table.serde.lower():
            self.text_bytes += size
        columns = {column.name: column.type for column in table.all_columns}
        self._read_granted(node, view, columns | ({PATH: Type("varchar")} if with_path else {}), access)

    def _of_iceberg(self, schema: str, table_name: str) -> tuple[dict[str, Type], str] | None:
        """Columns and SQL of a table like "t$snapshots"; None if it is no such table of an Iceberg table's."""
        base, _, kind = table_name.rpartition("$")
        table = self._catalog.find(schema, base) if base else None
        if table is None or not table.iceberg:
            return None
        if not _is_all(self._grants.access(schema, base)):  # they tell values of all columns, of all rows
            raise denied(insufficient(base).message)
        from localaws.engines.athena.iceberg import inspect

        return inspect.relation(self._session, self._lake, table, kind)

    def _relation(self, table: Table, wanted: list[exp.Expr], with_path: bool, access: TableAccess) -> tuple[str, int]:
        """SQL that reads *table*'s files, of the partitions that satisfy *wanted*, and how many bytes they have."""
        partitions = self._selected(table, wanted) if table.keys else None
        with self._grants.reading(table, access):
            sources = list(self._sources(table, partitions))
            files = self._lake.readable(self._session, [source.file for source in sources])
        sources = [replace(source, file=file) for source, file in zip(sources, files, strict=True)]
        sql = relation(self._session, table, sources, self._session.directory / f"t{self._made}", with_path)
        return sql, sum(source.file.size for source in sources)

    def _view(self, sql: str) -> str:
        """Make *sql* a view of this session; returns its name."""
        view = internal(f"relation{self._made}")
        self._made += 1
        self._session.run(f"CREATE TEMP VIEW {name(view)} AS {sql}")
        return view

    def _apart(self, sql: str) -> str:
        """What *sql* gives as a relation of which a plan tells nothing else: neither filter nor statistics.

        Where the plan is run it is a table of the granted rows; else an empty file, of which nobody knows what it has.
        "Row or cell filtering information defined in Lake Formation and query stats information are not shown" ("Using
        EXPLAIN and EXPLAIN ANALYZE in Athena").
        """
        if self._explained == "analyzed":
            table = internal(f"relation{self._made}")
            self._made += 1
            self._session.run(f"CREATE TEMP TABLE {name(table)} AS {sql}", measured=True)
            return table
        file = self._session.directory / f"explained{self._made}.json"
        file.touch()
        columns = ", ".join(f"{literal(each)}: {literal(kind.duckdb)}" for each, kind in self._session.bind(sql))
        return self._view(
            f"SELECT * FROM read_json({literal(str(file))}, format = 'newline_delimited', columns = {{{columns}}})"
        )

    @staticmethod
    def _read(node: exp.Table, view: str, columns: dict[str, Type]) -> None:
        """Make *node* read *view* under the name that the query knows."""
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
        node.set("this", exp.to_identifier(view, quoted=True))
        node.set("db", None)
        node.set("catalog", None)
        node.set("alias", alias)
        node.meta["columns"] = columns

    def _read_granted(self, node: exp.Table, view: str, columns: dict[str, Type], access: TableAccess) -> None:
        """Make *node* read what *access* grants of *view*."""
        if not _is_all(access):
            if node.meta.get("target"):  # its rows are found to be changed
                raise denied(insufficient(node.name).message)
            query, columns = guarded(view, columns, access)
            sql = self._translator.translate(query)
            view = self._apart(sql) if self._explained else self._view(sql)
        self._read(node, view, columns)

    def _open_view(self, node: exp.Table, table: Table, sql: str, depth: int, access: TableAccess) -> None:
        if depth >= _MOST_VIEWS_DEEP:
            raise QueryFailure("VIEW_IS_RECURSIVE", f"Statement would create a recursive view: {table.name}")
        query = parse(sql)
        holder = exp.Subquery(this=query)
        self._resolve(holder, table.database, depth + 1)
        if not _is_all(access):
            if access.rows:
                raise QueryFailure("NOT_SUPPORTED", f"Row filters of views are not supported: {table.name}")
            inner = exp.Subquery(this=holder.this, alias=exp.TableAlias(this=exp.to_identifier("view", quoted=True)))
            columns = [exp.column(exp.to_identifier(each.name, quoted=True)) for each in table.columns
                       if each.name in access.readable]  # fmt: skip
            holder = exp.Subquery(this=exp.Select(expressions=columns, from_=exp.From(this=inner)))
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
        replacement = exp.Subquery(this=holder.this, alias=alias)
        for argument in ("joins", "laterals", "sample"):
            if node.args.get(argument):
                replacement.set(argument, node.args[argument])
        node.replace(replacement)

    def _selected(self, table: Table, wanted: list[exp.Expr]) -> list[Partition]:
        """The partitions that satisfy *wanted*."""
        with whole():
            everything = self._partitions(table, wanted)
        partitions = select_partitions(self._session, table.keys, everything, wanted, self._translator.translate)
        for each in {id(partition.columns): partition for partition in partitions}.values():  # those that differ
            check_partition(table, each)
        return partitions

    def _sources(self, table: Table, partitions: list[Partition] | None) -> Iterator[Source]:
        if partitions is None:
            yield from map(Source, self._lake.files(table.location))
        else:
            yield from self._files_of(table, partitions)

    def _partitions(self, table: Table, wanted: list[exp.Expr]) -> list[Partition]:
        if projection.enabled(table):
            return projection.partitions(table, wanted, self._translator.now, self._session.check)
        return list(self._catalog.partitions(table))

    def _files_of(self, table: Table, partitions: list[Partition]) -> Iterator[Source]:
        inside = table.location.rstrip("/") + "/"
        if len(partitions) <= _FEW_PARTITIONS or not all(each.location.startswith(inside) for each in partitions):
            for partition in partitions:
                for file in self._lake.files(partition.location):
                    yield Source(file, partition)
            return
        by_place = {each.location.rstrip("/"): each for each in partitions}
        for file in self._lake.files(table.location):
            owner = _partition_of(file, by_place, inside)
            if owner is not None:
                yield Source(file, owner)


def _partition_of(file: DataFile, by_place: dict[str, Partition], inside: str) -> Partition | None:
    place = file.uri
    while len(place) > len(inside):
        place = place.rpartition("/")[0]
        if place in by_place:
            return by_place[place]
    return None


def _is_all(access: TableAccess) -> bool:
    """Whether nothing of the table is withheld."""
    return access.is_open or access.is_whole


def _known_keys(table: Table, access: TableAccess) -> list[Column]:
    """The partition keys by which a query's conditions may choose partitions before its rows are seen.

    A condition that fails tells of the value that it failed on. So not where rows are withheld.
    """
    if _is_all(access):
        return table.keys
    return [] if access.rows else [key for key in table.keys if key.name in access.always]
