"""Solutions and starter code: both come from the cells of `solutions/`, so they cannot drift apart.

A cell that solves an exercise is tagged `exercise:NAME`. In it, `# stub: TEXT` opens a block and `# end` closes it:

    def shard_of(key):
        # stub: return ____
        digest = hashlib.md5(key.encode()).digest()
        return int.from_bytes(digest) >> 126
        # end

The starter code has the texts in place of the block; the solution has the block without these comments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dehelpers.process.project import root

TAG = "exercise:"
_STUB = re.compile(r"^(\s*)# stub: ?(.*)$")
_END = re.compile(r"^\s*# end$")


def solution(part: str, name: str) -> str:
    """The code that solves an exercise.

    Raises:
        LookupError: there is no such cell, or no such notebook.
    """
    return "\n".join(_lines(_cell(part, name), stub=False))


def starter(part: str, name: str) -> str:
    """The code that an exercise begins with.

    Raises:
        LookupError: there is no such cell, or no such notebook.
    """
    return stub(_cell(part, name))


def stub(source: str) -> str:
    """Starter code made from the source of a solution's cell."""
    return "\n".join(_lines(source, stub=True))


def exercise_of(cell: Mapping[str, Any]) -> str:
    """The name of the exercise that a cell solves; "" if it solves none."""
    return next((tag.removeprefix(TAG) for tag in cell["metadata"].get("tags", []) if tag.startswith(TAG)), "")


def _lines(source: str, *, stub: bool) -> list[str]:
    lines, inside = [], False
    for line in source.splitlines():
        if match := _STUB.match(line):
            inside = True
            if stub:
                lines.append((match[1] + match[2]).rstrip())
        elif _END.match(line):
            if not inside:
                raise ValueError("`# end` without a `# stub:` before it")
            inside = False
        elif not (inside and stub):
            lines.append(line)
    if inside:
        raise ValueError("`# stub:` without an `# end` after it")
    return lines


def _cell(part: str, name: str) -> str:
    path = root() / "solutions" / f"{part}.ipynb"
    if not path.is_file():
        raise LookupError(f"{path} is missing. In a clone of the project restore it with: git checkout -- solutions")
    cells = _cells(path, path.stat().st_mtime_ns)
    if name not in cells:
        raise LookupError(f"{path} has no cell tagged {TAG}{name}")
    return cells[name]


@cache
def _cells(path: Path, _modified: int) -> dict[str, str]:
    """Source of each tagged cell; the modification time makes a changed file be read again."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]  # importing nbformat takes seconds
    return {name: "".join(cell["source"]) for cell in cells if (name := exercise_of(cell))}
