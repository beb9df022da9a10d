"""Reads a statement's words one after the other."""

from __future__ import annotations

from sqlglot.tokenizer_core import Token, TokenType

from localaws.warehouse.errors import SYNTAX, RedshiftError
from localaws.warehouse.sql.reserved import RESERVED
from localaws.warehouse.sql.splitting import Statement

_OPENS, _CLOSES = TokenType.L_PAREN, TokenType.R_PAREN


class Reader:
    """Stands before the next word of *statement*, at first behind its first *skipped* ones."""

    def __init__(self, statement: Statement, skipped: int = 0) -> None:
        self._text, self._tokens = statement.text, statement.tokens
        self._start = self._tokens[0].start
        self._at = skipped

    @property
    def ended(self) -> bool:
        return self._at >= len(self._tokens)

    @property
    def next(self) -> str:
        """The next word in capitals; "" at the end, and for what is quoted."""
        if self.ended or self._token.token_type in (TokenType.STRING, TokenType.IDENTIFIER, TokenType.HEREDOC_STRING):
            return ""
        return self._token.text.upper()

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def take(self, *words: str) -> bool:
        """Step behind *words*, in capitals, if they come next. A word with spaces is several."""
        wanted = [part for word in words for part in word.split()]
        before = self._at
        while wanted:
            parts = self.next.split()  # the tokenizer keeps "PRIMARY KEY" as one
            if not parts or wanted[: len(parts)] != parts:
                self._at = before
                return False
            del wanted[: len(parts)]
            self._at += 1
        return True

    def take_any(self, *choices: str) -> str:
        """The first of *choices* that comes next, behind which this steps; "" for none."""
        return next((each for each in choices if self.take(each)), "")

    def expect(self, *words: str) -> None:
        if not self.take(*words):
            raise self.wrong()

    def end(self) -> None:
        """Raises RedshiftError unless the statement ends here."""
        if not self.ended:
            raise self.wrong()

    def wrong(self) -> RedshiftError:
        if self.ended:
            return RedshiftError(SYNTAX, "syntax error at end of input")
        near = self._text[self._token.start - self._start : self._token.end + 1 - self._start]
        return RedshiftError(SYNTAX, f'syntax error at or near "{near}"', P=str(self._token.start - self._start + 1))

    def name(self) -> str:
        """An identifier in small letters, as Redshift keeps it."""
        if self.ended or self._token.token_type in (
            TokenType.STRING, TokenType.NUMBER, _OPENS, _CLOSES, TokenType.COMMA, TokenType.DOT, TokenType.EQ,
        ):  # fmt: skip
            raise self.wrong()
        if self.next.lower() in RESERVED:
            raise self.wrong()
        self._at += 1
        return self._tokens[self._at - 1].text.lower()

    def names(self) -> list[str]:
        """A name with what it is in: schema and table, say."""
        parts = [self.name()]
        while not self.ended and self._token.token_type == TokenType.DOT:
            self._at += 1
            parts.append(self.name())
        return parts

    def name_list(self) -> list[str]:
        """``(a, b)``"""
        self.expect("(")
        found = [self.name()]
        while self.take(","):
            found.append(self.name())
        self.expect(")")
        return found

    def several(self) -> list[list[str]]:
        """``a, s.b``"""
        found = [self.names()]
        while self.take(","):
            found.append(self.names())
        return found

    def text(self) -> str:
        """A string literal, or one between dollar signs."""
        if self.ended or self._token.token_type not in (TokenType.STRING, TokenType.HEREDOC_STRING):
            raise self.wrong()
        self._at += 1
        return self._tokens[self._at - 1].text

    def number(self) -> int:
        sign = -1 if self.take("-") else 1
        if self.ended or self._token.token_type != TokenType.NUMBER or not self._token.text.isdigit():
            raise self.wrong()
        self._at += 1
        return sign * int(self._tokens[self._at - 1].text)

    def opens(self) -> bool:
        """Whether a parenthesis comes next."""
        return not self.ended and self._token.token_type == _OPENS

    def group(self) -> str:
        """The text in parentheses that comes next, without them."""
        if not self.opens():
            raise self.wrong()
        first = self._at + 1
        depth = 0
        while not self.ended:
            depth += {_OPENS: 1, _CLOSES: -1}.get(self._token.token_type, 0)
            self._at += 1
            if not depth:
                return self._between(first, self._at - 1)
        raise self.wrong()

    def expression(self, *ends: str) -> str:
        """The text up to a comma, a closing parenthesis or one of the words *ends* outside of parentheses."""
        first, depth = self._at, 0
        while not self.ended:
            type = self._token.token_type
            if not depth and (
                type in (TokenType.COMMA, _CLOSES) or (self._at > first and (self.next.split() or [""])[0] in ends)
            ):
                break
            depth += {_OPENS: 1, _CLOSES: -1}.get(type, 0)
            self._at += 1
        if self._at == first:
            raise self.wrong()
        return self._between(first, self._at)

    def rest(self) -> str:
        """All that is left."""
        first, self._at = self._at, len(self._tokens)
        return self._between(first, self._at)

    def before(self, *words: str) -> str:
        """All that is left but *words* at its end; "" unless they are there."""
        wanted = [part for word in words for part in word.split()]
        if [token.text.upper() for token in self._tokens[-len(wanted) :]] != wanted:
            return ""
        first, end = self._at, len(self._tokens) - len(wanted)
        self._at = len(self._tokens)
        return self._between(first, end)

    def _between(self, first: int, end: int) -> str:
        if first >= end:
            return ""
        return self._text[self._tokens[first].start - self._start : self._tokens[end - 1].end + 1 - self._start]
