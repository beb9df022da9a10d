"""What an invocation writes to its log: lines with their times, bounded however much a handler prints."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from localaws.clock import Clock

#: Bytes of printed lines kept for one invocation; of more, only the end is kept (and counted) besides.
KEPT = 1 << 20
#: LogType=Tail answers with the last 4 KB (Invoke, API reference).
TAIL = 4096
#: The largest event that CloudWatch Logs takes (PutLogEvents, API reference), less its overhead.
LARGEST_EVENT = 256_000
#: Stands for the newlines within one log event (see bootstrap.py).
INNER_NEWLINE = b"\x1e"


class LogLine(NamedTuple):
    """A log event: milliseconds since the epoch, and its text."""

    timestamp: int
    message: str


class Transcript:
    """Collects the lines of one invocation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._head: list[LogLine] = []
        self._end: deque[LogLine] = deque()
        self._head_bytes = 0
        self._end_bytes = 0
        self._dropped = 0
        self._partial = b""

    def line(self, text: str) -> None:
        """Add a line of the service's own: always kept."""
        self._finish_line()
        self._flush_end()
        self._head.append(LogLine(self._now(), text + "\n"))

    def write(self, block: bytes) -> None:
        """Add what was printed."""
        lines = (self._partial + block).split(b"\n")
        self._partial = lines.pop()
        for line in lines:
            self._keep(line)
        while len(self._partial) > LARGEST_EVENT:
            self._keep(self._partial[:LARGEST_EVENT])
            self._partial = self._partial[LARGEST_EVENT:]

    def lines(self) -> list[LogLine]:
        """Everything kept, oldest first."""
        self._finish_line()
        self._flush_end()
        return self._head

    def tail(self) -> bytes:
        """The last 4 KB of the text."""
        kept = b""
        for line in reversed(self.lines()):
            kept = line.message.encode() + kept
            if len(kept) >= TAIL:
                break
        return kept[-TAIL:]

    def now(self) -> str:
        """The time as the service writes it in front of its own messages."""
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def _now(self) -> int:
        return int(self._clock.time() * 1000)

    def _keep(self, printed: bytes) -> None:
        text = printed[:LARGEST_EVENT].replace(INNER_NEWLINE, b"\n").decode(errors="replace") + "\n"
        line = LogLine(self._now(), text)
        if self._head_bytes < KEPT:
            self._head.append(line)
            self._head_bytes += len(text)
            return
        self._end.append(line)
        self._end_bytes += len(text)
        while self._end_bytes > TAIL and len(self._end) > 1:
            gone = len(self._end.popleft().message)
            self._end_bytes -= gone
            self._dropped += gone

    def _finish_line(self) -> None:
        if self._partial:
            partial, self._partial = self._partial, b""
            self._keep(partial)

    def _flush_end(self) -> None:
        """Put the end of a long output behind its beginning, with a word on what lies between."""
        if self._dropped:
            note = f"[{self._dropped} characters were not kept: this lab keeps {KEPT} of one invocation]\n"
            self._head.append(LogLine(self._end[0].timestamp, note))
        self._head += self._end
        self._end.clear()
        self._end_bytes = self._dropped = 0
