"""What was loaded, rejected and unloaded: kept beside the databases, so that a ROLLBACK does not undo it.

Sources: Redshift database developer guide, "STL_LOAD_ERRORS", "STL_LOADERROR_DETAIL", "STL_LOAD_COMMITS",
"STL_UNLOAD_LOG", "SYS_LOAD_ERROR_DETAIL", "SYS_LOAD_HISTORY", "SYS_UNLOAD_HISTORY", "SVL_S3QUERY_SUMMARY",
"PG_LAST_COPY_COUNT".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import sqlglot
from sqlglot import exp

from localaws.lake.quoting import literal, own
from localaws.warehouse.catalog.privileges import is_superuser
from localaws.warehouse.loading.reasons import Reject

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_PLACE = own("history")
#: Which views show which queries: columns of the views by their names on AWS.
VIEWS = {
    "stl_load_errors": (
        "SELECT userid, 0 AS slice, tbl, ended AS starttime, session, query, filename, line_number, colname, type, "
        "col_length, position, raw_line, raw_field_value, err_code, err_reason, 0 AS is_partial, 0 AS start_offset "
        f"FROM {_PLACE}.errors"
    ),
    "stl_loaderror_detail": (
        "SELECT userid, 0 AS slice, session, query, filename, line_number, field, colname, raw_field_value AS value, "
        f"0 AS is_null, type, col_length FROM {_PLACE}.errors WHERE field > 0"
    ),
    "sys_load_error_detail": (
        "SELECT userid AS user_id, query AS query_id, query AS transaction_id, session AS session_id, database_name, "
        "tbl AS table_id, ended AS start_time, filename AS file_name, line_number, colname AS column_name, type AS "
        "column_type, col_length AS column_length, position, err_code AS error_code, err_reason AS error_message "
        f"FROM {_PLACE}.errors"
    ),
    "stl_load_commits": (
        "SELECT userid, query, 0 AS slice, name, filename, 0 AS byte_offset, lines_scanned, errors, ended AS curtime, "
        f"1 AS status, file_format FROM {_PLACE}.files WHERE status = 'completed'"
    ),
    "sys_load_history": (
        "SELECT userid AS user_id, query AS query_id, query AS transaction_id, session AS session_id, database_name, "
        "status, name AS table_name, began AS start_time, ended AS end_time, date_diff('us', began, ended) AS "
        "duration, source AS data_source, file_format, loaded_rows, loaded_bytes, "
        f"files AS source_file_count, loaded_bytes AS source_file_bytes, errors AS error_count FROM {_PLACE}.loads"
    ),
    "stl_unload_log": (
        "SELECT userid, query, 0 AS slice, 0 AS pid, path, began AS start_time, ended AS end_time, line_count, "
        f"transfer_size, file_format FROM {_PLACE}.unloads"
    ),
    "svl_s3query_summary": (
        "SELECT userid, query, session AS pid, ended AS starttime, external_table_name, file_format, is_partitioned, "
        f"s3_scanned_bytes, files FROM {_PLACE}.scans"
    ),
    "sys_unload_history": (
        "SELECT userid AS user_id, query AS query_id, session AS session_id, query AS transaction_id, database_name, "
        "'completed' AS status, min(began) AS start_time, max(ended) AS end_time, "
        "date_diff('us', min(began), max(ended)) AS duration, file_format, sum(line_count) AS unloaded_rows, "
        "count(*) AS unloaded_files_count, sum(transfer_size) AS unloaded_files_size "
        f"FROM {_PLACE}.unloads GROUP BY ALL"
    ),
}
_LAYOUT = f"""
CREATE TABLE IF NOT EXISTS {_PLACE}.errors (userid INT, tbl INT, ended TIMESTAMP, session INT, query BIGINT,
    filename VARCHAR, line_number BIGINT, field INT, colname VARCHAR, type VARCHAR, col_length VARCHAR, position INT,
    raw_line VARCHAR, raw_field_value VARCHAR, err_code INT, err_reason VARCHAR, database_name VARCHAR);
CREATE TABLE IF NOT EXISTS {_PLACE}.files (userid INT, query BIGINT, ended TIMESTAMP, name VARCHAR, filename VARCHAR,
    lines_scanned BIGINT, errors BIGINT, file_format VARCHAR, status VARCHAR);
CREATE TABLE IF NOT EXISTS {_PLACE}.loads (userid INT, query BIGINT, session INT, began TIMESTAMP, ended TIMESTAMP,
    database_name VARCHAR, name VARCHAR, source VARCHAR, status VARCHAR, file_format VARCHAR, loaded_rows BIGINT,
    loaded_bytes BIGINT, files INT, errors BIGINT);
CREATE TABLE IF NOT EXISTS {_PLACE}.scans (userid INT, query BIGINT, session INT, ended TIMESTAMP,
    external_table_name VARCHAR, file_format VARCHAR, is_partitioned VARCHAR, s3_scanned_bytes BIGINT, files INT);
CREATE TABLE IF NOT EXISTS {_PLACE}.unloads (userid INT, query BIGINT, session INT, began TIMESTAMP, ended TIMESTAMP,
    database_name VARCHAR, path VARCHAR, line_count BIGINT, transfer_size BIGINT, file_format VARCHAR);
"""
#: Functions that tell of the session's last COPY and UNLOAD.
_COUNTS = ("pg_last_copy_count", "pg_last_copy_id", "pg_last_unload_count", "pg_last_unload_id")
#: A load leaves so many errors on each slice at most; a cluster has two here.
_MOST_KEPT = 40


def prepare(database: duckdb.DuckDBPyConnection, path: str) -> None:
    """Have the history in the file *path* at hand in *database*."""
    database.execute(f"ATTACH {literal(path)} AS {_PLACE}")
    database.execute(_LAYOUT)


def prepare_session(session: Session) -> None:
    """Have the functions that tell of its last COPY and UNLOAD."""
    for function in _COUNTS:
        session.execute(f"SET VARIABLE {function} = 0")
        session.execute(f"CREATE TEMP MACRO {function}() AS getvariable('{function}')")


def view(session: Session, parts: Sequence[str]) -> exp.Query | None:
    """What the view *parts* shows to *session*, a query of DuckDB's: a superuser sees everything, others their own."""
    query = VIEWS.get(parts[-1])
    if query is None or list(parts[:-1]) not in ([], ["pg_catalog"]):
        return None
    if not is_superuser(session):
        column = {"stl": "userid", "svl": "userid", "sys": "user_id"}[parts[-1][:3]]
        query = f"SELECT * FROM ({query}) WHERE {column} = {user_id(session)}"
    tree = sqlglot.parse_one(query, read="duckdb")
    assert isinstance(tree, exp.Query)
    return tree


def user_id(session: Session) -> int:
    users = session.node.users
    return int(users.get(session.user)["id"]) if session.user in users else 1


class Entry:
    """One load or unload of *session*'s that is under way."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._cursor = session.node.databases.cursor(session.database)  # its own transaction
        self.query = session.query_number
        self._began = self._one("SELECT CAST(now() AS TIMESTAMP)")
        self._user = user_id(session)

    def loaded(
        self, table: str, source: str, format: str, files: Sequence[tuple[str, int]], lines: dict[str, int],
        rows: int, rejects: Sequence[Reject], status: str,
    ) -> None:  # fmt: skip
        """Note a COPY's end: its *files* with their sizes, how many *lines* each had where that is known."""
        name = table.lower()
        for uri, _ in files:
            errors = sum(reject.uri == uri for reject in rejects)
            self._insert("files", [self._user, self.query, self._now, name, uri, lines.get(uri, rows), errors, format,
                                   status])  # fmt: skip
        self._insert(
            "loads",
            [self._user, self.query, self._session.process, self._began, self._now, self._session.database, name,
             source, status, format, rows, sum(size for _, size in files), len(files), len(rejects)],
        )  # fmt: skip
        if status == "completed":
            self._set("copy", rows)

    def rejected(self, table: int, rejects: Sequence[Reject], places: dict[str, int]) -> None:
        """Note *rejects*; *places* has the number of each column, from 1."""
        for reject in rejects[:_MOST_KEPT]:
            field = reject.field
            length = ""
            if field and field.length:
                length = f"{field.length}, {field.scale}" if field.type == "numeric" else str(field.length)
            self._insert(
                "errors",
                [self._user, table, self._began, self._session.process, self.query, reject.uri, reject.line,
                 places.get(field.name, 0) if field else 0, field.name if field else "", field.type if field else "",
                 length, reject.position, reject.raw[:1024], reject.value[:1024], reject.code, reject.reason,
                 self._session.database],
            )  # fmt: skip

    def unloaded(self, files: Sequence[tuple[str, int, int]], format: str) -> None:
        """Note an UNLOAD's *files*: where, how many rows, how many bytes."""
        for uri, rows, size in files:
            self._insert("unloads", [self._user, self.query, self._session.process, self._began, self._now,
                                     self._session.database, uri, rows, size, format])  # fmt: skip
        self._set("unload", sum(rows for _, rows, _ in files))

    def scanned(self, table: str, format: str, partitioned: bool, scanned: int, files: int) -> None:
        """Note that a query reads so many bytes of an external *table*, in so many *files*."""
        self._insert("scans", [self._user, self.query, self._session.process, self._now, table, format,
                               "t" if partitioned else "f", scanned, files])  # fmt: skip

    def close(self) -> None:
        self._cursor.close()

    @property
    def _now(self) -> Any:
        return self._one("SELECT CAST(now() AS TIMESTAMP)")

    def _set(self, what: str, rows: int) -> None:
        self._session.execute(f"SET VARIABLE pg_last_{what}_count = {rows}")
        self._session.execute(f"SET VARIABLE pg_last_{what}_id = {self.query}")

    def _insert(self, table: str, values: list[Any]) -> None:
        places = ", ".join("?" * len(values))
        self._cursor.execute(f"INSERT INTO {_PLACE}.{table} VALUES ({places})", values)

    def _one(self, sql: str) -> Any:
        rows = self._cursor.execute(sql).fetchall()
        return rows[0][0]
