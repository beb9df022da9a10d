"""How far each mapping is in each shard, kept on disk: after a start it goes on behind the last batch that succeeded.

What a kill interrupts comes again: "event source mappings process each event at least once" (Lambda developer guide,
"How Lambda processes records from stream and queue-based event sources").
"""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from localaws.engines.lambda_.sources.batches import Record
from localaws.shards import Position, Stream
from localaws.state.append_log import AppendLog

log = logging.getLogger(__name__)

#: Bytes that the log may have beyond twice what it had when it was last written anew.
MOST_DEAD = 1 << 20


class Checkpoints:
    """The positions of all mappings in one log, the file *path*; under "Window" the tumbling window that is open."""

    def __init__(self, path: Path) -> None:
        self._log = AppendLog(path)
        self._lock = threading.Lock()
        self._positions: dict[str, dict[str, Position]] = {}
        for entry in self._log.replay():
            uuid, shard_id, position = json.loads(entry)
            self._positions.setdefault(uuid, {})[shard_id] = position
        self._size = self._log.size

    def of(self, uuid: str) -> dict[str, Position]:
        """The positions of a mapping by shard, for each that it has begun."""
        with self._lock:
            return dict(self._positions.get(uuid, {}))

    def keep(self, uuid: str, shard_id: str, position: Position) -> None:
        """Keep a mapping's *position*. A full disk does not: then more than one batch comes again after a start."""
        with self._lock:
            positions = self._positions.setdefault(uuid, {})
            if positions.get(shard_id) == position:
                return
            positions[shard_id] = position
            try:
                self._log.append(_entry(uuid, shard_id, position))
                if self._log.size > 2 * self._size + MOST_DEAD:
                    self._rewrite()
            except OSError as error:
                log.warning("the position of mapping %s in %s cannot be kept: %s", uuid, shard_id, error)

    def keep_only(self, uuids: Collection[str]) -> None:
        """Forget all other mappings."""
        with self._lock:
            self._positions = {uuid: positions for uuid, positions in self._positions.items() if uuid in uuids}
            self._rewrite()

    def _rewrite(self) -> None:
        self._log.rewrite(
            _entry(uuid, shard_id, position)
            for uuid, positions in self._positions.items()
            for shard_id, position in positions.items()
        )
        self._size = self._log.size


def _entry(uuid: str, shard_id: str, position: Position) -> bytes:
    return json.dumps([uuid, shard_id, position]).encode()


class Progress:
    """How far one mapping is in one shard: up to the oldest record that was read and is not done."""

    def __init__(self, checkpoints: Checkpoints, uuid: str, shard_id: str, stream: Stream) -> None:
        self._checkpoints = checkpoints
        self._uuid = uuid
        self._shard_id = shard_id
        self._stream = stream
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, str] = OrderedDict()  # with each record's number, that of the one before it
        self._read = ""  # the number of the last record
        self._position: Position = {}
        self.window: dict[str, Any] | None = None

    def begin(self, position: Position) -> None:
        """Reading begins at *position*, which may have an open window."""
        self._position = {name: value for name, value in position.items() if name != "Window"}
        self.window = position.get("Window")
        self._keep()

    def read(self, records: Iterable[Record], wanted: Collection[str]) -> None:
        """*records* were read, of which those numbered as *wanted* are for the function."""
        with self._lock:
            for record in records:
                if record.sequence_number in wanted:
                    self._waiting[record.sequence_number] = self._read
                self._read = record.sequence_number
            self._advance()

    def done(self, records: Iterable[Record], window: dict[str, Any] | None = None) -> None:
        """*records* were handled, or given up, and leave *window* open."""
        with self._lock:
            self.window = window
            for record in records:
                self._waiting.pop(record.sequence_number, None)
            self._advance()

    def end(self) -> None:
        """The shard is read to its end, and all that was read is done."""
        self._checkpoints.keep(self._uuid, self._shard_id, {})

    def _advance(self) -> None:
        done = next(iter(self._waiting.values()), self._read)
        if done:
            self._position = self._stream.after(done)
        self._keep()

    def _keep(self) -> None:
        window = {"Window": self.window} if self.window else {}
        self._checkpoints.keep(self._uuid, self._shard_id, self._position | window)
