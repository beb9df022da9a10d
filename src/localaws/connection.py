"""One client's connection, and how long a thread waits for what it sends.

Until a request has proved who sends it, no thread waits for its body: the request is put aside with what has come
of it (`NotYetError`), the thread serves others, and the request begins anew when more is there. Afterwards a thread
waits, for bodies are too large to be kept; but where others wait for a thread, only a moment.
"""

from __future__ import annotations

import select
import socket
import time
from typing import Any

from cheroot.makefile import StreamReader
from cheroot.server import HTTPConnection

from localaws.gateway.errors import AwsError
from localaws.sending import Answer
from localaws.tls import SecureSocket

MAX_HEAD_BYTES = 64 * 1024  # a presigned URL with a session token and 2 KB of metadata fits many times
MAX_FORM_BYTES = MAX_HEAD_BYTES + 32 * 1024  # of an HTML form: its fields are at most 20 KB, and a buffer's worth
HEAD_SECONDS = 10.0  # from the first byte of a request, or from connecting, to the end of its headers
LINGER_SECONDS = 5.0  # how long an answered client that is still sending may pause
MAX_LINGER_BYTES = 256 << 20  # what it may still send; then it loses its connection
GRACE_SECONDS = 0.02  # for the body of a request whose head is there: SDKs send it in a packet of its own
CROWDED_SECONDS = 0.3  # how long a client may pause while others wait for a thread
_LOOK_EVERY = 0.1  # seconds between looks whether others wait
_MAX_GUESSES = 20  # of where a chunked transfer ends


class NotYetError(BaseException):
    """A request needs bytes that have not come. No `Exception`: nobody but the connection may catch it."""


class Connection(HTTPConnection):
    """A client's connection. ``deadline`` says when it is closed unless something happens (monotonic seconds).

    It is ``proved`` when it has carried a valid signature, and ``trusted`` while the request that is being served has
    shown one and may be waited for. ``secure`` is its socket if that speaks TLS.
    """

    def __init__(self, server: Any, sock: socket.socket, *_: Any) -> None:
        super().__init__(server, sock, self._stream)
        sock.setblocking(False)  # `wait_for` waits; where nothing has to be waited for, the system is asked once
        self.proved = False
        self.secure = sock if isinstance(sock, SecureSocket) else None
        self.trusted = False
        self.lingering = False
        self.deadline = time.monotonic() + HEAD_SECONDS
        self._unread = MAX_LINGER_BYTES
        self._arrived = bytearray()  # what came while no thread had it, behind the reader's buffer
        self._wanted = 0  # bytes without which a request that was put aside need not begin anew
        self._total: int | None = None  # bytes of the request that is being read, as far as known
        self._guesses = 0
        self._ended = False  # the client sends no more

    def _stream(self, sock: socket.socket, mode: str, size: int) -> StreamReader | Answer:
        if "w" in mode:
            return Answer(self, sock)
        stream = _Lines(sock, mode, size)
        stream._raw = _PatientSocket(self, sock, mode)
        return stream

    @property
    def held(self) -> int:
        """Bytes that have come and that nobody has used."""
        return len(self.rfile._read_buf) - self.rfile._read_pos + len(self._arrived)

    @property
    def put_aside(self) -> bool:
        """Whether a request has begun and waits for more of its body."""
        return self._wanted > 0

    def take_in(self) -> bool:
        """Read what has come, without waiting (the socket is readable); False when the client is done or gone."""
        try:
            data = self.socket.recv(MAX_HEAD_BYTES)
        except BlockingIOError:  # of TLS: no more than a part of a record, or of a handshake
            return True
        except OSError:
            return False
        self._arrived += data
        self._ended = not data
        return bool(data)

    def is_ready(self) -> bool:
        """Whether a thread can do something with what is there: begin with a request, or refuse it."""
        if not self.put_aside:
            self._join()
            start = self.rfile._read_pos
            held = len(self.rfile._read_buf) - start
            return held > MAX_HEAD_BYTES or self.rfile._read_buf.find(b"\r\n\r\n", start) >= 0
        if self.held >= self._wanted:
            return True
        ended = self._total is None and self._arrived.endswith(b"\r\n\r\n")
        self._guesses += ended
        return ended and self._guesses <= _MAX_GUESSES

    def begin(self) -> None:
        """A thread begins with the next request: all that it reads is kept until the request is trusted."""
        self._join()
        self.trusted = False
        self._total = None
        self._wanted = 0
        self._kept = [self.rfile._read_buf[self.rfile._read_pos :]]
        self._grace_ends = time.monotonic() + GRACE_SECONDS

    def expect(self, length: int | None) -> None:
        """The head has been read, and a body of *length* bytes follows (None: its own chunks say where it ends)."""
        head = sum(map(len, self._kept)) - self.held
        self._total = None if length is None else head + length

    def trust(self) -> None:
        """From here on this request's client is waited for."""
        self.trusted = True
        self._kept.clear()

    def put_back(self) -> None:
        """Put the request aside, as if nothing of it had been read, until it can be judged.

        That is when all of it is there; of an HTML form, whose signature is one of its fields, the fields. Nobody
        knows how long a chunked transfer is: it is tried when it seems to end, or has become twice as long.
        """
        self.rfile._read_buf, self.rfile._read_pos = b"".join(self._kept), 0
        if self._total is None:
            self._wanted = 2 * self.held + 1
        elif self.held < MAX_FORM_BYTES:
            self._wanted = min(self._total, MAX_FORM_BYTES)
        else:
            self._wanted = self._total
        self._kept.clear()

    def wait_for(self, event: int) -> None:
        """Return when the socket can be read (select.POLLIN) or written (POLLOUT) without waiting.

        Raises NotYetError before the request is trusted, else S3's RequestTimeout or, while an answer is sent,
        TimeoutError.
        """
        poller = select.poll()
        poller.register(self.socket, event)
        if event == select.POLLIN and not self.trusted:
            left = self._grace_ends - time.monotonic()
            if self._ended:
                return
            if left <= 0 or not poller.poll(left * 1000 if self.server.requests.idle else 0):
                raise NotYetError
            return
        started = time.monotonic()
        while not poller.poll(_LOOK_EVERY * 1000):
            patience = CROWDED_SECONDS if self.server.is_crowded else self.server.timeout
            if time.monotonic() - started < patience:
                continue
            if event == select.POLLOUT:
                raise TimeoutError("timed out")
            raise AwsError(
                "RequestTimeout",
                "Your socket connection to the server was not read from or written to within the timeout period. "
                "Idle connections will be closed.",
            )

    def keep(self, data: bytes) -> None:
        """A thread has read *data* of the request."""
        if not self.trusted:
            self._kept.append(data)

    def discard(self) -> bool:
        """Throw away what has come; whether more may follow."""
        try:
            data = self.socket.recv(1 << 16)
        except OSError:
            return False
        self._unread -= len(data)
        self.deadline = time.monotonic() + LINGER_SECONDS
        return bool(data) and self._unread > 0

    def close(self) -> None:
        """Close it, at once or after the client has sent what it is sending.

        A socket that is closed with unread data resets the connection, and the client may never see its answer.
        """
        if self.lingering and self.server.ready:
            self.lingering = False
            self.server._connections.linger(self)
        else:
            super().close()
            # cheroot's connections refer to themselves, so what this one holds would stay until Python looks for cycles
            self._arrived.clear()
            self.rfile._read_buf, self.rfile._read_pos = b"", 0

    def _join(self) -> None:
        if self.secure and self.secure.pending():  # of a record that was read in part: nothing announces the rest
            self._arrived += self.secure.recv(MAX_HEAD_BYTES)
        if self._arrived:
            self.rfile._read_buf = self.rfile._read_buf[self.rfile._read_pos :] + self._arrived
            self.rfile._read_pos = 0
            self._arrived.clear()


class _Lines(StreamReader):
    """Takes what is asked for from what is there.

    Python's own copies all of it for each line, and a body may have a million; and it locks and counts for each piece.
    """

    _raw: socket.SocketIO  # Python's type hints leave these out
    _read_buf: bytes
    _read_pos: int

    def head(self) -> bytes:
        """All up to the next empty line; b"" if that has not come, or is too far away."""
        start = self._read_pos
        end = self._read_buf.find(b"\r\n\r\n", start, start + MAX_HEAD_BYTES)
        if end < 0:
            return b""
        self._read_pos = end + 4
        return self._read_buf[start : end + 4]

    def read(self, size: int | None = -1) -> bytes:
        end = self._read_pos + (size or 0)
        if size is None or size < 0 or end > len(self._read_buf):
            return super().read(size)
        data = self._read_buf[self._read_pos : end]
        self._read_pos = end
        self.bytes_read += len(data)
        return data

    def readline(self, size: int | None = -1) -> bytes:
        start = self._read_pos
        limit = len(self._read_buf) if size is None or size < 0 else start + size
        end = self._read_buf.find(b"\n", start, limit) + 1
        if not end:
            return super().readline(size)
        self._read_pos = end
        self.bytes_read += end - start
        return self._read_buf[start:end]


class _PatientSocket(socket.SocketIO):
    """Asks the connection before it waits for the client."""

    def __init__(self, connection: Connection, sock: socket.socket, mode: Any) -> None:
        super().__init__(sock, mode)
        self._connection = connection

    def readinto(self, buffer: Any) -> int | None:
        while (size := super().readinto(buffer)) is None:  # nothing has come
            self._connection.wait_for(select.POLLIN)
        if size:
            self._connection.keep(bytes(buffer[:size]))
        return size
