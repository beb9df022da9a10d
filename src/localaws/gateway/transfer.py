"""Bodies that arrive with Transfer-Encoding: chunked (RFC 9112, section 7.1)."""

from __future__ import annotations

import re
from typing import BinaryIO

from localaws.gateway.errors import AwsError

MAX_LINE = 8192
_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(;.*)?\r\n", re.DOTALL)


class TransferChunks:
    """Reads such a body piece by piece; ``received`` counts its bytes, ``ended`` tells whether all has come.

    cheroot's own reader holds whole chunks in memory, and its readline never returns at a newline.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = 0
        self._fault: AwsError | None = None
        self.received = 0
        self.ended = False

    def read(self, size: int | None = -1) -> bytes:
        """*size* bytes, fewer only at the end; all that is left if negative.

        Raises InvalidRequest or IncompleteBody.
        """
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        parts = []
        while size and self._more():
            data = self._stream.read(min(size, self._left))
            self._take(data)
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def readline(self, size: int = -1) -> bytes:
        """Up to the next newline, or *size* bytes."""
        line = b""
        while len(line) != size and not line.endswith(b"\n") and self._more():
            data = self._stream.readline(self._left if size < 0 else min(self._left, size - len(line)))
            self._take(data)
            line += data
        return line

    def _more(self) -> bool:
        if self._fault:
            raise self._fault
        if not self._left and not self.ended:
            match = _SIZE.fullmatch(self._stream.readline(MAX_LINE))
            if match is None:
                raise self._broken("InvalidRequest", "The chunked transfer has a chunk without a valid size.")
            self._left = int(match.group(1), 16)
            if not self._left:
                while self._stream.readline(MAX_LINE).strip():
                    pass  # trailing fields mean nothing here
                self.ended = True
        return self._left > 0

    def _take(self, data: bytes) -> None:
        if not data:
            raise self._broken("IncompleteBody", "The chunked transfer ended within a chunk.")
        self.received += len(data)
        self._left -= len(data)
        if not self._left and self._stream.read(2) != b"\r\n":
            raise self._broken("InvalidRequest", "A chunk of the transfer is longer than its size says.")

    def _broken(self, code: str, message: str) -> AwsError:
        """Remember the fault: nobody knows where in the stream we are now, so nothing more is read from it."""
        self._fault = AwsError(code, message)
        return self._fault
