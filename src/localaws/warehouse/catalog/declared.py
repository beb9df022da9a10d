"""The types of a query's columns as their tables declare them: DuckDB has no VARCHAR(20), only VARCHAR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.binding import parts_of
from localaws.warehouse.catalog import names, types
from localaws.warehouse.catalog.objects import ColumnInfo, Relation
from localaws.warehouse.catalog.system.spelling import plain
from localaws.warehouse.sql.translating import parse

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


def columns_of(session: Session, sql: str, told: Sequence[Sequence[str]]) -> list[ColumnInfo]:
    """The columns of the query *sql*, of which DuckDB has *told* names and types.

    ``SELECT city FROM t`` has t's type; an expression, and what comes out of a subquery, has the widest of its kind.
    """
    found = _declared(session, sql)
    columns = []
    for called, type, *_ in told:
        name = called.lower()
        known = found.get(name, "")
        same = bool(known) and types.in_duckdb(known) == type
        columns.append(ColumnInfo(name, known if same else types.of_duckdb(type), encode=""))
    return columns


def _declared(session: Session, sql: str) -> dict[str, str]:
    """Output column → type, where it is a column of a table and nothing else."""
    tree = parse(plain(sql))
    if not isinstance(tree, exp.Select) or tree.args.get("with_"):
        return {}
    sources = [tree.args["from_"].this] if tree.args.get("from_") else []
    sources += [each.this for each in tree.args.get("joins") or []]
    relations = list[Relation]()
    for each in sources:
        found = names.find(session, parts_of(each)) if isinstance(each, exp.Table) else None
        if found is None:
            return {}
        relations.append(found[1])
    outputs = dict[str, str]()
    for item in tree.expressions:
        column = item.unalias()
        if isinstance(column, exp.Star) or (isinstance(column, exp.Column) and isinstance(column.this, exp.Star)):
            outputs |= {each.name: each.name for relation in relations for each in relation.columns}
        elif isinstance(column, exp.Column):
            outputs[item.alias_or_name.lower()] = column.name.lower()
        else:
            outputs.pop(item.alias_or_name.lower(), None)
    typed = dict[str, str]()
    for output, source in outputs.items():
        wanted = {each.type for relation in relations for each in relation.columns if each.name == source}
        if len(wanted) == 1:
            typed[output] = wanted.pop()
    return typed
