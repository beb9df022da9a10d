"""Partition keys from records, by jq: checked for what it must not reach, and run where it can be ended.

Source: "Create partitioning keys" (firehose/latest/dev/dynamic-partitioning-partitioning-keys.html).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from threading import Event
from typing import Any

from localaws.children import Cancelled, Children, Overrun

#: Seconds that a batch of records may take, and a record by itself after its batch has taken longer.
_LONGEST = 0.5
_AT_ONCE = 100
#: What would reach out of the record: modules are files of this machine, the environment is the server's.
_REFUSED = set(
    "import include module modulemeta get_search_list env $ENV $__prog_args input inputs input_filename "
    "input_line_number halt halt_error".split()
)
_CODE = re.compile(r"#[^\r\n]*|[.$@]?[A-Za-z_]\w*|\.?\"|.", re.DOTALL)
_TEXT = re.compile(r"\\?.", re.DOTALL)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_jq = Children("localaws.engines.firehose.jqprograms")
#: Programs that run at the same time, of all streams: each may take as much memory as a child has.
_turn = threading.Semaphore(4)


def check(program: str) -> None:
    """Raises ValueError for a program that is not jq, or that uses what a record's query has no need of."""
    for word in _words(program):
        if word in _REFUSED:
            raise ValueError(f"{word} is not supported")
    try:
        _jq.call("check", program, seconds=_LONGEST)
    except Overrun as overrun:
        raise ValueError(f"it cannot be compiled, for {overrun}") from None


def first_results(program: str, texts: list[bytes], stopping: Event) -> Iterator[tuple[Any, str]]:
    """What *program* makes of each of *texts* first, or why there is nothing.

    Once *stopping* is set and the program is found to take too long, the texts that are left are given up.
    """
    given_up = False
    for start in range(0, len(texts), _AT_ONCE):
        part = texts[start : start + _AT_ONCE]
        try:
            if not given_up:
                yield from _run(program, part)
                continue
        except (Overrun, Cancelled):
            pass
        for text in part:
            given_up = given_up or stopping.is_set()
            yield (None, "the lab is stopping") if given_up else _alone(program, text)


def give_up() -> None:
    """End what runs at this moment, for the lab is about to stop: half a second of a busy processor is long."""
    _jq.close()


def _run(program: str, texts: list[bytes]) -> list[tuple[Any, str]]:
    with _turn:
        found = _jq.call("first_results", program, texts, seconds=_LONGEST)
    return [tuple(each) for each in found]


def _alone(program: str, text: bytes) -> tuple[Any, str]:
    try:
        return _run(program, [text])[0]
    except (Overrun, Cancelled) as error:
        return None, f"MetadataExtractionQuery was ended: {error}"


def _words(program: str) -> Iterator[str]:
    """The names in *program* that are called: not those in texts and comments, nor keys and fields."""
    open_: list[str] = []  # brackets, and quotes: a text may hold code, "\(like this)"
    before, position = "", 0
    while position < len(program):
        inside = open_[-1] if open_ else ""
        match = (_TEXT if inside == '"' else _CODE).match(program, position)
        assert match is not None
        token, position = match[0], match.end()
        if inside == '"':
            if token == '"':
                open_.pop()
            elif token == "\\(":
                open_.append("(")
            continue
        if token.isspace() or token.startswith("#"):
            continue
        if token.endswith('"'):
            open_.append('"')
        elif token in _CLOSING:
            open_.append(token)
        elif inside and token == _CLOSING[inside]:
            open_.pop()
        elif token[0] == "$" or not (inside == "{" and before in ("{", ",") and _ends_key(program, position)):
            yield token
        before = token


def _ends_key(program: str, position: int) -> bool:
    """Whether a key of an object ends at *position*: ``{env: …}``, ``{env}``."""
    return program[position:].lstrip()[:1] in (":", ",", "}")
