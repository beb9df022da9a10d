"""Who may do what in a cluster.

Held to the Redshift database developer guide: "GRANT", "REVOKE", "CREATE USER", "Managing database security",
"CREATE VIEW", "Role-based access control (RBAC)".
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import RunningLab
from tests.engines.redshift_tools import Cluster, create

_PASSWORD = "Clerk-pass1"
_DENIED = psycopg.errors.InsufficientPrivilege


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    yield create(lab, "privileges")
    lab.client("redshift").delete_cluster(ClusterIdentifier="privileges", SkipFinalClusterSnapshot=True)


@pytest.fixture(scope="module")
def owner(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with cluster.connect() as connection:
        connection.execute(f"CREATE USER clerk PASSWORD '{_PASSWORD}'")
        connection.execute(f"CREATE USER chief PASSWORD '{_PASSWORD}'")
        yield connection


@pytest.fixture
def clerk(cluster: Cluster, owner: psycopg.Connection) -> Iterator[psycopg.Connection]:
    with cluster.connect("clerk", _PASSWORD) as connection:
        yield connection


def test_each_privilege_allows_its_statements(owner: psycopg.Connection, clerk: psycopg.Connection) -> None:
    owner.execute("CREATE TABLE ledger AS SELECT 1 AS a")
    allowed = {
        "SELECT": "SELECT * FROM ledger",
        "INSERT": "INSERT INTO ledger VALUES (2)",
        "UPDATE": "UPDATE ledger SET a = 3",
        "DELETE": "DELETE FROM ledger WHERE a = 4",
        "TRUNCATE": "TRUNCATE ledger",
        "ALTER": "ALTER TABLE ledger ADD COLUMN b int",
        "ANALYZE": "ANALYZE ledger",
        "VACUUM": "VACUUM ledger",
        "DROP": "DROP TABLE ledger",
    }
    for privilege, statement in allowed.items():
        with pytest.raises(_DENIED, match=r"permission denied for relation ledger|must be owner of relation ledger"):
            clerk.execute(statement)
        owner.execute(f"GRANT {privilege} ON ledger TO clerk")
        clerk.execute(statement)


def test_a_schema_is_used_and_filled_by_grants(owner: psycopg.Connection, clerk: psycopg.Connection) -> None:
    owner.execute("CREATE SCHEMA vault")
    owner.execute("CREATE TABLE vault.gold AS SELECT 1 AS a")
    owner.execute("GRANT SELECT ON vault.gold TO clerk")
    with pytest.raises(_DENIED, match="permission denied for schema vault"):
        clerk.execute("SELECT * FROM vault.gold")
    owner.execute("GRANT USAGE ON SCHEMA vault TO clerk")
    assert clerk.execute("SELECT * FROM vault.gold").fetchall() == [(1,)]
    with pytest.raises(_DENIED, match="permission denied for schema vault"):
        clerk.execute("CREATE TABLE vault.mine (a int)")
    owner.execute("GRANT CREATE ON SCHEMA vault TO clerk")
    clerk.execute("CREATE TABLE vault.mine (a int)")
    clerk.execute("INSERT INTO vault.mine VALUES (1)")
    with pytest.raises(_DENIED, match="permission denied for database dev"):
        clerk.execute("CREATE SCHEMA own")


def test_groups_roles_and_everybody_have_grants(owner: psycopg.Connection, clerk: psycopg.Connection) -> None:
    owner.execute("CREATE TABLE shared AS SELECT 1 AS a")
    owner.execute("CREATE GROUP clerks WITH USER clerk")
    owner.execute("CREATE ROLE reader; CREATE ROLE team; GRANT ROLE team TO clerk")
    for grantee in ("GROUP clerks", "ROLE team", "PUBLIC"):
        with pytest.raises(_DENIED):
            clerk.execute("SELECT * FROM shared")
        owner.execute(f"GRANT SELECT ON shared TO {grantee}")
        clerk.execute("SELECT * FROM shared")
        owner.execute(f"REVOKE SELECT ON shared FROM {grantee}")
    owner.execute("GRANT SELECT ON shared TO ROLE reader")
    owner.execute("GRANT ROLE reader TO ROLE team")
    assert clerk.execute("SELECT * FROM shared").fetchall() == [(1,)]
    owner.execute("ALTER GROUP clerks DROP USER clerk")


def test_only_who_has_the_option_grants_on(
    cluster: Cluster, owner: psycopg.Connection, clerk: psycopg.Connection
) -> None:
    owner.execute("CREATE TABLE passed AS SELECT 1 AS a")
    owner.execute("GRANT SELECT ON passed TO clerk")
    with pytest.raises(_DENIED):
        clerk.execute("GRANT SELECT ON passed TO chief")
    owner.execute("GRANT SELECT ON passed TO clerk WITH GRANT OPTION")
    clerk.execute("GRANT SELECT ON passed TO chief")
    with cluster.connect("chief", _PASSWORD) as chief:
        assert chief.execute("SELECT a FROM passed").fetchall() == [(1,)]


def test_a_view_reads_with_its_owner_s_rights(owner: psycopg.Connection, clerk: psycopg.Connection) -> None:
    owner.execute("CREATE TABLE secret AS SELECT 1 AS a, 'x' AS hidden")
    owner.execute("CREATE VIEW shown AS SELECT a FROM secret")
    owner.execute("CREATE VIEW shown_late AS SELECT a FROM public.secret WITH NO SCHEMA BINDING")
    owner.execute("GRANT SELECT ON shown, shown_late TO clerk")
    for view in ("shown", "shown_late"):
        assert clerk.execute(f"SELECT * FROM {view}").fetchall() == [(1,)]
    with pytest.raises(_DENIED, match="permission denied for relation secret"):
        clerk.execute("SELECT * FROM secret")
    with pytest.raises(_DENIED, match="permission denied for relation secret"):
        clerk.execute("SELECT * FROM shown JOIN secret ON shown.a = secret.a")


def test_no_way_round(owner: psycopg.Connection, clerk: psycopg.Connection) -> None:
    """A relation is asked for wherever it stands."""
    owner.execute("CREATE TABLE guarded AS SELECT 1 AS a")
    clerk.execute("CREATE TABLE mine (a int)")
    for statement in (
        "WITH x AS (SELECT * FROM guarded) SELECT * FROM x",
        "SELECT (SELECT max(a) FROM guarded)",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM dev.public.guarded)",
        "INSERT INTO mine SELECT a FROM guarded",
        "UPDATE mine SET a = g.a FROM guarded g",
        "DELETE FROM mine USING guarded",
        "CREATE TABLE copied AS SELECT * FROM guarded",
        "CREATE MATERIALIZED VIEW kept AS SELECT * FROM guarded",
        "EXPLAIN SELECT * FROM guarded",
        "WITH guarded AS (SELECT * FROM guarded) SELECT * FROM guarded",
        "SELECT 1 UNION SELECT a FROM guarded",
        "ALTER TABLE mine APPEND FROM guarded",
        "PREPARE asked AS SELECT * FROM guarded; EXECUTE asked",
        "BEGIN; DECLARE c CURSOR FOR SELECT * FROM guarded",
        "CREATE OR REPLACE PROCEDURE peek() AS $$ BEGIN PERFORM a FROM guarded; END; $$ LANGUAGE plpgsql; CALL peek()",
        "UNLOAD ('SELECT * FROM guarded') TO 's3://x/y' IAM_ROLE default",
        "COPY guarded FROM 's3://x/y' IAM_ROLE default",
        "LOCK guarded",
    ):
        with pytest.raises(psycopg.Error, match=r"permission denied|must be owner|transaction blocks"):
            clerk.execute(statement)
        clerk.execute("ROLLBACK")


def test_users_are_the_superusers_matter(clerk: psycopg.Connection) -> None:
    for statement in (
        "CREATE USER other PASSWORD 'Other-pass1'", "ALTER USER chief PASSWORD 'Other-pass1'", "DROP USER chief",
        "ALTER USER clerk CREATEUSER", "CREATE GROUP mine", "CREATE ROLE mine", "GRANT ROLE sys:superuser TO clerk",
        "CREATE DATABASE mine", "ALTER DATABASE dev ISOLATION LEVEL SERIALIZABLE",
    ):  # fmt: skip
        with pytest.raises(_DENIED):
            clerk.execute(statement)
    clerk.execute(f"ALTER USER clerk PASSWORD '{_PASSWORD}'")  # his own
