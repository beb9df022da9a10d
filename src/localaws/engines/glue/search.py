"""SearchTables: tables of the catalog by their texts and properties.

Source: "SearchTables" of the Glue web API reference: a text is compared with the words of a table, which punctuation
parts; a text in quotes with a whole value; times by a comparator.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

Table = dict[str, Any]
_WORDS = re.compile(r"[^\W_]+")
_COMPARED = {
    "EQUALS": operator.eq,
    "GREATER_THAN": operator.gt,
    "LESS_THAN": operator.lt,
    "GREATER_THAN_EQUALS": operator.ge,
    "LESS_THAN_EQUALS": operator.le,
}
_TIMES = ("CreateTime", "UpdateTime")


def search(
    tables: Iterable[Table], text: str, filters: Iterable[dict[str, str]], sort: Iterable[dict[str, str]]
) -> list[Table]:
    """Those of *tables* (as GetTables tells them) that have *text* and pass all *filters*, in the order of *sort*.

    *filters* have Key, Value and Comparator, *sort* FieldName and Sort (ASC, DESC), as SearchTables takes them.
    """
    wanted = list(filters)
    found = [
        each
        for each in tables
        if (not text or _matches(text, _texts(each))) and all(_passes(each, one) for one in wanted)
    ]
    for key in reversed(list(sort)):
        found.sort(key=lambda each: str(_field(each, key.get("FieldName", "Name"))), reverse=key.get("Sort") == "DESC")
    return found


def _texts(table: Table) -> Iterator[str]:
    """What a search looks through: names, descriptions, properties and columns."""
    storage = table.get("StorageDescriptor") or {}
    yield from (str(table[key]) for key in ("Name", "DatabaseName", "Description", "Owner") if table.get(key))
    for holder in (table, storage, storage.get("SerdeInfo") or {}):
        for key, value in (holder.get("Parameters") or {}).items():
            yield from (key, str(value))
    for column in (*(storage.get("Columns") or []), *(table.get("PartitionKeys") or [])):
        yield from (column["Name"], column.get("Comment") or "")


def _matches(text: str, values: Iterable[str]) -> bool:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return any(value.lower() == text[1:-1].lower() for value in values)
    words = set(_WORDS.findall(text.lower()))
    return bool(words) and any(words <= set(_WORDS.findall(value.lower())) for value in values)


def _field(table: Table, key: str) -> Any:
    known = {name.lower(): value for name, value in table.items()}
    return known.get(key.lower(), (table.get("Parameters") or {}).get(key, ""))


def _passes(table: Table, condition: dict[str, str]) -> bool:
    key, value = condition.get("Key", "Name"), condition.get("Value", "")
    held = _field(table, key)
    if key in _TIMES:
        compare = _COMPARED[condition.get("Comparator", "EQUALS")]
        return bool(held) and bool(compare(_seconds(held), _seconds(value)))
    return _matches(value, [str(held)])


def _seconds(moment: Any) -> float:
    if isinstance(moment, datetime):
        return moment.timestamp()
    try:
        return float(moment)
    except ValueError:
        return datetime.fromisoformat(str(moment)).timestamp()
