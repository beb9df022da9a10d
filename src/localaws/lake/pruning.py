"""Which of a table's partitions a query can need, from the conditions that speak of nothing but partition keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sqlglot import exp

from localaws.lake.catalog import Column, Partition
from localaws.lake.files.scan import NULL_PARTITION
from localaws.lake.quoting import literal, name, own
from localaws.lake.runtime import Session


def conditions(node: exp.Table, keys: list[Column]) -> list[exp.Expr]:
    """The parts of the query's conditions that a partition must satisfy for *node*'s rows to matter."""
    select = node.find_ancestor(exp.Select)
    if select is None or not keys:
        return []
    names = {key.name for key in keys}
    alias = node.alias_or_name.lower()
    found: list[exp.Expr] = []
    where = select.args.get("where")
    nullable = _may_be_null_extended(select, node)
    if where is not None:
        for part in _conjuncts(where.this):
            if _only_about(part, names, alias) and (not nullable or _rejects_null(part)):
                found.append(part)
    for join in select.args.get("joins") or []:
        on = join.args.get("on")
        # an inner join's condition filters both sides; an outer one's only the side that may stay empty
        if on is not None and (not join.side or (join.side == "LEFT" and join.this is node)):
            found += [part for part in _conjuncts(on) if _only_about(part, names, alias)]
    return found


def select_partitions(
    session: Session,
    keys: list[Column],
    partitions: Iterable[Partition],
    wanted: list[exp.Expr],
    translate: Callable[[exp.Expr], str],
) -> list[Partition]:
    """Those of *partitions* that satisfy all *wanted* conditions, as DuckDB judges them."""
    everything = list(partitions)
    if not wanted or not everything:
        return everything
    conjunction = " AND ".join(f"({translate(_unqualified(part))})" for part in wanted)
    columns = ", ".join(name(key.name) for key in keys)
    typed = ", ".join(f"CAST({name(key.name)} AS {key.type.duckdb}) AS {name(key.name)}" for key in keys)
    rows = ", ".join(
        f"({place}, {', '.join('NULL' if value == NULL_PARTITION else literal(value) for value in each.values)})"
        for place, each in enumerate(everything)
    )
    number = own("number")
    sql = (
        f"SELECT {number} FROM (SELECT {number}, {typed} FROM (VALUES {rows}) AS {own('listed')}({number}, {columns})) "
        f"WHERE {conjunction} ORDER BY {number}"
    )
    return [everything[place] for (place,) in session.run(sql)]


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _only_about(condition: exp.Expr, names: set[str], alias: str) -> bool:
    if condition.find(exp.Query, exp.Lambda, exp.AggFunc, exp.Window):
        return False
    columns = list(condition.find_all(exp.Column))
    return bool(columns) and all(
        column.name.lower() in names and column.table.lower() in ("", alias) for column in columns
    )


def _rejects_null(condition: exp.Expr) -> bool:
    """Whether a row of NULLs, which an outer join adds, can never satisfy it."""
    comparison = exp.EQ | exp.GT | exp.GTE | exp.LT | exp.LTE | exp.In | exp.Between | exp.Like
    return isinstance(condition, comparison) and isinstance(condition.this, exp.Column)


def _may_be_null_extended(select: exp.Select, node: exp.Table) -> bool:
    for join in select.args.get("joins") or []:
        if join.side == "FULL" or (join.side == "LEFT" and join.this is node):
            return True
        if join.side == "RIGHT" and join.this is not node:
            return True
    return False


def _unqualified(condition: exp.Expr) -> exp.Expr:
    copy = condition.copy()
    for column in copy.find_all(exp.Column):
        column.set("table", None)
    return copy
