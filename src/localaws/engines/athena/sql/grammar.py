"""Athena's SQL as sqlglot reads it, with functions left as they are written: what they mean is `functions`' matter."""

from __future__ import annotations

import re

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from localaws.engines.athena.errors import line_and_column
from localaws.engines.athena.tables.reserved import SELECT
from localaws.lake.errors import QueryFailure
from localaws.lake.quoting import MARK

_KEEP = {"UNNEST", "EXPLODE"}
#: Functions with a syntax of their own; sqlglot knows more of other dialects, which to Trino are functions like others.
_SYNTAX = {"CAST", "EXTRACT", "JSON_OBJECT", "JSON_QUERY", "JSON_VALUE", "LISTAGG", "POSITION", "SUBSTRING", "TRIM",
           "TRY_CAST"}  # fmt: skip
_FOREIGN = {TokenType.DCOLON, TokenType.CARET, TokenType.AMP, TokenType.PIPE, TokenType.L_BRACE, TokenType.ILIKE,
            TokenType.ISNULL, TokenType.NOTNULL}  # fmt: skip
_JOINS = {TokenType.SEMI, TokenType.ANTI, TokenType.ASOF}
#: What is foreign in some places only.
_SUSPECT = _JOINS | {TokenType.EQ, TokenType.L_BRACKET, TokenType.TABLE_SAMPLE, TokenType.VAR}
_SETS = {"UNION", "EXCEPT", "INTERSECT", "ALL", "DISTINCT"}
#: What begins a clause or ends a list: no item of one.
_NO_ITEM = {TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.ORDER_BY, TokenType.HAVING,
            TokenType.COMMA, TokenType.R_PAREN}  # fmt: skip
_QUOTED = re.compile(r"'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\"")
_BEFORE_STAR = {TokenType.SELECT, TokenType.DISTINCT, TokenType.DOT, TokenType.COMMA}


#: Types whose literals tell more than a CAST of the same text.
_LITERALS = (exp.DType.DECIMAL, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIME, exp.DType.VARCHAR,
             exp.DType.CHAR)  # fmt: skip


def _typed_literal(parser: object, text: exp.Expr, kind: exp.DataType | exp.DType) -> exp.Expr:
    """``DECIMAL '1.10'`` is a decimal(3,2): a cast that knows that it was a literal."""
    if not isinstance(kind, exp.DataType):
        kind = exp.DataType(this=kind)
    if kind.this == exp.DType.DECIMAL and not kind.expressions:
        whole, _, fraction = text.name.lstrip("+-0").replace("_", "").partition(".")
        kind = exp.DataType.build(f"DECIMAL({len(whole + fraction) or 1}, {len(fraction)})")
    node = exp.Cast(this=text, to=kind)
    node.meta["literal"] = True
    return node


class AthenaSql(Trino):
    """Trino's grammar; a function call becomes ``Anonymous`` whatever its name."""

    INDEX_OFFSET = 0  # subscripts stay as they are written

    class Parser(Trino.parser_class):  # type: ignore[misc, valid-type]
        FUNCTIONS = {name: build for name, build in Trino.parser_class.FUNCTIONS.items() if name in _KEEP}
        FUNCTION_PARSERS = {
            name: build for name, build in Trino.parser_class.FUNCTION_PARSERS.items() if name in _SYNTAX
        }
        TYPE_LITERAL_PARSERS = Trino.parser_class.TYPE_LITERAL_PARSERS | dict.fromkeys(_LITERALS, _typed_literal)


#: Made here, on one thread: sqlglot loads the parts of a dialect when they are first used.
_DIALECT = AthenaSql()
_DIALECT.parse("SELECT 1")


def parse(sql: str) -> exp.Expr:
    """The one statement in *sql*. Raises QueryFailure (SYNTAX_ERROR) with Trino's position."""
    try:
        tokens = _DIALECT.tokenize(sql)
        _check_lists(tokens)
        _check_foreign(tokens)
        statements = [each for each in _DIALECT.parser().parse(tokens, sql) if each is not None]
    except ParseError as error:
        if "`" in (plain := _QUOTED.sub(_blank, sql)):
            words = "backquoted identifiers are not supported; use double quotes to quote identifiers"
            raise QueryFailure("", words, line_and_column(sql, plain.index("`"))) from None
        details = error.errors[0]
        word = details["highlight"] or ""
        last = tokens[-1] if tokens else None
        beyond = last is None or (last.line, last.col) == (details["line"], details["col"])
        if beyond and "Unexpected token" not in (details["description"] or ""):
            raise _mismatched("<EOF>", line_and_column(sql, len(sql))) from None
        # sqlglot points at a token's last character, Trino at its first
        column = max((details["col"] or 1) - len(word) + 1, 1)
        raise _mismatched(word, (details["line"] or 1, column)) from None
    except TokenError:
        closed = _QUOTED.sub(_blank, sql)
        opened = min((at for at in (closed.find("'"), closed.find('"')) if at >= 0), default=0)  # a quote left open
        raise _mismatched(sql[opened:].split("\n")[0], line_and_column(sql, opened)) from None
    if not statements:
        raise _mismatched("<EOF>", line_and_column(sql, len(sql)))
    if len(statements) != 1:
        raise QueryFailure("", "Only one sql statement is allowed. Got: " + sql)
    statement: exp.Expr = statements[0]
    empty = isinstance(statement, exp.Select) and not statement.expressions
    if empty or (isinstance(statement, exp.Insert) and statement.expression is None):
        raise _mismatched("<EOF>", line_and_column(sql, len(sql)))
    _check_joins(statement, tokens, sql)
    _check_reserved(statement)
    return statement


def _check_reserved(statement: exp.Expr) -> None:
    """sqlglot takes some of Trino's keywords for names; to Trino they are none unless they are quoted."""
    for name in statement.find_all(exp.Identifier):
        if not name.args.get("quoted") and name.name.upper() in SELECT and "line" in name.meta:
            raise _mismatched(name.name, position(name) or (1, 1))


def _check_joins(statement: exp.Expr, tokens: list[Token], sql: str) -> None:
    """sqlglot takes a JOIN of a table without ON or USING for a cross join; to Trino it is a mistake."""
    for join in statement.find_all(exp.Join):
        if isinstance(join.this, exp.Table) and not (join.args.get("on") or join.args.get("using") or join.method):
            marks = [each.meta for each in join.this.find_all(exp.Identifier) if "start" in each.meta]
            first = min((mark["start"] for mark in marks), default=-1)
            before = [token for token in tokens if token.start < first][-2:]
            kinds = [token.token_type for token in before]
            if kinds[-1:] == [TokenType.JOIN] and kinds[:1] != [TokenType.CROSS]:
                last = max(mark["end"] for mark in marks)
                after = next((token for token in tokens if token.start > last), None)
                place = line_and_column(sql, after.start if after else len(sql))
                raise _mismatched(after.text if after else "<EOF>", place)


def part(sql: str, start: int, end: int | None = None) -> str:
    """What stands in *sql* from *start* to *end*, at the same line and column, for errors to point at."""
    return re.sub(r"[^\n]", " ", sql[:start]) + sql[start:end]


def _blank(text: re.Match[str]) -> str:
    return " " * len(text[0])


def _mismatched(word: str, where: tuple[int, int]) -> QueryFailure:
    return QueryFailure("", f"mismatched input '{word}'", where)


def _check_foreign(tokens: list[Token]) -> None:
    """What other dialects have and Trino has not: to be refused, not to work by chance."""
    for number, token in enumerate(tokens):
        kind = token.token_type
        if kind is TokenType.IDENTIFIER and MARK in token.text:  # such are our own names
            raise _mismatched(token.text, (token.line, token.col - len(token.text) + 1))
        if kind not in _FOREIGN and kind not in _SUSPECT:
            continue
        word = token.text.upper()
        before = tokens[number - 1].text.upper() if number else ""
        after = tokens[number + 1].text.upper() if number + 1 < len(tokens) else ""
        if (
            kind in _FOREIGN
            or word == "=="
            or (kind is TokenType.L_BRACKET and before in ("SELECT", ",", "(", "=", "||"))
            or (kind in _JOINS and after == "JOIN")
            or (word == "SAMPLE" and before == "USING")
            or (word == "SYSTEM_TIME" and before == "FOR" and after == "AS")
            or (word == "NAME" and before == "BY" and number > 1 and tokens[number - 2].text.upper() in _SETS)
        ):
            raise _mismatched(token.text, (token.line, token.col - len(token.text) + 1))


def _check_lists(tokens: list[Token]) -> None:
    """What sqlglot lets pass and Trino does not: a comma at the end of a list, a name after ``SELECT *``."""
    for before, one, after in zip([None, *tokens], tokens, tokens[1:], strict=False):
        starred = one.token_type is TokenType.STAR and before is not None and before.token_type in _BEFORE_STAR
        comma = one.token_type is TokenType.COMMA
        if (comma and after.token_type in _NO_ITEM) or (starred and after.token_type is TokenType.VAR):
            raise _mismatched(after.text, (after.line, after.col - len(after.text) + 1))
    if tokens and tokens[-1].token_type is TokenType.COMMA:
        raise _mismatched("<EOF>", (tokens[-1].line, tokens[-1].col + 1))


def position(node: exp.Expr) -> tuple[int, int] | None:
    """Where a name stands in the text, line and column from 1."""
    marks = [identifier.meta for identifier in node.find_all(exp.Identifier) if "line" in identifier.meta]
    if not marks:
        return None
    first = min(marks, key=lambda meta: int(meta["start"]))
    return first["line"], first["col"] - (first["end"] - first["start"])
