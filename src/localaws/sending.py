"""From an answer to the client's socket: its head, and the packets that it goes in."""

from __future__ import annotations

import select
import socket
import time
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING

from cheroot.server import HTTPRequest

if TYPE_CHECKING:
    from localaws.connection import Connection

#: Answers to these have no body (RFC 9110, section 6.4.1), and need no length.
_WITHOUT_BODY = {204, 205, 304}


class Answer:
    """Writes to a client. The head of an answer waits for the first block of its body, and both go in one packet.

    A packet of its own would cost this process a call of the system, and wake the client for half an answer.
    """

    def __init__(self, connection: Connection, sock: socket.socket) -> None:
        self._connection = connection
        self._socket = sock
        self._held = b""

    def hold(self, head: bytes) -> None:
        """Keep *head* until something is written, if only b""."""
        self._held = head

    def write(self, data: bytes) -> None:
        """Send all of *data*, and before it what is held. Raises OSError when the client is gone, or does not read."""
        left = memoryview(self._held + data if self._held else data)
        self._held = b""
        while left:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                self._connection.wait_for(select.POLLOUT)


def head_of(request: HTTPRequest) -> bytes:
    """The head of the answer to *request*; settles whether its body ends by length, in chunks or with the connection.

    Source: RFC 9112, sections 6.3 and 9.3.
    """
    status: bytes = request.status  # type: ignore[assignment] # cheroot's hints say str
    headers: list[tuple[bytes, bytes]] = request.outheaders
    names = {name.lower() for name, _ in headers}
    if b"content-length" not in names and int(status[:3]) not in _WITHOUT_BODY:
        if request.response_protocol == "HTTP/1.1" and request.method != b"HEAD":
            request.chunked_write = True
            headers.append((b"Transfer-Encoding", b"chunked"))
        else:
            request.close_connection = True
    if request.close_connection:
        headers.append((b"Connection", b"close"))
    elif request.response_protocol == "HTTP/1.0":
        headers.append((b"Connection", b"Keep-Alive"))
    if b"date" not in names:
        headers.append((b"Date", _date(int(time.time()))))
    if b"server" not in names:
        headers.append((b"Server", request.server.server_name.encode()))
    lines = [b"%b: %b\r\n" % header for header in headers]
    return b"HTTP/1.1 %b\r\n%b\r\n" % (status, b"".join(lines))


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()
