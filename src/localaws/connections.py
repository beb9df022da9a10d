"""Connections that take a thread only when there is a request to serve, so that silence holds up nobody.

One thread watches all sockets. A worker gets a connection when the head of a request is there; who never sends one
whole is cut off after `HEAD_SECONDS`. A worker gives a connection back when more of a request must come first. One
that has carried a valid signature is *proved*: it stays open between requests, and is the last to go when there are
too many. While requests wait for a worker there come to be more of them.
"""

from __future__ import annotations

import errno
import os
import resource
import selectors
import socket
import time
from contextlib import suppress
from typing import Any

from cheroot.connections import ConnectionManager
from cheroot.wsgi import Server

from localaws.connection import HEAD_SECONDS, LINGER_SECONDS, MAX_HEAD_BYTES, Connection
from localaws.tls import SecureListener

MAX_HELD_BYTES = 160 << 20  # of all requests that have been put aside: two of the largest
_LOOK_EVERY = 0.2  # seconds between looks for who is overdue
#: Threads there may be: most of them wait, for a message to come to a queue or for a function to end.
MOST_THREADS = 200
_MORE_THREADS = 40  # at a look
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


class Connections(ConnectionManager):
    """Watches the connections that no worker has."""

    _selector: Any  # cheroot's type hints leave these out
    _stop_requested: bool
    _remove_invalid_sockets: Any
    _from_server_socket: Any

    def __init__(self, server: PatientServer) -> None:
        super().__init__(server)
        if server.secure:
            self._selector.register(server.secure.fileno(), selectors.EVENT_READ, data=server)
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = max(64, min(512, files // 2))  # the rest is for the lab's own files
        self._discarding: set[Connection] = set()
        self._spare = os.open(os.devnull, os.O_RDONLY)  # a file descriptor to answer with when there is no other

    def put(self, conn: Connection) -> None:
        """Watch a connection that a worker is done with, or give it back if the next request is there already."""
        conn.last_used = time.time()
        if conn.is_ready() and conn.held:
            self.server.process_conn(conn)
            return
        begun = conn.held and not conn.put_aside
        conn.deadline = time.monotonic() + (HEAD_SECONDS if begun else self.server.timeout)
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
    def _num_connections(self) -> int:
        """How many are watched, which the listening sockets are too."""
        return len(self._selector) - (2 if self.server.secure else 1)

    @property
    def can_add_keepalive_connection(self) -> bool:
        """Always: how many there are is bounded as they come."""
        return True

    def _watch(self, conn: Connection) -> None:
        self._selector.register(conn.socket.fileno(), selectors.EVENT_READ, data=conn)

    def _is_watched(self, file: int, conn: Connection) -> bool:
        """Whether *file* still is *conn*: it may have made room since, and its number be a newcomer's."""
        key = self._selector._selector.get_map().get(file)
        return key is not None and key.data is conn

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
                    self._accept(self.server.listener(file))
                elif self._is_watched(file, conn):
                    self._serve(file, conn)
            if time.monotonic() - looked > _LOOK_EVERY:
                looked = time.monotonic()
                self._close_overdue(looked)
                self._close_held()
                self.server.help_out()

    def _accept(self, listener: Any) -> None:
        if self._num_connections >= self._most:
            self._close_one()
        try:
            conn = self._from_server_socket(listener)
        except OSError as error:
            if error.errno not in OUT_OF_FILES:
                raise
            self._most = max(1, self._num_connections - _OWN_FILES)
            closed = [self._close_one() for _ in range(_OWN_FILES)]
            if not closed[0]:  # else the client is taken at the next look
                self._turn_away(listener)
            return
        if conn is not None:
            self._watch(conn)

    def _turn_away(self, listener: Any) -> None:
        """Answer a client that cannot be served with 503, which SDKs take for a reason to try again.

        Leaving it in the queue would have the selector call at once, again and again.
        """
        if self._spare >= 0:
            os.close(self._spare)
        self._spare = -1
        with suppress(OSError):
            client, _ = listener.accept()
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
        if not conn.held:  # a request begins
            conn.deadline = min(conn.deadline, time.monotonic() + HEAD_SECONDS)
        elif conn.put_aside:
            conn.deadline = time.monotonic() + self.server.timeout
        going_on = conn.take_in()
        if conn.is_ready() or (not going_on and conn.held):
            self._selector.unregister(file)
            self.server.process_conn(conn)
        elif not going_on:
            self._drop(file, conn)

    def _close_overdue(self, now: float) -> None:
        for file, conn in list(self._selector.connections):
            if conn is not self.server and conn.deadline < now:
                self._drop(file, conn)

    def _close_held(self) -> None:
        """Keep within `MAX_HELD_BYTES`."""
        while sum(conn.held for _, conn in self._selector.connections if conn is not self.server) > MAX_HELD_BYTES:
            self._close_one(MAX_HEAD_BYTES)

    def _close_one(self, least: int = 0) -> bool:
        """Make room, if anybody waits: the first to go is who has proved nothing and has kept us waiting longest.

        Only those that hold *least* bytes come into question.
        """
        watched = [
            (conn.proved, conn.deadline, file, conn)
            for file, conn in self._selector.connections
            if conn is not self.server and conn.held >= least
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
    #: Where clients that speak TLS are waited for; to be set before `prepare`.
    secure: SecureListener | None = None
    socket: Any
    requests: Any
    _connections: Any

    @property
    def is_crowded(self) -> bool:
        """Whether requests wait for a thread."""
        return self.requests.qsize > 0 and not self.requests.idle

    def help_out(self) -> None:
        """Start more threads if requests wait for one: those there are may wait themselves, as long polls do."""
        if self.is_crowded:
            pool = self.requests
            wanted = min(pool.qsize, _MORE_THREADS, MOST_THREADS - len(pool._threads))
            # not pool.grow(): it sleeps until they are ready
            pool._threads.extend(pool._spawn_worker() for _ in range(wanted))

    def listener(self, file: int) -> Any:
        """The listening socket whose number is *file*."""
        return self.secure if self.secure and self.secure.fileno() == file else self.socket

    def prepare(self) -> None:
        super().prepare()
        self._connections._selector.close()
        self._connections = Connections(self)
