"""A query's conditions as Iceberg's expressions: they tell which files cannot hold a row that the query wants.

What cannot be told exactly is left out: a file more is read, never one too few. Source: Iceberg Table Spec, "Scan
Planning".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from pyiceberg import expressions as iceberg
from pyiceberg import types
from pyiceberg.exceptions import ValidationError
from pyiceberg.expressions.visitors import bind
from pyiceberg.schema import Schema
from sqlglot import exp

#: Gives the value of an expression without columns.
Evaluate = Callable[[exp.Expr], Any]
_COMPARISONS: dict[type[exp.Expr], Any] = {
    exp.EQ: iceberg.EqualTo,
    exp.GT: iceberg.GreaterThan,
    exp.GTE: iceberg.GreaterThanOrEqual,
    exp.LT: iceberg.LessThan,
    exp.LTE: iceberg.LessThanOrEqual,
}
_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.EQ,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
}
#: The types whose statistics compare as SQL does → what their literals are. Not float: its bounds are rounded.
_COMPARABLE: dict[type[types.IcebergType], tuple[type, ...]] = {
    types.BooleanType: (bool,),
    types.IntegerType: (int,),
    types.LongType: (int,),
    types.DoubleType: (int, float, Decimal),
    types.DecimalType: (int, Decimal),
    types.DateType: (date,),
    types.TimestampType: (date, datetime),
    types.TimestamptzType: (datetime,),
    types.StringType: (str,),
}


class _Unknown(Exception):
    """A condition that says nothing here of a file's statistics."""


def row_filter(conditions: Iterable[exp.Expr], schema: Schema, evaluate: Evaluate) -> iceberg.BooleanExpression:
    """What all of *conditions* (which speak of this table's columns only) demand of a row."""
    found: iceberg.BooleanExpression = iceberg.AlwaysTrue()
    for condition in conditions:
        try:
            found = iceberg.And(found, _Translation(schema, evaluate).of(condition))
        except _Unknown:
            continue
    return found


class _Translation:
    def __init__(self, schema: Schema, evaluate: Evaluate) -> None:
        self._fields = {field.name.lower(): field for field in schema.fields}
        self._schema = schema
        self._evaluate = evaluate

    def of(self, condition: exp.Expr) -> iceberg.BooleanExpression:
        """Raises _Unknown."""
        condition = condition.unnest()
        if condition.args.get("negate"):  # NOT LIKE, to sqlglot, is a LIKE that says so
            raise _Unknown
        match condition:
            case exp.And():
                return self._both(condition)
            case exp.Or():
                return iceberg.Or(self.of(condition.left), self.of(condition.right))
            case exp.Between():
                bounds = (exp.GTE, condition.args["low"]), (exp.LTE, condition.args["high"])
                low, high = (self._compare(kind, condition.this, value) for kind, value in bounds)
                return iceberg.And(low, high)
            case exp.In() if condition.expressions:
                values = (self._compare(exp.EQ, condition.this, value) for value in condition.expressions)
                return iceberg.Or(iceberg.AlwaysFalse(), iceberg.AlwaysFalse(), *values)
            case exp.Is() if isinstance(condition.expression, exp.Null):
                return _predicate(iceberg.IsNull, self._field(condition.this))
            case exp.Not() if isinstance(condition.this.unnest(), exp.Is):
                inside = condition.this.unnest()
                if isinstance(inside.expression, exp.Null):
                    return _predicate(iceberg.NotNull, self._field(inside.this))
            case exp.Like() if isinstance(condition.expression, exp.Literal):
                return self._like(condition)
        if type(condition) in _COMPARISONS:
            left, right = condition.this.unnest(), condition.expression.unnest()
            if not left.find(exp.Column):
                return self._compare(_FLIPPED[type(condition)], right, left)
            return self._compare(type(condition), left, right)
        raise _Unknown

    def _both(self, condition: exp.And) -> iceberg.BooleanExpression:
        """One side that says something is enough."""
        try:
            left = self.of(condition.left)
        except _Unknown:
            return self.of(condition.right)
        try:
            return iceberg.And(left, self.of(condition.right))
        except _Unknown:
            return left

    def _field(self, node: exp.Expr) -> types.NestedField:
        node = node.unnest()
        field = self._fields.get(node.name.lower()) if isinstance(node, exp.Column) else None
        if field is None:
            raise _Unknown
        return field

    def _like(self, condition: exp.Like) -> iceberg.BooleanExpression:
        field = self._field(condition.this)
        prefix = re.split("[%_]", condition.expression.name)[0]
        if not prefix or not isinstance(field.field_type, types.StringType):
            raise _Unknown
        return _predicate(iceberg.StartsWith, field, prefix)

    def _compare(self, kind: type[exp.Expr], column: exp.Expr, value: exp.Expr) -> iceberg.BooleanExpression:
        if value.find(exp.Column):
            raise _Unknown
        dated = _day_of(column)
        field = self._field(dated or column)
        given = self._evaluate(value)
        if given is None or type(field.field_type) not in _COMPARABLE:
            raise _Unknown
        if dated is not None:
            return self._compare_day(kind, field, given)
        return self._bound(_COMPARISONS[kind], field, given)

    def _compare_day(self, kind: type[exp.Expr], field: types.NestedField, day: Any) -> iceberg.BooleanExpression:
        """CAST(moment AS date) compared with a day is the moment compared with where the day begins or ends."""
        if type(day) is not date or not isinstance(field.field_type, types.TimestampType):
            raise _Unknown
        since: Any
        until: Any
        begins, ends = (datetime.combine(day + timedelta(days), time()) for days in (0, 1))
        since, until = iceberg.GreaterThanOrEqual, iceberg.LessThan
        if kind is exp.EQ:
            return iceberg.And(self._bound(since, field, begins), self._bound(until, field, ends))
        bounds: dict[type[exp.Expr], tuple[Any, datetime]] = {
            exp.GT: (since, ends),
            exp.GTE: (since, begins),
            exp.LT: (until, begins),
            exp.LTE: (until, ends),
        }
        compare, moment = bounds[kind]
        return self._bound(compare, field, moment)

    def _bound(self, compare: Any, field: types.NestedField, value: Any) -> iceberg.BooleanExpression:
        wanted = _COMPARABLE[type(field.field_type)]
        if type(value) not in wanted:
            raise _Unknown
        if isinstance(field.field_type, types.TimestampType) and type(value) is date:
            value = datetime.combine(value, time())
        if isinstance(value, date):
            value = value.isoformat()
        elif isinstance(field.field_type, types.DecimalType):
            value = _as_decimal(value, field.field_type)
        elif isinstance(field.field_type, types.DoubleType):
            value = float(value)
        try:
            predicate: iceberg.BooleanExpression = compare(field.name, value)
            bind(self._schema, predicate, case_sensitive=True)
        except (ValueError, TypeError, ValidationError):
            raise _Unknown from None
        return predicate


def _predicate(predicate: Any, field: types.NestedField, *value: str) -> iceberg.BooleanExpression:
    found: iceberg.BooleanExpression = predicate(field.name, *value)  # pyiceberg's type hints miss this constructor
    return found


def _as_decimal(value: int | Decimal, kind: types.DecimalType) -> Decimal:
    exact = Decimal(value)
    fitted = exact.quantize(Decimal(1).scaleb(-kind.scale))
    if fitted != exact:  # 1.005 is no value of decimal(9,2): what lies next to it would not be the same question
        raise _Unknown
    return fitted


def _day_of(node: exp.Expr) -> exp.Expr | None:
    """The column whose day *node* is: date(c) or CAST(c AS date)."""
    node = node.unnest()
    if isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.DATE:
        return node.this.unnest()
    if isinstance(node, exp.Anonymous) and node.name.lower() == "date" and len(node.expressions) == 1:
        argument: exp.Expr = node.expressions[0].unnest()
        return argument
    return None
