"""What DuckDB says of a query that fails, in Athena's own words.

Sources: "Athena error catalog" (athena/latest/ug/error-reference.html) for categories and types; Trino's error codes
and messages, which Athena engine version 3 passes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import duckdb
from sqlglot import exp

from localaws.lake.errors import EXHAUSTED, TOO_LONG, QueryFailure, QueryTimeout

SYSTEM, USER = 1, 2
# Error types of the catalog
INTERNAL, TIMED_OUT = 100, 206
DATA_ERROR, DDL_FAILED, SYNTAX = 1001, 1003, 1006

_TYPES = {
    "DIVISION_BY_ZERO": DATA_ERROR,
    "INVALID_CAST_ARGUMENT": DATA_ERROR,
    "NUMERIC_VALUE_OUT_OF_RANGE": DATA_ERROR,
    "INVALID_FUNCTION_ARGUMENT": DATA_ERROR,
    "INTERNAL_ERROR": INTERNAL,
    "FAILED": DDL_FAILED,
}


def athena_error(failure: QueryFailure) -> dict[str, Any]:
    """The AthenaError of GetQueryExecution that tells of *failure*."""
    if isinstance(failure, QueryTimeout):
        error_type = TIMED_OUT
    elif failure.code.startswith("HIVE_"):
        error_type = DATA_ERROR
    else:
        error_type = _TYPES.get(failure.code, SYNTAX if failure.code else DDL_FAILED)
    category = SYSTEM if failure.code == "INTERNAL_ERROR" else USER
    return {"ErrorCategory": category, "ErrorType": error_type, "Retryable": False, "ErrorMessage": str(failure)}


def too_large() -> QueryFailure:
    """For a statement that is nested deeper than what reads it can follow, in Trino's words."""
    return QueryFailure("STACK_OVERFLOW", "statement is too large (stack overflow during analysis)")


#: What DuckDB says of a file that it cannot read → the code and message of Athena's readers.
_UNREADABLE = [
    (r'Failed to read file "(?P<uri>s3://[^"]+)"', "HIVE_CURSOR_ERROR", "Failed to read Parquet file: {uri}"),
    (r"don't know what type|TProtocolException", "HIVE_CURSOR_ERROR", "Failed to read Parquet file: broken header"),
    (r"Out of buffer|[Pp]arquet (metadata|read)|bit width too large|bigger than allowed. Corrupted|bytes outside file",
     "HIVE_CURSOR_ERROR", "Failed to read Parquet file: it is damaged"),
    (r'Invalid string encoding found in Parquet file "(?P<uri>[^"]+)"',
     "HIVE_BAD_DATA", "Malformed Parquet file. A text in {uri} is not UTF-8"),
    (r'JSON transform error .*has duplicate key (?P<key>"[^"]*")',
     "HIVE_CURSOR_ERROR", "Row is not a valid JSON Object - JSONException: Duplicate key {key}"),
    (r'JSON transform error in file "(?P<uri>[^"]+)", in line (?P<line>\d+): Expected OBJECT',
     "HIVE_CURSOR_ERROR", "Row is not a valid JSON Object - JSONException: line {line} of {uri}"),
    (r'JSON transform error in file "(?P<uri>[^"]+)", in line (?P<line>\d+): [^:]*: "?(?P<value>.*?)"?(\n|\Z)',
     "HIVE_BAD_DATA", "Error parsing field value '{value}' in line {line} of {uri}: For input string: \"{value}\""),
    (r"(?s)(Maximum line size of|Parallel CSV Reader currently does not support)(.*file = (?P<uri>[^\n]+))?",
     "HIVE_CURSOR_ERROR", "Failed to read file at {uri}: " + TOO_LONG),
    (r"maximum_object_size of \d+ bytes exceeded while reading file \"(?P<uri>[^\"]+)\"",
     "HIVE_CURSOR_ERROR", "Failed to read file at {uri}: " + TOO_LONG),
    (r"(?s)CSV Error on Line: .*quoted new lines.*file = (?P<uri>[^\n]+)",
     "HIVE_BAD_DATA", "A line break within quotes in {uri}: the Open CSV SerDe does not support embedded line breaks"),
]  # fmt: skip
#: What DuckDB says (a regular expression) → Trino's code and message. The first that matches tells.
_WORDS = [
    (r"Division by zero", "DIVISION_BY_ZERO", "Division by zero"),
    (
        r"Column \"(?P<w>[^\"]+)\" referenced that exists in the SELECT clause|"
        r"Referenced column \"(?P<x>[^\"]+)\" not found|does not have a column named \"(?P<y>[^\"]+)\"|"
        r"Table \"[^\"]*\" does not have a column with name \"(?P<z>[^\"]+)\"",
        "COLUMN_NOT_FOUND",
        "Column '{name}' cannot be resolved or requester is not authorized to access requested resources",
    ),
    (r"WHERE clause cannot contain (?P<x>aggregates|window functions)", "EXPRESSION_NOT_SCALAR",
     "line 1:1: WHERE clause cannot contain aggregations, window functions or grouping operations"),
    (r"Ambiguous reference to column name \"(?P<x>[^\"]+)\"", "AMBIGUOUS_NAME", "Column '{name}' is ambiguous"),
    (r"Referenced table \"(?P<x>[^\"]+)\" not found", "COLUMN_NOT_FOUND", "Column '{name}' cannot be resolved"),
    (
        r"column \"(?P<x>[^\"]+)\" must appear in the GROUP BY clause",
        "EXPRESSION_NOT_AGGREGATE",
        "'{name}' must be an aggregate expression or appear in GROUP BY clause",
    ),
    (
        r"Could not convert string [\"'](?P<x>.*?)[\"'] to '?(?P<type>[A-Z0-9]+)",
        "INVALID_CAST_ARGUMENT",
        "Cannot cast '{name}' to {type}",
    ),
    (
        r"invalid (?:date|timestamp|time) field format: \"(?P<x>[^\"]*)\"|"
        r"(?:date|timestamp) field value out of range: \"(?P<y>[^\"]*)\"",
        "INVALID_CAST_ARGUMENT",
        "Value cannot be cast to the wanted type: {name}",
    ),
    (r"More than one row returned by a subquery", "SUBQUERY_MULTIPLE_ROWS",
     "Scalar sub-query has returned multiple rows"),
    (r"Could not cast value (?P<x>.*?) to|Overflow in (?P<y>\w+)|out of range", "NUMERIC_VALUE_OUT_OF_RANGE",
     "Value {name} is out of range"),
    (r"Out of Memory|failed to allocate|MemoryError|bad_alloc", *EXHAUSTED),
]  # fmt: skip
_SQL_NAMES = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}


def _java_double(value: float) -> str:
    """As Java prints it: with an exponent from ten millions on."""
    digits, _, exponent = f"{value:.16e}".partition("e")
    return str(value) if abs(value) < 1e7 else f"{float(digits)}E{int(exponent)}"


def _too_large(match: re.Match[str]) -> tuple[str, str]:
    """A number that a cast cannot hold."""
    value, source, target = match["value"], match["source"], _SQL_NAMES.get(match["target"], match["target"].lower())
    if source in ("DOUBLE", "FLOAT"):
        number = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(value) or _java_double(float(value))
        words = f"Unable to cast {number} to bigint" if target == "bigint" else f"Out of range for {target}: {number}"
        return "INVALID_CAST_ARGUMENT", words
    if source == "INT128":  # what a sum is kept in
        return "NUMERIC_VALUE_OUT_OF_RANGE", f"bigint addition overflow: {value}"
    return "NUMERIC_VALUE_OUT_OF_RANGE", f"Out of range for {target}: {value}"


def _overflow(match: re.Match[str]) -> tuple[str, str]:
    kind = _SQL_NAMES.get(match["type"])
    words = f"{kind} {match['what']} overflow: {match['sides']}" if kind else "Decimal overflow"
    return "NUMERIC_VALUE_OUT_OF_RANGE", words


def _no_decimal(match: re.Match[str]) -> tuple[str, str]:
    value, target = match["value"].strip("'\""), f"DECIMAL({match['digits']}, {match['scale']})"
    try:
        float(value)
    except ValueError:
        return "INVALID_CAST_ARGUMENT", f"Cannot cast VARCHAR '{value}' to {target}. Value is not a number."
    return "INVALID_CAST_ARGUMENT", f"Cannot cast '{value}' to {target}"


#: What DuckDB says of a value that does not fit → Trino's code and message.
_UNFITTING: list[tuple[str, Callable[[re.Match[str]], tuple[str, str]]]] = [
    (r"Type (?P<source>[A-Z0-9]+) with value (?P<value>\S+) can't be cast because the value is out of range for the "
     r"destination type (?P<target>[A-Z0-9]+)", _too_large),
    (r"Overflow in (?P<what>\w+) of (?P<type>[A-Z0-9]+)(?:\(\d+\))? ?\((?P<sides>[^)]*)\)", _overflow),
    (r"(?:Could not convert string|Casting value|Could not cast value) (?P<value>\"[^\"]*\"|'[^']*'|\S+) to "
     r"(?:type )?DECIMAL\((?P<digits>\d+), ?(?P<scale>\d+)\)", _no_decimal),
    (r"(?P<kind>date|timestamp|time) field value out of range: \"(?P<value>[^\"]*)\"",
     lambda match: ("INVALID_CAST_ARGUMENT", f"Value cannot be cast to {match['kind']}: {match['value']}")),
    (r"Could not parse string \"(?P<value>.*?)\" according to format specifier",
     lambda match: ("INVALID_FUNCTION_ARGUMENT", f"Invalid format: \"{match['value']}\"")),
    (r"Unknown TimeZone '(?P<zone>[^']*)'",
     lambda match: ("INVALID_FUNCTION_ARGUMENT", f"'{match['zone'].removeprefix('UTC')}' is not a valid time zone")),
    (r"Map keys must be unique", lambda _: ("INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed")),
    (r"map key list does not align with the map value list",
     lambda _: ("INVALID_FUNCTION_ARGUMENT", "Key and value arrays must be the same length")),
]  # fmt: skip
_TYPE_NAMES = {
    "INT32": "INT",
    "INT64": "BIGINT",
    "INT16": "SMALLINT",
    "INT8": "TINYINT",
    "BOOL": "BOOLEAN",
    "FLOAT": "REAL",
}
#: A macro raises DuckDB's error() with a message that begins like this.
_RAISED = re.compile(
    r".*?ATHENA (?P<code>[A-Z_]+): (?P<message>.*?)"
    r"(?:(?:['\"] to (?:INT(?:8|16|32|64)|BOOL)\b|\", expected format).*|\n\n.*)?",
    re.DOTALL,
)


def translate(error: duckdb.Error, sql: str, uris: Mapping[str, str]) -> QueryFailure:
    """DuckDB's *error* as Athena would put it.

    *sql* is what the user wrote, to point into; *uris* tells the objects behind the files that were read.
    """
    text = str(error)
    for path, uri in uris.items():
        text = text.replace(path, uri)
    if match := re.search(r"Malformed JSON in file .*", text):
        return QueryFailure("HIVE_CURSOR_ERROR", f"Row is not a valid JSON Object - JSONException: {match[0].strip()}")
    for pattern, code, words in _UNREADABLE:
        if match := re.search(pattern, text):
            return QueryFailure(code, words.format(**match.groupdict()))
    if raised := _RAISED.fullmatch(text):
        return QueryFailure(raised["code"], raised["message"])
    for pattern, judge in _UNFITTING:
        if match := re.search(pattern, text):
            return QueryFailure(*judge(match))
    for pattern, code, words in _WORDS:
        if match := re.search(pattern, text, re.IGNORECASE):
            groups = match.groupdict()
            kind = groups.pop("type", None) or ""
            name = next((value for value in groups.values() if value is not None), "")
            found = position_of(sql, name) if code in _POINTED else None
            return QueryFailure(code, words.format(name=name, type=_TYPE_NAMES.get(kind, kind)), found)
    first = text.split("\n\n")[0]
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        return _binding(first, sql)
    if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException):
        return QueryFailure("INVALID_CAST_ARGUMENT", first.partition(": ")[2])
    if isinstance(error, duckdb.ParserException):
        return QueryFailure("SYNTAX_ERROR", first.partition(": ")[2])
    if isinstance(error, duckdb.IOException):
        return QueryFailure("HIVE_CANNOT_OPEN_SPLIT", first.partition(": ")[2])
    if isinstance(error, duckdb.InvalidInputException):
        return QueryFailure("INVALID_FUNCTION_ARGUMENT", first.partition(": ")[2])
    return QueryFailure("GENERIC_INTERNAL_ERROR", first)


_POINTED = {"COLUMN_NOT_FOUND", "AMBIGUOUS_NAME", "EXPRESSION_NOT_AGGREGATE"}
_SIGNATURE = re.compile(r"No function matches the given name and argument types '(?P<name>[^(]+)\((?P<types>.*?)\)'")
_MACRO = re.compile(r"Macro (?:trino_)?(?P<name>\w+)\(\) does not support the supplied arguments")
_COMPARED = re.compile(r"Cannot compare values of type (?P<left>\S+) and (?:type )?(?P<right>[A-Z]+)")
_OPERATORS = {"+", "-", "*", "/", "%", "||", "<", ">", "=", "<>", "<=", ">=", "~~", "!~~"}


def _binding(text: str, sql: str) -> QueryFailure:
    if match := _SIGNATURE.search(text):
        name, types = match["name"], match["types"].lower().replace("_literal", "")
        if name in _OPERATORS:
            return QueryFailure("TYPE_MISMATCH", f"'{name}' cannot be applied to {types}", position_of(sql, name))
        words = f"Unexpected parameters ({types}) for function {name}"
        return QueryFailure("FUNCTION_NOT_FOUND", words, position_of(sql, name))
    if match := _MACRO.search(text):
        words = f"Unexpected parameters for function {match['name']}"
        return QueryFailure("FUNCTION_NOT_FOUND", words, position_of(sql, match["name"]))
    if match := _COMPARED.search(text):
        return QueryFailure("TYPE_MISMATCH", f"Cannot compare {match['left'].lower()} and {match['right'].lower()}")
    return QueryFailure("TYPE_MISMATCH", text.partition(": ")[2])


def position_of(sql: str, name: str) -> tuple[int, int]:
    """Line and column, from 1, of the first *name* in *sql* as a word of its own."""
    match = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", sql, re.IGNORECASE) if name else None
    offset = match.start() if match else 0
    return line_and_column(sql, offset)


def line_and_column(sql: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of a character of *sql*."""
    before = sql[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def operator_position(sql: str, symbol: str, left: exp.Expr, right: exp.Expr | None) -> tuple[int, int] | None:
    """Line and column of the operator *symbol* in *sql*: where the operands stand beside it, or the first one.

    None if there is none: ``IS DISTINCT FROM`` is written in several ways.
    """
    spaced = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", lambda match: "_" * len(match[0]), sql)
    places = [match.start() for match in re.finditer(rf"(?<![<>!|=]){re.escape(symbol)}(?![<>=|])", spaced)]
    if symbol == "<>":
        places += [match.start() for match in re.finditer("!=", spaced)]
    before, after = _word(left, -1), _word(right, 0)
    for place in places:
        if sql[:place].rstrip().endswith(before) and sql[place + len(symbol) :].lstrip().startswith(after):
            return line_and_column(sql, place)
    return line_and_column(sql, places[0]) if places else None


def _word(node: exp.Expr | None, end: int) -> str:
    """The first or the last word of *node*, if it is a plain one."""
    text = node.sql("trino") if isinstance(node, exp.Column | exp.Literal) else ""
    return text.split(".")[end] if isinstance(node, exp.Column) and text else text
