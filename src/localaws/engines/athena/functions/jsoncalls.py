"""Functions of JSON: Trino's own, and those of the SQL standard.

Source: Trino's "JSON functions and operators".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.sql import casts
from localaws.engines.athena.sql.cast_types import of_datatype
from localaws.engines.athena.sql.duckdb_ast import Special, call, cast
from localaws.engines.athena.sql.type_rules import JSON, VARCHAR
from localaws.lake.errors import QueryFailure, not_supported

if TYPE_CHECKING:
    from localaws.engines.athena.sql.dialect import Translator

_JSON_STEP = re.compile(r"\.(\w+)|\.\"([^\"]*)\"|\[(\d+)\]|\[\"([^\"]*)\"\]|\['([^']*)'\]|\.?\[?\*\]?")


def _json_place(path: exp.Expr) -> exp.Expr:
    """A path of Trino's as DuckDB writes it: $['a'] is $."a". One that is no constant stays as it is."""
    if not isinstance(path, exp.Literal):
        return path
    text = path.name if path.name.startswith("$") else "$." + path.name
    place, position = "$", 1
    while position < len(text):
        step = _JSON_STEP.match(text, position)
        if step is None or step[0].endswith(("*", "*]")):
            raise QueryFailure("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{path.name}'")
        name = next((part for part in (step[1], step[2], step[4], step[5]) if part is not None), None)
        place += f"[{step[3]}]" if name is None else f'."{name}"'
        position = step.end()
    return exp.Literal.string(place)


def _json_extract(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call(f"trino_{node.name.lower()}", arguments[0], _json_place(arguments[1]))


def _json_parse(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return cast(call("native_json_sorted", call("json_checked", arguments[0])), "JSON")


def json_literal(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``JSON '{"a": 1}'`` is json_parse of the text."""
    return _json_parse(translator, exp.Anonymous(this="json_parse"), [node.this])


def _json_exists(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return cast(call("native_json_path", cast(arguments[0], "VARCHAR"), arguments[1], "exists"), "BOOLEAN")


def _json_array(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """NULLs are left out: ABSENT ON NULL is what is meant where nothing is said."""
    items = [call("json_item", casts.converted(each, translator.type_of(each) or VARCHAR, JSON)) for each in arguments]
    return call("json_listed", exp.Array(expressions=items))


def json_value(translator: Translator, node: exp.Expr) -> exp.Expr:
    """json_value(x, 'lax $.a' RETURNING integer DEFAULT 0 ON EMPTY): a scalar, as a text or as what it is to be."""
    found: exp.Expr = call("native_json_path", cast(node.this, "VARCHAR"), node.args["path"], "value")
    returning, clause = node.args.get("returning"), node.args.get("on_condition")
    target = of_datatype(returning) if returning else None
    if target is not None:
        found = casts.converted(found, VARCHAR, target)
    otherwise = (clause.args.get("empty") or clause.args.get("error")) if clause else None
    if isinstance(otherwise, exp.Expr):
        return exp.Coalesce(this=found, expressions=[otherwise])
    if otherwise == "ERROR":
        raise not_supported("ERROR ON EMPTY and ERROR ON ERROR")
    return found


def json_query(translator: Translator, node: exp.Expr) -> exp.Expr:
    """json_query(x, 'lax $.a' WITH ARRAY WRAPPER)."""
    option = node.args["option"].name.upper() if node.args.get("option") else ""
    what = "query"
    if option.startswith("WITH") and not option.startswith("WITHOUT"):
        what = "query conditional" if "CONDITIONAL" in option and "UNCONDITIONAL" not in option else "query wrapped"
    return call("native_json_path", cast(node.this, "VARCHAR"), node.expression, what)


def json_object(translator: Translator, node: exp.Expr) -> exp.Expr:
    """json_object('a': 1): NULLs stay, as NULL ON NULL says."""
    items: list[exp.Expr] = []
    for pair in node.expressions:
        value = pair.expression
        made = casts.converted(value, translator.type_of(value) or VARCHAR, JSON)
        items += [cast(pair.this, "VARCHAR"), call("json_item", made)]
    return call("json_paired", exp.Array(expressions=items[::2]), exp.Array(expressions=items[1::2]))


def _json_format(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("native_json_text", cast(arguments[0], "VARCHAR"))


FUNCTIONS: dict[str, Special] = {
    "json_extract": _json_extract,
    "json_extract_scalar": _json_extract,
    "json_size": _json_extract,
    "json_parse": _json_parse,
    "json_exists": _json_exists,
    "json_array": _json_array,
    "json_format": _json_format,
}
