"""The process that a cluster is: its databases in DuckDB, and a server that speaks PostgreSQL's protocol.

    python -m localaws.warehouse.node   with a JSON document of `Settings` on its standard input

It ends with the lab, reads and writes only below its own directory and the lab's objects, and asks the lab for whatever
else a statement needs (`lab.Lab`): which objects a role may read, tables of the Glue catalog.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from localaws.lifeline import hold
from localaws.warehouse.activity import Activity
from localaws.warehouse.catalog.privileges import is_superuser
from localaws.warehouse.conflicts import Conflicts
from localaws.warehouse.databases import Databases
from localaws.warehouse.errors import DENIED, RedshiftError
from localaws.warehouse.groups import Groups
from localaws.warehouse.history import History
from localaws.warehouse.refreshing import Refreshing
from localaws.warehouse.session import Session
from localaws.warehouse.session_protocol import ClientSession
from localaws.warehouse.talking import Answers, Asker, answer
from localaws.warehouse.users import Users
from localaws.warehouse.wire.serving import ClientConnection

log = logging.getLogger(__name__)

#: A cluster of AWS takes 500 and more ("Quotas and limits", Redshift management guide); a laptop has fewer threads.
MOST_CONNECTIONS = 100


@dataclass(frozen=True)
class Settings:
    """What the lab says as it starts a node: where, and the numbers of the sockets that it has left open for it."""

    directory: str
    objects: str
    certificate: str
    database: str
    port: int
    listener: int
    ask: int
    answer: int
    lifeline: int
    metered: bool = False
    slices: int = 2


class Node:
    """A cluster at work."""

    def __init__(self, settings: Settings) -> None:
        directory = Path(settings.directory)
        self.lab = Asker(socket.socket(fileno=settings.ask))
        self.users = Users(directory / "users.json")
        self.groups = Groups(directory / "groups.json")
        self.history = History(directory / "history.jsonl")
        self.conflicts = Conflicts(directory / "isolation.json")
        self.databases = Databases(directory, Path(settings.objects), settings.database)
        refreshing = Refreshing(lambda user, database: Session(self, user, database, 0))
        self.conflicts.on_commit = refreshing.note
        used = (lambda seconds: self.lab.ask("used", seconds=seconds)) if settings.metered else (lambda seconds: None)
        self.activity = Activity(used)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self.tls.load_cert_chain(settings.certificate)
        self.slices = settings.slices
        self._connections: dict[int, ClientConnection] = {}
        self._lock = threading.Lock()
        self._next = 1_073_742_000  # as process ids of Redshift look

    def listen(self, listener: socket.socket) -> None:
        """Serve who connects, each on a thread of his own."""
        while True:
            client, _ = listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                if len(self._connections) >= MOST_CONNECTIONS:
                    client.close()
                    continue
                self._next += 1
                connection = ClientConnection(self, client, self._next)
                self._connections[self._next] = connection
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: ClientConnection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                self._connections.pop(connection.process, None)

    def verifiers(self, name: str, database: str) -> list[str]:
        return self.users.verifiers(name, database)

    def session(self, name: str, database: str, process: int, verifier: str) -> ClientSession:
        user, groups = self.users.let_in(name, database, verifier)
        return Session(self, user, database, process, groups)

    def cancel(self, process: int, secret: int) -> None:
        connection = self._connections.get(process)
        if connection and connection.secret == secret and connection.session:
            connection.session.cancel()

    def sessions(self) -> list[tuple[str, str, int, str]]:
        """Who is connected: user, database, process, and since when."""
        with self._lock:
            open = [each for each in self._connections.values() if isinstance(each.session, Session)]
        return [
            (each.session.user, each.session.database, each.process, each.session.since)
            for each in open
            if isinstance(each.session, Session)
        ]

    def cancel_session(self, process: int, by: Session) -> bool:
        """End what session *process* runs; a user may do so with his own. Returns whether there was such a session."""
        connection = self._connections.get(process)
        if connection is None or not isinstance(connection.session, Session):
            return False
        if connection.session.user != by.user and not is_superuser(by):
            raise RedshiftError(DENIED, "must be superuser to signal other server processes")
        connection.session.cancel()
        return True

    def stop(self) -> None:
        """End all sessions and close the databases, so that the next start has nothing to replay."""
        for connection in list(self._connections.values()):
            if connection.session:
                with suppress(RedshiftError):
                    connection.session.cancel()
        self.databases.close()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the lab, which ends us
    settings = Settings(**json.loads(sys.stdin.readline()))
    if not hold(settings.lifeline):
        return
    node = Node(settings)
    threading.Thread(target=node.listen, args=[socket.socket(fileno=settings.listener)], daemon=True).start()

    def put_user(name: str, password: str | None = None, **more: object) -> None:
        node.users.put(name, password, **more)

    answers: Answers = {
        "ping": lambda: True,
        "put_user": put_user,
        "back_up": lambda directory: node.databases.back_up(Path(directory)),
        "lend": node.users.lend,
        "take_back": node.users.take_back,
    }
    answer(socket.socket(fileno=settings.answer), answers)  # until the lab says no more
    node.stop()
    os._exit(0)


if __name__ == "__main__":
    main()
