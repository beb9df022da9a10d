"""Operators as Trino has them: what types they take, what they give, and where DuckDB's would differ.

Source: Trino's "Mathematical", "Comparison", "Logical", "Decimal" and "String functions and operators".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.errors import operator_position
from localaws.engines.athena.sql import datetimes
from localaws.engines.athena.sql.duckdb_ast import call, cast
from localaws.engines.athena.sql.type_rules import (
    INTEGERS,
    INTERVALS,
    MOMENTS,
    NUMBERS,
    TEXTS,
    arithmetic,
    as_decimal,
    common,
)
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure

if TYPE_CHECKING:
    from localaws.engines.athena.sql.dialect import Translator

COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_SYMBOLS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%",
    exp.NullSafeEQ: "IS DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
}  # fmt: skip
_FLOATING = ("real", "double")
_MOST_DIGITS = 38


def operation(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``+ - * / %`` over numbers, moments and intervals."""
    left, right = translator.type_of(node.this), translator.type_of(node.expression)
    operator = type(node)
    if left is None or right is None:
        return node
    names = {left.name, right.name}
    if names & set(INTERVALS):
        return datetimes.with_interval(translator, node, left, right)
    if operator is exp.Sub and names <= set(MOMENTS):
        return datetimes.difference(translator, node, left, right)
    if not (left.name in NUMBERS and right.name in NUMBERS) and "unknown" not in names:
        raise _not_applicable(translator, node, _SYMBOLS[operator], left, right)
    if operator is exp.Div:
        if left.name in INTEGERS and right.name in INTEGERS:
            return exp.Paren(this=exp.IntDiv(this=node.this, expression=node.expression))
        result = arithmetic(exp.Div, left, right)
        if result and result.name == "decimal":
            return _decimal_quotient(node, as_decimal(left), as_decimal(right), result)
    return node


def _decimal_quotient(node: exp.Expr, left: Type, right: Type, result: Type) -> exp.Expr:
    """Rounded half up, in whole numbers as far as 38 digits hold them (and in quick ones, as far as 18 do)."""
    shift = result.scale - left.scale + right.scale
    digits = max(left.precision + max(shift, 0), right.precision) + max(left.scale, right.scale)
    if digits >= _MOST_DIGITS or shift < 0:
        return cast(call("decimal_quotient", node.this, node.expression, result.scale), result.duckdb)
    whole, most = ("BIGINT", 18) if digits < 18 else ("HUGEINT", 38)
    dividend, divisor = (
        _units(value, scale, zeros, whole, most)
        for value, scale, zeros in ((node.this, left.scale, shift), (node.expression, right.scale, 0))
    )
    unit = cast(exp.Literal.string(f"1e-{result.scale}"), f"DECIMAL({most},{result.scale})")
    quotient = cast(cast(call("exact_quotient", dividend, divisor), whole), f"DECIMAL({most},0)")
    return cast(exp.Mul(this=quotient, expression=unit), result.duckdb)


def _units(value: exp.Expr, scale: int, zeros: int, whole: str, most: int) -> exp.Expr:
    """A decimal without its point, and *zeros* more."""
    wide = cast(exp.Paren(this=value), f"DECIMAL({most},{scale})")
    return cast(exp.Mul(this=wide, expression=exp.Literal.number(10 ** (scale + zeros))), whole)


def _not_applicable(translator: Translator, node: exp.Expr, symbol: str, left: Type, right: Type) -> QueryFailure:
    where = operator_position(translator.sql, symbol, node.this, node.expression)
    words = f"Cannot apply operator: {left.trino} {symbol} {right.trino}"
    return QueryFailure("TYPE_MISMATCH", words, where) if where else translator.fail("TYPE_MISMATCH", words, node)


# Comparisons


def comparison(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``=``, ``<`` …: only of types that go together; NaN is not equal to itself, nor greater than anything."""
    left, right = translator.type_of(node.this), translator.type_of(node.expression)
    if left is None or right is None:
        return node
    if not _comparable(left, right):
        raise _not_applicable(translator, node, _SYMBOLS[type(node)], left, right)
    if isinstance(node, exp.EQ | exp.NEQ) and left.name == right.name and left.name in ("array", "row"):
        return _equal_parts(node, left)
    if isinstance(node.expression, exp.Any | exp.All) and (left.zoned or right.zoned):
        node.set("this", datetimes.with_zone(node.this, left) if right.zoned else datetimes.instant(node.this, left))
        return node
    for key, column_type in (("this", left), ("expression", right)):
        node.set(key, _compared(node.args[key], column_type, {left.name, right.name}))
    if (left.name in _FLOATING or right.name in _FLOATING) and not isinstance(node.expression, exp.Any | exp.All):
        return _without_nan(node, left, right)
    return node


def _equal_parts(node: exp.Expr, column_type: Type) -> exp.Expr:
    """Arrays and rows are equal if all their parts are: a NULL among them makes it unknown, where DuckDB says yes."""
    if column_type.name == "array":
        equal: exp.Expr = call("list_equal", node.this, node.expression)
    elif isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Column):
        return node
    else:
        equal = exp.and_(*[
            exp.EQ(this=call("struct_extract_at", node.this.copy(), number),
                   expression=call("struct_extract_at", node.expression.copy(), number))
            for number in range(1, len(column_type.parts) + 1)
        ])  # fmt: skip
    return exp.Paren(this=exp.Not(this=exp.Paren(this=equal)) if isinstance(node, exp.NEQ) else equal)


def _compared(value: exp.Expr, column_type: Type, names: set[str]) -> exp.Expr:
    """A side of a comparison: a moment without its zone, and a char without the blanks at its end."""
    if column_type.zoned:
        return datetimes.instant(value, column_type)
    return call("rtrim", value) if "char" in names else value


def _without_nan(node: exp.Expr, left: Type, right: Type) -> exp.Expr:
    greater = node.this if isinstance(node, exp.GT | exp.GTE) else node.expression
    column_type = left if greater is node.this else right
    if isinstance(node, exp.EQ | exp.NEQ):
        greater, column_type = node.this, left
        if _is_number(node.this) or _is_number(node.expression):
            return node
    elif not isinstance(node, exp.GT | exp.GTE | exp.LT | exp.LTE):
        return node
    if column_type.name not in _FLOATING or _is_number(greater) or greater.find(exp.Query):
        return node
    is_nan = call("isnan", greater.copy())
    if isinstance(node, exp.NEQ):
        return exp.Paren(this=exp.Or(this=node.copy(), expression=is_nan))
    return exp.Paren(this=exp.And(this=node.copy(), expression=exp.Not(this=is_nan)))


def _is_number(node: exp.Expr) -> bool:
    return isinstance(node.this if isinstance(node, exp.Neg) else node, exp.Literal)


def _comparable(one: Type, other: Type) -> bool:
    """Whether Trino compares the two: not a number with a text, nor a date with one."""
    if "unknown" in (one.name, other.name):
        return True
    families = (set(NUMBERS), set(MOMENTS), set(TEXTS), {"boolean"}, {"varbinary"}, {"array"}, {"map"}, {"row"})
    return all((one.name in family) == (other.name in family) for family in families)


def membership(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``IN``: zones and blanks as in a comparison."""
    value, items = translator.type_of(node.this), [translator.type_of(item) for item in node.expressions]
    if value is None:
        return node
    for column_type in items:
        if column_type is not None and not _comparable(value, column_type):
            words = "IN value and list items must be the same type or coercible to a common type. "
            raise translator.fail("TYPE_MISMATCH", words + _no_common([value, column_type]), node)
    query = node.args.get("query")
    if query is not None:
        return _membership_of_query(translator, node, value, query)
    if value.zoned or any(column_type and column_type.zoned for column_type in items):
        node.set("this", datetimes.instant(node.this, value))
        node.set("expressions", [datetimes.instant(item, column_type) if column_type else item
                                 for item, column_type in zip(node.expressions, items, strict=True)])  # fmt: skip
    elif value.name == "char" or any(column_type and column_type.name == "char" for column_type in items):
        node.set("this", call("rtrim", node.this))
        node.set("expressions", [call("rtrim", item) for item in node.expressions])
    return node


def _membership_of_query(translator: Translator, node: exp.Expr, value: Type, query: exp.Expr) -> exp.Expr:
    """``IN (SELECT …)``: a moment is in the shape of those that the query gives."""
    given = next(iter(translator.types.output_types(query)), None)
    if given is not None and given.zoned:
        node.set("this", datetimes.with_zone(node.this, value))
    elif value.zoned:
        node.set("this", datetimes.instant(node.this, value))
    return node


def between(translator: Translator, node: exp.Expr) -> exp.Expr:
    parts = {key: node.args[key] for key in ("this", "low", "high")}
    types = {key: translator.type_of(part) for key, part in parts.items()}
    known = [column_type for column_type in types.values() if column_type]
    if len(known) < 3:
        return node
    if not (_comparable(known[0], known[1]) and _comparable(known[0], known[2])):
        words = f"Cannot check if {known[0].trino} is BETWEEN {known[1].trino} and {known[2].trino}"
        raise translator.fail("TYPE_MISMATCH", words, node)
    for key, part in parts.items():
        column_type = types[key]
        assert column_type is not None
        node.set(key, _compared(part, column_type, {each.name for each in known}))
    return node


def like(translator: Translator, node: exp.Expr) -> exp.Expr:
    """Between texts only; what an escape stands before must be ``%``, ``_`` or itself."""
    column_type = translator.type_of(node.this)
    if column_type is not None and column_type.name not in (*TEXTS, "unknown"):
        words = f"Left side of LIKE expression must evaluate to a varchar (actual: {column_type.trino})"
        raise translator.fail("TYPE_MISMATCH", words, node)
    parent, pattern = node.parent, node.expression
    if isinstance(parent, exp.Escape) and isinstance(pattern, exp.Literal):
        escape = parent.expression.name
        left = pattern.name
        for mark in ("%", "_", escape):
            left = left.replace(escape + mark, "")
        if escape and escape in left:
            words = "Escape character must be followed by '%', '_' or the escape character itself"
            raise QueryFailure("INVALID_FUNCTION_ARGUMENT", words)
    return node


# Logic and choices


def logical(translator: Translator, node: exp.Expr) -> exp.Expr:
    assert isinstance(node, exp.And | exp.Or)
    for side in (node.left, node.right):
        _boolean(translator, side, "Logical expression term must evaluate to a boolean (actual: {})")
    return node


def negation(translator: Translator, node: exp.Expr) -> exp.Expr:
    _boolean(translator, node.this, "Value of logical NOT expression must evaluate to a boolean (actual: {})")
    return node


def where(translator: Translator, node: exp.Expr) -> exp.Expr:
    clause = "HAVING" if isinstance(node, exp.Having) else "WHERE"
    _boolean(translator, node.this, clause + " clause must evaluate to a boolean: actual type {}")
    return node


def _boolean(translator: Translator, node: exp.Expr, words: str) -> None:
    column_type = translator.type_of(node)
    if column_type is not None and column_type.name not in ("boolean", "unknown"):
        raise translator.fail("TYPE_MISMATCH", words.format(column_type.trino), node)


def _no_common(types: list[Type]) -> str:
    first = types[0]
    other = next((column_type for column_type in types if common([first, column_type]) is None), types[-1])
    names = ", ".join(dict.fromkeys(column_type.trino for column_type in types))
    return f"Cannot find common type between {first.trino} and {other.trino}, all types (without duplicates): [{names}]"


def _alike(translator: Translator, node: exp.Expr, values: list[exp.Expr], what: str) -> None:
    """The *values* that one may be chosen from have to have a type in common; if one has a zone, all get one."""
    types = [translator.type_of(value) for value in values]
    known = [column_type for column_type in types if column_type is not None]
    if len(known) < len(types):
        return
    together = common(types)
    if together is None and known:
        words = f"All {what} must be the same type or coercible to a common type. "
        raise translator.fail("TYPE_MISMATCH", words + _no_common(known), node)
    for value, alike in zip(values, datetimes.alike(values, types), strict=True):
        if alike is not value:
            value.replace(alike)


def case(translator: Translator, node: exp.Expr) -> exp.Expr:
    results = []
    for each in node.args["ifs"]:
        if node.this is None:
            _boolean(translator, each.this, "CASE WHEN clause must evaluate to a boolean (actual: {})")
        else:
            value, wanted = translator.type_of(node.this), translator.type_of(each.this)
            if value and wanted and not _comparable(value, wanted):
                words = f"CASE operand type does not match WHEN clause operand type: {value.trino} vs {wanted.trino}"
                raise translator.fail("TYPE_MISMATCH", words, node)
        results.append(each.args["true"])
    if node.args.get("default") is not None:
        results.append(node.args["default"])
    _alike(translator, node, results, "CASE results")
    return node


def coalesce(translator: Translator, node: exp.Expr) -> exp.Expr:
    values = [node.this, *node.expressions] if isinstance(node, exp.Coalesce) else list(node.expressions)
    _alike(translator, node, values, "COALESCE operands")
    return node


def if_(translator: Translator, node: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, exp.Case):
        return node
    condition, *results = node.expressions if isinstance(node, exp.Anonymous) else [
        node.this, *[node.args[key] for key in ("true", "false") if node.args.get(key)]
    ]  # fmt: skip
    _boolean(translator, condition, "IF condition must evaluate to a boolean (actual: {})")
    types = [translator.type_of(each) for each in results]
    if len(types) == 2 and types[0] and types[1] and common(types) is None:
        words = f"Result types for IF must be the same: {types[0].trino} vs {types[1].trino}"
        raise translator.fail("TYPE_MISMATCH", words, node)
    _alike(translator, node, results, "IF results")
    return node


def array(translator: Translator, node: exp.Expr) -> exp.Expr:
    _alike(translator, node, list(node.expressions), "ARRAY elements")
    return node


# Joining and taking apart


def concatenation(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``||``: texts, bytes, arrays, or an array and an element; never a text and a number."""
    left, right = translator.type_of(node.this), translator.type_of(node.expression)
    if left is None or right is None or "unknown" in (left.name, right.name):
        return node
    check_joined(translator, node, [left, right])
    if left.name == "array" and right != left and common([left, right]) is None:
        return call("list_append", node.this, node.expression)
    if right.name == "array" and left != right and common([left, right]) is None:
        return call("list_prepend", node.this, node.expression)
    return node


def check_joined(translator: Translator, node: exp.Expr, types: list[Type]) -> None:
    """Raises FUNCTION_NOT_FOUND for what cannot be joined, as concat() would."""
    names = {column_type.name for column_type in types}
    if names <= set(TEXTS) or names == {"varbinary"} or "array" in names:
        return
    words = f"Unexpected parameters ({', '.join(column_type.trino for column_type in types)}) for function concat"
    where = operator_position(translator.sql, "||", node.this, node.args.get("expression"))
    raise (
        QueryFailure("FUNCTION_NOT_FOUND", words, where)
        if where
        else translator.fail("FUNCTION_NOT_FOUND", words, node)
    )


def subscript(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``array[i]``, ``map[key]``, ``row[n]``: what is not there is an error, and never NULL."""
    column_type, place = translator.type_of(node.this), node.expressions[0]
    if column_type is None:
        return call("at_place", node.this, place)
    if column_type.name == "map":
        return call("map_subscript", node.this, place)
    if column_type.name == "array":
        return call("array_subscript", node.this, place)
    if column_type.name == "row" and isinstance(place, exp.Literal):
        return call("struct_extract_at", node.this, place)
    words = f"Cannot apply operator: {column_type.trino}[{type_name(translator.type_of(place))}]"
    raise translator.fail("TYPE_MISMATCH", words, node)


def type_name(column_type: Type | None) -> str:
    return column_type.trino if column_type else "unknown"
