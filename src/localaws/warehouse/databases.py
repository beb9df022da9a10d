"""The databases of a cluster: one file of DuckDB each, all open in one DuckDB, so that a query can join them."""

from __future__ import annotations

import re
import shutil
import threading
from contextlib import suppress
from pathlib import Path

import duckdb
import psutil

from localaws.lake.quoting import literal, name, texts
from localaws.warehouse.catalog.store import prepare_database, prepare_session
from localaws.warehouse.errors import INVALID_CATALOG, WRONG_OBJECT, RedshiftError
from localaws.warehouse.loading import history
from localaws.warehouse.sql import installing

_SETTINGS = """
SET allow_persistent_secrets = false;
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET GLOBAL integer_division = true;
SET GLOBAL disabled_optimizers = 'type_pushdown';
SET GLOBAL default_null_order = 'nulls_last_on_asc_first_on_desc';
"""
#: What DuckDB may keep in memory of what it could put on disk instead.
_MEMORY = min(2 << 30, psutil.virtual_memory().total // 4)
#: Bytes of a log that no log comes to.
_NEVER = "1000TB"
_NAME = re.compile(r"[a-z_][a-z0-9_$]{0,126}")


class Databases:
    """Those in *directory*; beside them only *objects*, the files of S3, can be read. *first* is always there."""

    def __init__(self, directory: Path, objects: Path, first: str) -> None:
        self.directory, self.first = directory, first
        self.scratch = directory / "scratch"
        self.scratch.mkdir(exist_ok=True)
        for left in self.scratch.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        self._files = directory / "databases"
        self._files.mkdir(exist_ok=True)
        self._lock = threading.Lock()
        self._database = duckdb.connect(":memory:")
        self._database.execute(_SETTINGS)
        self._database.execute(f"SET memory_limit = '{_MEMORY}B'")
        self._database.execute(f"SET temp_directory = {literal(str(directory / 'spill'))}")
        self._database.execute(f"SET allowed_directories = {texts([str(objects), str(directory)])}")
        history.prepare(self._database, str(directory / "history.duckdb"))
        self._database.execute("SET enable_external_access = false")
        installing.install(self._database)
        for found in {first, *(path.stem for path in self._files.glob("*.duckdb"))}:
            self._open(found)

    def __contains__(self, database: str) -> bool:
        return (self._files / f"{database}.duckdb").exists()

    def names(self) -> list[str]:
        return sorted(path.stem for path in self._files.glob("*.duckdb"))

    def cursor(self, database: str) -> duckdb.DuckDBPyConnection:
        """A connection of its own, which begins in *database*. Raises RedshiftError where there is none."""
        if database not in self:
            raise RedshiftError(INVALID_CATALOG, f'database "{database}" does not exist')
        cursor = self._database.cursor()
        cursor.execute(f"USE {name(database)}.public")
        cursor.execute("SET TimeZone = 'UTC'")
        prepare_session(cursor)
        return cursor

    def create(self, database: str) -> None:
        """Raises RedshiftError for a name that cannot be one, or is one already."""
        if not _NAME.fullmatch(database):
            raise RedshiftError("42602", f'invalid database name "{database}"')
        with self._lock:
            if database in self:
                raise RedshiftError("42P04", f'database "{database}" already exists')
            self._open(database)

    def drop(self, database: str) -> None:
        if database == self.first:
            raise RedshiftError(WRONG_OBJECT, f'database "{database}" cannot be dropped')
        with self._lock:
            if database not in self:
                raise RedshiftError(INVALID_CATALOG, f'database "{database}" does not exist')
            self._database.execute(f"DETACH {name(database)}")
            for path in self._files.glob(f"{database}.duckdb*"):
                path.unlink()

    def back_up(self, directory: Path) -> None:
        """Copy all files to *directory* as they are at one moment: what has been committed by then, and no more.

        A file of DuckDB changes at its checkpoints only; between them what is committed comes to its log's end, of
        which a part that is not whole is not read. So there is none while the files are copied.
        """
        with self._lock:
            cursor = self._database.cursor()
            for database in self.names():
                with suppress(duckdb.Error):  # where transactions are under way the log is the longer
                    cursor.execute(f"CHECKPOINT {name(database)}")
            cursor.execute(f"SET GLOBAL wal_autocheckpoint = '{_NEVER}'")
            try:
                while True:
                    before = [path.stat().st_mtime_ns for path in sorted(self._files.glob("*.duckdb"))]
                    shutil.copytree(self._files, directory, dirs_exist_ok=True)
                    if before == [path.stat().st_mtime_ns for path in sorted(self._files.glob("*.duckdb"))]:
                        return
            finally:
                cursor.execute("RESET GLOBAL wal_autocheckpoint")
                cursor.close()

    def close(self) -> None:
        self._database.close()

    def _open(self, database: str) -> None:
        path = self._files / f"{database}.duckdb"
        self._database.execute(f"ATTACH {literal(str(path))} AS {name(database)}")
        self._database.execute(f"CREATE SCHEMA IF NOT EXISTS {name(database)}.public")
        prepare_database(self._database, database)
