"""JSON as Trino prints it, and the SQL/JSON paths of json_exists, json_value and json_query.

Source: Trino's "JSON functions and operators": JSON path language. Filters, methods and arithmetic within a path are
not served.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_STEP = re.compile(
    r"\s*(?:\.\s*(?P<name>[A-Za-z_]\w*)|\.\s*\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<members>\.\s*\*)|(?P<items>\[\s*\*\s*\])|"
    r"\[\s*(?P<index>\d+)\s*(?:to\s+(?P<last>\d+)\s*)?\]|\[\s*(?P<end>last)\s*\])"
)
Step = tuple[str, Any]


class PathError(Exception):
    """A path that cannot be read, or is not served; or, in strict mode, a value that it does not fit."""


def canonical(text: str) -> str:
    """JSON without blanks and with its keys in order, as json_parse() makes it."""
    return _dump(json.loads(text), in_order=True)


def compact(text: str) -> str:
    """JSON without blanks, its keys as they stand."""
    return _dump(json.loads(text))


def _dump(value: Any, in_order: bool = False) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=in_order)


@lru_cache(256)
def _parsed(path: str) -> tuple[bool, tuple[Step, ...]]:
    """Whether the *path* is strict, and its steps."""
    mode = re.match(r"\s*(lax|strict)\s+", path)
    rest = path[mode.end() :] if mode else path
    root = re.match(r"\s*\$", rest)
    if root is None:
        raise PathError(f"cannot parse the JSON path: {path}")
    steps: list[Step] = []
    position = root.end()
    while rest[position:].strip():
        step = _STEP.match(rest, position)
        if step is None:
            raise PathError(f"the JSON path {path} is not supported by this lab yet, or is none")
        position = step.end()
        kind = step.lastgroup if step.lastgroup != "last" else "index"
        match kind:
            case "name":
                steps.append(("member", step["name"]))
            case "quoted":
                steps.append(("member", json.loads(f'"{step["quoted"]}"')))
            case "index":
                steps.append(("range", (int(step["index"]), int(step["last"] or step["index"]))))
            case _:
                steps.append((str(kind), None))
    return bool(mode and mode[1] == "strict"), tuple(steps)


def _follow(values: list[Any], step: Step, strict: bool) -> Iterator[Any]:
    kind, what = step
    for value in values:
        if kind in ("member", "members"):
            holders = value if isinstance(value, list) and not strict else [value]
            for holder in holders:
                if not isinstance(holder, dict):
                    if strict:
                        raise LookupError
                elif kind == "members":
                    yield from holder.values()
                elif what in holder:
                    yield holder[what]
                elif strict:
                    raise LookupError
        else:
            if not isinstance(value, list) and strict:
                raise LookupError
            items = value if isinstance(value, list) else [value]
            if kind == "items":
                yield from items
            elif kind == "end":
                yield from items[-1:]
            elif strict and what[1] >= len(items):
                raise LookupError
            else:
                yield from items[what[0] : what[1] + 1]


def query(text: str, path: str, what: str) -> str | None:
    """*what* is "exists" ("true" or "false"), "value" (a scalar as text), or "query" with the wrapper after it.

    None stands for nothing found, and for an error: the clause ON EMPTY or ON ERROR is NULL.
    """
    strict, steps = _parsed(path)
    try:
        found: list[Any] = [json.loads(text)]
        for step in steps:
            found = list(_follow(found, step, strict))
    except (ValueError, LookupError):
        return "false" if what == "exists" else None
    if what == "exists":
        return "true" if found else "false"
    if what == "value":
        scalar = len(found) == 1 and not isinstance(found[0], dict | list) and found[0] is not None
        return (found[0] if isinstance(found[0], str) else _dump(found[0])) if scalar else None
    if what == "query wrapped" or (what == "query conditional" and len(found) != 1):
        return _dump(found) if found else None
    return _dump(found[0]) if len(found) == 1 else None
