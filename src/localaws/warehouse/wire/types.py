"""Values as they go over the wire: PostgreSQL's numbers of types, and the text and binary form of each.

Sources: PostgreSQL documentation, "Frontend/Backend Protocol" and "Data Types"; Redshift database developer guide,
"Data types". SUPER and VARBYTE have numbers of Redshift's own, which its drivers know.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

BOOL, INT8, INT2, INT4, TEXT, OID, FLOAT4, FLOAT8, UNKNOWN = 16, 20, 21, 23, 25, 26, 700, 701, 705
BPCHAR, VARCHAR, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL, TIMETZ, NUMERIC = (
    1042, 1043, 1082, 1083, 1114, 1184, 1186, 1266, 1700,
)  # fmt: skip
SUPER, VARBYTE = 4000, 6551
#: Bytes of a value of the type; -1 where they differ.
SIZES = {BOOL: 1, INT8: 8, INT2: 2, INT4: 4, OID: 4, FLOAT4: 4, FLOAT8: 8, DATE: 4, TIME: 8, TIMESTAMP: 8}
SIZES |= {TIMESTAMPTZ: 8, TIMETZ: 12, INTERVAL: 16}
_EPOCH = datetime(2000, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Column:
    """One of a result: its name, the number of its type, and what that is limited to (PostgreSQL's ``atttypmod``)."""

    name: str
    type: int = VARCHAR
    modifier: int = -1


def limited(oid: int, *limits: int) -> int:
    """The modifier of ``varchar(n)`` and ``numeric(p, s)``."""
    if oid == NUMERIC:
        precision, scale = limits
        return (precision << 16 | scale) + 4
    return limits[0] + 4 if limits else -1


def to_text(oid: int, value: Any) -> bytes:
    """*value*, which is not None, as psql would show it."""
    write = _TEXT.get(oid)
    return (write(value) if write else str(value)).encode("utf-8", "replace")


def to_binary(oid: int, value: Any) -> bytes:
    """*value* in the binary form of its type; text, where the type has none here."""
    write = _BINARY.get(oid)
    return write(value) if write else to_text(oid, value)


def from_wire(oid: int, binary: bool, data: bytes) -> Any:
    """A parameter's value: of Python's type for it, or a text. Raises ValueError for what is none of the type."""
    if not binary:
        return data.decode()
    read = _READ.get(oid)
    try:
        return read(data) if read else data.decode()
    except struct.error as error:
        raise ValueError(f"a parameter of type {oid} is not {len(data)} bytes long: {error}") from None


def _bool(value: Any) -> str:
    return "t" if value else "f"


def _float(value: float) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    return text.removesuffix(".0")


def _float4(value: float) -> str:
    return _float(float(f"{value:.7g}")) if value == value and abs(value) != float("inf") else _float(value)


def _numeric(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _timestamp(value: Any) -> str:
    if not isinstance(value, datetime):
        return str(value)
    text = value.replace(tzinfo=None).isoformat(" ")
    return text.rstrip("0") if "." in text else text


def _timestamptz(value: Any) -> str:
    if not isinstance(value, datetime):
        return str(value)
    return _timestamp(_in_utc(value)) + "+00"


def _in_utc(value: datetime) -> datetime:
    """A moment without a zone is one in UTC."""
    return value.astimezone(UTC) if value.tzinfo else value


def _time(value: Any) -> str:
    text = value.replace(tzinfo=None).isoformat() if isinstance(value, time) else str(value)
    return text.rstrip("0") if "." in text else text


def _timetz(value: Any) -> str:
    return _time(value) + "+00"


def _interval(value: Any) -> str:
    if not isinstance(value, timedelta):
        return str(value)
    seconds = abs(value) // timedelta(seconds=1)
    days, rest = divmod(seconds, 86_400)
    sign = "-" if value < timedelta() else ""
    clock = f"{sign}{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    if micros := abs(value).microseconds:
        clock += f".{micros:06}".rstrip("0")
    if not days:
        return clock
    return f"{sign}{days} day{'s' if days != 1 else ''}" + (f" {clock}" if rest or micros else "")


def _super(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), default=str)


def _varbyte(value: Any) -> str:
    return bytes(value).hex() if isinstance(value, bytes | bytearray | memoryview) else str(value)


def _micros(value: datetime) -> int:
    return (value.replace(tzinfo=None) - _EPOCH) // _MICROSECOND


def _micros_of_day(value: time) -> int:
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def _packed_numeric(value: Any) -> bytes:
    """Groups of four decimal digits, the first with its weight."""
    number = Decimal(value)
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    scale = max(-exponent, 0)
    whole = abs(int(number.scaleb(scale)))
    padding = -scale % 4
    whole *= 10**padding
    groups: list[int] = []
    while whole:
        whole, group = divmod(whole, 10_000)
        groups.insert(0, group)
    weight = len(groups) - 1 - (scale + padding) // 4 if groups else 0
    while groups and not groups[-1]:
        groups.pop()
    return struct.pack(f"!hhHh{len(groups)}h", len(groups), weight, 0x4000 if sign and digits != (0,) else 0, scale,
                       *groups)  # fmt: skip


def _packed(form: str) -> Callable[[Any], bytes]:
    packer = struct.Struct(form)
    return packer.pack


def _unpacked(form: str) -> Callable[[bytes], Any]:
    packer = struct.Struct(form)
    return lambda data: packer.unpack(data)[0]


_TEXT: dict[int, Callable[[Any], str]] = {
    BOOL: _bool, FLOAT4: _float4, FLOAT8: _float, NUMERIC: _numeric, TIMESTAMP: _timestamp, TIMESTAMPTZ: _timestamptz,
    TIME: _time, TIMETZ: _timetz, INTERVAL: _interval, SUPER: _super, VARBYTE: _varbyte,
}  # fmt: skip
_BINARY: dict[int, Callable[[Any], bytes]] = {
    BOOL: _packed("!?"), INT2: _packed("!h"), INT4: _packed("!i"), INT8: _packed("!q"), OID: _packed("!I"),
    FLOAT4: _packed("!f"), FLOAT8: _packed("!d"), NUMERIC: _packed_numeric,
    DATE: lambda value: struct.pack("!i", (value - _EPOCH.date()).days),
    TIME: lambda value: struct.pack("!q", _micros_of_day(value)),
    TIMESTAMP: lambda value: struct.pack("!q", _micros(value)),
    TIMESTAMPTZ: lambda value: struct.pack("!q", _micros(_in_utc(value))),
    VARBYTE: bytes,
}  # fmt: skip
_READ: dict[int, Callable[[bytes], Any]] = {
    BOOL: _unpacked("!?"), INT2: _unpacked("!h"), INT4: _unpacked("!i"), INT8: _unpacked("!q"), OID: _unpacked("!I"),
    FLOAT4: _unpacked("!f"), FLOAT8: _unpacked("!d"),
    DATE: lambda data: _EPOCH.date() + timedelta(days=struct.unpack("!i", data)[0]),
    TIME: lambda data: (_EPOCH + timedelta(microseconds=struct.unpack("!q", data)[0])).time(),
    TIMESTAMP: lambda data: _EPOCH + timedelta(microseconds=struct.unpack("!q", data)[0]),
    TIMESTAMPTZ: lambda data: (_EPOCH + timedelta(microseconds=struct.unpack("!q", data)[0])).replace(tzinfo=UTC),
    VARBYTE: bytes,
}  # fmt: skip
#: Python's type of a value → the number of a parameter's type that was not told.
PYTHON: dict[type, int] = {bool: BOOL, int: INT8, float: FLOAT8, Decimal: NUMERIC, date: DATE, datetime: TIMESTAMP}
