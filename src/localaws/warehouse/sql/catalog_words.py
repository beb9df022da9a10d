"""How drivers ask the catalog, in words of PostgreSQL's: lists, the type of numbers, a call as a table.

``x = ANY (ARRAY['r', 'v'])`` is a list and no SUPER; an ``oid`` is a number;
``FROM current_database()`` is a row.
"""

from __future__ import annotations

from sqlglot import exp

_CALLS_WITH_A_ROW = ("current_database",)


def mend(tree: exp.Expr) -> None:
    """Put in their place what the catalog of the lab answers."""
    for any_of in list(tree.find_all(exp.Any)):
        array, comparison = any_of.this.unnest(), any_of.parent
        if isinstance(comparison, exp.EQ) and isinstance(array, exp.Array):
            comparison.replace(exp.In(this=comparison.this, expressions=array.expressions))
    for cast in list(tree.find_all(exp.Cast)):
        if _kind(cast) == "OID":
            cast.replace(exp.cast(cast.this, "BIGINT"))
    for table in list(tree.find_all(exp.Table)):
        called = table.this.name.lower() if isinstance(table.this, exp.Anonymous) else ""
        if called in _CALLS_WITH_A_ROW and not table.this.expressions:
            row = exp.select(exp.alias_(table.this.copy(), called))
            table.replace(row.subquery(table.alias or called))


def _kind(node: exp.Expr) -> str:
    to = node.args.get("to")
    return str(to.this).upper() if isinstance(to, exp.ObjectIdentifier) else ""
