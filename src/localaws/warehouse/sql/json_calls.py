"""Functions of JSON texts and of SUPER values.

Source: Redshift database developer guide, "JSON functions", "SUPER type information functions", "Array functions",
"Object functions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.errors import SYNTAX, RedshiftError
from localaws.warehouse.sql import column_types as of
from localaws.warehouse.sql.building import Builder, Function, Functions, by_macro, call, cast, macro, renamed
from localaws.warehouse.sql.casts import converted

if TYPE_CHECKING:
    from localaws.warehouse.sql.dialect import Translator


def _checked(arguments: list[exp.Expr], most: int) -> tuple[exp.Expr, list[exp.Expr]]:
    """The JSON text, checked, and the arguments behind it without ``null_if_invalid``."""
    text, rest = arguments[0], arguments[1:]
    lenient: exp.Expr = exp.false()
    if rest and (len(rest) > most or isinstance(rest[-1], exp.Boolean)):
        lenient = rest.pop()
    return macro("json_checked", text, lenient), rest


def _path_text(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    value, steps = _checked(arguments, 5)
    for each in steps:
        value = macro("json_member", value, each)
    return macro("json_text", value)


def _element_text(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    value, (place, *_) = _checked(arguments, 1)
    return macro("json_text", macro("json_element", value, cast(place, "BIGINT")))


def _array_length(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    value, _ = _checked(arguments, 0)
    return macro("json_array_length", value)


def _as_super(translator: Translator, node: exp.Expr) -> exp.Expr:
    kind = translator.type_of(node)
    return node if kind == of.SUPER else converted(node, kind, of.SUPER)


def _array(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("json_array", *arguments)


def _object(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    if len(arguments) % 2:
        raise RedshiftError(SYNTAX, "OBJECT takes pairs of a name and a value")
    return call("json_object", *arguments)


def _of_super(name: str) -> Builder:
    """A macro of which each argument is a SUPER."""

    def build(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
        return macro(name, *(_as_super(translator, each) for each in arguments))

    return build


def _subarray(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    value, *places = arguments
    return macro("subarray" if len(places) == 2 else "subarray_from", value, *places)


def _split_to_array(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return macro("split_to_array", arguments[0], arguments[1] if len(arguments) > 1 else ",")


_QUESTIONS = ("array", "object", "scalar", "integer", "smallint", "bigint", "decimal", "float", "char", "varchar",
              "boolean")  # fmt: skip

FUNCTIONS: Functions = {
    **{f"is_{what}": Function(_of_super(f"is_{what}"), of.BOOLEAN) for what in _QUESTIONS},
    "array": Function(_array, of.SUPER),
    "array_concat": Function(_of_super("array_concat"), of.SUPER),
    "array_flatten": Function(_of_super("array_flatten"), of.SUPER),
    "can_json_parse": Function(by_macro("can_json_parse"), of.BOOLEAN),
    "get_array_length": Function(_of_super("get_array_length"), of.INTEGER),
    "is_valid_json": Function(by_macro("is_valid_json"), of.BOOLEAN),
    "is_valid_json_array": Function(by_macro("is_valid_json_array"), of.BOOLEAN),
    "json_array_length": Function(_array_length, of.INTEGER),
    "json_extract_array_element_text": Function(_element_text, of.VARCHAR),
    "json_extract_path_text": Function(_path_text, of.VARCHAR),
    "json_parse": Function(by_macro("json_parse"), of.SUPER),
    "json_serialize": Function(by_macro("json_serialize"), of.VARCHAR),
    "json_size": Function(_of_super("json_size"), of.INTEGER),
    "json_typeof": Function(_of_super("json_typeof"), of.VARCHAR),
    "lower_attribute_names": Function(renamed("rs_lower_names"), of.SUPER),
    "object": Function(_object, of.SUPER),
    "split_to_array": Function(_split_to_array, of.SUPER),
    "subarray": Function(_subarray, of.SUPER),
    "upper_attribute_names": Function(renamed("rs_upper_names"), of.SUPER),
}
