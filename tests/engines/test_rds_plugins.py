"""A master user may replicate, and so name a library for PostgreSQL to load: only two of its own can be.

Source: PostgreSQL 18.6 release notes, "Restrict logical decoding output plugins" (CVE-2026-6471), and
output_plugin_libraries; RDS user guide, "Logical replication for Amazon RDS for PostgreSQL".
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from localaws.engines.rds.binaries import NoServer, find_binaries
from tests.conftest import RunningLab
from tests.engines.databases import Databases, refused

GROUP = "logical-plugins"


@pytest.fixture(scope="module")
def databases(lab: RunningLab) -> Databases:
    return Databases(lab)


@pytest.fixture(scope="module")
def logical(databases: Databases) -> Iterator[str]:
    """An instance with logical replication."""
    versions = databases.rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"]
    databases.rds.create_db_parameter_group(
        DBParameterGroupName=GROUP, DBParameterGroupFamily=versions[0]["DBParameterGroupFamily"], Description="slots"
    )
    change = {"ParameterName": "rds.logical_replication", "ParameterValue": "1", "ApplyMethod": "pending-reboot"}
    databases.rds.modify_db_parameter_group(DBParameterGroupName=GROUP, Parameters=[change])
    name = databases.make(DBParameterGroupName=GROUP)
    yield name
    databases.rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    databases.gone(name)


@pytest.fixture
def plugin() -> Iterator[Path]:
    """A library that everybody may read and that PostgreSQL could load, as a download or an S3 object could be."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        library = Path(directory, "test_decoding.so")
        shutil.copyfile(next(find_binaries().directory.parent.rglob("test_decoding.so")), library)
        library.chmod(0o755)
        yield library


def by_statement(databases: Databases, name: str, plugin: object) -> None:
    with databases.connect(name) as connection:
        connection.execute("SELECT pg_create_logical_replication_slot('stolen', %s)", [str(plugin)])
        connection.execute("SELECT pg_drop_replication_slot('stolen')")


def by_replication(databases: Databases, name: str, plugin: object) -> None:
    with databases.connect(name, replication="database", cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(f'CREATE_REPLICATION_SLOT stolen TEMPORARY LOGICAL "{plugin}"'.encode())


@pytest.mark.parametrize("create", [by_statement, by_replication])
def test_no_other_library_is_loaded(databases: Databases, logical: str, plugin: Path, create: Any) -> None:
    for library in (plugin, plugin.with_suffix(""), f"/proc/self/root{plugin}", "auto_explain", "$libdir/pgoutput"):
        with pytest.raises(psycopg.Error, match="may not be used as an output plugin"):
            create(databases, logical, library)
    for library in ("test_decoding", "pgoutput"):
        create(databases, logical, library)


def test_a_master_user_adds_no_library(databases: Databases, logical: str, plugin: Path) -> None:
    """Neither for a session, nor for itself, nor by a parameter group."""
    for statement in ("SET", "ALTER ROLE master SET", "ALTER DATABASE ops SET", "ALTER SYSTEM SET"):
        with databases.connect(logical) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"{statement} output_plugin_libraries = '{plugin}'".encode())
    change = {"ParameterName": "output_plugin_libraries", "ParameterValue": str(plugin), "ApplyMethod": "immediate"}
    with pytest.raises(ClientError, match="cannot be modified"):
        databases.rds.modify_db_parameter_group(DBParameterGroupName=GROUP, Parameters=[change])


@pytest.fixture
def old() -> Iterator[Path]:
    """A PostgreSQL 18.4, as far as it can be told from what its programs say of themselves."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        programs = {
            "postgres": '[ "$1" = --version ] && echo "postgres (PostgreSQL) 18.4" || printf "\\nport\\tpostmaster\\n"'
        }
        for name in ("postgres", "initdb", "pg_basebackup"):
            Path(place, name).write_text(f"#!/bin/sh\n{programs.get(name, 'exit 1')}\n")
            Path(place, name).chmod(0o755)
        yield Path(place)


def test_a_server_without_the_restriction_is_not_run(old: Path, new_lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is named is refused; one that is only found is passed over for the package's."""
    monkeypatch.setenv("PG_BIN", str(old))
    rds = new_lab().client("rds")
    asked = {"DBInstanceIdentifier": "old", "DBInstanceClass": "db.t4g.micro", "Engine": "postgres"}
    account = {"MasterUsername": "master", "MasterUserPassword": "correct-horse-7", "AllocatedStorage": 20}
    refused(
        "InsufficientDBInstanceCapacity", "is PostgreSQL 18.4, in which", rds.create_db_instance, **asked, **account
    )
    monkeypatch.delenv("PG_BIN")
    monkeypatch.setenv("PATH", f"{old}{os.pathsep}{os.environ['PATH']}")
    assert find_binaries.__wrapped__().directory != old.resolve()
    monkeypatch.setenv("PG_BIN", str(old))
    with pytest.raises(NoServer, match=r"16\.15, 17\.11, 18\.6"):
        find_binaries.__wrapped__()
