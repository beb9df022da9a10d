"""Functions that tell of the session and of the catalog: current_user, pg_backend_pid(), pg_get_viewdef(oid).

Each becomes an expression in DuckDB's SQL: a value, or one picked by an object's number.

Source: Redshift database developer guide, "System information functions", "System administration functions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from localaws.warehouse.catalog import names
from localaws.warehouse.catalog.privileges import acting_as, may
from localaws.warehouse.catalog.system.facts import Facts, number_of
from localaws.warehouse.catalog.system.postgres import (
    ENCODINGS,
    VIEWS,
    constraint_id,
    constraint_text,
    view_text,
)  # fmt: skip
from localaws.warehouse.errors import UNDEFINED_OBJECT, WRONG_VALUE, RedshiftError
from localaws.warehouse.sql.checking import as_is

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

VERSION = (
    "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), "
    "Redshift 1.0.117891"
)
#: What becomes of a function: of the session and its arguments.
_Maker = Callable[["Session", list[exp.Expr]], exp.Expr]
_NAMES = {23: "integer", 21: "smallint", 20: "bigint", 16: "boolean", 700: "real", 701: "double precision",
          1082: "date", 1083: "time without time zone", 1114: "timestamp without time zone",
          1184: "timestamp with time zone", 1266: "time with time zone", 4000: "super", 25: "text", 19: "name",
          26: "oid", 1186: "interval", 17: "bytea", 18: '"char"', 1005: "smallint[]"}  # fmt: skip


def bind_functions(session: Session, tree: exp.Expr) -> exp.Expr:
    """*tree* with those functions in DuckDB's words."""
    for node in reversed(list(tree.find_all(exp.Anonymous, exp.Func, exp.Cast))):  # the inner ones first
        if isinstance(node, exp.Cast):
            if made := _cast(session, node):
                node.replace(made)
            continue
        called = node.name.lower() if isinstance(node, exp.Anonymous) else node.sql_name().lower()
        maker = _MAKERS.get(called)
        if maker is None or isinstance(node.parent, exp.Table):
            continue
        arguments = [each for each in _arguments(node) if isinstance(each, exp.Expr)]
        made = as_is(maker(session, arguments))
        if isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
            made = exp.alias_(made, called.replace("current_version", "version"), quoted=True)
        if node is tree:
            return made
        node.replace(made)
    return tree


def _arguments(node: exp.Expr) -> list[Any]:
    if isinstance(node, exp.Anonymous):
        return list(node.expressions)
    return [each for each in node.args.values() if each is not None and not isinstance(each, list | bool)]


def _cast(session: Session, node: exp.Cast) -> exp.Expr | None:
    """``'t'::regclass`` is a relation's number, and ``oid::regclass`` its name."""
    to = node.to.sql("redshift").lower().strip('"')
    if to not in ("regclass", "regtype", "char", "name", "regproc") or node.to.expressions:
        return None
    if to in ("char", "name") and node.to.this not in (exp.DType.CHAR, exp.DType.NAME):
        return exp.cast(node.this, "text", dialect="duckdb")
    if to in ("char", "name"):
        return exp.cast(node.this, "text", dialect="duckdb") if to == "name" else None
    if to == "regclass" and isinstance(node.this, exp.Literal) and node.this.is_string and not node.name.isdigit():
        parts = [each.strip('"').lower() for each in node.name.split(".")]
        if parts[-1] in VIEWS:
            return exp.Literal.number(number_of("system", parts[-1]))
        return exp.Literal.number(names.existing(session, parts)[1].id)
    facts = Facts(session)
    if to == "regclass":
        return _picked(node.this, ((each.id, _as_seen(facts, each.schema, each.name)) for each in facts.all_relations))
    return _picked(node.this, _NAMES.items())


def _as_seen(facts: Facts, schema: str, name: str) -> str:
    return name if schema in facts.search_path else f"{schema}.{name}"


def _picked(number: exp.Expr, choices: Iterable[tuple[int, Any]], otherwise: exp.Expr | None = None) -> exp.Expr:
    """The choice for *number*."""
    found = list(choices)
    if not found:
        return otherwise or exp.cast(exp.null(), "text", dialect="duckdb")
    case = exp.Case(this=exp.cast(number.copy(), "bigint", dialect="duckdb"))
    for key, value in found:
        case = case.when(exp.Literal.number(key), exp.convert(value), copy=False)
    return case.else_(otherwise or exp.null(), copy=False)


def _value(of: Callable[[Session], Any]) -> _Maker:
    return lambda session, arguments: exp.convert(of(session))


def _schema(session: Session) -> str | None:
    path = names.search_path(session)
    return path[0] if path else None


def _template(sql: str) -> _Maker:
    """DuckDB's SQL in which ``:a`` and ``:b`` are the arguments."""
    tree = sqlglot.parse_one(sql, read="duckdb")

    def make(session: Session, arguments: list[exp.Expr]) -> exp.Expr:
        given = dict(zip("abc", arguments, strict=False))
        return exp.paren(exp.replace_placeholders(tree.copy(), **given))

    return make


def _format_type(session: Session, arguments: list[exp.Expr]) -> exp.Expr:
    number, modifier = arguments[0], arguments[1] if len(arguments) > 1 else exp.null()
    plain = _picked(number, _NAMES.items(), exp.Literal.string("???"))
    tree = sqlglot.parse_one(
        "CASE WHEN :a = 1043 THEN 'character varying' || CASE WHEN :b > 4 THEN '(' || (:b - 4) || ')' ELSE '' END "
        "WHEN :a = 1042 THEN 'character' || CASE WHEN :b > 4 THEN '(' || (:b - 4) || ')' ELSE '' END "
        "WHEN :a = 6551 THEN 'binary varying' || CASE WHEN :b > 4 THEN '(' || (:b - 4) || ')' ELSE '' END "
        "WHEN :a = 1700 THEN 'numeric' || CASE WHEN :b > 4 THEN '(' || ((:b - 4) >> 16) || ',' || ((:b - 4) & 65535) "
        "|| ')' ELSE '' END ELSE :c END",
        read="duckdb",
    )
    whole = exp.cast(modifier.copy(), "integer", dialect="duckdb")
    return exp.paren(exp.replace_placeholders(tree, a=number.copy(), b=whole, c=plain))


def _view_text(session: Session, arguments: list[exp.Expr]) -> exp.Expr:
    views = [each for each in Facts(session).all_relations if each.kind != "r"]
    if arguments[0].is_string:
        parts = arguments[0].name.lower().split(".")
        return exp.convert(view_text(names.existing(session, parts)[1]))
    return _picked(arguments[0], ((each.id, view_text(each)) for each in views))


def _constraint_text(session: Session, arguments: list[exp.Expr]) -> exp.Expr:
    facts = Facts(session)
    found = (
        (constraint_id(relation, each), constraint_text(each))
        for relation in facts.all_relations
        for each in relation.constraints
    )
    return _picked(arguments[0], found)


def _user_name(session: Session, arguments: list[exp.Expr]) -> exp.Expr:
    users = session.node.users
    return _picked(arguments[0], [(1, "rdsdb"), *((users.get(each)["id"], each) for each in users)])


def _described(session: Session, arguments: list[exp.Expr]) -> exp.Expr:
    facts = Facts(session)
    found = [(each.id, each.comment) for each in [*facts.all_relations, *facts.schemas] if each.comment]
    return _picked(arguments[0], found)


def _column_described(session: Session, arguments: list[exp.Expr]) -> exp.Expr:
    number = sqlglot.parse_one("CAST(:a AS BIGINT) * 10000 + CAST(:b AS BIGINT)", read="duckdb")
    found = [
        (relation.id * 10_000 + place, each.comment)
        for relation in Facts(session).all_relations
        for place, each in enumerate(relation.columns, 1)
        if each.comment
    ]
    return _picked(exp.replace_placeholders(number, a=arguments[0], b=arguments[1]), found)


def _is_visible(session: Session, arguments: list[exp.Expr]) -> exp.Expr:
    facts = Facts(session)
    found = [(each.id, each.schema in facts.search_path or each.temporary) for each in facts.all_relations]
    return _picked(arguments[0], found, exp.false())


def _has_privilege(kind: str) -> _Maker:
    """has_table_privilege([user,] table, privilege) and its like, for values that are written out."""

    def make(session: Session, arguments: list[exp.Expr]) -> exp.Expr:
        given = [each.name for each in arguments]
        user = given[0] if len(given) == 3 else session.user
        privileges = [each.strip().upper() for each in given[-1].split(",")]
        parts = [each.strip('"').lower() for each in given[-2].split(".")]
        if user not in session.node.users:
            raise RedshiftError(UNDEFINED_OBJECT, f'user "{user}" does not exist')
        if kind == "table":
            described: Any = names.existing(session, parts)[1]
        else:
            found = [each for each in names.store_of(session).schemas() if each.name == parts[-1]]
            if not found:
                raise RedshiftError("3F000", f'schema "{parts[-1]}" does not exist')
            described = found[0]
        with acting_as(session, user):
            return exp.convert(any(may(session, described, each) for each in privileges))

    return make


def _setting(session: Session, arguments: list[exp.Expr]) -> exp.Expr:
    known, setting = session.known_settings(), arguments[0].name.lower()
    if setting not in known:
        raise RedshiftError(UNDEFINED_OBJECT, f'unrecognized configuration parameter "{setting}"')
    return exp.convert(known[setting])


def _cancel(session: Session, arguments: list[exp.Expr]) -> exp.Expr:
    """pg_cancel_backend(pid): what that session runs ends."""
    if not arguments or not arguments[0].is_int:
        raise RedshiftError(WRONG_VALUE, "the process has to be a number that is written out")
    return exp.convert(session.node.cancel_session(int(arguments[0].name), session))


def _schemas(session: Session, arguments: list[exp.Expr]) -> exp.Expr:
    implicit = ["pg_catalog"] if arguments and isinstance(arguments[0], exp.Boolean) and arguments[0].this else []
    return exp.convert([*implicit, *names.search_path(session)])


_MAKERS: dict[str, _Maker] = {
    "current_user": _value(lambda session: session.user),
    "session_user": _value(lambda session: session.user),
    "current_user_id": _value(lambda session: Facts(session).user_id(session.user)),
    "current_schema": _value(_schema),
    "current_schemas": _schemas,
    "current_database": _value(lambda session: session.database),
    "current_catalog": _value(lambda session: session.database),
    "version": _value(lambda session: VERSION),
    "current_version": _value(lambda session: VERSION),
    "pg_backend_pid": _value(lambda session: session.process),
    "pg_last_query_id": _value(lambda session: session.last_query),
    "current_setting": _setting,
    "pg_cancel_backend": _cancel,
    "pg_terminate_backend": _cancel,
    "format_type": _format_type,
    "format_encoding": lambda session, arguments: _picked(arguments[0], enumerate(ENCODINGS)),
    "pg_get_viewdef": _view_text,
    "pg_get_constraintdef": _constraint_text,
    "pg_get_indexdef": _constraint_text,
    "pg_get_expr": lambda session, arguments: arguments[0],
    "pg_get_userbyid": _user_name,
    "obj_description": _described,
    "col_description": _column_described,
    "pg_table_is_visible": _is_visible,
    "pg_type_is_visible": _value(lambda session: True),
    "pg_function_is_visible": _value(lambda session: True),
    "pg_encoding_to_char": _value(lambda session: "UTF8"),
    "pg_relation_is_publishable": _value(lambda session: False),
    "has_table_privilege": _has_privilege("table"),
    "has_schema_privilege": _has_privilege("schema"),
    "array_to_string": _template("CASE WHEN typeof(:a) = 'VARCHAR' THEN CAST(:a AS VARCHAR) ELSE "
                                 "array_to_string(CAST(:a AS VARCHAR[]), :b) END"),
}  # fmt: skip
#: The names of those functions, in small letters.
NAMES = frozenset(_MAKERS)
