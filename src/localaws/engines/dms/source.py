"""A PostgreSQL source: its tables, its rows in blocks, and its changes by logical decoding.

Source: DMS user guide, "Using a PostgreSQL database as an AWS DMS source".
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import pq, sql

from localaws.engines.dms.decoding import Change, committed, parse_change
from localaws.engines.dms.mappings import Column, OutColumn, Selection
from localaws.gateway.errors import AwsError
from localaws.lab import Lab
from localaws.outgoing import is_this_machine

#: Seconds that asking the source to end a query may take.
_CANCELLING = 1.0
#: Rows of changes that one look at the slot takes at most, beyond which it ends with the transaction.
CHANGES_AT_ONCE = 100_000
_OPTIONS = "'include-timestamp', '1', 'skip-empty-xacts', '1'"
_SETTINGS = (
    "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c bytea_output=hex -c extra_float_digits=1"
    " -c synchronize_seqscans=off"  # a table is read from its beginning, even beside another reader
    " -c search_path=pg_catalog"  # our own functions and operators are PostgreSQL's, whatever others call theirs
)
#: A moment with six digits, in UTC as sessions are; to_char alone has neither infinity nor years before our era.
_MOMENT = (
    "CASE WHEN NOT isfinite({}) THEN {}::text ELSE to_char({}, 'YYYY-MM-DD HH24:MI:SS.US')"
    " || CASE WHEN {} < '0001-01-01' THEN ' BC' ELSE '' END END"
)


@dataclass(frozen=True)
class CsvFormat:
    """How rows are written; PostgreSQL's COPY does it for a full load, `files.Row` for changes."""

    delimiter: str
    null: str


class PostgresSource:
    """The source endpoint *settings* (CreateEndpoint's parameters) of a task."""

    def __init__(self, lab: Lab, region: str, settings: Mapping[str, Any]) -> None:
        self._lab = lab
        self._region = region
        self._settings = settings
        self._connections: list[psycopg.Connection[Any]] = []

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """A new connection in autocommit, in UTC. Raises psycopg.OperationalError, or ClientError for its secret."""
        own = self._settings.get("PostgreSQLSettings") or {}
        login = self._login(own)
        pick = {name: own.get(name) or self._settings.get(name) for name in ("ServerName", "Port", "DatabaseName")}
        host = login.get("host") or pick["ServerName"]
        if not is_this_machine(host):
            raise psycopg.OperationalError(
                f"this lab reads databases of this machine alone (127.0.0.1, ::1 or localhost), not of {host}"
            )
        connection = psycopg.connect(
            host=host,
            port=login.get("port") or pick["Port"] or 5432,
            user=login["username"],
            password=login["password"],
            dbname=pick["DatabaseName"] or login.get("dbname") or "postgres",
            sslmode={"require": "require", "verify-full": "verify-full"}.get(
                self._settings.get("SslMode", ""), "prefer"
            ),
            autocommit=True,
            connect_timeout=10,
            application_name="dms",
            options=_SETTINGS,
            **options,
        )
        self._connections = [each for each in self._connections if not each.closed] + [connection]
        return connection

    def cancel(self) -> None:
        """Have the source end what it does for us at this moment: who waits for it gets psycopg.OperationalError."""
        for connection in self._connections:
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=_CANCELLING)

    def _login(self, own: Mapping[str, Any]) -> dict[str, Any]:
        secret = own.get("SecretsManagerSecretId")
        if not secret:
            username = own.get("Username") or self._settings.get("Username")
            return {"username": username, "password": own.get("Password") or self._settings.get("Password")}
        role = own.get("SecretsManagerAccessRoleArn")
        client = self._lab.client("secretsmanager", region=self._region, role_arn=role, session_name="dms", by="dms")
        return json.loads(client.get_secret_value(SecretId=secret)["SecretString"])

    # The catalog

    def tables(self, connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
        """Schema and name of every table the user can see, in order."""
        return connection.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_'"
            " AND n.nspname <> 'information_schema' ORDER BY 1, 2"
        ).fetchall()

    def columns(self, connection: psycopg.Connection[Any], schema: str, table: str) -> list[Column]:
        """The table's columns in order; none if there is no such table."""
        rows = connection.execute(
            "SELECT a.attname, format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), NULL),"
            " format_type(a.atttypid, a.atttypmod)"
            " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_type t ON t.oid = a.atttypid"
            " WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            [schema, table],
        ).fetchall()
        return [_column(*row) for row in rows]

    # The full load

    def copy(
        self,
        connection: psycopg.Connection[Any],
        table: tuple[str, str],
        columns: Sequence[OutColumn],
        selection: Selection,
        form: CsvFormat,
        first: Sequence[str],
        last: Sequence[str],
    ) -> Generator[memoryview, None, None]:
        """Rows as CSV, one at a time as the server sends them: texts *first*, the *columns*, texts *last*."""
        selected: list[sql.Composable] = [sql.Literal(text) for text in first]
        selected += [_expression(column) for column in columns]
        selected += [sql.Literal(text) for text in last]
        query = sql.SQL(
            "COPY (SELECT {} FROM {}{}) TO STDOUT (FORMAT csv, DELIMITER {}, NULL {}, ENCODING 'UTF8')"
        ).format(
            sql.SQL(", ").join(selected),
            sql.Identifier(*table),
            selection.where,
            sql.Literal(form.delimiter),
            sql.Literal(form.null),
        )
        with connection.cursor() as cursor, cursor.copy(query) as copy:
            while row := copy.read():
                yield memoryview(row)

    # Changes

    def create_slot(self, name: str) -> tuple[psycopg.Connection[Any], str]:
        """Make a replication slot; returns the connection that keeps its snapshot, and the snapshot's name.

        What the snapshot shows is exactly what happened before the slot's first change: nothing falls in between.
        """
        connection = self.connect(replication="database")
        try:
            self.drop_slot(name)
            command = f"CREATE_REPLICATION_SLOT \"{name}\" LOGICAL test_decoding (SNAPSHOT 'export')"
            result = connection.pgconn.exec_(command.encode())  # the replication protocol knows simple queries alone
            if result.status != pq.ExecStatus.TUPLES_OK:
                raise psycopg.OperationalError((result.error_message or b"").decode().strip())
            return connection, (result.get_value(0, 2) or b"").decode()
        except BaseException:
            connection.close()
            raise

    def drop_slot(self, name: str) -> None:
        with self.connect() as connection:
            connection.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", [name]
            )

    def waiting(self, connection: psycopg.Connection[Any], slot: str) -> tuple[int, str | None]:
        """Bytes of changes that wait in the slot (up to a limit), and the log position after their last commit."""
        row = connection.execute(
            "SELECT coalesce(sum(octet_length(data)), 0),"
            " (max(lsn) FILTER (WHERE data LIKE 'COMMIT %%'))::text"
            f" FROM pg_logical_slot_peek_changes(%s, NULL, {CHANGES_AT_ONCE}, {_OPTIONS})",
            [slot],
        ).fetchone()
        assert row is not None
        return int(row[0]), row[1]

    def peek(self, connection: psycopg.Connection[Any], slot: str, end: str) -> Iterator[tuple[datetime, Change]]:
        """The changes that wait in the slot up to the log position *end*, with the moments of their commits, in order.

        They come one by one, for a transaction may be larger than memory; its moment, which its last line tells, is
        therefore asked for before.
        """
        decoded = f"FROM pg_logical_slot_peek_changes(%s, %s, NULL, {_OPTIONS})"
        commits = connection.execute(f"SELECT xid::text, data {decoded} WHERE data LIKE 'COMMIT %%'", [slot, end])
        moments = {transaction: committed(line) for transaction, line in commits}
        for transaction, line in connection.cursor().stream(f"SELECT xid::text, data {decoded}", [slot, end]):
            if change := parse_change(line):
                yield moments[transaction], change

    def advance(self, connection: psycopg.Connection[Any], slot: str, end: str) -> None:
        """Tell the server that everything up to *end* is safe elsewhere."""
        connection.execute("SELECT pg_replication_slot_advance(%s, %s)", [slot, end])

    def position(self, connection: psycopg.Connection[Any]) -> str:
        """Where the source's log ends now."""
        row = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
        assert row is not None
        return row[0]

    def skip_idle(self, connection: psycopg.Connection[Any], slot: str, position: str) -> None:
        """Let the source forget its log before *position*, which held nothing for us, once it is 16 MB long.

        Otherwise the work of other databases there would be read again at every look.
        """
        connection.execute(
            "SELECT pg_replication_slot_advance(slot_name, %(end)s::pg_lsn) FROM pg_replication_slots"
            " WHERE slot_name = %(slot)s AND pg_wal_lsn_diff(%(end)s::pg_lsn, confirmed_flush_lsn) > 16 * 1024 * 1024",
            {"slot": slot, "end": position},
        )

    def confirmed(self, connection: psycopg.Connection[Any], slot: str, position: str) -> bool:
        """Whether the slot is at or past *position*. Raises AwsError if there is no such slot any more."""
        row = connection.execute(
            "SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE slot_name = %s", [position, slot]
        ).fetchone()
        if row is None:
            raise AwsError(
                "InvalidResourceStateFault", f"The source has no replication slot {slot}: use reload-target."
            )
        return bool(row[0])


def _column(name: str, kind: str, declared: str) -> Column:
    size = re.match(r"numeric\((\d+)(?:,(-?\d+))?\)", declared)
    return Column(name, kind, int(size[1]), int(size[2] or 0)) if size else Column(name, kind)


def _expression(column: OutColumn) -> sql.Composed:
    """A column as SQL that gives it the text that DMS writes."""
    source = column.source
    if source is None:
        parts = [
            sql.SQL("{}::text").format(sql.Identifier(text)) if is_name else sql.Literal(text)
            for text, is_name in column.pieces
        ]
        return sql.Composed([sql.SQL("("), sql.SQL(" || ").join(parts), sql.SQL(")")])
    shape = "{}"
    if source.kind == "boolean":
        shape = "{}::text"  # true or false, where COPY alone would say t or f
    elif source.kind.startswith("timestamp"):
        shape = _MOMENT
    elif source.kind == "bytea":
        shape = "encode({}, 'hex')"
    return sql.SQL(shape).format(*[sql.Identifier(source.name)] * shape.count("{}"))
