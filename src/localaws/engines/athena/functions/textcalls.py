"""Functions of texts: regular expressions of Java's, formats, codes.

Source: Trino's "Regular expression functions", "String functions and operators", "Conversion functions".
"""

from __future__ import annotations

import re
from re import _parser
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.errors import QueryFailure, position_of
from localaws.engines.athena.functions import lambdas
from localaws.engines.athena.sql import casts
from localaws.engines.athena.sql.duckdb_ast import Special, call, cast
from localaws.engines.athena.sql.type_rules import NUMBERS, VARBINARY, VARCHAR

if TYPE_CHECKING:
    from localaws.engines.athena.sql.dialect import Translator

#: Parts of regular expressions that DuckDB's library has not: looking around, references back, possessive repetition.
_BEYOND_RE2 = re.compile(r"\(\?(?:[=!>]|<[=!A-Za-z])|\\[1-9]|[*+?}]\+")

# Regular expressions


def _regexp(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """DuckDB's library is quick; for what it has not (and for names of groups) there is Python's."""
    name, pattern = node.name.lower(), arguments[1]
    made = lambdas.replace_by_function(translator, node, arguments) if name == "regexp_replace" else None
    if made is not None:
        return made
    if name == "regexp_extract" and len(arguments) == 2 and _never_empty(pattern):
        return call("nullif", call("regexp_extract", *arguments), "")
    if not isinstance(pattern, exp.Literal) or not _BEYOND_RE2.search(pattern.name):
        return call("regexp_matches" if name == "regexp_like" else f"trino_{name}", *arguments)
    extra = arguments[2:]
    if name == "regexp_count":
        return cast(call("len", call("native_regexp_extract_all", *arguments[:2], 0)), "BIGINT")
    if not extra and name.startswith("regexp_extract"):
        extra = [exp.Literal.number(0)]
    if not extra and name == "regexp_replace":
        extra = [exp.Literal.string("")]
    return call(f"native_{name}", *arguments[:2], *extra)


def _never_empty(pattern: exp.Expr) -> bool:
    """Whether what the pattern finds is never the empty text, which to DuckDB is the same as nothing found.

    The pattern is only measured, not tried: it may be one that never ends.
    """
    if not isinstance(pattern, exp.Literal) or re.search(r"\\[bBAzZ]|[\^$]|\(\?", pattern.name):
        return False
    try:
        return int(_parser.parse(pattern.name).getwidth()[0]) > 0
    except (re.error, RecursionError):
        return False


def _regexp_position(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    defaults: list[exp.Expr] = [exp.Literal.number(1), exp.Literal.number(1)]
    return call("native_regexp_position", *arguments, *defaults[len(arguments) - 2 :])


# Texts


def _format(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    text, *values = arguments
    types = [translator.type_of(each) for each in values]
    texts = [
        casts.converted(each, given, VARCHAR) if given and given.name not in NUMBERS else cast(each, "VARCHAR")
        for each, given in zip(values, types, strict=True)
    ]
    names = [exp.Literal.string(column_type.name if column_type else "varchar") for column_type in types]
    return call("native_format_text", text, exp.Array(expressions=texts), exp.Array(expressions=names))


def _normalize(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """The form is a bare word: normalize(x, NFD)."""
    form = arguments[1].name if len(arguments) > 1 else "NFC"
    return call("native_normalize", arguments[0], form)


def _from_utf8(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    replacement = arguments[1] if len(arguments) > 1 else exp.Literal.string("\N{REPLACEMENT CHARACTER}")
    return call("native_from_utf8", arguments[0], replacement)


def _of_bytes(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call(f"trino_{node.name.lower()}", *arguments)


def _parse_duration(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("to_milliseconds", call("native_parse_duration", *arguments))


def _replace(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Nothing is found between all letters; DuckDB finds it nowhere."""
    if len(arguments) == 3 and isinstance(arguments[1], exp.Literal) and not arguments[1].name:
        return call("regexp_replace", *arguments, "g")
    return call("trino_replace", *arguments)


def _length(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("octet_length" if translator.type_of(arguments[0]) == VARBINARY else "length", arguments[0])


def _codepoint(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    column_type = translator.type_of(arguments[0])
    if column_type is not None and column_type.precision > 1:
        words = f"Unexpected parameters ({column_type.trino}) for function codepoint. Expected: codepoint(varchar(1))"
        raise QueryFailure("FUNCTION_NOT_FOUND", words, position_of(translator.sql, node.name))
    return call("unicode", arguments[0])


def substring(arguments: list[exp.Expr]) -> exp.Expr:
    """substr and SUBSTRING. Places that are known and plain are left to DuckDB as they are: filters use it much."""
    plain = all(isinstance(each, exp.Literal) and each.name.isdigit() for each in arguments[1:])
    if plain and int(arguments[1].name) > 0:
        return call("substr", *arguments)
    return call("trino_substr", *arguments)


def _substr(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return substring(arguments)


FUNCTIONS: dict[str, Special] = {
    "substr": _substr,
    "substring": _substr,
    "regexp_like": _regexp,
    "regexp_extract": _regexp,
    "regexp_extract_all": _regexp,
    "regexp_replace": _regexp,
    "regexp_split": _regexp,
    "regexp_count": _regexp,
    "regexp_position": _regexp_position,
    "format": _format,
    "normalize": _normalize,
    "from_utf8": _from_utf8,
    "to_base64": _of_bytes,
    "to_hex": _of_bytes,
    "parse_duration": _parse_duration,
    "replace": _replace,
    "length": _length,
    "codepoint": _codepoint,
}
