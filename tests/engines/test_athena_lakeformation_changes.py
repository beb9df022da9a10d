"""Statements that change tables need INSERT, DELETE, ALTER or DROP, each by itself.

Sources: "Lake Formation permissions reference" (Lake Formation developer guide); "Update Iceberg table data" (Athena
user guide).
"""

from __future__ import annotations

import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena
from tests.engines.lake_tools import Lake, be_administrator, refused


@pytest.fixture(scope="module")
def lake(lab: RunningLab) -> Lake:
    be_administrator(lab)
    made = Lake(lab, "changing")
    made.athena(
        f"CREATE TABLE ice (n int, kind string) LOCATION 's3://{made.bucket}/ice/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    made.athena(f"CREATE EXTERNAL TABLE parted (n int) PARTITIONED BY (day int) LOCATION 's3://{made.bucket}/parted/'")
    return made


def having(lake: Lake, name: str, *permissions: str) -> Athena:
    role = lake.as_role(name)
    for table in ("ice", "parted"):
        lake.grant(role, lake.of(table), *permissions)
    return lake.queries(role)


def test_who_may_insert_adds_rows_and_partitions_and_reads_none(lake: Lake) -> None:
    athena = having(lake, "inserts", "INSERT")
    athena("INSERT INTO ice VALUES (1, 'a'), (2, 'b')")
    athena("INSERT INTO parted VALUES (1, 7)")
    assert lake.athena("SELECT count(*) FROM ice WHERE n < 3").rows == [("2",)]
    assert lake.athena("SELECT day FROM parted").rows == [("7",)]
    assert "Relation contains no accessible columns" in athena.fails("SELECT * FROM ice")
    for sql in ("DELETE FROM ice", "UPDATE ice SET n = 0", "INSERT INTO ice SELECT * FROM ice"):
        assert "accessible columns" in athena.fails(sql) or "Insufficient Lake Formation" in athena.fails(sql)
    assert "Required Alter on ice" in athena.fails("ALTER TABLE ice ADD COLUMNS (gate int)")
    assert "Required Alter on parted" in athena.fails("ALTER TABLE parted DROP PARTITION (day = 7)")


def test_rows_are_deleted_by_who_reads_and_deletes(lake: Lake) -> None:
    lake.athena("INSERT INTO ice VALUES (8, 'gone'), (9, 'stays')")
    assert "Required Delete on ice" in having(lake, "reads", "SELECT").fails("DELETE FROM ice WHERE n = 8")
    athena = having(lake, "deletes", "SELECT", "DELETE")
    athena("DELETE FROM ice WHERE n = 8")
    assert lake.athena("SELECT count(*) FROM ice WHERE n = 8").rows == [("0",)]
    assert "Required Insert on ice" in athena.fails("UPDATE ice SET n = 0")
    having(lake, "updates", "SELECT", "INSERT", "DELETE")("UPDATE ice SET kind = 'x' WHERE n = 9")
    assert lake.athena("SELECT kind FROM ice WHERE n = 9").rows == [("x",)]


def test_who_may_alter_changes_columns_that_he_may_not_read(lake: Lake) -> None:
    """A column that is withheld from who alters a table is there afterwards."""
    lake.table("wide", a="int", secret="int")
    role = lake.as_role("alters")
    lake.grant(role, lake.of("wide"), "ALTER")
    lake.grant(role, lake.columns("wide", "a"), "SELECT")
    athena = lake.queries(role)
    athena("ALTER TABLE wide ADD COLUMNS (gate int)")
    assert lake.athena("SHOW COLUMNS IN wide").rows == [(f"{name:<20}",) for name in ("a", "secret", "gate")]
    assert athena("SHOW COLUMNS IN wide").rows == [(f"{'a':<20}",)]


def test_databases_are_created_by_whom_the_catalog_lets(lab: RunningLab, lake: Lake) -> None:
    """IAMAllowedPrincipals may create databases until that is revoked ("Changing the default settings")."""
    role = lake.as_role("founder")
    athena = lake.queries(role)
    athena("CREATE DATABASE founded_by_iam")
    everyone = {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}
    change = {"Principal": everyone, "Resource": {"Catalog": {}}, "Permissions": ["CREATE_DATABASE"]}
    lake.lake.revoke_permissions(**change)
    try:
        said = "MetaException(message:Insufficient Lake Formation permission(s): Required Create Database on Catalog"
        assert said in athena.fails("CREATE DATABASE founded_by_nobody")
        lake.grant(role, {"Catalog": {}}, "CREATE_DATABASE")
        athena("CREATE DATABASE founded")
    finally:
        lake.lake.grant_permissions(**change)
    assert refused(lambda: lake.as_role("razer").client("glue").delete_database(Name="changing")) == (
        "AccessDeniedException", "Insufficient Lake Formation permission(s): Required Drop on changing"
    )  # fmt: skip
