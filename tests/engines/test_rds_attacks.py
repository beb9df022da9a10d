"""What a master user may try to run as RDS's administrator, which alone is a superuser.

Source: RDS user guide, "Master user account privileges", "Understanding the rds_superuser role"; PostgreSQL, "Writing
SECURITY DEFINER Functions Safely" on search_path, and "Setting Parameters" on defaults of databases and roles.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import pq

from tests.conftest import RunningLab, eventually
from tests.engines.databases import PASSWORD, Databases, refused

#: Functions, operators and casts in the place of those that an administrator's statement could meet.
_TRAPS = """
CREATE SCHEMA evil;
CREATE TABLE evil.caught (who text, how text);
GRANT USAGE ON SCHEMA evil TO PUBLIC; GRANT INSERT ON evil.caught TO PUBLIC;
CREATE FUNCTION evil.pg_reload_conf() RETURNS bool LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO evil.caught VALUES (session_user, 'function'); RETURN pg_catalog.pg_reload_conf(); END $$;
CREATE FUNCTION evil.same(name, text) RETURNS bool LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO evil.caught VALUES (session_user, 'operator'); RETURN $1::text OPERATOR(pg_catalog.=) $2; END $$;
CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = text, FUNCTION = evil.same);
CREATE TYPE evil.bool AS (trap text);
CREATE VIEW evil.pg_database AS SELECT evil.pg_reload_conf() AS trap, d.* FROM pg_catalog.pg_database d;
CREATE VIEW evil.pg_roles AS SELECT evil.pg_reload_conf() AS trap, r.* FROM pg_catalog.pg_roles r;
ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO PUBLIC;
ALTER DATABASE {database} SET search_path = evil, pg_catalog;
ALTER ROLE ALL IN DATABASE {database} SET search_path = evil, pg_catalog;
ALTER DATABASE {database} SET default_transaction_read_only = on;
ALTER DATABASE {database} SET statement_timeout = 1;
ALTER DATABASE {database} SET role = 'master';
"""


@pytest.fixture(scope="module")
def databases(lab: RunningLab) -> Databases:
    return Databases(lab)


@pytest.fixture(scope="module")
def trapped(databases: Databases) -> Iterator[str]:
    """An instance with traps in every database that its master user owns, and in its parameter group."""
    rds = databases.rds
    family = rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"][0]["DBParameterGroupFamily"]
    rds.create_db_parameter_group(DBParameterGroupName="trapped", DBParameterGroupFamily=family, Description="traps")
    name = databases.make(DBParameterGroupName="trapped")
    for database in ("postgres", "ops"):
        with databases.connect(name, dbname=database) as connection:
            for statement in _TRAPS.format(database=database).strip().split(";\n"):
                connection.execute(statement.encode())
    yield name
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    databases.gone(name)


def caught(databases: Databases, name: str) -> list[tuple[str, str]]:
    """Who ran into a trap, in any database."""
    found = []
    for database in ("postgres", "ops"):
        with databases.connect(name, dbname=database, options="-c statement_timeout=0") as connection:
            found += connection.execute("SELECT who, how FROM evil.caught").fetchall()
    return found


def test_no_statement_of_the_administrator_meets_what_a_master_has_made(databases: Databases, trapped: str) -> None:
    """Reloads, restarts, new passwords and snapshots work, and none of them runs the master user's code."""
    rds = databases.rds
    changes = [
        ("search_path", "evil,pg_catalog"),
        ("default_transaction_read_only", "1"),
        ("statement_timeout", "1"),
        ("log_min_duration_statement", "0"),
        ("work_mem", "8192"),
    ]
    rds.modify_db_parameter_group(
        DBParameterGroupName="trapped",
        Parameters=[
            {"ParameterName": name, "ParameterValue": value, "ApplyMethod": "immediate"} for name, value in changes
        ],
    )
    free = "-c statement_timeout=0"
    eventually(lambda: databases.ask(trapped, "SHOW work_mem", options=free) == "8MB")
    rds.modify_db_instance(DBInstanceIdentifier=trapped, MasterUserPassword="another-horse-8", ApplyImmediately=True)
    assert databases.ask(trapped, "SELECT 1", options=free, password="another-horse-8") == 1
    rds.modify_db_instance(DBInstanceIdentifier=trapped, MasterUserPassword=PASSWORD, ApplyImmediately=True)
    rds.reboot_db_instance(DBInstanceIdentifier=trapped)
    databases.wait(trapped)
    rds.create_db_snapshot(DBInstanceIdentifier=trapped, DBSnapshotIdentifier="trapped")
    databases.wait(trapped)
    rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="trapped-again", DBSnapshotIdentifier="trapped", DBParameterGroupName="trapped"
    )
    databases.wait("trapped-again")
    rds.modify_db_instance(DBInstanceIdentifier="trapped-again", MasterUserPassword="third-horse-9")
    assert caught(databases, trapped) == []
    with databases.connect("trapped-again", password="third-horse-9", options=free) as connection:
        assert connection.execute("SELECT count(*) FROM evil.caught").fetchone() == (0,)
    rds.delete_db_instance(DBInstanceIdentifier="trapped-again", SkipFinalSnapshot=True)
    databases.gone("trapped-again")
    log = rds.download_db_log_file_portion(DBInstanceIdentifier=trapped, LogFileName="error/postgresql.log")
    assert "ALTER ROLE" in log["LogFileData"] and "another-horse-8" not in log["LogFileData"]


@pytest.mark.parametrize(
    "attack",
    [
        "ALTER DATABASE rdsadmin SET search_path = evil",
        "ALTER DATABASE template1 SET search_path = evil",
        "ALTER DATABASE rdsadmin OWNER TO master",
        "DROP DATABASE rdsadmin",
        "CREATE DATABASE mine TEMPLATE rdsadmin",
        "ALTER ROLE rdsadmin SET search_path = evil",
        "ALTER ROLE ALL SET search_path = evil",
        "ALTER ROLE master SET session_preload_libraries = 'evil'",
        "ALTER DATABASE ops SET session_preload_libraries = 'evil'",
        "ALTER DATABASE ops SET session_replication_role = replica",
        "CREATE EVENT TRIGGER trap ON ddl_command_start EXECUTE FUNCTION evil.pg_reload_conf()",
        "CREATE EVENT TRIGGER trap ON login EXECUTE FUNCTION evil.pg_reload_conf()",
        "CREATE CAST (text AS name) WITHOUT FUNCTION",
        "CREATE FUNCTION pg_catalog.pg_reload_conf(int) RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "ALTER DEFAULT PRIVILEGES FOR ROLE rdsadmin GRANT ALL ON TABLES TO master",
        "SET ROLE rdsadmin",
        "GRANT rdsadmin TO master",
    ],
)
def test_what_is_the_administrators_alone(databases: Databases, trapped: str, attack: str) -> None:
    free = {"options": "-c statement_timeout=0 -c default_transaction_read_only=off -c search_path=public"}
    with databases.connect(trapped, **free) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(attack.encode())


def test_nobody_else_enters_the_administrators_database(databases: Databases, trapped: str) -> None:
    """As on AWS: pg_hba.conf rejects the connection, whatever the user's rights."""
    with pytest.raises(psycopg.OperationalError, match=r"pg_hba.conf rejects connection .* database \"rdsadmin\""):
        databases.connect(trapped, dbname="rdsadmin")


def test_a_backup_by_the_master_is_not_written_to_the_host(databases: Databases, trapped: str) -> None:
    """BASE_BACKUP to a directory of the server needs pg_write_server_files, which a master user has not."""
    with databases.connect(trapped, replication="database") as connection:
        result = connection.pgconn.exec_(b"BASE_BACKUP (TARGET 'server', TARGET_DETAIL '/tmp/backup')")
        assert result.status == pq.ExecStatus.FATAL_ERROR
        assert result.error_field(pq.DiagnosticField.SQLSTATE) == b"42501"


@pytest.mark.parametrize(
    "name", ["../cluster_options/neptune", "../../../ec2/resources/instance_types", "a" * 9000, "x/y"]
)
def test_an_engines_name_is_no_path(lab: RunningLab, name: str) -> None:
    """API reference, DescribeOptionGroupOptions: an EngineName is one of a few words."""
    refused(
        "InvalidParameterValue", "Invalid DB engine", lab.client("rds").describe_option_group_options, EngineName=name
    )
