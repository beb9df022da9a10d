"""Redshift's types, as far as they decide what an expression means.

Source: Redshift database developer guide, "Data types".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from localaws.warehouse.errors import UNDEFINED_OBJECT, RedshiftError, not_done


@dataclass(frozen=True)
class Type:
    """A type by its name; *precision* and *scale* of a decimal, *precision* is a text's most bytes (0: no limit)."""

    name: str
    precision: int = 0
    scale: int = 0

    @property
    def is_integer(self) -> bool:
        return self.name in _DIGITS

    @property
    def is_exact(self) -> bool:
        return self.name == "decimal" or self.is_integer

    @property
    def is_number(self) -> bool:
        return self.is_exact or self.name in ("real", "double")

    @property
    def is_text(self) -> bool:
        return self.name in ("varchar", "char")

    @property
    def is_moment(self) -> bool:
        return self.name in ("date", "timestamp", "timestamptz")

    def as_decimal(self) -> Type:
        """An integer as the decimal that arithmetic makes of it ("Computations with numeric values")."""
        return Type("decimal", _DIGITS[self.name]) if self.is_integer else self

    @property
    def duckdb(self) -> str:
        if self.name == "decimal":
            return f"DECIMAL({self.precision}, {self.scale})"
        return _DUCKDB[self.name]


_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}
_DUCKDB = {
    "smallint": "SMALLINT", "integer": "INTEGER", "bigint": "BIGINT", "real": "REAL", "double": "DOUBLE",
    "boolean": "BOOLEAN", "varchar": "VARCHAR", "char": "VARCHAR", "date": "DATE", "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ", "time": "TIME", "timetz": "TIMETZ", "interval": "INTERVAL", "super": "JSON",
    "varbyte": "BLOB", "unknown": "VARCHAR",
}  # fmt: skip
SMALLINT, INTEGER, BIGINT, REAL, DOUBLE = (Type(each) for each in ("smallint", "integer", "bigint", "real", "double"))
BOOLEAN, VARCHAR, DATE, TIMESTAMP, TIMESTAMPTZ = (
    Type(each) for each in ("boolean", "varchar", "date", "timestamp", "timestamptz")
)
TIME, INTERVAL, SUPER, VARBYTE, UNKNOWN = (Type(each) for each in ("time", "interval", "super", "varbyte", "unknown"))
#: What a SUM of bigints is.
WIDE = Type("decimal", 38)

_OF_DUCKDB = {
    "TINYINT": SMALLINT, "UTINYINT": SMALLINT, "SMALLINT": SMALLINT, "USMALLINT": INTEGER, "INTEGER": INTEGER,
    "UINTEGER": BIGINT, "BIGINT": BIGINT, "HUGEINT": WIDE, "UBIGINT": WIDE, "FLOAT": REAL, "DOUBLE": DOUBLE,
    "BOOLEAN": BOOLEAN, "VARCHAR": VARCHAR, "DATE": DATE, "TIMESTAMP": TIMESTAMP, "TIME": TIME,
    "TIMESTAMP WITH TIME ZONE": TIMESTAMPTZ, "TIME WITH TIME ZONE": Type("timetz"), "INTERVAL": INTERVAL,
    "JSON": SUPER, "BLOB": VARBYTE,
}  # fmt: skip
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")

_D = exp.DType
_OF_WORDS = {
    _D.SMALLINT: SMALLINT, _D.INT: INTEGER, _D.BIGINT: BIGINT, _D.FLOAT: REAL, _D.DOUBLE: DOUBLE, _D.BOOLEAN: BOOLEAN,
    _D.DATE: DATE, _D.TIMESTAMP: TIMESTAMP, _D.TIMESTAMPNTZ: TIMESTAMP, _D.TIMESTAMPTZ: TIMESTAMPTZ,
    _D.TIMESTAMPLTZ: TIMESTAMPTZ, _D.TIME: TIME, _D.TIMETZ: Type("timetz"), _D.INTERVAL: INTERVAL, _D.SUPER: SUPER,
    _D.VARBINARY: VARBYTE, _D.BINARY: VARBYTE,
}  # fmt: skip
#: Texts, with the bytes that they have if nothing is said.
_TEXTS = {
    _D.VARCHAR: ("varchar", 256), _D.NVARCHAR: ("varchar", 256), _D.TEXT: ("varchar", 256), _D.CHAR: ("char", 1),
    _D.NCHAR: ("char", 1), _D.BPCHAR: ("char", 256),
}  # fmt: skip
_NOT_DONE = {_D.GEOMETRY, _D.GEOGRAPHY, _D.HLLSKETCH}
_MOST_DIGITS, _USUAL_DIGITS = 38, 18


def of_duckdb(told: str) -> Type | None:
    """DuckDB's type in DuckDB's words."""
    if found := _DECIMAL.fullmatch(told):
        return Type("decimal", int(found[1]), int(found[2]))
    if told.endswith("]") or told.startswith(("STRUCT", "MAP")):
        return SUPER
    return _OF_DUCKDB.get(told)


def of_words(written: exp.DataType) -> Type:
    """A type as a statement names it. Raises RedshiftError for what is no type of Redshift's."""
    kind, numbers = written.this, [int(each.name) for each in written.expressions if each.name.isdigit()]
    if kind == _D.DECIMAL:
        precision, scale = (*numbers, *(_USUAL_DIGITS, 0)[len(numbers) :])
        if not 1 <= precision <= _MOST_DIGITS:
            raise RedshiftError("22023", f"NUMERIC precision {precision} must be between 1 and {_MOST_DIGITS}")
        if scale > precision:
            raise RedshiftError("22023", f"NUMERIC scale {scale} must be between 0 and precision {precision}")
        return Type("decimal", precision, scale)
    if kind in _TEXTS:
        name, usual = _TEXTS[kind]
        most = written.expressions and written.expressions[0].name.lower() == "max"
        return Type(name, numbers[0] if numbers else 65535 if most else usual)
    if kind in _OF_WORDS:
        return _OF_WORDS[kind]
    if kind in _NOT_DONE:
        raise not_done(f"the type {kind.value.lower()}")
    word = (written.sql("redshift") or "").lower()
    raise RedshiftError(UNDEFINED_OBJECT, f'type "{word}" does not exist')
