"""The Data Catalog in moto's memory, each change of it written down before it is answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from moto.core.exceptions import JsonRESTError
from moto.glue.exceptions import (
    GlueClientError,
    InvalidInputException,
    RegistryNotFoundException,
    VersionNotFoundException,
)
from moto.glue.glue_schema_registry_utils import validate_registry_id
from moto.glue.models import FakeDatabase, FakeTable

from localaws.engines.glue import settings
from localaws.engines.glue.databases import OwnedDatabase
from localaws.engines.glue.indexes import IndexedTable
from localaws.engines.glue.partitions import PartitionedCatalog, failures
from localaws.engines.glue.statistics import AnalysedPartition
from localaws.engines.glue.store import CatalogStore, Key
from localaws.engines.lakeformation.backend import LakeFormationEngine, lake_of
from localaws.engines.patterns import names_like
from localaws.gateway.records import current_call
from localaws.lab import Lab

_Entry = TypeVar("_Entry")

_DEFAULT = "default"


class ConcurrentModification(GlueClientError):
    def __init__(self) -> None:
        super().__init__("ConcurrentModificationException", "Update table failed due to concurrent modifications.")


class GlueEngine(PartitionedCatalog):
    """moto's catalog, kept. Names arrive in lower case: see the response class."""

    lab: ClassVar[Lab]
    store: ClassVar[CatalogStore]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._updating = threading.RLock()
        self._since = self._now()
        self.databases[_DEFAULT] = self._default()

    def __getstate__(self) -> dict[str, Any]:
        """All but the catalog, which has the store."""
        return {name: value for name, value in vars(self).items() if name != "databases"}

    def _default(self) -> FakeDatabase:
        """Hive's database, which is there without having been made."""
        database = OwnedDatabase(_DEFAULT, {"Name": _DEFAULT}, self.account_id)
        database.created_time = self._since
        return database

    def get_registry(self, registry_id: dict[str, Any]) -> dict[str, Any]:
        """Raises EntityNotFoundException for the default registry before anything made it."""
        name = validate_registry_id(registry_id, self.registries)
        if name not in self.registries:
            raise RegistryNotFoundException(resource="Registry", param_name="RegistryName", param_value=name)
        return super().get_registry(registry_id)

    def delete_registry(self, registry_id: dict[str, Any]) -> dict[str, Any]:
        self.get_registry(registry_id)
        return super().delete_registry(registry_id)

    def bring_back(self, key: Key, body: dict[str, Any]) -> None:
        """Have again what was kept under *key*: (database,), (database, table) or (database, table, values).

        Nothing is the key of the catalog's own `settings`.
        """
        if key:
            self._place(self.databases, key, body)
        else:
            settings.bring_back(self, body)

    def _place(self, databases: dict[str, FakeDatabase], key: Key, body: dict[str, Any]) -> None:
        if body.get("deleted"):
            del databases[key[0]]
            return
        created = datetime.fromisoformat(body["created"])
        if body.get("tags"):
            super().tag_resource(self._arn(*key), body["tags"])
        if len(key) == 1:
            database = OwnedDatabase(key[0], body["input"], self.account_id)
            database.created_time, database.owner = created, body.get("owner", "")
            database.functions = body.get("functions", {})
            if key[0] in databases:  # the default one, whose tables may have been written down before it was changed
                database.tables = databases[key[0]].tables
            databases[key[0]] = database
            return
        tables = databases[key[0]].tables
        if len(key) == 2:
            table = IndexedTable(key[0], key[1], {}, self.account_id)
            table.indexes, table.owner = body.get("indexes", {}), body.get("owner", "")
            table.created_by, table.statistics = body.get("created_by", ""), body.get("statistics", {})
            table.versions, table._current_version = body["versions"], body["current"]
            table.created_time = created
            table.updated_time = datetime.fromisoformat(body["updated"]) if body["updated"] else None
            tables[key[1]] = table
            return
        partition = AnalysedPartition(key[0], key[1], body["input"])
        partition.creation_time, partition.statistics = created, body.get("statistics", {})
        tables[key[1]].partitions[str(partition.values)] = partition

    @contextmanager
    def _changing(self, name: str) -> Iterator[None]:
        """Change the database *name* here and on disk together; after an error it is what the disk has.

        What moto refuses, it refuses before it changes anything.
        """
        with self._updating:
            try:
                with self.store.changing():
                    yield
            except JsonRESTError:
                raise
            except Exception:
                self._reread(name)
                raise

    def _reread(self, name: str) -> None:
        databases = {_DEFAULT: self._default()} if name == _DEFAULT else {}
        self._forget_tags(name)
        for key, body in self.store.below(self._key(name)):
            self._place(databases, key[2:], body)
        if name in databases:
            self.databases[name] = databases[name]
        else:
            self.databases.pop(name, None)

    def _key(self, *names: str) -> Key:
        return (self.account_id, self.region_name, *names)

    @property
    def _lake(self) -> LakeFormationEngine:
        return lake_of(self.account_id, self.region_name)

    @staticmethod
    def _who() -> tuple[str, str]:
        """Who is calling, and the user or role that he is; "" where a service works by itself."""
        call = current_call.get(None)
        credential = call.credential if call else None
        if credential is None or credential.kind == "AWSService":
            return "", ""
        return credential.principal, credential.issuer or credential.principal

    def _now(self) -> datetime:
        return self.lab.clock.now().replace(tzinfo=None)  # moto's times are UTC without saying so

    # Databases

    def create_database(
        self, database_name: str, database_input: dict[str, Any], tags: dict[str, str] | None = None
    ) -> FakeDatabase:
        _, owner = self._who()
        with self._changing(database_name):
            if database_name not in self.databases:
                self._lake.database_made(database_name, database_input, owner)
            database = super().create_database(database_name, database_input, tags)
            assert isinstance(database, OwnedDatabase)
            database.created_time, database.owner = self._now(), owner
            self._keep_database(database)
        return database

    def update_database(self, database_name: str, database_input: dict[str, Any]) -> None:
        with self._changing(database_name):
            if database_name in self.databases:
                held = self.databases[database_name].input
                kept = "CreateTableDefaultPermissions"
                database_input |= {kept: held[kept]} if kept in held and kept not in database_input else {}
            super().update_database(database_name, database_input)
            self._keep_database(self.databases[database_name])

    def delete_database(self, database_name: str) -> None:
        with self._changing(database_name):
            super().delete_database(database_name)
            self._forget_tags(database_name)
            self.store.remove([self._key(database_name)])
            if database_name == _DEFAULT:
                self.store.put([(self._key(_DEFAULT), {"deleted": True})])
        self._lake.gone(database_name)

    def _keep_database(self, database: FakeDatabase) -> None:
        assert isinstance(database, OwnedDatabase)
        body = {
            "owner": database.owner,
            "input": database.input,
            "created": database.created_time.isoformat(),
            "tags": self.get_tags(self._arn(database.name)),
            "functions": database.functions,
        }
        self.store.put([(self._key(database.name), body)])

    # Tables

    def create_table(
        self,
        database_name: str,
        table_name: str,
        table_input: dict[str, Any],
        open_table_format_input: dict[str, Any] | None = None,
        indexes: Sequence[dict[str, Any]] = (),
    ) -> FakeTable:
        indexed = IndexedTable(database_name, table_name, table_input, self.account_id)
        for index in indexes:
            indexed.add_index(index)
        with self._changing(database_name):
            who, owner = self._who()
            if database_name in self.databases and table_name not in self.databases[database_name].tables:
                self._lake.table_made(database_name, table_name, owner)
            table = super().create_table(database_name, table_name, table_input, open_table_format_input)
            assert isinstance(table, IndexedTable)
            table.created_time, table.owner, table.created_by = self._now(), owner, who
            # AWS counts the versions of a table from 0
            table.versions, table._current_version = {"0": table_input}, 0
            self.indexed(database_name, table_name).indexes = indexed.indexes
            self._keep_table(table)
        return table

    def update_table(self, database_name: str, table_name: str, table_input: dict[str, Any]) -> None:
        self.replace_table(database_name, table_name, table_input, None, False)

    def replace_table(
        self, database: str, name: str, table_input: dict[str, Any], version_id: str | None, skip_archive: bool
    ) -> None:
        """UpdateTable: *version_id* is the version that the update was made from, *skip_archive* forgets that version.

        Raises ConcurrentModification if the table has another version by now.
        """
        with self._changing(database):
            table = self.get_table(database, name)
            before = str(table._current_version)
            if version_id is not None and version_id != before:
                raise ConcurrentModification
            table.update(table_input)
            table.updated_time = self._now()
            if skip_archive:
                table.delete_version(before)
            self._keep_table(table)

    def get_tables(self, database_name: str, expression: str | None) -> list[FakeTable]:
        """Raises InvalidInputException for an *expression* that is none."""
        tables = super().get_tables(database_name, None)
        if not expression:
            return tables
        try:
            found = set(names_like(expression, [table.name for table in tables]))
        except ValueError as error:
            raise InvalidInputException("GetTables", f"Expression {expression!r} is not valid: {error}") from None
        return [table for table in tables if table.name in found]

    def delete_table_version(self, database_name: str, table_name: str, version_id: str) -> None:
        with self._changing(database_name):
            if version_id not in self.get_table(database_name, table_name).versions:
                raise VersionNotFoundException
            super().delete_table_version(database_name, table_name, version_id)
            self._keep_table(self.get_table(database_name, table_name))

    def batch_delete_table_version(
        self, database_name: str, table_name: str, version_ids: list[str]
    ) -> list[dict[str, Any]]:
        with self._changing(database_name):
            self.get_table(database_name, table_name)
            return failures(
                version_ids,
                lambda version: self.delete_table_version(database_name, table_name, version),
                lambda version: {"TableName": table_name, "VersionId": version},
            )

    def delete_table(self, database_name: str, table_name: str) -> None:
        with self._changing(database_name):
            super().delete_table(database_name, table_name)
            self.tagger.delete_all_tags_for_resource(self._arn(database_name, table_name))
            self.store.remove([self._key(database_name, table_name)])
        self._lake.gone(database_name, table_name)

    def batch_delete_table(self, database_name: str, tables: list[str]) -> list[dict[str, Any]]:
        with self._changing(database_name):
            return super().batch_delete_table(database_name, tables)

    def indexed(self, database_name: str, table_name: str) -> IndexedTable:
        """A table with its partition indexes."""
        table = self.get_table(database_name, table_name)
        assert isinstance(table, IndexedTable)
        return table

    def create_partition_index(self, database_name: str, table_name: str, index: dict[str, Any]) -> None:
        with self._changing(database_name):
            table = self.indexed(database_name, table_name)
            table.add_index(index)
            self._keep_table(table)

    def delete_partition_index(self, database_name: str, table_name: str, index_name: str) -> None:
        with self._changing(database_name):
            table = self.indexed(database_name, table_name)
            table.remove_index(index_name)
            self._keep_table(table)

    @contextmanager
    def defining(self, database_name: str) -> Iterator[OwnedDatabase]:
        """Change the functions of a database."""
        with self._changing(database_name):
            database = self.owned(database_name)
            yield database
            self._keep_database(database)

    def owned(self, database_name: str) -> OwnedDatabase:
        """Raises EntityNotFoundException."""
        database = self.get_database(database_name)
        assert isinstance(database, OwnedDatabase)
        return database

    def _keep_table(self, table: FakeTable) -> None:
        assert isinstance(table, IndexedTable)
        body = {
            "versions": table.versions,
            "current": table._current_version,
            "created": table.created_time.isoformat(),
            "updated": table.updated_time and table.updated_time.isoformat(),
            "tags": self.get_tags(self._arn(table.database_name, table.name)),
            "indexes": table.indexes,
            "owner": table.owner,
            "created_by": table.created_by,
            "statistics": table.statistics,
        }
        self.store.put([(self._key(table.database_name, table.name), body)])

    # The catalog's settings

    @contextmanager
    def _setting(self) -> Iterator[None]:
        """Change the catalog's settings here and on disk together."""
        with self._updating:
            before = settings.record(self)
            try:
                with self.store.changing():
                    yield
                    self.store.put([(self._key(), settings.record(self))])
            except Exception:
                settings.bring_back(self, before)
                raise

    def put_resource_policy(self, *arguments: Any, **options: Any) -> dict[str, str]:
        with self._setting():
            return super().put_resource_policy(*arguments, **options)

    def delete_resource_policy(self, *arguments: Any, **options: Any) -> dict[str, str]:
        with self._setting():
            return super().delete_resource_policy(*arguments, **options)

    def put_data_catalog_encryption_settings(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        with self._setting():
            return super().put_data_catalog_encryption_settings(*arguments, **options)

    def create_connection(self, catalog_id: str, connection_input: dict[str, Any], tags: dict[str, str]) -> str:
        with self._setting():
            return super().create_connection(catalog_id, connection_input, tags)

    # Tags: those of databases, tables and connections are kept with them

    def _arn(self, database: str, table: str = "") -> str:
        kind = f"table/{database}/{table}" if table else f"database/{database}"
        return f"{self.default_catalog_arn.rpartition(':')[0]}:{kind}"

    def get_tags(self, resource_id: str) -> dict[str, str]:
        return super().get_tags(_folded(resource_id))

    def tag_resource(self, resource_arn: str, tags: dict[str, str] | None) -> None:
        with self._tagging(_folded(resource_arn)) as arn:
            super().tag_resource(arn, tags)

    def untag_resource(self, resource_arn: str, tag_keys: list[str]) -> None:
        with self._tagging(_folded(resource_arn)) as arn:
            super().untag_resource(arn, tag_keys)

    @contextmanager
    def _tagging(self, arn: str) -> Iterator[str]:
        """Change the tags of *arn*. Raises EntityNotFoundException for a database or a table that there is not."""
        match arn.rpartition(":")[2].split("/"):
            case ["database", name]:
                with self._changing(name):
                    database = self.get_database(name)
                    yield arn
                    self._keep_database(database)
            case ["table", name, table_name]:
                with self._changing(name):
                    table = self.get_table(name, table_name)
                    yield arn
                    self._keep_table(table)
            case ["connection", name] if name in self.connections:
                with self._setting():
                    yield arn
            case _:
                yield arn

    def _forget_tags(self, database: str) -> None:
        """A database's, and those of its tables."""
        place = self.default_catalog_arn.rpartition(":")[0]
        for arn in list(self.tagger.tags):
            if arn == self._arn(database) or arn.startswith(f"{place}:table/{database}/"):
                self.tagger.delete_all_tags_for_resource(arn)


def _folded(arn: str) -> str:
    """*arn* as the catalog has it, whose names are in lower case."""
    place, _, named = arn.rpartition(":")
    return f"{place}:{named.lower()}" if named.startswith(("database/", "table/")) else arn
