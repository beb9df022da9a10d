"""What an invocation writes to its log: lines with their times, bounded however much a handler prints."""

from __future__ import annotations

from typing import NamedTuple

from localaws.clock import Clock

#: Bytes of printed lines kept for one invocation; of more, only the end is kept besides.
KEPT = 1 << 20
#: Bytes that a line takes besides its text, here and in CloudWatch Logs: a million empty lines are no small log.
LINE_OVERHEAD = 100
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
        self._head_bytes = 0
        self._partial = b""
        self._end = b""  # of what came when the head was full
        self._end_time = 0
        self._dropped = 0

    def line(self, text: str) -> None:
        """Add a line of the service's own: always kept."""
        self._finish_line()
        self._flush_end()
        self._head.append(LogLine(self._now(), text + "\n"))

    def write(self, block: bytes) -> None:
        """Add what was printed. Once the head is full this costs next to nothing: output without end is cheap."""
        text, start = self._partial + block, 0
        self._partial = b""
        while self._head_bytes < KEPT:
            end = text.find(b"\n", start, start + LARGEST_EVENT)
            if end < 0 and len(text) - start <= LARGEST_EVENT:
                self._partial = text[start:]
                return
            stop = end if end >= 0 else start + LARGEST_EVENT
            self._keep(text[start:stop])
            start = stop + (end >= 0)
        end_of_all = self._end + text[start:]
        self._dropped += max(0, len(end_of_all) - TAIL)
        self._end, self._end_time = end_of_all[-TAIL:], self._now()

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
        text = _text(printed)
        self._head.append(LogLine(self._now(), text))
        self._head_bytes += len(text) + LINE_OVERHEAD

    def _finish_line(self) -> None:
        if self._partial:
            partial, self._partial = self._partial, b""
            self._keep(partial)

    def _flush_end(self) -> None:
        """Put the end of a long output behind its beginning, with a word on what lies between."""
        if self._dropped:
            note = f"[{self._dropped} bytes were not kept: this lab keeps {KEPT} of one invocation]\n"
            self._head.append(LogLine(self._end_time, note))
        if self._end:
            lines = self._end.removesuffix(b"\n").split(b"\n")
            self._head += [LogLine(self._end_time, _text(line)) for line in lines]
        self._end, self._dropped = b"", 0


def _text(printed: bytes) -> str:
    return printed[:LARGEST_EVENT].replace(INNER_NEWLINE, b"\n").decode(errors="replace") + "\n"
