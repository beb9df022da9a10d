"""Functions of texts. Source: Redshift database developer guide, "String functions", "Hash functions"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.sql import column_types as of
from localaws.warehouse.sql.building import Builder, Function, Functions, by_macro, call, cast, first, macro, renamed
from localaws.warehouse.sql.casts import as_text
from localaws.warehouse.sql.operators import substring

if TYPE_CHECKING:
    from localaws.warehouse.sql.dialect import Translator


def of_text(build: Builder) -> Builder:
    """*build*, with a first argument that is a text: a number or a document becomes one."""

    def built(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
        if node.expressions and arguments:
            kind = translator.type_of(arguments[0])
            if kind is not None and not kind.is_text and kind.name not in ("unknown", "varbyte"):
                arguments = [as_text(arguments[0], kind), *arguments[1:]]
        return build(translator, node, arguments)

    return built


def _concat(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """NULL if one is NULL, where DuckDB leaves NULLs out."""
    joined, *others = (as_text(each, translator.type_of(each)) for each in arguments)
    for each in others:
        joined = exp.DPipe(this=joined, expression=each, safe=True)
    return exp.Paren(this=joined)


def _substr(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return substring(arguments[0], arguments[1:])


def _charindex(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """The text that is looked for comes first, unlike STRPOS."""
    return call("strpos", arguments[1], arguments[0])


def _sha2(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("rs_sha2", arguments[0], cast(arguments[1], "BIGINT"))


def _fnv(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """FNV-1a of a value's bytes: a number's are those of its type."""
    kind = translator.type_of(node.expressions[0])
    seed = cast(arguments[1], "BIGINT") if len(arguments) > 1 else exp.Literal.number("-3750763034362895579")
    if kind is not None and kind.is_integer:
        size = {"smallint": 2, "integer": 4, "bigint": 8}[kind.name]
        return call("rs_fnv_whole", cast(arguments[0], "BIGINT"), exp.Literal.number(size), seed)
    return call("rs_fnv", as_text(arguments[0], kind), seed)


def _padded(side: str) -> Builder:
    def build(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
        return macro(side, *arguments, *([" "] if len(arguments) == 2 else []))

    return build


def _trimmed(name: str) -> Builder:
    return lambda translator, node, arguments: call(name, *arguments)


_TEXT, _NUMBER = of.VARCHAR, of.INTEGER

FUNCTIONS: Functions = {
    "ascii": Function(of_text(by_macro("ascii")), _NUMBER),
    "btrim": Function(of_text(_trimmed("trim")), _TEXT),
    "char_length": Function(of_text(by_macro("length")), _NUMBER),
    "character_length": Function(of_text(by_macro("length")), _NUMBER),
    "charindex": Function(_charindex, _NUMBER),
    "chr": Function(renamed("chr"), _TEXT),
    "concat": Function(_concat, _TEXT),
    "crc32": Function(of_text(renamed("rs_crc32")), _TEXT),
    "fnv_hash": Function(_fnv, of.BIGINT),
    "func_sha1": Function(of_text(renamed("sha1")), _TEXT),
    "initcap": Function(of_text(renamed("rs_initcap")), _TEXT),
    "left": Function(of_text(renamed("left")), _TEXT),
    "len": Function(of_text(by_macro("length")), _NUMBER),
    "length": Function(of_text(by_macro("length")), _NUMBER),
    "lower": Function(of_text(renamed("lower")), _TEXT),
    "lpad": Function(of_text(_padded("lpad")), _TEXT),
    "ltrim": Function(of_text(_trimmed("ltrim")), _TEXT),
    "md5": Function(of_text(renamed("md5")), _TEXT),
    "octet_length": Function(by_macro("bytes"), _NUMBER),
    "octetindex": Function(by_macro("byte_index"), _NUMBER),
    "quote_ident": Function(by_macro("quote_ident"), _TEXT),
    "quote_literal": Function(by_macro("quote_literal"), _TEXT),
    "repeat": Function(of_text(by_macro("repeat")), _TEXT),
    "replace": Function(of_text(by_macro("replace")), _TEXT),
    "replicate": Function(of_text(by_macro("repeat")), _TEXT),
    "reverse": Function(of_text(renamed("reverse")), _TEXT),
    "right": Function(of_text(renamed("right")), _TEXT),
    "rpad": Function(of_text(_padded("rpad")), _TEXT),
    "rtrim": Function(of_text(_trimmed("rtrim")), _TEXT),
    "sha": Function(of_text(renamed("sha1")), _TEXT),
    "sha1": Function(of_text(renamed("sha1")), _TEXT),
    "sha2": Function(of_text(_sha2), _TEXT),
    "soundex": Function(renamed("rs_soundex"), _TEXT),
    "split_part": Function(of_text(by_macro("split_part")), _TEXT),
    "strpos": Function(of_text(renamed("strpos")), _NUMBER),
    "strtol": Function(renamed("rs_strtol"), of.BIGINT),
    "substr": Function(of_text(_substr), _TEXT),
    "textlen": Function(of_text(by_macro("length")), _NUMBER),
    "to_hex": Function(by_macro("to_hex"), _TEXT),
    "translate": Function(of_text(renamed("translate")), _TEXT),
    "trim": Function(of_text(_trimmed("trim")), _TEXT),
    "upper": Function(of_text(renamed("upper")), _TEXT),
    # Bytes
    "from_hex": Function(renamed("unhex"), of.VARBYTE),
    "from_varbyte": Function(by_macro("from_varbyte"), _TEXT),
    "to_varbyte": Function(by_macro("to_varbyte"), of.VARBYTE),
    "collate": Function(lambda translator, node, arguments: arguments[0], first),
}
