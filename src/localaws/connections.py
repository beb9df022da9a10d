"""Connections that take a thread only when there is a request to serve, so that silence holds up nobody.

One thread watches all sockets. A worker gets a connection when the head of a request is there; who never sends one
whole is cut off after `HEAD_SECONDS`. A connection that has carried a valid signature is *proved*: it stays open
between requests, and is the last to go when there are too many.
"""

from __future__ import annotations

import errno
import os
import re
import resource
import selectors
import socket
import time
from contextlib import suppress
from typing import Any

from cheroot.connections import ConnectionManager
from cheroot.server import HTTPConnection
from cheroot.wsgi import Server

MAX_HEAD_BYTES = 64 * 1024  # a presigned URL with a session token and 2 KB of metadata fits many times
MAX_FORM_BYTES = 32 * 1024  # of an HTML form: its fields are at most 20 KB, and a buffer's worth
HEAD_SECONDS = 10.0  # from the first byte of a request, or from connecting, to the end of its headers
LINGER_SECONDS = 5.0  # how long an answered client that is still sending may pause
MAX_LINGER_BYTES = 256 << 20  # what it may still send; then it loses its connection
_FORM = re.compile(rb"\r\ncontent-type:[ \t]*multipart/form-data", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_LOOK_EVERY = 0.2  # seconds between looks for who is overdue
_OWN_FILES = 8  # what connections leave to the lab when there are no more
_TURNING_AWAY = 0.05  # seconds
#: What the system says when this process, or all together, have as many files open as they may.
OUT_OF_FILES = {errno.EMFILE, errno.ENFILE}
_BUSY_BODY = (
    b"<ErrorResponse><Error><Type>Receiver</Type><Code>ServiceUnavailable</Code><Message>The lab has as many files and "
    b"connections open as this system allows it (ulimit -n).</Message></Error></ErrorResponse>"
)
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
)


class Connection(HTTPConnection):
    """A client's connection. ``deadline`` says when it is closed unless something happens (monotonic seconds)."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.proved = False
        self.lingering = False
        self.deadline = time.monotonic() + HEAD_SECONDS
        self._unread = MAX_LINGER_BYTES

    def take_in(self) -> bool:
        """Read what has come, without waiting (the socket is readable); False when the client is done or gone."""
        reader = self.rfile
        try:
            data = self.socket.recv(MAX_HEAD_BYTES)
        except OSError:
            return False
        reader._read_buf = reader._read_buf[reader._read_pos :] + data
        reader._read_pos = 0
        return bool(data)

    def has_head(self) -> bool:
        """Whether what was read and not used yet has all that a worker needs to judge a request, or more than it may.

        That is the headers; of an HTML form, whose signature is one of its fields, the fields too.
        """
        buffered = self.rfile._read_buf
        start = self.rfile._read_pos
        end = buffered.find(b"\r\n\r\n", start)
        if end < 0:
            return len(buffered) - start > MAX_HEAD_BYTES
        if buffered.startswith(b"POST", start) and _FORM.search(buffered, start, end + 2):
            length = _LENGTH.search(buffered, start, end + 2)
            return len(buffered) - end - 4 >= (min(int(length[1]), MAX_FORM_BYTES) if length else 0)
        return True

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


class Connections(ConnectionManager):
    """Watches the connections that no worker has."""

    _selector: Any  # cheroot's type hints leave these out
    _stop_requested: bool
    _num_connections: int
    _remove_invalid_sockets: Any
    _from_server_socket: Any

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = max(64, min(512, files // 2))  # the rest is for the lab's own files
        self._discarding: set[Connection] = set()
        self._spare = os.open(os.devnull, os.O_RDONLY)  # a file descriptor to answer with when there is no other

    def put(self, conn: Connection) -> None:
        """Watch a connection that a worker is done with, or give it back if the next request is there already."""
        conn.last_used = time.time()
        if conn.rfile.has_data():
            if conn.has_head():
                self.server.process_conn(conn)
                return
            conn.deadline = time.monotonic() + HEAD_SECONDS
        else:
            conn.deadline = time.monotonic() + self.server.timeout
        self._watch(conn)

    def linger(self, conn: Connection) -> None:
        """Watch an answered connection until the client has sent the rest."""
        conn.deadline = time.monotonic() + LINGER_SECONDS
        self._discarding.add(conn)
        try:
            conn.socket.shutdown(socket.SHUT_WR)
            self._watch(conn)
        except (OSError, ValueError, KeyError):  # the client or this server has gone
            self._discarding.discard(conn)
            conn.close()

    @property
    def can_add_keepalive_connection(self) -> bool:
        """Always: how many there are is bounded as they come."""
        return True

    def _watch(self, conn: Connection) -> None:
        self._selector.register(conn.socket.fileno(), selectors.EVENT_READ, data=conn)

    def _run(self, expiration_interval: float) -> None:
        looked = time.monotonic()
        while not self._stop_requested:
            try:
                ready = list(self._selector.select(timeout=_LOOK_EVERY))
            except OSError:
                self._remove_invalid_sockets()
                continue
            for file, conn in ready:
                if conn is self.server:
                    self._accept()
                else:
                    self._serve(file, conn)
            if time.monotonic() - looked > _LOOK_EVERY:
                looked = time.monotonic()
                self._close_overdue(looked)

    def _accept(self) -> None:
        if self._num_connections >= self._most:
            self._close_one()
        try:
            conn = self._from_server_socket(self.server.socket)
        except OSError as error:
            if error.errno not in OUT_OF_FILES:
                raise
            self._most = max(1, self._num_connections - _OWN_FILES)
            closed = [self._close_one() for _ in range(_OWN_FILES)]
            if not closed[0]:  # else the client is taken at the next look
                self._turn_away()
            return
        if conn is not None:
            self._watch(conn)

    def _turn_away(self) -> None:
        """Answer a client that cannot be served with 503, which SDKs take for a reason to try again.

        Leaving it in the queue would have the selector call at once, again and again.
        """
        if self._spare >= 0:
            os.close(self._spare)
        self._spare = -1
        with suppress(OSError):
            client, _ = self.server.socket.accept()
            with client:
                client.settimeout(_TURNING_AWAY)
                client.recv(MAX_HEAD_BYTES)  # what is left unread would reset the connection before it is answered
                client.sendall(_BUSY % (len(_BUSY_BODY), _BUSY_BODY))
        try:
            self._spare = os.open(os.devnull, os.O_RDONLY)
        except OSError:  # another thread was faster
            time.sleep(_TURNING_AWAY)

    def _serve(self, file: int, conn: Connection) -> None:
        """Something has come on *conn*."""
        if conn in self._discarding:
            if not conn.discard():
                self._drop(file, conn)
            return
        if not conn.rfile.has_data():  # a request begins
            conn.deadline = min(conn.deadline, time.monotonic() + HEAD_SECONDS)
        going_on = conn.take_in()
        if conn.has_head() or (not going_on and conn.rfile.has_data()):
            self._selector.unregister(file)
            self.server.process_conn(conn)
        elif not going_on:
            self._drop(file, conn)

    def _close_overdue(self, now: float) -> None:
        for file, conn in list(self._selector.connections):
            if conn is not self.server and conn.deadline < now:
                self._drop(file, conn)

    def _close_one(self) -> bool:
        """Make room, if anybody waits: the first to go is who has proved nothing and has kept us waiting longest."""
        watched = [
            (conn.proved, conn.deadline, file, conn)
            for file, conn in self._selector.connections
            if conn is not self.server
        ]
        if watched:
            _, _, file, conn = min(watched, key=lambda one: one[:3])
            self._drop(file, conn)
        return bool(watched)

    def _drop(self, file: int, conn: Connection) -> None:
        self._selector.unregister(file)
        self._discarding.discard(conn)
        conn.close()


class PatientServer(Server):
    """A WSGI server with the `Connections` above."""

    ConnectionClass = Connection
    _connections: Any

    def prepare(self) -> None:
        super().prepare()
        self._connections._selector.close()
        self._connections = Connections(self)
