"""A procedure's text read."""

from __future__ import annotations

from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from localaws.warehouse.errors import SYNTAX, RedshiftError, not_done
from localaws.warehouse.procedures.parts import (
    Assign,
    Block,
    Count,
    Each,
    Execute,
    If,
    Leave,
    Loop,
    Nothing,
    Part,
    Raise,
    Return,
    Rows,
    Sql,
    Variable,
)  # fmt: skip
from localaws.warehouse.sql.splitting import Words

_LEVELS = ("INFO", "NOTICE", "WARNING", "LOG", "DEBUG", "EXCEPTION")


def read(body: str) -> Block:
    """The block that *body* is. Raises RedshiftError."""
    reader = _Reader(body)
    block = reader.block()
    reader.take(";")
    if not reader.ended:
        raise reader.wrong()
    return block


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        try:
            self._tokens: list[Token] = list(Words().tokenize(text))
        except TokenError as error:
            raise RedshiftError(SYNTAX, f"syntax error: {str(error).splitlines()[0]}") from None
        self._at = 0

    # Words

    @property
    def ended(self) -> bool:
        return self._at >= len(self._tokens)

    @property
    def word(self) -> str:
        """The next word in capitals; "" at the end and for what is quoted."""
        if self.ended or self._tokens[self._at].token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            return ""
        return self._tokens[self._at].text.upper()

    def take(self, *words: str) -> bool:
        before = self._at
        for each in words:
            if self.word != each:
                self._at = before
                return False
            self._at += 1
        return True

    def expect(self, *words: str) -> None:
        if not self.take(*words):
            raise self.wrong()

    def wrong(self) -> RedshiftError:
        if self.ended:
            return RedshiftError(SYNTAX, "syntax error at end of the procedure")
        token = self._tokens[self._at]
        return RedshiftError(SYNTAX, f'syntax error at or near "{token.text}" in line {token.line} of the procedure')

    def name(self) -> str:
        if self.ended:
            raise self.wrong()
        self._at += 1
        return self._tokens[self._at - 1].text.lower()

    def names(self) -> list[str]:
        """``a, r.b``"""
        found = [self._dotted()]
        while self.take(","):
            found.append(self._dotted())
        return found

    def _dotted(self) -> str:
        name = self.name()
        return f"{name}.{self.name()}" if self.take(".") else name

    def until(self, *ends: str) -> str:
        """The text up to one of the words *ends* outside of parentheses and CASE; stands before it then."""
        first, depth = self._at, 0
        while not self.ended:
            if not depth and self.word in ends:
                break
            depth += {"(": 1, ")": -1, "CASE": 1}.get(self.word, 0)
            if self.word == "END" and depth:
                depth -= 1
            self._at += 1
        if self.ended:
            raise self.wrong()
        return self._between(first, self._at)

    def _between(self, first: int, end: int) -> str:
        return self._text[self._tokens[first].start : self._tokens[end - 1].end + 1] if end > first else ""

    # Parts

    def block(self) -> Block:
        variables = []
        if self.take("DECLARE"):
            while self.word != "BEGIN":
                variables.append(self._variable())
        self.expect("BEGIN")
        body, handler = self._parts("END", "EXCEPTION"), None
        if self.take("EXCEPTION"):
            self.expect("WHEN", "OTHERS", "THEN")
            handler = self._parts("END")
        self.expect("END")
        return Block(variables, body, handler)

    def _variable(self) -> Variable:
        name = self.name()
        constant = self.take("CONSTANT")
        if self.word in ("CURSOR", "REFCURSOR"):
            raise not_done("cursors in procedures: use FOR … IN query LOOP")
        if self.take("ALIAS"):
            raise not_done("ALIAS in procedures")
        first = self._at
        while self.word not in (";", ":=", "=", "DEFAULT", "NOT") and not self.ended:
            self._at += 1
        type = self._between(first, self._at)
        not_null = self.take("NOT") and (self.take("NULL") or bool(self.wrong()))
        value = self.until(";") if self.take(":=") or self.take("=") or self.take("DEFAULT") else None
        self.expect(";")
        return Variable(name, type, value, constant, not_null)

    def _parts(self, *ends: str) -> list[Part]:
        found: list[Part] = []
        while self.word not in ends:
            if self.ended:
                raise self.wrong()
            found.append(self._part())
        return found

    def _part(self) -> Part:
        start = self._at
        match self.word:
            case "DECLARE" | "BEGIN":
                part: Part = self.block()
            case "IF":
                part = self._if()
            case "LOOP" | "WHILE":
                part = self._loop()
            case "FOR":
                part = self._for()
            case "EXIT" | "CONTINUE":
                part = self._leave()
            case "RETURN":
                self._at += 1
                part = Return()
            case "RAISE":
                part = self._raise()
            case "EXECUTE":
                part = self._execute()
            case "NULL":
                self._at += 1
                part = Nothing()
            case "PERFORM":
                self._at += 1
                part = Sql("SELECT " + self.until(";"))
            case "GET":
                part = self._rows()
            case "OPEN" | "FETCH" | "CLOSE" | "MOVE" | "CASE" | "<":
                raise not_done(f"{self.word} in procedures")
            case _:
                part = self._assignment() or self._sql(start)
        self.expect(";")
        return part

    def _assignment(self) -> Part | None:
        before = self._at
        target = self._dotted()
        if self.take(":=") or self.take("="):
            if self.word == ";":
                raise self.wrong()
            return Assign(target, self.until(";"))
        self._at = before
        return None

    def _if(self) -> Part:
        self.expect("IF")
        part = If([self._branch()])
        while self.take("ELSIF") or self.take("ELSEIF"):
            part.branches.append(self._branch())
        if self.take("ELSE"):
            part.otherwise = self._parts("END")
        self.expect("END", "IF")
        return part

    def _branch(self) -> tuple[str, list[Part]]:
        condition = self.until("THEN")
        self.expect("THEN")
        return condition, self._parts("ELSIF", "ELSEIF", "ELSE", "END")

    def _loop(self) -> Part:
        condition = self.until("LOOP") if self.take("WHILE") else ""
        return Loop(condition, self._body())

    def _body(self) -> list[Part]:
        self.expect("LOOP")
        body = self._parts("END")
        self.expect("END", "LOOP")
        return body

    def _for(self) -> Part:
        self.expect("FOR")
        target = self.names()
        self.expect("IN")
        reverse = self.take("REVERSE")
        dynamic = self.take("EXECUTE")
        text = self.until("LOOP")
        if ".." in text and not dynamic:
            first, _, last = text.partition("..")
            last, _, step = last.partition(" BY ") if " BY " in last.upper() else (last, "", "1")
            return Count(target[0], first, last, step, reverse, self._body())
        return Each(target, text, dynamic, self._body())

    def _leave(self) -> Part:
        again = self.name() == "continue"
        if self.take("WHEN"):
            return Leave(again, self.until(";"))
        return Leave(again, "")

    def _raise(self) -> Part:
        self.expect("RAISE")
        level = self.word
        if level not in _LEVELS:
            raise self.wrong()
        self._at += 1
        if self.ended or self._tokens[self._at].token_type != TokenType.STRING:
            raise self.wrong()
        text = self._tokens[self._at].text
        self._at += 1
        arguments = []
        while self.take(","):
            arguments.append(self.until(",", ";"))
        return Raise(level, text, arguments)

    def _execute(self) -> Part:
        self.expect("EXECUTE")
        expression = self.until("INTO", ";")
        return Execute(expression, self.names() if self.take("INTO") else [])

    def _rows(self) -> Part:
        self.expect("GET", "DIAGNOSTICS")
        target = self.name()
        if not self.take(":=") and not self.take("="):
            raise self.wrong()
        self.expect("ROW_COUNT")
        return Rows(target)

    def _sql(self, start: int) -> Part:
        """A statement of SQL; of a query the INTO behind its list is taken out."""
        self._at = start
        if self.word not in ("SELECT", "WITH"):
            return Sql(self.until(";"))
        before = self.until("INTO", ";")
        if self.take("INTO"):
            into = self.names()
            return Sql(f"{before} {self.until(';')}", into)
        return Sql(before)
