"""The records of calls, in two files: the newer one is written, the elder goes when the newer one is full.

Of what goes `event_history` keeps the management events.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from localaws.gateway.event_history import EventHistory
from localaws.gateway.records import Call

log = logging.getLogger(__name__)

#: Bytes of one file: of small calls 80,000.
FULL = 64 << 20
#: "This field has a maximum size of 100 KB; content exceeding that limit is truncated" (CloudTrail record contents).
MOST_OF_FIELD = 100 << 10
_FIELDS = ("request_parameters", "response_elements")
_MOST_UNWRITTEN = 10_000
_BLOCK = 1 << 16
_as_json = json.JSONEncoder(separators=(",", ":")).encode


class CallRecords:
    """Appends records to *path* as JSON lines, numbered for ever; `since` reads them from there again."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path, self._elder = path, path.with_suffix(".elder.jsonl")
        self._history = EventHistory(path.with_name("history"))
        path.touch(mode=0o600)
        self._sequence = _last_number(path) or _last_number(self._elder)
        self._open()
        #: Noted calls, by number: not written yet, or not because the disk had no room.
        self._unwritten: deque[tuple[int, Call]] = deque(maxlen=_MOST_UNWRITTEN)
        #: Told of each call once `since` tells of it.
        self.listener: Callable[[Call], object] | None = None

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._size = os.fstat(self._file).st_size

    def append(self, call: Call) -> None:
        """Keep *call*; a record that is written survives the server."""
        self.note(call)
        self.write()

    def note(self, call: Call) -> None:
        """Number *call*, which must not change any more: from now on `since` tells of it."""
        with self._lock:
            self._sequence += 1
            self._unwritten.append((self._sequence, call))
        if self.listener is not None:
            self.listener(call)

    def write(self) -> None:
        """Write what has been noted.

        Never fails: where the disk is full the records wait in memory, and are written with the next that can be.
        """
        with self._lock:
            self._write()

    def _write(self) -> None:
        while self._unwritten and self._file >= 0:
            line = _line(*self._unwritten[0])
            try:
                if self._size >= FULL:
                    self._begin_anew()
                written = os.write(self._file, line)
                if written < len(line):  # room for a part of it only: half a record must not stay
                    os.ftruncate(self._file, self._size)
                    return
            except OSError as error:
                log.error("call records cannot be written: %s", error)
                return
            self._size += written
            self._unwritten.popleft()

    def _begin_anew(self) -> None:
        if self._path.exists():  # else there was no room for a new file the last time
            if self._elder.exists():
                self._history.take(self._elder, _first_number(self._elder))
            self._path.replace(self._elder)
        full = self._file
        self._open()
        os.close(full)

    @property
    def newest(self) -> int:
        """The number of the last record."""
        return self._sequence

    def since(self, sequence: int) -> Iterator[bytes]:
        """JSON lines of the records after number *sequence*, oldest first; in blocks of many lines."""
        with self._lock:
            self._write()
            files = [path.open("rb") for path in (self._elder, self._path) if path.exists()]
            ends = [os.fstat(file.fileno()).st_size for file in files]
            unwritten = [_line(number, call) for number, call in self._unwritten if number > sequence]
        for file, end in zip(files, ends, strict=True):
            with file:
                start = _place_after(file, sequence, end)
                file.seek(start)
                while start < end and (block := file.read(min(_BLOCK, end - start))):
                    start += len(block)
                    yield block
        yield from unwritten

    def all_files(self) -> list[IO[bytes]]:
        """All that there is, as files to read, the eldest first; of what is older than `since` management events only.

        They may end within a line, the last one.
        """
        with self._lock:
            self._write()
            own = [path.open("rb") for path in (self._elder, self._path) if path.exists()]
            return [*self._history.open(), *own]

    def close(self) -> None:
        with self._lock:
            self._write()
            if self._file >= 0:
                os.close(self._file)
                self._file = -1


def _line(number: int, call: Call) -> bytes:
    record: dict[str, Any] = {"seq": number, **call.as_record()}
    line = _as_json(record)
    if len(line) > MOST_OF_FIELD:
        for field in _FIELDS:
            size = len(json.dumps(record[field]))
            if size > MOST_OF_FIELD:
                record[field] = {"omitted": True, "originalSize": size}
        line = _as_json(record)
    return line.encode() + b"\n"


def _number(line: bytes) -> int:
    """The number that a record begins with, ``{"seq":1,``; 0 of what is none."""
    digits = line[7 : line.find(b",")]
    return int(digits) if line.startswith(b'{"seq":') and digits.isdigit() else 0


def _first_number(path: Path) -> int:
    with path.open("rb") as file:
        return _number(file.readline())


def _place_after(file: IO[bytes], sequence: int, end: int) -> int:
    """Where in *file*, whose records stand in order, the first after number *sequence* begins."""
    low, high = 0, end
    while high - low > _BLOCK:
        file.seek((low + high) // 2)
        file.readline()  # the rest of one
        start = file.tell()
        if start >= high:
            break
        if _number(file.readline()) > sequence:
            high = start
        else:
            low = start
    file.seek(low)
    while low < end and _number(line := file.readline()) <= sequence:
        low += len(line)
    return low


def _last_number(path: Path) -> int:
    """The number of the last whole record in *path*, so that a lab that was ended or killed goes on counting."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 20)))
        return next((number for line in reversed(file.read().split(b"\n")[:-1]) if (number := _number(line))), 0)
