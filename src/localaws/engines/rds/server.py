"""One PostgreSQL server: its files, its process, and what the lab tells it as its administrator."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from localaws.engines.rds import postgres_supervisor
from localaws.engines.rds.binaries import ENVIRONMENT, PLUGINS, Binaries

#: AWS's own superuser on every instance ("Master user account privileges"); nobody else is one. The database of the
#: same name is its own: what it does for the lab it does there, where no other user can put or set anything.
ADMIN = "rdsadmin"
#: A master user may set defaults for the databases it owns and, by a parameter group, for the whole server: none of
#: them may steer the administrator. Options of a connection come before both (PostgreSQL, "Setting Parameters").
_PINNED = {
    "search_path": "pg_catalog",
    "default_transaction_read_only": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "transaction_timeout": "0",
    "session_replication_role": "origin",
    "event_triggers": "off",
}
#: Sizes for a laptop; parameter groups may override those that are not about safety.
_DEFAULTS = {
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_wal_senders": "20",
    "max_replication_slots": "20",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
}
_HBA = f"""\
# Every connection proves its password, and none comes from outside.
host {ADMIN} {ADMIN} 127.0.0.1/32 scram-sha-256
host {ADMIN} all 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


#: The version of PostgreSQL that brought a setting of `_PINNED`.
_SINCE = {"transaction_timeout": 17, "event_triggers": 17}


class StartError(RuntimeError):
    """The server did not start; the message is its own last words."""


class PostgresServer:
    """The server whose files lie in *home*: ``home/data`` and ``home/postgresql.log``.

    *password* is that of its administrator. Methods are not safe to call from two threads at once.
    """

    def __init__(self, home: Path, binaries: Binaries, password: str) -> None:
        self.home = home
        self.data = home / "data"
        self.log = home / "postgresql.log"
        self.port = 0
        self._binaries = binaries
        self._password = password
        self._supervisor: subprocess.Popen[bytes] | None = None

    @property
    def complete(self) -> bool:
        """Whether the creation came to its end (`mark_complete`): since then clients may have put data in."""
        return self._mark.exists()

    def mark_complete(self) -> None:
        self._mark.touch(mode=0o600)

    @property
    def _mark(self) -> Path:
        return self.home / "complete"

    def create(self) -> None:
        """Make an empty database cluster, replacing what a creation that was broken off has left."""
        self._begin()
        with tempfile.NamedTemporaryFile("w", prefix="rds-") as file:
            file.write(self._password)
            file.flush()
            self._give_away(Path(file.name))
            self._binaries.run(
                "initdb",
                "--no-sync",  # the machine writes new files out within half a minute; losing the lab loses nothing
                f"--pgdata={self.data}",
                f"--username={ADMIN}",
                f"--pwfile={file.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--wal-segsize=4",  # MB: a small database stays small on disk
                f"--locale={'en_US.UTF-8' if sys.platform == 'darwin' else 'C.UTF-8'}",
            )

    def create_from(self, backup: Path) -> None:
        """Make the database cluster a copy of the *backup* that `back_up` has made."""
        self._begin()
        shutil.copytree(backup, self.data, symlinks=True)
        self._give_away(self.data)

    def start(self, port: int, settings: Mapping[str, str]) -> None:
        """Start with *settings*, on *port* if it is free, else on any that is, and wait until it takes connections.

        Raises StartError with the end of the server's log.
        """
        self.end_stray()
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != self._binaries.major:
            raise StartError(f"PostgreSQL {made_by} made these files and this is {self._binaries.major}: set PG_BIN.")
        (self.data / "pg_hba.conf").write_text(_HBA)
        log = self.log
        for attempt in range(3):  # another program may take the port between our look and the server's
            self.port = port if port and not attempt and _is_free(port) else _free_port()
            self.configure(settings)
            start_of_log = log.stat().st_size if log.exists() else 0
            with log.open("ab") as output:
                log.chmod(0o600)
                self._supervisor = self._spawn(output)
            if self._wait_until_ready():
                self._make_own_database()
                return
            self.stop()
            words = log.read_bytes()[start_of_log:].decode(errors="replace").strip()
            if "could not bind" not in words:
                break
        raise StartError(words[-2000:] or "the server ended without a word")

    def configure(self, settings: Mapping[str, str]) -> None:
        """Write the server's configuration: *settings* over our defaults, and what is not theirs to change."""
        fixed = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "password_encryption": "scram-sha-256",
            "logging_collector": "off",
            "log_destination": "stderr",
            PLUGINS: "pgoutput, test_decoding",
        }
        everything = {"timezone": "UTC", "log_timezone": "UTC", **_DEFAULTS, **settings, **fixed}
        lines = [f"{name} = {_quoted(value)}\n" for name, value in everything.items()]
        # Whole or not at all: without it the server would not start again.
        file = self.data / "postgresql.conf"
        fresh = file.with_suffix(".new")
        fresh.write_text("".join(lines))
        self._give_away(fresh)
        fresh.replace(file)

    def reload(self) -> None:
        """Have the running server read its configuration again, by a signal: no statement that could be redirected."""
        if self._supervisor:
            self._supervisor.send_signal(signal.SIGHUP)

    @property
    def running(self) -> bool:
        return self._supervisor is not None and self._supervisor.poll() is None

    def ask_to_stop(self) -> None:
        """Begin a fast shutdown; `stop` waits for its end."""
        if self._supervisor and self._supervisor.stdin:
            self._supervisor.stdin.close()

    def stop(self) -> None:
        """Shut down; sessions are ended, nothing committed is lost."""
        self.ask_to_stop()
        if self._supervisor:
            self._supervisor.wait()
        self._supervisor = None

    def destroy(self) -> None:
        """Stop, and remove every file."""
        self.stop()
        self.end_stray()
        shutil.rmtree(self.home, ignore_errors=True)

    def end_stray(self) -> None:
        """End a server that a killed lab has left on our files, and forget its lock."""
        lock = self.data / "postmaster.pid"
        try:
            stray = psutil.Process(int(lock.read_text().split("\n", 1)[0]))
            if Path(stray.cwd()) == self.data:
                stray.send_signal(signal.SIGINT)
                stray.wait(timeout=postgres_supervisor.PATIENCE)
        except (OSError, ValueError, psutil.NoSuchProcess):
            pass
        except psutil.TimeoutExpired:
            stray.kill()
            stray.wait()
        lock.unlink(missing_ok=True)

    def back_up(self, target: Path) -> None:
        """Copy the whole cluster, consistent at one moment, into *target*: online if the server runs."""
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True, mode=0o700)
        self._give_away(target)
        if not self.running:
            shutil.copytree(self.data, target, symlinks=True, dirs_exist_ok=True)
            self._give_away(target)
            return
        where = f"host=127.0.0.1 port={self.port} user={ADMIN}"
        self._binaries.run(
            "pg_basebackup",
            f"--dbname={where}",
            f"--pgdata={target}",
            "--checkpoint=fast",
            "--no-sync",
            PGPASSWORD=self._password,
        )

    def execute(self, *statements: str | sql.Composed) -> None:
        """Run *statements* as the administrator in its own database, each in a transaction of its own.

        They name every function and operator with ``pg_catalog``: what a user has made must never run as a superuser.
        """
        with self._connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def set_password(self, user: str, password: str) -> None:
        """Give *user* its *password*, as a SCRAM verifier: the text itself must stand in no log of statements."""
        with self._connect() as connection:
            verifier = connection.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256").decode()
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(user), sql.Literal(verifier)))

    def _connect(self, database: str = ADMIN) -> psycopg.Connection[Any]:
        """A connection as the administrator, in autocommit."""
        known = {name: value for name, value in _PINNED.items() if int(self._binaries.major) >= _SINCE.get(name, 0)}
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=ADMIN,
            password=self._password,
            dbname=database,
            autocommit=True,
            options=" ".join(f"-c {name}={value}" for name, value in known.items()),
        )

    def _make_own_database(self) -> None:
        """Make the administrator's database, unless an earlier start has: template1 is its own too, and empty."""
        known = "SELECT FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) %s"
        with self._connect("template1") as connection:
            if connection.execute(known, [ADMIN]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(ADMIN)))

    def _spawn(self, output: Any) -> subprocess.Popen[bytes]:
        uid = gid = -1
        if self._binaries.user:
            import pwd

            entry = pwd.getpwnam(self._binaries.user)
            uid, gid = entry.pw_uid, entry.pw_gid
        server = [str(self._binaries.directory / "postgres"), "-D", str(self.data)]
        return subprocess.Popen(
            [sys.executable, "-I", "-S", postgres_supervisor.__file__, str(uid), str(gid), *server],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,  # Ctrl-C in the lab's terminal is for the lab, which then stops us in order
        )

    def _wait_until_ready(self) -> bool:
        """Whether the server says "ready" in the last line of its lock file, as pg_ctl waits for it."""
        lock = self.data / "postmaster.pid"
        pause = threading.Event()
        while self.running:
            try:
                if lock.read_text().split("\n")[7].strip() == "ready":
                    return True
            except (OSError, IndexError):
                pass
            pause.wait(0.02)
        return False

    def _begin(self) -> None:
        if self.complete:
            raise FileExistsError(f"{self.home} holds a database, which nothing may replace")
        self.end_stray()
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True, mode=0o700)
        self._give_away(self.home)

    def _give_away(self, path: Path) -> None:
        """Make whom the server runs as the owner of *path* and of everything below it."""
        if self._binaries.user:
            shutil.chown(path, self._binaries.user)
            for directory, directories, files in os.walk(path):
                for name in directories + files:
                    shutil.chown(Path(directory, name), self._binaries.user)


def _quoted(value: str) -> str:
    """A value of postgresql.conf. Raises ValueError for what could begin another line."""
    if "\n" in value or "\r" in value:
        raise ValueError("a parameter's value is one line")
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
