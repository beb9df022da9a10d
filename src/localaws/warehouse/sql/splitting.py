"""The statements of a text, each as it was written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from localaws.lake.quoting import own
from localaws.warehouse.errors import SYNTAX, RedshiftError

#: What may hold a dollar sign that begins no parameter, and the parameters.
_PARAMETER = re.compile(
    r"(?P<skip>'(?:[^'\\]|''|\\.)*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$"
    r"|[A-Za-z_][\w$]*)|\$(?P<number>\d+)",
    re.DOTALL,
)


class Words(Redshift):
    """Redshift's words; sqlglot would take the rest of a VACUUM or a CALL for one text."""

    class Tokenizer(Redshift.Tokenizer):
        COMMANDS: ClassVar[set[TokenType]] = set()


@dataclass(frozen=True)
class Statement:
    """One statement: its text, in which ``$1`` is the column `own` ("1"), and its tokens; comments are none."""

    text: str
    tokens: tuple[Token, ...]

    @property
    def command(self) -> str:
        """Its first word, in capitals."""
        return self.tokens[0].text.upper()

    def begins(self, *words: str) -> bool:
        """Whether these are its first words; they are given in capitals."""
        first = [token.text.upper() for token in self.tokens[: len(words)]]
        return first == list(words)


def split(sql: str) -> list[Statement]:
    """The statements of *sql*, which semicolons end. Raises RedshiftError for what has no tokens."""
    sql = _PARAMETER.sub(lambda found: found[0] if found["number"] is None else own(found["number"]), sql)
    try:
        tokens = Words().tokenize(sql)
    except TokenError as error:
        raise RedshiftError(SYNTAX, f"syntax error: {str(error).splitlines()[0]}") from None
    found, current = list[Statement](), list[Token]()
    for token in tokens:
        if token.token_type != TokenType.SEMICOLON:
            current.append(token)
        elif current:
            found.append(_statement(sql, current))
            current = []
    return [*found, _statement(sql, current)] if current else found


def _statement(sql: str, tokens: list[Token]) -> Statement:
    return Statement(sql[tokens[0].start : tokens[-1].end + 1], tuple(tokens))
