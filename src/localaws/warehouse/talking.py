"""Questions between the lab and a cluster's process: a name and JSON, answered by JSON or an error.

Either side asks over a socket of its own, one question at a time. JSON, for what comes from a process that a stranger's
SQL steers must not be able to name anything but values.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

from localaws.warehouse.errors import INTERNAL, RedshiftError

#: What can be asked: name → function of the question's arguments.
Answers = Mapping[str, Callable[..., Any]]


class Gone(Exception):
    """The other side has ended."""


class Asker:
    """Asks the other side; safe from any thread."""

    def __init__(self, sock: socket.socket) -> None:
        self._connection = Connection(sock.detach())
        self._lock = threading.Lock()

    def ask(self, name: str, /, **arguments: Any) -> Any:
        """The answer to the question *name*. Raises RedshiftError as the other side did, and Gone."""
        try:
            with self._lock:
                self._connection.send_bytes(json.dumps([name, arguments]).encode())
                done, answer = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            raise Gone(name) from None
        if done:
            return answer
        raise RedshiftError(answer["code"], answer["said"], **answer["more"])

    def close(self) -> None:
        self._connection.close()


def answer(sock: socket.socket, answers: Answers) -> None:
    """Answer what is asked over *sock* until the other side ends."""
    connection = Connection(sock.detach())
    while True:
        try:
            name, arguments = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        told: tuple[bool, Any]
        try:
            told = True, answers[name](**arguments)
        except RedshiftError as error:
            told = False, {"code": error.code, "said": error.said, "more": error.more}
        except Exception as error:
            told = False, {"code": INTERNAL, "said": f"{type(error).__name__}: {error}", "more": {}}
        try:
            connection.send_bytes(json.dumps(told).encode())
        except OSError:
            return
