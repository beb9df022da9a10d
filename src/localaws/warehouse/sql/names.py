"""What Redshift calls a column of a result that has no name of its own: as PostgreSQL does."""

from __future__ import annotations

from sqlglot import exp

#: Redshift's words for types in the catalog, by those of the grammar.
_TYPES = {
    exp.DType.INT: "int4", exp.DType.BIGINT: "int8", exp.DType.SMALLINT: "int2", exp.DType.DOUBLE: "float8",
    exp.DType.FLOAT: "float4", exp.DType.DECIMAL: "numeric", exp.DType.BOOLEAN: "bool", exp.DType.CHAR: "bpchar",
    exp.DType.TEXT: "text",
}  # fmt: skip
_SYNTAX: dict[type[exp.Expr], str] = {
    exp.Case: "case", exp.Extract: "date_part", exp.Trim: "btrim", exp.Substring: "substring",
    exp.StrPosition: "position", exp.CurrentDate: "date", exp.CurrentTimestamp: "timestamptz",
    exp.CurrentUser: "current_user", exp.SessionUser: "session_user", exp.CurrentSchema: "current_schema",
    exp.Exists: "?column?", exp.Array: "array",
}  # fmt: skip


def output_name(item: exp.Expr) -> str | None:
    """The name of *item* of a SELECT; None if it has one, or is ``*``."""
    if isinstance(item, exp.Alias | exp.Aliases | exp.Star | exp.Column):
        return None
    while isinstance(item, exp.Window | exp.WithinGroup | exp.Filter | exp.IgnoreNulls | exp.RespectNulls | exp.Paren):
        item = item.this
    if isinstance(item, exp.Cast):
        written = item.to.this
        return _inner(item.this) or _TYPES.get(written, written.value.lower())
    return _inner(item) or "?column?"


def _inner(item: exp.Expr) -> str | None:
    if isinstance(item, exp.Column):
        return item.name.lower()
    if isinstance(item, exp.Cast | exp.Paren | exp.Bracket):
        return _inner(item.this)
    if isinstance(item, exp.Anonymous):
        return item.name.lower()
    if isinstance(item, exp.Dot):
        return item.expression.name.lower()
    if isinstance(item, exp.Subquery) and isinstance(item.this, exp.Select) and item.this.expressions:
        first = item.this.expressions[0]
        return first.alias_or_name.lower() or output_name(first)
    if isinstance(item, exp.CurrentTimestamp) and item.args.get("sysdate"):
        return "sysdate"
    return _SYNTAX.get(type(item))
