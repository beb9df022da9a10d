"""DuckDB's errors in Redshift's words and codes.

Source for the words: Redshift database developer guide, "STL_ERROR", "Computations with numeric values", "Character
types", and PostgreSQL 8's for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import duckdb

from localaws.warehouse.errors import (
    CANCELLED,
    DIVISION,
    DUPLICATE_SCHEMA,
    DUPLICATE_TABLE,
    INTERNAL,
    INVALID_SCHEMA,
    SERIALIZATION,
    SYNTAX,
    TOO_LONG,
    UNDEFINED_COLUMN,
    UNDEFINED_FUNCTION,
    UNDEFINED_TABLE,
    WRONG_TEXT,
    WRONG_TYPE,
    RedshiftError,
)  # fmt: skip

_OUT_OF_RANGE, _BAD_MOMENT, _AMBIGUOUS, _GROUPING, _CARDINALITY = "22003", "22007", "42702", "42803", "21000"
_BYTES = {"8": 1, "16": 2, "32": 4, "64": 8}
#: DuckDB's words for types → Redshift's, as errors name them.
_TYPES = {
    "INT8": "smallint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint", "INT128": "numeric",
    "INTEGER": "integer", "INTEGER_LITERAL": "integer", "BIGINT": "bigint", "SMALLINT": "smallint",
    "DOUBLE": "double precision", "FLOAT": "real", "BOOL": "boolean", "BOOLEAN": "boolean",
    "VARCHAR": "character varying", "STRING_LITERAL": "unknown", "DATE": "date", "JSON": "super",
    "TIMESTAMP": "timestamp without time zone", "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "TIME": "time without time zone", "BLOB": "varbyte", "HUGEINT": "numeric", '"NULL"': "unknown",
}  # fmt: skip
_ARGUMENT = re.compile(r"DECIMAL\([^)]*\)|TIMESTAMP WITH TIME ZONE|\w+|\"NULL\"")
_OPERATOR = re.compile(r"\W+")

#: A pattern of DuckDB's message, and the code and the message that it becomes.
_SAID: list[tuple[str, str, Callable[[re.Match[str]], str]]] = [
    (r"Table with name (\S+) does not exist", UNDEFINED_TABLE, lambda m: f'relation "{m[1]}" does not exist'),
    (r"Table with name \"?([^\"!]+)\"? already exists", DUPLICATE_TABLE, lambda m: f'Relation "{m[1]}" already exists'),
    (r"Schema with name (\S+) already exists", DUPLICATE_SCHEMA, lambda m: f'Schema "{m[1]}" already exists'),
    (r"[Ss]chema(?: with name)? \"?(\w+)\"? does not exist", INVALID_SCHEMA,
     lambda m: f'schema "{m[1]}" does not exist'),
    (r"Referenced column \"([^\"]+)\" (?:not found|was not found)", UNDEFINED_COLUMN,
     lambda m: f'column "{m[1]}" does not exist'),
    (r"does not have a column named \"([^\"]+)\"", UNDEFINED_COLUMN, lambda m: f'column "{m[1]}" does not exist'),
    (r"Referenced table \"([^\"]+)\" not found", UNDEFINED_TABLE,
     lambda m: f'missing FROM-clause entry for table "{m[1]}"'),
    (r"Ambiguous reference to column name \"([^\"]+)\"", _AMBIGUOUS,
     lambda m: f'column reference "{m[1]}" is ambiguous'),
    (r"column \"?([^\"]+)\"? must appear in the GROUP BY clause", _GROUPING,
     lambda m: f'column "{m[1]}" must appear in the GROUP BY clause or be used in an aggregate function'),
    (r"More than one row returned by a subquery", _CARDINALITY,
     lambda m: "more than one row returned by a subquery used as an expression"),
    (r"(?:Scalar|Aggregate|Table) Function with name (\S+) does not exist", UNDEFINED_FUNCTION,
     lambda m: f"function {m[1].strip('!')}() does not exist"),
    (r"(?:function call|arguments? types?) ['\"]+(.+?)\"?\((.*)\)['\"]", UNDEFINED_FUNCTION,
     lambda m: _no_such(m[1], m[2])),
    (r"Cannot compare values of type (.+?) and (?:type )?(.+?) -", UNDEFINED_FUNCTION,
     lambda m: f"operator does not exist: {_type(m[1])} = {_type(m[2])}"),
    (r"Division by zero", DIVISION, lambda m: "Divide by zero"),
    (r"Overflow in (\w+) of INT(16|32|64)", _OUT_OF_RANGE,
     lambda m: {"16": "smallint", "32": "integer", "64": "bigint"}[m[2]] + " out of range"),
    (r"Overflow in (\w+) of DECIMAL|Overflow in HUGEINT|Overflow in (\w+) of INT128", _OUT_OF_RANGE,
     lambda m: f"Numeric data overflow ({m[1] or m[2] or 'result precision'})"),
    (r"out of range for the destination type INT(8|16|32|64)", _OUT_OF_RANGE,
     lambda m: f"Value out of range for {_BYTES[m[1]]} bytes."),
    (r"to type DECIMAL\((\d+),(\d+)\)|DECIMAL\((\d+),(\d+)\) (?:failed: value )?is out of range", _OUT_OF_RANGE,
     lambda m: "Numeric data overflow (result precision)"),
    (r"Could not cast value .* to DECIMAL", _OUT_OF_RANGE, lambda m: "Numeric data overflow (result precision)"),
    (r"(?:invalid|Invalid) (timestamp|date|time) field format: \"(.*?)\"", _BAD_MOMENT,
     lambda m: f'invalid input syntax for type {m[1]}: "{m[2]}"'),
    (r"(timestamp|date|time) field value out of range: \"(.*?)\"", "22008",
     lambda m: f'date/time field value out of range: "{m[2]}"'),
    (r"ATHENA \w+: (.*)", INTERNAL, lambda m: f"Spectrum Scan Error: {m[1]}"),
    (r"NOT NULL constraint failed: (\S+)\.(\w+)", "23502", lambda m: "Cannot insert a NULL value into column " + m[2]),
    (r"Could not convert string ['\"](.*?)['\"] to ([\w()]+)", WRONG_TEXT,
     lambda m: f'invalid input syntax for type {_type(m[2])}: "{m[1]}"'),
    (r"CHECK constraint failed on table .* with expression CHECK\(\(strlen\(\(?rtrim.* <= (\d+)\)", TOO_LONG,
     lambda m: f"value too long for type character({m[1]})"),
    (r"CHECK constraint failed on table .* with expression CHECK\(\(strlen\(.* <= (\d+)\)", TOO_LONG,
     lambda m: f"value too long for type character varying({m[1]})"),
    (r"CHECK constraint failed on table .* with expression CHECK\(\(octet_length\(.* <= (\d+)\)", TOO_LONG,
     lambda m: f"value too long for type varbyte({m[1]})"),
    (r"syntax error at or near \"(.*?)\"", SYNTAX, lambda m: f'syntax error at or near "{m[1]}"'),
]  # fmt: skip
#: What a macro or a function of ours has refused (macros.sql, `natives`).
_REFUSED = re.compile(r"REDSHIFT (\w{5}) (.*)", re.DOTALL)


def as_redshift(error: duckdb.Error) -> RedshiftError:
    """What a client is told of *error*."""
    text = str(error)
    if isinstance(error, duckdb.InterruptException):
        return RedshiftError(CANCELLED, "Query cancelled on user's request")
    if isinstance(error, duckdb.TransactionException) and "onflict" in text:
        return RedshiftError(SERIALIZATION, "1023", D="Serializable isolation violation on table")
    if found := _REFUSED.search(text):
        return RedshiftError(found[1], found[2].split("\n", 1)[0])
    for pattern, code, said in _SAID:
        if found := re.search(pattern, text):
            return RedshiftError(code, said(found))
    code = WRONG_TYPE if isinstance(error, duckdb.BinderException | duckdb.ConversionException) else INTERNAL
    first = text.split("\n", 1)[0]
    return RedshiftError(code, first.partition(": ")[2] or first)


def _type(word: str) -> str:
    return "numeric" if word.startswith("DECIMAL") else _TYPES.get(word.strip(), word.strip().lower())


def _no_such(called: str, arguments: str) -> str:
    """Of a function, or of an operator, that there is none for such arguments."""
    types = [_type(each) for each in _ARGUMENT.findall(arguments)]
    name = called.split(".")[-1].strip('"').removeprefix("rs_")
    if _OPERATOR.fullmatch(name):
        return f"operator does not exist: {f' {name} '.join(types)}"
    return f"function {name}({', '.join(types)}) does not exist"
