"""A statement's names bound to what they mean: relations with the user's rights on them, views of the system.

The tree is changed so that each table is named in full, and DuckDB looks for nothing by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.lake.quoting import MARK
from localaws.warehouse.calling import put_functions
from localaws.warehouse.catalog import names
from localaws.warehouse.catalog.objects import MATERIALIZED, VIEW, Relation
from localaws.warehouse.catalog.privileges import acting_as, require
from localaws.warehouse.catalog.store import TEMP_SCHEMA
from localaws.warehouse.catalog.system import system_view
from localaws.warehouse.catalog.system.functions import NAMES, bind_functions
from localaws.warehouse.catalog.system.late import LATE_COLUMNS
from localaws.warehouse.catalog.system.spelling import plain
from localaws.warehouse.contexts import context_of
from localaws.warehouse.errors import SYNTAX, UNDEFINED_FUNCTION, WRONG_OBJECT, RedshiftError, not_done
from localaws.warehouse.external import scanning
from localaws.warehouse.loading import history
from localaws.warehouse.session_protocol import Parameter
from localaws.warehouse.sql.checking import as_is, check
from localaws.warehouse.sql.functions import FUNCTIONS
from localaws.warehouse.sql.translating import parse, translate

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

#: What can be called, and what can be called in FROM.
_FUNCTIONS = {*FUNCTIONS, *NAMES}
_RELATIONS = {"pg_get_late_binding_view_cols"}
#: How deep views may lie in one another.
_DEEPEST = 50
#: What a statement does to its target.
_PRIVILEGES: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Insert: ("INSERT",), exp.Update: ("UPDATE",), exp.Delete: ("DELETE",),
    exp.Merge: ("SELECT", "INSERT", "UPDATE", "DELETE"),
}  # fmt: skip


@dataclass
class Bound:
    """What a statement's names have turned out to mean.

    Attributes:
        reads: relations whose rows it looks at; of a view, what the view looks at too.
        writes: relations whose rows it changes.
    """

    reads: list[Relation] = field(default_factory=list)
    writes: list[Relation] = field(default_factory=list)
    sql: str = ""


def bind(session: Session, tree: exp.Expr, depth: int = 0) -> Bound:
    """Bind the names in *tree*, which is changed. Raises RedshiftError for what is not there, or not allowed."""
    if depth > _DEEPEST:
        raise RedshiftError("54001", "stack depth limit exceeded: a view leads to itself")
    bound = Bound()
    put_functions(session, tree)
    check(tree, _FUNCTIONS, _RELATIONS)
    target = _target(tree)
    _bind_late_columns(session, tree)
    bind_functions(session, tree)
    for table in list(tree.find_all(exp.Table)):
        _bind_table(session, tree, table, table is target, bound, depth)
    return bound


def bound_query(session: Session, sql: str, parameters: Sequence[Parameter] = ()) -> Bound:
    """The query *sql* of Redshift's as DuckDB's. Raises RedshiftError."""
    tree = parse(plain(sql))
    if not isinstance(tree, exp.Query):
        raise RedshiftError(SYNTAX, f'syntax error at or near "{sql.split(maxsplit=1)[0]}"')
    bound = bind(session, tree)
    bound.sql = translate(tree, parameters, context_of(session))
    return bound


def parts_of(table: exp.Table) -> list[str]:
    """The name as it was written, in small letters."""
    return [each.lower() for each in (table.catalog, table.db, table.name) if each]


def is_common(table: exp.Table) -> bool:
    """Whether *table* is the name of a query that stands before it (WITH)."""
    if table.db:
        return False
    below: exp.Expr = table
    while (above := below.parent) is not None:
        if isinstance(above, exp.With):  # inside of one: those before it, and itself where it is recursive
            end = above.expressions.index(below) + (1 if above.recursive else 0)
            found = above.expressions[:end]
            below = above.parent or above
        else:
            found = above.args["with_"].expressions if above.args.get("with_") else []
            below = above
        if any(each.alias.lower() == table.name.lower() for each in found):
            return True
    return False


def _bind_table(session: Session, tree: exp.Expr, table: exp.Table, is_target: bool, bound: Bound, depth: int) -> None:
    if not isinstance(table.this, exp.Identifier):  # a function of DuckDB's that reads files, say
        raise RedshiftError(UNDEFINED_FUNCTION, f"function {table.this.sql('redshift')} does not exist")
    if is_common(table):
        return
    parts = parts_of(table)
    if any(MARK in each for each in parts):  # what is the cluster's own
        raise names.missing(parts)
    view = system_view(parts)
    if view is not None and (len(parts) > 1 or names.find(session, parts) is None):
        _put(table, as_is(view.query(session)))
        return
    found = names.find(session, parts)
    if found is None:
        loaded = history.view(session, parts)
        if loaded is not None and not is_target:
            _put(table, as_is(loaded))
            return
        rows = scanning.bound(session, table, parts)
        if rows is None:
            raise names.missing(parts)
        if is_target:
            raise not_done("changes of external tables")
        _name_in_full(table, names.Named(session.database, TEMP_SCHEMA, rows))
        return
    place, relation = found
    if is_target:
        if relation.kind in (VIEW, MATERIALIZED):
            raise RedshiftError(WRONG_OBJECT, f'cannot change rows of a view: "{relation.name}" is one')
        require(session, relation, *_PRIVILEGES[type(tree)])
        bound.writes.append(relation)
        if isinstance(tree, exp.Merge):
            _name_inserted(tree, relation)
        if not isinstance(tree, exp.Insert):
            bound.reads.append(relation)
    else:
        require(session, relation, "SELECT")
        bound.reads.append(relation)
    if relation.kind == VIEW:
        _bind_view(session, table, relation, bound, depth)
    else:
        _name_in_full(table, place)


def _name_inserted(merge: exp.Merge, target: Relation) -> None:
    """Where WHEN NOT MATCHED names no columns, INSERT gives values to all of them ("MERGE")."""
    for insert in merge.find_all(exp.Insert):
        if insert.this is None:
            columns = [exp.column(exp.to_identifier(each.name, quoted=True)) for each in target.columns]
            insert.set("this", exp.Tuple(expressions=columns))


def _bind_view(session: Session, table: exp.Table, view: Relation, bound: Bound, depth: int) -> None:
    """Put the view's query in its place, bound with the rights of the view's owner."""
    query = parse(view.definition)
    assert isinstance(query, exp.Query)
    with acting_as(session, view.owner):
        inner = bind(session, query, depth + 1)
    bound.reads += inner.reads
    _put(table, query)


def _put(table: exp.Table, query: exp.Query) -> None:
    """Put *query* in the place of *table*."""
    alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
    subquery = exp.Subquery(this=query, alias=alias)
    for key in ("joins", "pivots", "laterals", "sample"):
        if value := table.args.get(key):
            subquery.set(key, value)
    table.replace(subquery)


def _bind_late_columns(session: Session, tree: exp.Expr) -> None:
    """``pg_get_late_binding_view_cols() cols(a name, …)``: the columns of views without schema binding."""
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.Anonymous) and table.this.name.lower() == "pg_get_late_binding_view_cols":
            alias = table.args.get("alias")
            if alias and alias.columns:
                named = [each.this if isinstance(each, exp.ColumnDef) else each for each in alias.columns]
                alias.set("columns", named)
            _put(table, as_is(LATE_COLUMNS.query(session)))


def _name_in_full(table: exp.Table, place: names.Named) -> None:
    database, schema = (place.database, place.schema) if place.schema != TEMP_SCHEMA else ("temp", "main")
    table.set("this", exp.to_identifier(place.name, quoted=True))
    table.set("db", exp.to_identifier(schema, quoted=True))
    table.set("catalog", exp.to_identifier(database, quoted=True))


def _target(tree: exp.Expr) -> exp.Table | None:
    """The table whose rows a statement changes."""
    if not isinstance(tree, tuple(_PRIVILEGES)):
        return None
    this = tree.this
    if isinstance(this, exp.Schema):  # INSERT INTO t (a, b)
        this = this.this
    return this if isinstance(this, exp.Table) else None
