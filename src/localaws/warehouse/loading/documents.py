"""JSON and Avro as rows of texts: each document is a row, whose values lie at paths.

Sources: Redshift database developer guide, "COPY from JSON format" (auto, auto ignorecase, noshred, jsonpaths), "COPY
from Avro".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro

import localaws.lake.files.avro  # noqa: F401 # has fastavro unpack snappy and zstd
from localaws.lake.quoting import literal, texts
from localaws.warehouse.errors import WRONG_VALUE, RedshiftError
from localaws.warehouse.loading.fields import MOST_ROW_BYTES
from localaws.warehouse.loading.files import File, Folder, opened
from localaws.warehouse.loading.records import Record
from localaws.warehouse.loading.request import Copy
from localaws.warehouse.loading.target import Field
from localaws.warehouse.loading.values import raw

#: Steps from a document to a value: names and numbers.
JsonPath = list[str | int]
_STEP = re.compile(r"\.([^.\[\]]+)|\['([^']*)'\]|\[\"([^\"]*)\"\]|\[(\d+)\]")
_MALFORMED = (1216, "Invalid JSON: the document is malformed")


def paths_of(copy: Copy, fields: Sequence[Field], document: str | None) -> list[JsonPath]:
    """Where each field's value lies; *document* is the file of paths, if COPY names one."""
    if document is None:
        return [[]] if copy.paths.lower() == "noshred" else [[field.name] for field in fields]
    key = "jsonpaths" if copy.format == "JSON" else "avropaths"
    try:
        listed = json.loads(document)[key]
    except (ValueError, KeyError, TypeError):
        raise RedshiftError(WRONG_VALUE, f"Invalid JSONPath format: the file must be an object with '{key}'") from None
    if len(listed) != len(fields):
        raise RedshiftError(
            WRONG_VALUE, f"Number of jsonpaths and the number of columns should match. JSONPath size: {len(listed)}, "
            f"Number of columns in table or column list: {len(fields)}"
        )  # fmt: skip
    return [_steps(path) for path in listed]


def _steps(path: Any) -> JsonPath:
    """``$.a['b'][0]`` → a, b, 0."""
    text = path.strip() if isinstance(path, str) else ""
    if not text.startswith("$"):
        raise RedshiftError(WRONG_VALUE, f"Invalid JSONPath format: {path}")
    steps, place = JsonPath(), 1
    while place < len(text):
        found = _STEP.match(text, place)
        if found is None:
            raise RedshiftError(WRONG_VALUE, f"Invalid JSONPath format: {path}")
        steps.append(int(found[4]) if found[4] else next(each for each in found.groups() if each is not None))
        place = found.end()
    return steps


def quick(copy: Copy, files: Sequence[File], fields: Sequence[Field], paths: Sequence[JsonPath]) -> str | None:
    """A relation of the texts at *paths*, which DuckDB reads; None where it cannot."""
    if copy.paths.lower() == "auto ignorecase" or copy.packed == "bz2":
        return None
    values = []
    for place, (field, path) in enumerate(zip(fields, paths, strict=True)):
        where = literal(_duckdb_path(path))
        if field.type == "super":
            text = f"nullif(CAST(json_extract(json, {where}) AS VARCHAR), 'null')"
        else:
            text = f"json_extract_string(json, {where})"
        values.append(f"{text} AS {raw(place)}")
    return (
        f"(SELECT {', '.join(values)} FROM read_json_objects({texts(str(file.path) for file in files)}, "
        f"format = 'unstructured', compression = {literal(copy.packed or 'none')}, "
        f"maximum_object_size = {MOST_ROW_BYTES}))"
    )


def _duckdb_path(path: JsonPath) -> str:
    steps = [f"[{step}]" if isinstance(step, int) else '."' + step.replace('"', '\\"') + '"' for step in path]
    return f"${''.join(steps)}"


def records(copy: Copy, file: File, fields: Sequence[Field], paths: Sequence[JsonPath]) -> Iterator[Record]:
    """The documents one by one; behind one that is malformed it goes on with the next line."""
    with opened(file, copy.packed) as source:
        text = source.read().decode("utf-8", "replace").removeprefix("\ufeff")
    decoder = json.JSONDecoder(parse_float=Decimal)
    place, line, counted = 0, 1, 0
    while True:
        while place < len(text) and text[place] in " \t\r\n":
            place += 1
        if place >= len(text):
            return
        line, counted = line + text.count("\n", counted, place), place
        try:
            document, end = decoder.raw_decode(text, place)
            values = [_text(_at(document, path, copy), field) for field, path in zip(fields, paths, strict=True)]
            yield Record(line, text[place:end], values)
        except (ValueError, RecursionError):
            end = text.find("\n", place)
            end = len(text) if end < 0 else end
            yield Record(line, text[place:end], [], _MALFORMED)
        place = end


def _at(document: Any, path: JsonPath, copy: Copy) -> Any:
    for step in path:
        if isinstance(step, int):
            document = document[step] if isinstance(document, list) and step < len(document) else None
        elif not isinstance(document, dict):
            return None
        elif copy.paths.lower() == "auto ignorecase":
            document = next((value for key, value in document.items() if key.lower() == step.lower()), None)
        else:
            document = document.get(step)
    return document


def _text(value: Any, field: Field) -> str | None:
    if value is None or (isinstance(value, str) and field.type != "super"):
        return value
    if isinstance(value, bool | dict | list) or field.type == "super":
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=float)
    return str(value)


def avro_as_json(file: File, folder: Folder) -> File:
    """The records of an Avro file as JSON, one a line."""
    target = folder.new(".json")
    with file.path.open("rb") as source, target.open("w", encoding="utf-8") as sink:
        try:
            for record in fastavro.reader(source):
                sink.write(json.dumps(record, ensure_ascii=False, default=_plain) + "\n")
        except Exception as error:  # whatever a decoder makes of bytes that are nothing it knows
            raise RedshiftError("XX000", f"Invalid AVRO file found. {file.uri}: {error}") from None
    return File(file.uri, Path(target), target.stat().st_size)


def _plain(value: Any) -> Any:
    """A value that JSON has no form for, as COPY reads it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)
