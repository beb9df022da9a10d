"""Sockets that speak TLS and else behave as plain ones do, so that connections need not know the difference.

They never block. A handshake is done piece by piece as its bytes come, by whoever reads: a client that never ends one
holds nobody, and is cut off like one that never ends the head of a request. What has come and is no more than half a
record is BlockingIOError, as when nothing has come; what is no TLS at all is a broken connection.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_AGAIN = errno.EAGAIN, os.strerror(errno.EAGAIN)


class SecureSocket(ssl.SSLSocket):
    """A client's connection under TLS."""

    _sslobj: Any  # Python's type hints leave these out
    _greeted = False

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        return self._as_plain(super().recv, buflen, flags)

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        return self._as_plain(super().recv_into, buffer, nbytes, flags)

    def send(self, data: Any, flags: int = 0) -> int:
        return self._as_plain(super().send, data, flags)

    def shutdown(self, how: int) -> None:
        """Say in TLS, too, that nothing follows: a client must be able to tell an end from a broken connection."""
        if self._greeted and self._sslobj:
            with suppress(OSError, ValueError):  # it does not wait for the client to say the same
                self._sslobj.shutdown()
        super().shutdown(how)

    def _as_plain(self, work: Callable[..., Any], *arguments: Any) -> Any:
        try:
            if not self._greeted and self._sslobj:
                self.do_handshake()
                self._greeted = True
            return work(*arguments)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError(*_AGAIN) from None
        except ssl.SSLError as error:
            raise ConnectionResetError(errno.ECONNRESET, str(error)) from None


class SecureListener:
    """A socket that listens on 127.0.0.1 at *port*, or at a free one, for clients that speak TLS.

    *context* gives what their connections are wrapped with. Raises OSError if the port is taken.
    """

    def __init__(self, port: int, queue: int, context: Callable[[], ssl.SSLContext]) -> None:
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", port), backlog=queue)
        self._socket.settimeout(1)
        self.port: int = self._socket.getsockname()[1]

    def fileno(self) -> int:
        return self._socket.fileno()

    def accept(self) -> tuple[SecureSocket, Any]:
        """The next client, before its first byte."""
        client, address = self._socket.accept()
        context = self._context()
        context.sslsocket_class = SecureSocket
        try:
            wrapped = context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
            assert isinstance(wrapped, SecureSocket)
            if not wrapped._sslobj:
                wrapped.close()
                raise ssl.SSLError("there is nobody to shake hands with")
        except ssl.SSLError as error:  # the client has gone already
            raise ConnectionAbortedError(errno.ECONNABORTED, str(error)) from None
        return wrapped, address

    def close(self) -> None:
        self._socket.close()
