"""Arithmetic, comparisons, joining of texts and patterns.

Source: Redshift database developer guide, "Computations with numeric values", "Concatenation operator",
"POSIX operators".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.sql import column_types as of
from localaws.warehouse.sql.building import call, cast, datatype, macro
from localaws.warehouse.sql.casts import as_text, assigned, converted
from localaws.warehouse.sql.column_types import Type

if TYPE_CHECKING:
    from localaws.warehouse.sql.dialect import Translator

_NARROW = 18  # digits of what DuckDB keeps in 64 bits, and overflows


def _arithmetic(translator: Translator, node: exp.Expr) -> exp.Expr:
    assert isinstance(node, exp.Binary)
    result, (left, right) = translator.type_of(node), _types(translator, node)
    if left is None or right is None or result is None:
        return node
    if result == of.SUPER:
        sides = [macro("super_number", side) if kind == of.SUPER else side
                 for side, kind in ((node.left, left), (node.right, right))]  # fmt: skip
        return macro("super_of_number", type(node)(this=sides[0], expression=sides[1]))
    if result.is_number:
        for key, kind in (("this", left), ("expression", right)):
            if kind.is_text:  # '5' + 1
                node.set(key, converted(node.args[key], kind, result))
    if left == right == of.DATE and isinstance(node, exp.Sub):
        return cast(exp.Paren(this=node), "INTEGER")
    if result.is_integer:
        return _whole(node, left, right, result)
    if result == of.DOUBLE:  # a real and an integer, too
        for key, kind in (("this", left), ("expression", right)):
            if kind == of.REAL:
                node.set(key, cast(node.args[key], "DOUBLE"))
    if result.name == "decimal":
        return _decimal(node, left.as_decimal(), right.as_decimal(), result)
    if left.is_moment and right.is_number:  # a number of days
        days = cast(node.right, "INTEGER")
        node.set("expression", days if left == of.DATE else call("to_days", days))
    elif right.is_moment and left.is_number and right != of.DATE:
        node.set("this", call("to_days", cast(node.left, "INTEGER")))
    return node


def _whole(node: exp.Binary, left: Type, right: Type, result: Type) -> exp.Expr:
    """Integers give an integer: a quotient has no fraction, a smallint and an integer are two integers."""
    for key, kind in (("this", left), ("expression", right)):
        if kind.is_integer and kind != result:
            node.set(key, cast(node.args[key], result.duckdb))
    if isinstance(node, exp.Div):
        return exp.IntDiv(this=node.left, expression=node.right)
    return node


def _decimal(node: exp.Binary, left: Type, right: Type, result: Type) -> exp.Expr:
    if isinstance(node, exp.Div):
        shift, places = result.scale + right.scale, result.scale
        unit = Type("decimal", max(places, 1), places)
        quotient = macro(
            "quotient", node.left, node.right, _ten_to(shift), _ten_to(right.scale),
            cast(exp.Literal.string(f"0.{'1'.zfill(places)}" if places else "1"), unit.duckdb),
        )  # fmt: skip
        return cast(quotient, result.duckdb)
    if result.precision > _NARROW and not isinstance(node, exp.Mod):
        wider = min(38, result.precision - (right.precision if isinstance(node, exp.Mul) else 0))
        wider = max(wider, _NARROW + 1)
        if wider > left.precision:
            node.set("this", cast(node.left, f"DECIMAL({wider}, {left.scale})"))
    return node


def _ten_to(exponent: int) -> exp.Expr:
    """10 to the *exponent* as a decimal."""
    return cast(exp.Literal.string("1" + "0" * exponent), f"DECIMAL({exponent + 1}, 0)")


def _types(translator: Translator, node: exp.Binary) -> tuple[Type | None, Type | None]:
    return translator.type_of(node.left), translator.type_of(node.right)


def _comparison(translator: Translator, node: exp.Expr) -> exp.Expr:
    assert isinstance(node, exp.Binary)
    left, right = _types(translator, node)
    if isinstance(node.parent, exp.Update) and node.arg_key == "expressions":  # SET a = 1
        node.set("expression", assigned(node.right, right, left))
        return node
    node.set("this", alike(node.left, left, right))
    node.set("expression", alike(node.right, right, left))
    return node


def alike(node: exp.Expr, kind: Type | None, other: Type | None) -> exp.Expr:
    """*node* as a value to compare with one of type *other*: of a document's parts, those of another type are none."""
    if isinstance(node, exp.Literal) and kind is not None and other is not None and other.is_moment:
        return assigned(node, kind, other)
    if kind != of.SUPER or other is None or other in (of.SUPER, of.UNKNOWN):
        return node
    if other.is_text:
        return macro("super_text", node)
    if other.is_number:
        return macro("super_number", node)
    if other == of.BOOLEAN:
        return macro("super_truth", node)
    return exp.TryCast(this=macro("super_text", node), to=datatype(other.duckdb))


def _between(translator: Translator, node: exp.Expr) -> exp.Expr:
    kind, ends = translator.type_of(node.this), ("low", "high")
    node.set("this", alike(node.this, kind, translator.type_of(node.args["low"])))
    for end in ends:
        node.set(end, alike(node.args[end], translator.type_of(node.args[end]), kind))
    return node


def _in(translator: Translator, node: exp.Expr) -> exp.Expr:
    if node.expressions:
        kind = translator.type_of(node.this)
        node.set("expressions", [alike(each, translator.type_of(each), kind) for each in node.expressions])
        node.set("this", alike(node.this, kind, translator.type_of(node.expressions[0])))
    return node


def _joined(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``a || b``; NULL if one is. A query that repeats itself could double a text for ever."""
    assert isinstance(node, exp.Binary)
    left, right = _types(translator, node)
    made = exp.DPipe(this=as_text(node.left, left), expression=as_text(node.right, right), safe=True)
    around = node.find_ancestor(exp.With)
    return macro("varchar", made) if around is not None and around.recursive else made


def _likened(translator: Translator, node: exp.Expr) -> exp.Expr:
    """LIKE and ILIKE: a backslash takes a wildcard's meaning away, if ESCAPE names nothing else."""
    assert isinstance(node, exp.Binary)
    left, _ = _types(translator, node)
    node.set("this", macro("super_text", node.left) if left == of.SUPER else node.left)
    if isinstance(node.parent, exp.Escape):
        return node
    return exp.Escape(this=node, expression=exp.Literal.string("\\"))


def _similar(translator: Translator, node: exp.Expr) -> exp.Expr:
    assert isinstance(node, exp.Binary)
    return macro("similar", node.left, node.right)


def _matches(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``a ~ 'x'``: anywhere in the text."""
    assert isinstance(node, exp.RegexpLike)
    return call("regexp_matches", node.this, node.expression)


def _matches_any_case(translator: Translator, node: exp.Expr) -> exp.Expr:
    return call("regexp_matches", node.this, node.expression, "i")


def _trimmed(translator: Translator, node: exp.Expr) -> exp.Expr:
    """TRIM(BOTH 'x' FROM a)"""
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    letters = node.args.get("expression")
    return call(name, node.this, *([letters] if letters is not None else []))


def _part(translator: Translator, node: exp.Expr) -> exp.Expr:
    arguments = [node.args.get("start"), node.args.get("length")]
    return substring(as_text(node.this, translator.type_of(node.this)), [each for each in arguments if each])


def substring(text: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
    """From a place, which may lie before the first letter, for a number of letters, which then count from there."""
    return macro("substring" if len(arguments) == 2 else "substring_from", text, *arguments)


def _power(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``2 ^ 3``"""
    return call("pow", cast(node.this, "DOUBLE"), cast(node.expression, "DOUBLE"))


def _root(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``|/ 25``"""
    return call("sqrt", cast(node.this, "DOUBLE"))


def _cube_root(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``||/ 27``"""
    return macro("cbrt", cast(node.this, "DOUBLE"))


def _one_text(translator: Translator, node: exp.Expr) -> exp.Expr:
    """Texts one after the other, ``'a' 'b'``, are one text."""
    return exp.Literal.string("".join(each.name for each in node.expressions))


HANDLERS: dict[type[exp.Expr], Callable[[Translator, exp.Expr], exp.Expr]] = {
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), _arithmetic),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _comparison),
    exp.Between: _between,
    exp.In: _in,
    exp.DPipe: _joined,
    exp.Like: _likened,
    exp.ILike: _likened,
    exp.SimilarTo: _similar,
    exp.RegexpLike: _matches,
    exp.RegexpILike: _matches_any_case,
    exp.Trim: _trimmed,
    exp.Substring: _part,
    exp.Pow: _power,
    exp.Sqrt: _root,
    exp.Cbrt: _cube_root,
    exp.Concat: _one_text,
}
