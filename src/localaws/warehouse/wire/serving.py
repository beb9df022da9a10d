"""One client's connection: who it is, then its statements, until it leaves.

Source: PostgreSQL documentation, "Message Flow". A thread serves one client, for DuckDB keeps it waiting anyway.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from localaws.warehouse.errors import INTERNAL, INVALID_PASSWORD, PROTOCOL, SYNTAX, RedshiftError
from localaws.warehouse.session_protocol import ClientSession, Parameter, Prepared, Result
from localaws.warehouse.wire import messages
from localaws.warehouse.wire.messages import ProtocolError, Reader
from localaws.warehouse.wire.types import PYTHON, UNKNOWN, VARCHAR, Column, from_wire, to_binary, to_text

log = logging.getLogger(__name__)

#: What a server says of itself. Redshift says it is PostgreSQL 8.0.2, and drivers go by that.
_STATUS = {
    "server_version": "8.0.2",
    "server_encoding": "UNICODE",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
    "is_superuser": "off",
    "server_protocol_version": "0",
}
_STARTUP_SECONDS = 30.0
_GOODBYE_SECONDS = 1.0
_ROWS_AT_ONCE = 1000
_BUFFER = 256 << 10


class Server(Protocol):
    """What a connection needs of the server that has accepted it."""

    tls: ssl.SSLContext

    def verifiers(self, name: str, database: str) -> list[str]:
        """MD5 of each of the passwords that go with *name*, and of it, in hexadecimal digits; [] for nobody."""

    def session(self, name: str, database: str, process: int, verifier: str) -> ClientSession:
        """That of who has proved himself by *verifier*.

        Raises RedshiftError for a database that is not there, or is not open to the user.
        """

    def cancel(self, process: int, secret: int) -> None:
        """End what another connection runs, if the secret is its."""


@dataclass
class _Portal:
    statement: Any
    parameters: list[Parameter]
    formats: list[int]
    columns: list[Column] | None = None
    result: Result | None = None
    sent: int = 0


class ClientConnection:
    """Serves the client at the other end of *sock*; `serve` returns when it is gone."""

    def __init__(self, server: Server, sock: socket.socket, process: int) -> None:
        self._server, self._socket, self.process = server, sock, process
        self.secret = secrets.randbits(32)
        self.session: ClientSession | None = None
        self._out = bytearray()
        self._portals: dict[str, _Portal] = {}
        self._ahead: _Portal | None = None  # has run, and none of its rows is fetched

    # Beginning

    def serve(self) -> None:
        """Until the client leaves, or breaks the protocol."""
        with self._socket:
            try:
                self._socket.settimeout(_STARTUP_SECONDS)
                asked = self._start()
                if asked is not None and self._let_in(asked):
                    self._socket.settimeout(None)
                    self._serve_statements()
            except ProtocolError as error:
                with suppress(OSError):
                    self._fail(RedshiftError(PROTOCOL, str(error)), "FATAL")
                    self._flush()
            except (OSError, EOFError):
                pass
            finally:
                if self.session:
                    self.session.close()
                self._say_goodbye()

    def _say_goodbye(self) -> None:
        """Close; under TLS with the word for it, without which libpq takes the end for an attack."""
        with suppress(OSError, ValueError):
            if isinstance(self._socket, ssl.SSLSocket):
                self._socket.settimeout(_GOODBYE_SECONDS)
                self._socket.unwrap()
        with suppress(OSError):
            self._socket.close()

    def _start(self) -> dict[str, str] | None:
        """What the client says as it begins; None if it only wanted something cancelled."""
        while True:
            size = Reader(self._read(4)).number("i")
            if not 8 <= size <= messages.MOST_UNPROVED:
                raise ProtocolError("invalid length of startup packet")
            reader = Reader(self._read(size - 4))
            code = reader.number("i")
            if code == messages.SSL:
                self._socket.sendall(b"S")
                self._socket = self._server.tls.wrap_socket(self._socket, server_side=True)
            elif code == messages.GSSENC:
                self._socket.sendall(b"N")
            elif code == messages.CANCEL:
                self._server.cancel(reader.number("i"), reader.number("I"))
                return None
            elif code == messages.PROTOCOL:
                asked = {}
                while (name := reader.text()) if reader.left else "":
                    asked[name] = reader.text()
                return asked
            else:
                raise ProtocolError("unsupported frontend protocol")

    def _let_in(self, asked: Mapping[str, str]) -> bool:
        user = asked.get("user", "")
        database = asked.get("database") or user
        verifier = self._proof(user, database)
        if not verifier:
            self._fail(RedshiftError(INVALID_PASSWORD, f'password authentication failed for user "{user}"'), "FATAL")
            self._flush()
            return False
        self._out += messages.authentication(0)
        try:
            self.session = self._server.session(user, database, self.process, verifier)
        except RedshiftError as error:
            self._fail(error, "FATAL")
            self._flush()
            return False
        for name, value in {**_STATUS, "session_authorization": user}.items():
            self._out += messages.parameter_status(name, value)
        self._out += messages.key_data(self.process, self.secret)
        self._out += messages.ready(self.session.status)
        self._flush()
        return True

    def _proof(self, user: str, database: str) -> str:
        """By which verifier the client proves that it knows a password; "" if it knows none.

        It never sends the password, only MD5 of it with a salt of ours.
        """
        salt = os.urandom(4)
        self._out += messages.authentication(5, salt)
        self._flush()
        kind, body = self._read_message(messages.MOST_UNPROVED)
        if kind != b"p":
            raise ProtocolError("expected a password")
        given = body.rstrip(b"\0")
        proof = ""
        for known in self._server.verifiers(user, database) or [secrets.token_hex(16)]:
            wanted = b"md5" + hashlib.md5(known.encode() + salt).hexdigest().encode()
            proof = known if hmac.compare_digest(given, wanted) else proof
        return proof

    # Statements

    def _serve_statements(self) -> None:
        skipping = False  # what follows an error up to the next Sync is not done
        while True:
            kind, body = self._read_message(messages.MOST)
            if kind == b"X":
                return
            if skipping and kind != b"S":
                continue
            try:
                self._obey(kind, Reader(body), body)
            except RedshiftError as error:
                self._fail(error)
                skipping = kind != b"Q"
            except (ProtocolError, OSError, EOFError):
                raise
            except Exception as error:
                log.exception("a statement failed")
                self._fail(RedshiftError(INTERNAL, f"{type(error).__name__}: {error}"))
                skipping = kind != b"Q"
            if kind in (b"Q", b"S"):
                skipping = False
                assert self.session
                if self.session.status == "I":
                    self._portals.clear()  # they end with their transaction
                    self._ahead = None
                self._out += messages.ready(self.session.status)
            if kind in (b"Q", b"S", b"H") or len(self._out) > _BUFFER:
                self._flush()

    def _obey(self, kind: bytes, reader: Reader, body: bytes) -> None:
        match kind:
            case b"Q":
                self._query(reader.text())
            case b"P":
                self._parse(reader)
            case b"B":
                self._bind(messages.Bind.read(body))
            case b"D":
                self._describe(reader.take(1), reader.text())
            case b"E":
                self._execute(reader.text(), reader.number("i"))
            case b"C":
                what = self._own.prepared if reader.take(1) == b"S" else self._portals
                what.pop(reader.text(), None)
                self._out += messages.CLOSE_COMPLETE
            case b"S" | b"H":
                pass
            case _:
                raise ProtocolError(f"unknown message {kind!r}")

    @property
    def _own(self) -> ClientSession:
        assert self.session is not None
        return self.session

    def _query(self, sql: str) -> None:
        self._settle()
        statements = self._own.split(sql)
        if not statements:
            self._out += messages.EMPTY
        with self._own.together(statements):
            for statement in statements:
                result = self._own.run(statement, [])
                if result.columns is not None:
                    self._out += messages.row_description(result.columns)
                sent, _ = self._send_rows(result, [], 0)
                self._complete(result, sent)

    def _parse(self, reader: Reader) -> None:
        name, sql = reader.text(), reader.text()
        types = [reader.number("i") for _ in range(max(reader.number("h"), 0))]
        statements = self._own.split(sql)
        if len(statements) > 1:
            raise RedshiftError(SYNTAX, "cannot insert multiple commands into a prepared statement")
        self._own.prepared[name] = Prepared(statements[0] if statements else None, types)
        self._out += messages.PARSE_COMPLETE

    def _bind(self, bind: messages.Bind) -> None:
        prepared = self._of(self._own.prepared, bind.statement, "prepared statement", "26000")
        parameters = []
        for number, value in enumerate(bind.values):
            oid = prepared.types[number] if number < len(prepared.types) else 0
            try:
                given = None if value is None else from_wire(oid, bool(messages.form_of(bind.formats, number)), value)
            except ValueError as error:
                raise RedshiftError("22P03", str(error)) from None
            parameters.append(Parameter(oid, given))
        self._portals[bind.portal] = _Portal(prepared.statement, parameters, bind.result_formats)
        self._out += messages.BIND_COMPLETE

    def _describe(self, kind: bytes, name: str) -> None:
        if kind == b"S":
            prepared = self._of(self._own.prepared, name, "prepared statement", "26000")
            types, columns = self._described(prepared.statement, prepared.types)
            self._out += messages.parameter_description(types)
            self._out += messages.NO_DATA if columns is None else messages.row_description(columns)
            return
        if name not in self._portals and (cursor := self._own.cursors.get(name)):  # a portal that DECLARE has made
            self._out += messages.row_description(cursor.columns or [])
            return
        portal = self._of(self._portals, name, "portal", "34000")
        if portal.result is None and self._own.only_reads(portal.statement):
            # It is about to be executed. Its values are known, and to read a query twice costs more than many a query.
            self._settle()
            portal.result = self._own.run(portal.statement, portal.parameters)
            portal.columns = portal.result.columns
            self._ahead = portal
            self._out += messages.row_description(portal.columns or [], portal.formats)
            return
        known = [each.type or PYTHON.get(type(each.value), UNKNOWN) for each in portal.parameters]
        _, portal.columns = self._described(portal.statement, known)
        if portal.columns is None:
            self._out += messages.NO_DATA
        else:
            self._out += messages.row_description(portal.columns, portal.formats)

    def _described(self, statement: Any, types: Sequence[int]) -> tuple[list[int], list[Column] | None]:
        if statement is None:
            return [], None
        self._settle()
        found, columns = self._own.describe(statement, types)
        return [each or VARCHAR for each in found], columns

    def _execute(self, name: str, most: int) -> None:
        portal = self._of(self._portals, name, "portal", "34000")
        if portal.statement is None:
            self._out += messages.EMPTY
            return
        result = portal.result
        if result is None:
            self._settle()
            result = portal.result = self._own.run(portal.statement, portal.parameters)
            self._ahead = portal
        if self._ahead is portal:
            self._ahead = None
            if most:  # other statements may run before the rest is asked for
                result.rows = iter(list(result.rows))
        if portal.columns is not None:  # what was described is what is sent
            result.columns = portal.columns
        sent, all_sent = self._send_rows(result, portal.formats, most)
        portal.sent += sent
        if all_sent:
            self._complete(result, portal.sent)
        else:
            self._out += messages.SUSPENDED

    def _settle(self) -> None:
        """Take the rows of what has run and not been fetched: the next statement ends its result."""
        if self._ahead is not None and self._ahead.result is not None:
            self._ahead.result.rows = iter(list(self._ahead.result.rows))
        self._ahead = None

    def _send_rows(self, result: Result, formats: Sequence[int], most: int) -> tuple[int, bool]:
        """Send at most so many rows (0: all); returns how many there were, and whether that was all."""
        columns, sent = result.columns or [], 0
        write: list[Callable[[int, Any], bytes]] = [
            to_binary if messages.form_of(formats, number) else to_text for number in range(len(columns))
        ]
        pairs = [(each, column.type) for each, column in zip(write, columns, strict=True)]
        while rows := list(islice(result.rows, min(_ROWS_AT_ONCE, most - sent) if most else _ROWS_AT_ONCE)):
            for row in rows:
                values = [
                    None if value is None else encode(oid, value)
                    for value, (encode, oid) in zip(row, pairs, strict=True)
                ]
                self._out += messages.data_row(values)
                if len(self._out) > _BUFFER:
                    self._flush()
            sent += len(rows)
            if most and sent >= most:
                return sent, False
        return sent, True

    def _complete(self, result: Result, sent: int) -> None:
        for said in self._own.notices():
            self._out += messages.report(b"N", "INFO", "00000", said, {})
        self._out += messages.command_complete(f"{result.tag} {sent}" if result.counted else result.tag)

    # Bytes

    def _fail(self, error: RedshiftError, severity: str = "ERROR") -> None:
        self._out += messages.report(b"E", severity, error.code, error.said, error.more)

    @staticmethod
    def _of(known: Mapping[str, Any], name: str, kind: str, code: str) -> Any:
        if name not in known:
            raise RedshiftError(code, f'{kind} "{name}" does not exist')
        return known[name]

    def _read_message(self, most: int) -> tuple[bytes, bytes]:
        kind = self._read(1)
        size = Reader(self._read(4)).number("i") - 4
        if not 0 <= size <= most:
            raise ProtocolError("a message has an invalid length")
        return kind, self._read(size)

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            block = self._socket.recv(min(size - len(data), _BUFFER))
            if not block:
                raise EOFError
            data += block
        return bytes(data)

    def _flush(self) -> None:
        data, self._out = self._out, bytearray()
        self._socket.sendall(data)
