"""Functions of numbers, and choices between values.

Source: Redshift database developer guide, "Math functions", "Bitwise functions", "Conditional expressions".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.sql import column_types as of
from localaws.warehouse.sql.building import (
    Builder,
    Function,
    Functions,
    by_macro,
    call,
    cast,
    common,
    first,
    macro,
    renamed,
    same,
)
from localaws.warehouse.sql.casts import converted
from localaws.warehouse.sql.column_types import Type
from localaws.warehouse.sql.operators import alike

if TYPE_CHECKING:
    from localaws.warehouse.sql.dialect import Translator


def _of_double(name: str) -> Builder:
    return lambda translator, node, arguments: call(name, *(cast(each, "DOUBLE") for each in arguments))


def _number(build: Builder) -> Builder:
    """*build*, of numbers: a text that is given becomes one."""

    def built(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
        given = []
        for each in arguments:
            kind = translator.type_of(each)
            if kind == of.SUPER:
                each = macro("super_number", each)
            elif kind is not None and kind.is_text:
                each = cast(each, "DOUBLE")
            given.append(each)
        return build(translator, node, given)

    return built


def _trunc(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Of a number, at a place; of a moment its date."""
    kind = translator.type_of(node.expressions[0])
    if kind is not None and (kind.is_moment or kind.is_text):
        return cast(arguments[0], "DATE")
    return call("trunc", *arguments) if len(arguments) == 1 else macro("trunc", *arguments)


def _trunc_type(types: Sequence[Type | None]) -> Type | None:
    kind = first(types)
    return of.DATE if kind is not None and (kind.is_moment or kind.is_text) else kind


def _rounded(types: Sequence[Type | None]) -> Type | None:
    """A decimal's scale is what it is rounded to, which only DuckDB knows."""
    kind = first(types)
    return None if kind is not None and kind.name == "decimal" else kind


def _decode(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """A CASE in which NULL is equal to NULL."""
    value, *rest = arguments
    made = exp.Case()
    for searched, result in zip(rest[0::2], rest[1::2], strict=False):
        made = made.when(exp.NullSafeEQ(this=value.copy(), expression=searched), result)
    return made.else_(rest[-1]) if len(rest) % 2 else made


def _decode_type(types: Sequence[Type | None]) -> Type | None:
    rest = types[1:]
    return common([*rest[1::2], *(rest[-1:] if len(rest) % 2 else [])])


def _nvl2(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    value, there, missing = arguments
    known = exp.Not(this=exp.Is(this=value, expression=exp.null()))
    return exp.Case().when(known, there).else_(missing)


def _same_types(name: str) -> Builder:
    """A function of values that are compared or put into one column."""

    def build(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
        kinds = [translator.type_of(each) for each in node.expressions]
        other = next((kind for kind in kinds if kind is not None and kind not in (of.SUPER, of.UNKNOWN)), None)
        return call(name, *(alike(each, kind, other) for each, kind in zip(arguments, kinds, strict=True)))

    return build


def _cast_to(kind: Type) -> Function:
    """A type's name in the place of a function's: ``int4('5')``."""
    return Function(
        lambda translator, node, arguments: converted(arguments[0], translator.type_of(node.expressions[0]), kind), kind
    )


_DOUBLES = (
    "acos", "asin", "atan", "atan2", "cos", "cot", "degrees", "exp", "ln", "radians", "sin", "sqrt", "tan",
)  # fmt: skip

FUNCTIONS: Functions = {
    **{name: Function(_number(_of_double(name)), of.DOUBLE) for name in _DOUBLES},
    "abs": Function(_number(renamed("abs")), first),
    "cbrt": Function(_number(by_macro("cbrt")), of.DOUBLE),
    "ceil": Function(_number(renamed("ceil")), _rounded),
    "ceiling": Function(_number(renamed("ceil")), _rounded),
    "dexp": Function(_number(_of_double("exp")), of.DOUBLE),
    "dlog1": Function(_number(_of_double("ln")), of.DOUBLE),
    "dlog10": Function(_number(_of_double("log10")), of.DOUBLE),
    "floor": Function(_number(renamed("floor")), _rounded),
    "log": Function(_number(_of_double("log")), of.DOUBLE),
    "mod": Function(_number(renamed("mod")), common),
    "pi": Function(same, of.DOUBLE),
    "pow": Function(_number(_of_double("pow")), of.DOUBLE),
    "power": Function(_number(_of_double("pow")), of.DOUBLE),
    "random": Function(same, of.DOUBLE),
    "round": Function(_number(renamed("round")), _rounded),
    "sign": Function(_number(by_macro("sign")), of.INTEGER),
    "trunc": Function(_trunc, _trunc_type),
    # Types
    "bool": _cast_to(of.BOOLEAN),
    "date": _cast_to(of.DATE),
    "float4": _cast_to(of.REAL),
    "float8": _cast_to(of.DOUBLE),
    "int2": _cast_to(of.SMALLINT),
    "int4": _cast_to(of.INTEGER),
    "int8": _cast_to(of.BIGINT),
    "text": _cast_to(of.VARCHAR),
    # Choices
    "coalesce": Function(_same_types("coalesce"), common),
    "decode": Function(_decode, _decode_type),
    "greatest": Function(_same_types("greatest"), common),
    "least": Function(_same_types("least"), common),
    "nullif": Function(_same_types("nullif"), first),
    "nvl": Function(_same_types("coalesce"), common),
    "nvl2": Function(_nvl2, lambda types: common(types[1:])),
}
