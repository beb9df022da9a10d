"""Messages of PostgreSQL's protocol, version 3: what a client sends, read, and what a server sends, written.

Source: PostgreSQL documentation, "Message Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from localaws.warehouse.wire.types import SIZES, Column

PROTOCOL, CANCEL, SSL, GSSENC = 196608, 80877102, 80877103, 80877104
#: A client that has not proved who it is sends no more than this in a message.
MOST_UNPROVED = 16 << 10
#: A statement is at most 16 MB ("Quotas and limits", Redshift management guide), and has its parameters beside it.
MOST = 64 << 20


class ProtocolError(Exception):
    """What came is no message of the protocol."""


class Reader:
    """Takes the fields of a message one after the other. Raises ProtocolError where there are none left."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def number(self, form: str) -> int:
        try:
            (value,) = struct.unpack_from(f"!{form}", self._data, self._place)
        except struct.error:
            raise ProtocolError("a message is too short") from None
        self._place += struct.calcsize(form)
        return int(value)

    def text(self) -> str:
        end = self._data.find(b"\0", self._place)
        if end < 0:
            raise ProtocolError("a text has no end")
        text, self._place = self._data[self._place : end], end + 1
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise ProtocolError("a text is not UTF-8") from None

    def take(self, size: int) -> bytes:
        if not 0 <= size <= len(self._data) - self._place:
            raise ProtocolError("a value is longer than its message")
        self._place += size
        return self._data[self._place - size : self._place]

    def numbers(self, form: str) -> list[int]:
        """As many as the number in front of them says."""
        return [self.number(form) for _ in range(max(self.number("h"), 0))]

    @property
    def left(self) -> bytes:
        return self._data[self._place :]


@dataclass(frozen=True)
class Bind:
    """Values for a prepared statement, each None or bytes, and the forms in which its result is wanted."""

    portal: str
    statement: str
    formats: list[int]
    values: list[bytes | None]
    result_formats: list[int]

    @classmethod
    def read(cls, data: bytes) -> Bind:
        reader = Reader(data)
        portal, statement = reader.text(), reader.text()
        formats = reader.numbers("h")
        values: list[bytes | None] = []
        for _ in range(max(reader.number("h"), 0)):
            size = reader.number("i")
            values.append(None if size < 0 else reader.take(size))
        return cls(portal, statement, formats, values, reader.numbers("h"))


def form_of(formats: Sequence[int], number: int) -> int:
    """The form of the column or parameter *number*: all may have one, and none that is named is text (0)."""
    if not formats:
        return 0
    return formats[0] if len(formats) == 1 else formats[number] if number < len(formats) else 0


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def text(value: str) -> bytes:
    return value.encode().replace(b"\0", b"") + b"\0"


def authentication(kind: int, more: bytes = b"") -> bytes:
    return message(b"R", struct.pack("!i", kind) + more)


def parameter_status(name: str, value: str) -> bytes:
    return message(b"S", text(name) + text(value))


def key_data(process: int, secret: int) -> bytes:
    return message(b"K", struct.pack("!iI", process, secret))


def ready(status: str) -> bytes:
    return message(b"Z", status.encode())


def row_description(columns: Sequence[Column], formats: Sequence[int] = ()) -> bytes:
    fields = b"".join(
        text(column.name)
        + struct.pack(
            "!ihihih", 0, 0, column.type, SIZES.get(column.type, -1), column.modifier, form_of(formats, number)
        )
        for number, column in enumerate(columns)
    )
    return message(b"T", struct.pack("!h", len(columns)) + fields)


def data_row(values: Sequence[bytes | None]) -> bytes:
    fields = [struct.pack("!h", len(values))]
    for value in values:
        fields.append(b"\xff\xff\xff\xff" if value is None else struct.pack("!i", len(value)) + value)
    return message(b"D", b"".join(fields))


def command_complete(tag: str) -> bytes:
    return message(b"C", text(tag))


def parameter_description(types: Sequence[int]) -> bytes:
    return message(b"t", struct.pack("!h", len(types)) + b"".join(struct.pack("!i", each) for each in types))


def report(kind: bytes, severity: str, code: str, said: str, more: Mapping[str, str]) -> bytes:
    """An error (``b"E"``) or a notice (``b"N"``); *more* are fields by their letters."""
    fields = {"S": severity, "V": severity, "C": code, "M": said, **more}
    return message(kind, b"".join(name.encode() + text(value) for name, value in fields.items()) + b"\0")


PARSE_COMPLETE, BIND_COMPLETE, CLOSE_COMPLETE = message(b"1"), message(b"2"), message(b"3")
NO_DATA, EMPTY, SUSPENDED = message(b"n"), message(b"I"), message(b"s")
