"""Redshift's SQL as sqlglot reads it, with functions left as they are written: `functions` knows what they mean."""

from __future__ import annotations

import re

from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ParseError, TokenError

from localaws.warehouse.errors import SYNTAX, RedshiftError, not_done
from localaws.warehouse.sql import catalog_words
from localaws.warehouse.sql.reserved import reserved_name

#: Functions with a syntax of their own; sqlglot knows more of other dialects, which to Redshift are like any name.
_SYNTAX = {"CAST", "CONVERT", "EXTRACT", "OBJECT_TRANSFORM", "POSITION", "SUBSTRING", "TRIM", "TRY_CAST"}

_SIMPLE_MERGE = re.compile(r"\s*MERGE\b.*\bREMOVE\s+DUPLICATES\s*$", re.IGNORECASE | re.DOTALL)
#: Types whose name may stand before a text.
_LITERALS = (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPNTZ, exp.DType.TIME,
             exp.DType.TIMETZ)  # fmt: skip


def _typed_literal(parser: object, written: exp.Expr, kind: exp.DataType | exp.DType) -> exp.Expr:
    """``date '2020-01-01'``; a cast behind it, ``timestamp '…'::date``, is one of the timestamp."""
    text = written
    while isinstance(text, exp.Cast):
        text = text.this
    made = exp.Cast(this=text.copy(), to=kind if isinstance(kind, exp.DataType) else exp.DataType(this=kind))
    if text is written:
        return made
    text.replace(made)
    return written


class RedshiftSql(Redshift):
    """Redshift's grammar; a function call becomes ``Anonymous`` whatever its name."""

    INDEX_OFFSET = 0  # places in an array are as they are written, from 0

    class Parser(Redshift.parser_class):  # type: ignore[misc, valid-type]
        FUNCTIONS: dict[str, object] = {}
        FUNCTION_PARSERS = {
            name: build for name, build in Redshift.parser_class.FUNCTION_PARSERS.items() if name in _SYNTAX
        }
        TYPE_LITERAL_PARSERS = Redshift.parser_class.TYPE_LITERAL_PARSERS | dict.fromkeys(_LITERALS, _typed_literal)
        NO_PAREN_FUNCTION_PARSERS = {
            name: build
            for name, build in Redshift.parser_class.NO_PAREN_FUNCTION_PARSERS.items()
            if name in ("ANY", "CASE", "SYSDATE")
        } | {"APPROXIMATE": lambda self: self._parse_approximate()}

        def _parse_approximate(self) -> exp.Expr | None:
            """``APPROXIMATE COUNT(DISTINCT x)`` and ``APPROXIMATE PERCENTILE_DISC(…)``: the call knows that it is."""
            found: exp.Expr | None = self._parse_function()
            if found is None:
                self._retreat(self._index - 1)
                return None
            for call in found.find_all(exp.Anonymous):
                call.meta["approximate"] = True
                break
            return found


def _mend_joins(tree: exp.Expr) -> None:
    """``LEFT JOIN t.items AS i ON true``, an array of *t*'s, which sqlglot takes for a table in the schema *t*."""
    for select in tree.find_all(exp.Select):
        source = select.args.get("from_")
        known = {source.alias_or_name.lower()} if source is not None else set()
        for join in select.args.get("joins") or []:
            table = join.this
            parts = table.parts if isinstance(table, exp.Table) else []
            if len(parts) > 1 and table.alias and parts[0].name.lower() in known:
                alias = exp.TableAlias(columns=[exp.to_identifier(table.alias)])
                column = exp.Column(**dict(zip(("this", "table", "db", "catalog"), reversed(parts), strict=False)))
                join.set("this", exp.Unnest(expressions=[column], alias=alias))
            known.add(join.alias_or_name.lower())


def _mend_merge(tree: exp.Merge) -> None:
    """``INSERT VALUES (…)`` without names of columns, which sqlglot takes for a function."""
    for insert in tree.find_all(exp.Insert):
        row = insert.this.expressions[0] if isinstance(insert.this, exp.Tuple) else None
        if isinstance(row, exp.Anonymous) and row.name.lower() == "values":
            insert.set("expression", exp.Tuple(expressions=row.expressions))
            insert.set("this", None)


#: Made here, on one thread: sqlglot loads the parts of a dialect when they are first used.
_DIALECT = RedshiftSql()
_DIALECT.parse("SELECT 1")


def parse(sql: str) -> exp.Expr:
    """The tree of one statement. Raises RedshiftError in Redshift's words."""
    if _SIMPLE_MERGE.match(sql):
        raise not_done("MERGE … REMOVE DUPLICATES: say what is to be done WHEN MATCHED and WHEN NOT MATCHED")
    try:
        trees = [each for each in _DIALECT.parse(sql) if each is not None]
    except (ParseError, TokenError) as error:
        told = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
        near = str(told.get("highlight") or "").strip()
        said = f'syntax error at or near "{near}"' if near else "syntax error at end of input"
        raise RedshiftError(SYNTAX, said) from None
    except RecursionError:
        raise RedshiftError("54001", "stack depth limit exceeded") from None
    for each in trees:
        _mend_joins(each)
    if len(trees) == 1 and isinstance(trees[0], exp.Merge):
        _mend_merge(trees[0])
    if len(trees) != 1:
        raise RedshiftError(SYNTAX, "syntax error at end of input")
    tree: exp.Expr = trees[0]
    catalog_words.mend(tree)
    if word := reserved_name(tree):
        raise RedshiftError(SYNTAX, f'syntax error at or near "{word}"')
    return tree
