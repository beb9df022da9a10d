"""The words of COPY and UNLOAD, read one after another, and what both say of S3 and of whose rights they use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot.tokenizer_core import Token, TokenType

from localaws.warehouse.errors import SYNTAX, WRONG_VALUE, RedshiftError
from localaws.warehouse.sql.splitting import Statement

#: What is written for a control character in DELIMITER, QUOTE and NULL AS.
_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\0": "\0", "\\000": "\0", "\\b": "\b", "\\f": "\f", "\\v": "\v"}


_TEXTS = (TokenType.STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING)


class Words:
    """The tokens of *statement* from the *first* on."""

    def __init__(self, statement: Statement, first: int = 1) -> None:
        self._tokens, self._place = statement.tokens, first

    def __bool__(self) -> bool:
        return self._place < len(self._tokens)

    @property
    def next(self) -> str:
        """The next word in capitals; "" at the end and before a text."""
        return "" if not self or self.is_text else self._tokens[self._place].text.upper()

    @property
    def is_text(self) -> bool:
        return bool(self) and self._tokens[self._place].token_type in _TEXTS

    @property
    def is_number(self) -> bool:
        return bool(self) and self._tokens[self._place].token_type == TokenType.NUMBER

    def take(self) -> Token:
        """Raises RedshiftError at the end."""
        if not self:
            raise RedshiftError(SYNTAX, "syntax error at end of input")
        self._place += 1
        return self._tokens[self._place - 1]

    def skip(self, *words: str) -> bool:
        """Whether the next word is one of *words*, which then is passed over."""
        if self.next and self.next in words:
            self._place += 1
            return True
        return False

    def need(self, word: str) -> None:
        if not self.skip(word):
            raise self.wrong()

    def text(self) -> str:
        """The next text in quotes."""
        self.skip("AS")
        if not self.is_text:
            raise self.wrong()
        return self.take().text

    def character(self) -> str:
        """The next text as one of DELIMITER, QUOTE or NULL AS: a control character may be spelled out."""
        text = self.text()
        if len(text) == 4 and text[0] == "\\" and text[1:].isdigit():
            return chr(int(text[1:], 8))
        return _ESCAPES.get(text, text)

    def number(self) -> int:
        self.skip("AS")
        text = self.take().text
        if not text.isascii() or not text.isdigit():
            self._place -= 1
            raise self.wrong()
        return int(text)

    def switch(self) -> bool:
        """ON or OFF behind an option; without it the option is on."""
        if self.skip("OFF", "FALSE"):
            return False
        self.skip("ON", "TRUE", "PRESET")
        return True

    def names(self) -> list[str]:
        """Names in brackets, in small letters."""
        self.need("(")
        found = [self.take().text.lower()]
        while self.skip(","):
            found.append(self.take().text.lower())
        self.need(")")
        return found

    def qualified(self) -> list[str]:
        """A name with what stands before it: schema, database."""
        found = [self.take().text.lower()]
        while self.skip("."):
            found.append(self.take().text.lower())
        return found

    def wrong(self) -> RedshiftError:
        if not self:
            return RedshiftError(SYNTAX, "syntax error at end of input")
        return RedshiftError(SYNTAX, f'syntax error at or near "{self._tokens[self._place].text}"')


#: How objects are compressed: the option, and DuckDB's word for it.
PACKED = {"GZIP": "gzip", "BZIP2": "bz2", "ZSTD": "zstd"}
#: Words that say with whose rights S3 is asked.
AUTHORIZATION = ("IAM_ROLE", "CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")


def authorization(word: str, words: Words, said: dict[str, str]) -> None:
    """Add to *said* what follows *word*, one of `AUTHORIZATION` ("Authorization parameters").

    *said* has ``role`` (ARNs with commas between them, or "default"), or ``key``, ``secret`` and perhaps ``token``.
    """
    if word == "IAM_ROLE":
        said["role"] = "default" if words.skip("DEFAULT") else words.text()
    elif word == "CREDENTIALS":
        said |= _in_one(words.text())
    else:
        said[{"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "SESSION_TOKEN": "token"}[word]] = words.text()


def widths(text: str, label: str) -> list[tuple[str, int]]:
    """What FIXEDWIDTH says, ``'id:3,name:20'``; before the width stands what the statement calls a *label*."""
    pairs = [part.rpartition(":") for part in text.split(",")]
    if not all(width.strip().isdigit() and int(width) for _, _, width in pairs):
        raise RedshiftError(WRONG_VALUE, f"FIXEDWIDTH must be of the form '{label}:width,{label}:width'")
    return [(name.strip().lower(), int(width)) for name, _, width in pairs]


def _in_one(text: str) -> Mapping[str, str]:
    """``aws_iam_role=…`` or ``aws_access_key_id=…;aws_secret_access_key=…``."""
    known = {"aws_iam_role": "role", "aws_access_key_id": "key", "aws_secret_access_key": "secret", "token": "token"}
    known |= {"aws_session_token": "token"}
    pairs: dict[str, Any] = dict(part.partition("=")[::2] for part in text.split(";") if part)
    if not pairs or not pairs.keys() <= known.keys():
        raise RedshiftError(
            SYNTAX, "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or "
            "'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'"
        )  # fmt: skip
    return {known[key]: value for key, value in pairs.items()}
