"""What a statement may name: functions that Redshift has, and tables. DuckDB's own are not there for a user.

DuckDB reads files, environment variables and settings by functions, by functions in FROM, and by names of tables; so
only what `functions.FUNCTIONS` lists can be called, and no relation of DuckDB's own can be read.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TypeVar

from sqlglot import exp

from localaws.warehouse.errors import SYNTAX, UNDEFINED_FUNCTION, UNDEFINED_TABLE, RedshiftError, not_done

#: Forms of the grammar that sqlglot takes for functions.
_FORMS = (
    exp.Anonymous, exp.Cast, exp.TryCast, exp.Extract, exp.Case, exp.If, exp.Trim, exp.Substring, exp.StrPosition,
    exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentUser, exp.SessionUser, exp.CurrentUserId,
    exp.Array, exp.Exists, exp.And, exp.Or, exp.Any, exp.RegexpLike, exp.RegexpILike, exp.Unnest, exp.CurrentSchema,
    exp.CurrentCatalog, exp.ObjectTransform, exp.Pow, exp.Sqrt, exp.Cbrt, exp.Concat, exp.Localtimestamp,
    exp.Localtime, exp.Rollup, exp.Cube, exp.Xor,
)  # fmt: skip
#: What the grammar lets pass and Redshift has not.
_FOREIGN = (exp.Command, exp.Lambda, exp.SessionParameter, exp.Parameter, exp.Placeholder, exp.Columns, exp.Kwarg,
            exp.Lateral, exp.TableSample, exp.Filter, exp.Slice)  # fmt: skip
_JOINS = {"SEMI", "ANTI", "POSITIONAL"}
_OF_DUCKDB = ("duckdb_", "pragma_", "sqlite_")
#: Functions of Redshift's that this lab does not do.
_NOT_DONE = {
    "array_contains", "array_distinct", "array_except", "array_intersection", "array_position", "array_positions",
    "array_sort", "arrays_overlap", "checksum", "difference", "dlog", "explain_model",
    "farmfingerprint64", "farmhash64", "murmur3_32_hash", "object_transform", "text_to_int_alt",
    "text_to_numeric_alt", "timeofday",
}  # fmt: skip
_FAMILIES_NOT_DONE = ("h3_", "hll", "st_", "bpcharcmp", "bttext")
_E = TypeVar("_E", bound=exp.Expr)
_AS_IS = "as is"
_OF_FILES = "/.*:"


def written_by_users(tree: exp.Expr) -> Iterator[exp.Expr]:
    """The nodes of *tree*, parents first, without what is DuckDB's already: the lab's own views (`as_is`)."""
    return tree.walk(bfs=False, prune=lambda node: bool(node.meta.get(_AS_IS)))


def as_is(query: _E) -> _E:
    """Mark *query*, which is DuckDB's and not a user's: it is neither checked nor translated."""
    query.meta[_AS_IS] = True
    return query


def check(tree: exp.Expr, functions: Container[str], relations: Container[str] = ()) -> None:
    """Raises RedshiftError for what only DuckDB has.

    *functions* are the names that can be called, in small letters, *relations* those that can be in FROM.
    """
    for node in written_by_users(tree):
        if node.meta.get(_AS_IS):
            continue
        if isinstance(node, exp.Anonymous):
            allowed = relations if isinstance(node.parent, exp.Table) else functions
            if node.name.lower() not in allowed or not _is_of_redshift(node):
                raise undefined(node)
        elif isinstance(node, exp.Func) and not isinstance(node, _FORMS):
            raise RedshiftError(UNDEFINED_FUNCTION, f"function {node.key}() does not exist")
        elif isinstance(node, exp.Unnest) and not isinstance(node.expressions[0], exp.Column | exp.Bracket | exp.Dot):
            raise RedshiftError(UNDEFINED_FUNCTION, "function unnest(unknown) does not exist")
        elif isinstance(node, exp.Table):
            _check_table(node)
        elif isinstance(node, exp.Join) and (node.method.upper() not in ("", "NATURAL") or node.kind in _JOINS):
            raise RedshiftError(SYNTAX, f'syntax error at or near "{(node.method or node.kind).lower()}"')
        elif isinstance(node, exp.Distinct) and node.args.get("on") is not None:
            raise RedshiftError(SYNTAX, 'syntax error at or near "on"')
        elif isinstance(node, exp.Star) and (node.args.get("replace") or node.args.get("rename")):
            raise RedshiftError(SYNTAX, 'syntax error at or near "*"')
        elif isinstance(node, _FOREIGN):
            raise RedshiftError(SYNTAX, f'syntax error at or near "{node.key}"')


def undefined(node: exp.Anonymous) -> RedshiftError:
    """Nobody has such a function, or this lab has not."""
    if node.name.lower() in _NOT_DONE or node.name.lower().startswith(_FAMILIES_NOT_DONE):
        return not_done(f"the function {node.name.upper()}")
    signature = ", ".join("unknown" for _ in node.expressions)
    return RedshiftError(UNDEFINED_FUNCTION, f"function {node.name.lower()}({signature}) does not exist")


def _is_of_redshift(node: exp.Anonymous) -> bool:
    """Whether the name stands alone or in the catalog's schema, ``pg_catalog.version()``: in no other of DuckDB's."""
    holder = node.parent
    if not isinstance(holder, exp.Dot) or holder.expression is not node:
        return True
    return isinstance(holder.this, exp.Identifier) and holder.this.name.lower() == "pg_catalog"


def _check_table(node: exp.Table) -> None:
    if not isinstance(node.this, exp.Identifier):
        if isinstance(node.this, exp.Anonymous):
            return  # its name is looked at by itself
        raise RedshiftError(UNDEFINED_FUNCTION, f"function {node.this.sql('redshift')} does not exist")
    schemas = {part.name.lower() for part in node.parts[:-1]}
    hidden = node.name.lower().startswith(_OF_DUCKDB) or schemas & {"system", "memory"}
    if hidden or any(mark in node.name for mark in _OF_FILES):  # a name of a file is one of a table to DuckDB
        raise RedshiftError(UNDEFINED_TABLE, f'relation "{node.name}" does not exist')
