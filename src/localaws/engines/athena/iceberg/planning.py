"""How a query reads an Iceberg table: as of which snapshot, which of its files, with which hidden columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlglot import exp

from localaws.engines.athena.iceberg import pushdown, reading, tables
from localaws.engines.athena.iceberg.travel import snapshot_of
from localaws.lake.catalog import Column
from localaws.lake.catalog import Table as GlueTable
from localaws.lake.column_types import INSTANT, Type
from localaws.lake.objects import Lake
from localaws.lake.pruning import conditions
from localaws.lake.quoting import PATH, literal
from localaws.lake.runtime import Session


def plan(
    session: Session,
    lake: Lake,
    table: GlueTable,
    node: exp.Table,
    translate: Callable[[exp.Expr], str],
    told: frozenset[str] | None = None,
) -> reading.Scan:
    """The reading of *table* where *node* stands in a query; *translate* makes DuckDB's SQL of an expression.

    *told* are the columns that the query sees in all rows, where those are not all: files are chosen by no others.
    """
    evaluate = partial(_evaluate, session, translate)
    target = node.meta.get("target")  # what the statement changes, as it was when the statement began
    if target and target.scan:
        scan: reading.Scan = target.scan
        return scan
    iceberg = target.table if target else tables.of(session, lake, table)
    version = node.args.get("version")
    snapshot_id = snapshot_of(iceberg, version, evaluate) if version else None
    row_filter = None
    if reading.schema_of(iceberg, snapshot_id) == iceberg.schema():  # its statistics go by the columns of today
        fields = [each for each in iceberg.schema().fields if told is None or each.name.lower() in told]
        known = [Column(field.name.lower(), str(field.field_type)) for field in fields]
        row_filter = pushdown.row_filter(conditions(node, known), iceberg.schema(), evaluate)
    hidden = [column.name for column in node.root().find_all(exp.Column) if column.name.lower() == PATH]
    scan = reading.scan(
        session,
        lake,
        iceberg,
        snapshot_id=snapshot_id,
        row_filter=row_filter,
        with_path=bool(hidden),
        positions=bool(target),
    )
    if hidden:
        scan.columns[PATH] = Type("varchar")
    if target:
        scan.columns.update({reading.FILE: Type("varchar"), reading.POSITION: Type("bigint")})
        target.scan = scan
    node.set("version", None)
    return scan


def _evaluate(session: Session, translate: Callable[[exp.Expr], str], constant: exp.Expr) -> Any:
    """What an expression without columns is worth, as Python has it."""
    sql = translate(constant.copy())
    ((_, column_type),) = session.bind(f"SELECT {sql} AS value")
    if column_type.name != "timestamp with time zone":
        return session.run(f"SELECT {sql}")[0][0]
    moment = f"struct_extract({sql}, {literal(INSTANT)})" if column_type.zoned else sql
    ((microseconds,),) = session.run(f"SELECT epoch_us({moment})")
    return None if microseconds is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
