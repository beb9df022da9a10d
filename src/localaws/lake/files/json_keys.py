"""How the records of a JSON table spell their keys, and files written anew whose records do not agree.

Both SerDes compare names without regard to case, record by record: ``{"UserId": 1}`` and ``{"userid": 2}`` have one
column. DuckDB's reader looks for one spelling of a key. So the files are searched for spellings first, which is quick
and is remembered, and only those that spell a name otherwise than the others are written anew.

Source: "Hive JSON SerDe", "OpenX JSON SerDe" (athena/latest/ug/hive-json-serde.html, openx-json-serde.html): the
property case.insensitive, and `JSONException: Duplicate key` for a record with two keys that only differ in case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from localaws.lake.catalog import Table
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure
from localaws.lake.files.packed import create_file, open_file, whole_lines
from localaws.lake.files.remembered import Remembered, identity
from localaws.lake.quoting import internal

#: Name, as the table has it → the spellings of it that records have.
Spellings = dict[str, tuple[str, ...]]
#: Runs a function with arguments where it can be ended.
Call = Callable[..., Any]
_KEY = re.compile(rb'"([^"\\]+)"\s*:')
#: The spellings in files, by what was looked for. A query reads partitions through links.
_known: Remembered[Spellings] = Remembered()


@dataclass(frozen=True)
class Keys:
    """Which key of a record each column is, and each field of a struct."""

    insensitive: bool
    dotted: bool
    """dots.in.keys: a column ``a_b`` is the key ``a.b`` too."""
    mapped: dict[str, str]
    """Column → its key, by the properties ``mapping.column``."""
    clashing: bool = False
    """Two columns are keys that only differ in case, which DuckDB does not tell apart."""
    names: frozenset[str] = frozenset()
    """What the table calls its columns and the fields of its structs."""
    spellings: Spellings = field(default_factory=dict)

    def name(self, key: str) -> str:
        """What a record's *key* is called in the table."""
        key = key.replace(".", "_") if self.dotted else key
        return key.lower() if self.insensitive else key

    def of_column(self, column: str) -> str:
        """The key to read for *column*."""
        return internal(column) if self.clashing else self.of_field(self.mapped.get(column, column))

    def of_field(self, name: str) -> str:
        """The key to read for what the table calls *name*."""
        return self.spellings.get(self.name(name), (name,))[0]

    @property
    def agreed(self) -> bool:
        """Whether reading one key for each column finds them all."""
        return not self.clashing and all(len(each) == 1 for each in self.spellings.values())


def keys_of(call: Call, table: Table, paths: Sequence[str], uris: dict[str, str]) -> Keys:
    """The keys of *table* as the files *paths* spell them. *call* is the `Session.call` of the query."""
    parameters = table.serde_parameters
    mapped = {
        name.removeprefix("mapping.").lower(): key for name, key in parameters.items() if name.startswith("mapping.")
    }
    insensitive, dotted = (
        parameters.get(name, usual).lower() == "true"
        for name, usual in (("case.insensitive", "true"), ("dots.in.keys", "false"))
    )
    wanted = [mapped.get(column.name, column.name) for column in table.columns]
    clashing = not insensitive and len({key.lower() for key in wanted}) < len(set(wanted))
    keys = Keys(insensitive, dotted, mapped, clashing)
    if not (insensitive or dotted):
        return keys
    names = {keys.name(name) for name in (*wanted, *(name for each in table.columns for name in _fields(each.type)))}
    spellings: Spellings = {}
    for path in paths:
        for name, spelt in _spellings(call, path, uris[path], keys, frozenset(names)).items():
            spellings[name] = tuple(dict.fromkeys((*spellings.get(name, ()), *spelt)))
    return replace(keys, names=frozenset(names), spellings=spellings)


def _fields(column_type: Type) -> Iterator[str]:
    yield from column_type.fields
    for part in column_type.parts:
        yield from _fields(part)


# Which spellings there are


def _spellings(call: Call, path: str, uri: str, keys: Keys, names: frozenset[str]) -> Spellings:
    """How a file spells *names*."""
    about = *identity(path), keys.insensitive, keys.dotted, names
    found = _known.get(about)
    if found is None:
        found = call(spellings, path, uri, keys, names)
        _known.put(about, found, len(names) + sum(map(len, found.values())))
    return found


def spellings(path: str, uri: str, keys: Keys, names: frozenset[str]) -> Spellings:
    """How a file spells *names*: all that is between quotes before a colon is looked at, wherever it stands."""
    found: dict[str, dict[str, None]] = {}
    for key in sorted({each for block in _whole_lines(path, uri) for each in _quoted(block)}):
        spelt = key.decode("utf-8", "replace")
        if (name := keys.name(spelt)) in names:
            found.setdefault(name, {})[spelt] = None
    return {name: tuple(each) for name, each in found.items()}


def _quoted(block: bytes) -> set[bytes]:
    """What stands as a key in *block*, and some texts that do not."""
    if any(between in block for between in (b'" :', b'"\t:')):  # slower, and seldom
        return set(_KEY.findall(block))
    return {part.rpartition(b'"')[2] for part in block.split(b'":')}


def _whole_lines(path: str, uri: str) -> Iterator[bytes]:
    """The file, some lines at once. What cannot be read ends it: the reading itself will tell."""
    with suppress(OSError, EOFError), open_file(Path(path), uri) as file:
        yield from whole_lines(file, uri)


# Files written anew


def respell(call: Call, table: Table, paths: Sequence[str], uris: dict[str, str], farm: Path) -> list[str]:
    """The files to read instead of *paths*: those that spell a key otherwise than the others are written anew.

    A path within *farm*, the query's own, is replaced; of another a copy is put there. *call* is `Session.call`.
    Raises QueryFailure (HIVE_CURSOR_ERROR) for a record in which two keys are one column.
    """
    keys = keys_of(call, table, paths, uris)
    if keys.agreed:
        return list(paths)
    made = []
    for number, path in enumerate(paths):
        target = Path(path) if farm in Path(path).parents else farm / f"respelt-{number}"
        held = {} if keys.clashing else _spellings(call, path, uris[path], keys, keys.names)
        if keys.clashing or any(spelt != (keys.of_field(name),) for name, spelt in held.items()):
            target.parent.mkdir(parents=True, exist_ok=True)
            call(write_respelt, path, uris[path], target, table, keys)
            path = str(target)
        made.append(path)
    return made


def write_respelt(path: str, uri: str, target: Path, table: Table, keys: Keys) -> None:
    """Write the records of *path* to *target*, with the *keys* to read, and nothing but what the table has."""
    made = target.with_suffix(".respelt")
    _Respelling(table, keys, uri).write(path, made)
    made.replace(target)


class _Number(str):
    """A number as it is written: a decimal keeps its digits."""

    __slots__ = ()


class _Object(list[tuple[str, Any]]):
    """The keys and values of an object, in order."""


@dataclass(frozen=True)
class _Respelling:
    """Writes records with the keys that `Keys` tells to read, and nothing but what the table has."""

    table: Table
    keys: Keys
    uri: str

    def write(self, path: str, target: Path) -> None:
        decoder = json.JSONDecoder(
            object_pairs_hook=_Object, parse_float=_Number, parse_int=_Number, parse_constant=_Number
        )
        columns = {
            column.name: (self.keys.name(self.keys.mapped.get(column.name, column.name)), column.type)
            for column in self.table.columns
        }
        with create_file(target, self.uri) as out:
            for block in _whole_lines(path, self.uri):
                for line in block.decode("utf-8", "replace").splitlines(keepends=True):
                    try:
                        record = decoder.decode(line)
                    except (ValueError, RecursionError):
                        out.write(line.encode())  # the reading itself will tell
                        continue
                    out.write(self._record(record, columns).encode(errors="replace") + b"\n")

    def _record(self, record: Any, columns: dict[str, tuple[str, Type]]) -> str:
        if not isinstance(record, _Object):
            return _dump(record)
        try:
            held = self._held(record, {name for name, _ in columns.values()})
            members = {
                self.keys.of_column(column): self._value(held[name], column_type)
                for column, (name, column_type) in columns.items()
                if name in held
            }
        except QueryFailure:
            if self.table.serde_parameters.get("ignore.malformed.json", "false").lower() == "true":
                return "{}"
            raise
        return f"{{{','.join(f'{_dump(key)}:{value}' for key, value in members.items())}}}"

    def _held(self, record: _Object, wanted: set[str]) -> dict[str, Any]:
        """The values of a record by the table's names. Raises QueryFailure for two of one name."""
        held: dict[str, Any] = {}
        for key, value in record:
            name = self.keys.name(key)
            if name in held:
                words = f'Row is not a valid JSON Object - JSONException: Duplicate key "{name}"'
                raise QueryFailure("HIVE_CURSOR_ERROR", f"{words} ({self.uri})")
            if name in wanted:
                held[name] = value
        return held

    def _value(self, value: Any, column_type: Type) -> str:
        """A value as JSON: the structs in it with the keys to read, all else as it is."""
        if column_type.name == "row" and isinstance(value, _Object):
            fields = dict(zip((self.keys.name(each) for each in column_type.fields), column_type.parts, strict=True))
            held = self._held(value, set(fields))
            members = (
                f"{_dump(self.keys.of_field(name))}:{self._value(each, fields[name])}" for name, each in held.items()
            )
            return f"{{{','.join(members)}}}"
        if column_type.name == "array" and type(value) is list:
            return f"[{','.join(self._value(each, column_type.parts[0]) for each in value)}]"
        if column_type.name == "map" and isinstance(value, _Object):
            return f"{{{','.join(f'{_dump(key)}:{self._value(each, column_type.parts[1])}' for key, each in value)}}}"
        return _dump(value)


def _dump(value: Any) -> str:
    """A value as it was written, but for blanks between the parts."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, _Object):
        return f"{{{','.join(f'{_dump(key)}:{_dump(each)}' for key, each in value)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_dump, value))}]"
    return json.dumps(value, ensure_ascii=False)
