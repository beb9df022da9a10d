"""Functions of texts: regular expressions of Java's, formats, codes.

Source: Trino's "Regular expression functions", "String functions and operators", "Conversion functions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.errors import position_of
from localaws.engines.athena.functions import lambdas
from localaws.engines.athena.sql import casts
from localaws.engines.athena.sql.duckdb_ast import Special, call, cast
from localaws.engines.athena.sql.type_rules import NUMBERS, VARBINARY, VARCHAR
from localaws.hive import javaregex
from localaws.hive.javaregex import JavaPattern, PatternError, Untranslatable
from localaws.lake.errors import QueryFailure

if TYPE_CHECKING:
    from localaws.engines.athena.sql.dialect import Translator

#: Letters of a pattern that is read here, and not in a child.
_LONGEST_READ = 1000

# Regular expressions


def _regexp(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """RE2, DuckDB's library, where it finds the same; else Python's, in a child."""
    name, (text, pattern, *extra) = node.name.lower(), arguments
    made = lambdas.replace_by_function(translator, node, arguments) if name == "regexp_replace" else None
    made = made or _by_re2(name, text, pattern, extra)
    if made is not None:
        return made
    in_python = _by_python(name, text, pattern, extra)
    in_ascii = _by_re2(name, text.copy(), pattern, extra, in_ascii=True)
    if in_ascii is None:
        return in_python
    is_ascii = exp.EQ(this=call("strlen", text.copy()), expression=call("length", text.copy()))
    return exp.Case().when(is_ascii, in_ascii).else_(in_python)


def _by_python(name: str, text: exp.Expr, pattern: exp.Expr, extra: list[exp.Expr]) -> exp.Expr:
    if name == "regexp_count":
        return cast(call("len", call("native_regexp_extract_all", text, pattern, 0)), "BIGINT")
    if not extra and name.startswith("regexp_extract"):
        extra = [exp.Literal.number(0)]
    if not extra and name == "regexp_replace":
        extra = [exp.Literal.string("")]
    return call(f"native_{name}", text, pattern, *extra)


def _by_re2(
    name: str, text: exp.Expr, pattern: exp.Expr, extra: list[exp.Expr], in_ascii: bool = False
) -> exp.Expr | None:
    """The call by DuckDB's own functions; None where they would find something else than Trino's.

    To them a group that found nothing is the empty text, and they step otherwise over empty matches.
    """
    if not isinstance(pattern, exp.Literal) or len(pattern.name) > _LONGEST_READ:
        return None
    try:
        found = javaregex.read(pattern.name, "trino")
    except (PatternError, Untranslatable):
        return None  # the child says so, for each row: try() may want to know
    quick = found.re2(only_whether=name == "regexp_like", in_ascii=in_ascii)
    if quick is None:
        return None
    if name == "regexp_like":
        return call("regexp_matches", text, quick)
    if found.shortest == 0:
        return None
    match name:
        case "regexp_count" | "regexp_split":
            return call(f"trino_{name}", text, quick)
        case "regexp_replace":
            rewritten = _re2_replacement(found, extra)
            return None if rewritten is None else call("regexp_replace", text, quick, rewritten, "g")
    group = extra[0] if extra else exp.Literal.number(0)
    number = int(group.name) if isinstance(group, exp.Literal) and group.name.isdigit() else -1
    if number and number not in found.certain_groups:
        return None
    if name == "regexp_extract" and number == 0:
        return call("nullif", call("regexp_extract", text, quick), "")
    return call(f"trino_{name}", text, quick, number)


def _re2_replacement(pattern: JavaPattern, extra: list[exp.Expr]) -> str | None:
    """The replacement in RE2's words; None if it is not known, or not the same to it."""
    if extra and not (isinstance(extra[0], exp.Literal) and extra[0].is_string):
        return None
    try:
        parts = pattern.replacement(extra[0].name if extra else "")
    except PatternError:
        return None
    groups = [part for part in parts if isinstance(part, int)]
    if any(group > 9 or (group and group not in pattern.certain_groups) for group in groups):
        return None
    return "".join(f"\\{part}" if isinstance(part, int) else part.replace("\\", r"\\") for part in parts)


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
    if translator.type_of(arguments[0]) != VARBINARY:
        return substring(arguments)
    length = arguments[2] if len(arguments) > 2 else call("octet_length", arguments[0].copy())
    return call("native_substr_bytes", *arguments[:2], length)


def _pad(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    name = node.name.lower()
    if translator.type_of(arguments[0]) == VARBINARY:
        return call("native_pad_bytes", *arguments, exp.Literal.string(name))
    return call(f"trino_{name}", *arguments)


FUNCTIONS: dict[str, Special] = {
    "substr": _substr,
    "substring": _substr,
    "lpad": _pad,
    "rpad": _pad,
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
