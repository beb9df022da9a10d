"""Lake Formation's operations: who may grant, what can be granted, how it is told and taken back.

Sources: Lake Formation API reference; developer guide, "Implicit Lake Formation permissions", "Lake Formation
permissions reference", "Changing the default settings for your data lake".
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.lake_tools import ADMIN, Lake, Role, be_administrator, refused

REFUSED = (
    "AccessDeniedException",
    "Resource does not exist or requester is not authorized to access requested permissions.",
)


@pytest.fixture(scope="module")
def lake(lab: RunningLab) -> Lake:
    be_administrator(lab)
    made = Lake(lab, "granting")
    made.table("flights", carrier="string", delay="int", tail="string")
    made.table("planes", tail="string", seats="int")
    return made


def listed(lake: Lake, **asked: Any) -> list[tuple[str, dict[str, Any], list[str]]]:
    """The grants that are told: principal, resource, permissions."""
    return [
        (each["Principal"]["DataLakePrincipalIdentifier"], each["Resource"], each["Permissions"])
        for each in lake.lake.list_permissions(**asked)["PrincipalResourcePermissions"]
    ]


def of(role: Role) -> dict[str, str]:
    return {"DataLakePrincipalIdentifier": role.arn}


def test_a_grant_is_told_and_taken_back(lake: Lake) -> None:
    role = lake.as_role("told")
    lake.grant(role, lake.of("flights"), "SELECT", "DESCRIBE")
    asked = {"Principal": of(role), "Resource": lake.of("flights")}
    found = listed(lake, **asked)
    assert [permissions for _, _, permissions in found] == [["SELECT"], ["DESCRIBE"]]
    assert found[0][1]["TableWithColumns"]["ColumnWildcard"] == {}  # SELECT is told of all columns
    lake.revoke(role, lake.of("flights"), "SELECT")
    assert [permissions for _, _, permissions in listed(lake, **asked)] == [["DESCRIBE"]]
    code, message = refused(lambda: lake.revoke(role, lake.of("flights"), "SELECT"))
    assert (code, message[:22]) == ("InvalidInputException", "No permissions revoked")


def test_columns_of_a_grant_are_told_together(lake: Lake) -> None:
    role = lake.as_role("together")
    lake.grant(role, lake.columns("flights", "tail", "delay"), "SELECT")
    (told,) = listed(lake, Principal=of(role), Resource=lake.of("flights"))
    assert told[1]["TableWithColumns"]["ColumnNames"] == ["delay", "tail"]
    lake.revoke(role, lake.columns("flights", "tail"), "SELECT")
    (told,) = listed(lake, Principal=of(role), Resource=lake.of("flights"))
    assert told[1]["TableWithColumns"]["ColumnNames"] == ["delay"]


def test_super_without_one_permission_is_the_others(lake: Lake) -> None:
    role = lake.as_role("super")
    lake.grant(role, lake.of("planes"), "ALL")
    lake.revoke(role, lake.of("planes"), "DROP")
    glue = role.client("glue")
    assert glue.get_table(DatabaseName="granting", Name="planes")["Table"]["Name"] == "planes"
    assert refused(lambda: glue.delete_table(DatabaseName="granting", Name="planes"))[1].endswith(
        "Required Drop on planes"
    )


@pytest.mark.parametrize(
    ("resource", "permission"),
    [
        ({"Database": {"Name": "granting"}}, "SELECT"),
        ({"Table": {"DatabaseName": "granting", "Name": "flights"}}, "CREATE_TABLE"),
        ({"Catalog": {}}, "SELECT"),
        ({"TableWithColumns": {"DatabaseName": "granting", "Name": "flights", "ColumnNames": ["tail"]}}, "INSERT"),
        ({"DataLocation": {"ResourceArn": "arn:aws:s3:::granting-data"}}, "ALL"),
    ],
)
def test_what_a_resource_cannot_have_is_refused(lake: Lake, resource: dict[str, Any], permission: str) -> None:
    """ "Lake Formation permissions per resource type"."""
    role = Role.__new__(Role)
    role.arn = ADMIN
    assert refused(lambda: lake.grant(role, resource, permission)) == (
        "InvalidInputException", "Permissions modification is invalid."
    )  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ({"Database": {"Name": "nowhere"}}, "Database not found."),
        ({"Table": {"DatabaseName": "granting", "Name": "nothing"}}, "Table not found."),
        (
            {"TableWithColumns": {"DatabaseName": "granting", "Name": "flights", "ColumnNames": ["none"]}},
            "Column(s) not found: none",
        ),
    ],
)
def test_what_is_not_there_is_said(lake: Lake, resource: dict[str, Any], message: str) -> None:
    role = Role.__new__(Role)
    role.arn = ADMIN
    permission = "DESCRIBE" if "Database" in resource else "SELECT"
    assert refused(lambda: lake.grant(role, resource, permission)) == ("EntityNotFoundException", message)


def test_a_principal_has_to_be_there(lake: Lake) -> None:
    role = Role.__new__(Role)
    role.arn = "arn:aws:iam::123456789012:role/never-made"
    code, message = refused(lambda: lake.grant(role, lake.of("flights"), "SELECT"))
    assert (code, message) == ("InvalidInputException", f"Invalid principal, {role.arn}")


def test_only_who_may_grant_grants(lake: Lake) -> None:
    """Administrators grant anything; others what they hold with the grant option."""
    holder, other = lake.as_role("holder"), lake.as_role("other")
    by_holder = holder.client("lakeformation")
    wanted = {"Principal": of(other), "Resource": lake.of("flights"), "Permissions": ["SELECT"]}
    lake.grant(holder, lake.of("flights"), "SELECT")
    assert refused(lambda: by_holder.grant_permissions(**wanted)) == REFUSED
    lake.grant(holder, lake.of("flights"), "SELECT", grantable=True)
    by_holder.grant_permissions(**wanted)
    assert refused(lambda: by_holder.grant_permissions(**wanted | {"Permissions": ["INSERT"]})) == REFUSED
    assert refused(lambda: by_holder.grant_permissions(**wanted | {"Resource": lake.of("planes")})) == REFUSED
    assert len(other.client("glue").get_table(DatabaseName="granting", Name="flights")) > 0


def test_who_is_no_administrator_cannot_make_himself_one_by_a_grant(lake: Lake) -> None:
    role = lake.as_role("climber")
    client = role.client("lakeformation")
    for resource, permission in ((lake.of("flights"), "ALL"), ({"Catalog": {}}, "CREATE_DATABASE")):
        call: dict[str, Any] = {"Principal": of(role), "Resource": resource, "Permissions": [permission]}
        assert refused(lambda call=call: client.grant_permissions(**call)) == REFUSED  # type: ignore[misc]
    table = {"TableCatalogId": "123456789012", "DatabaseName": "granting", "TableName": "flights", "Name": "mine"}
    row_filter: dict[str, Any] = {"RowFilter": {"AllRowsWildcard": {}}, "ColumnWildcard": {}}
    assert refused(lambda: client.create_data_cells_filter(TableData={**table, **row_filter}))[0] == (
        "AccessDeniedException"
    )


def test_an_administrator_sees_all_but_reads_nothing_by_that(lake: Lake) -> None:
    """Administrators have Describe on everything, and no data; they grant themselves what they want."""
    role = lake.as_role("warden")
    settings = lake.lake.get_data_lake_settings()["DataLakeSettings"]
    admins = [*settings["DataLakeAdmins"], of(role)]
    lake.lake.put_data_lake_settings(DataLakeSettings=settings | {"DataLakeAdmins": admins})
    athena = lake.queries(role)
    assert "granting" in [each["Name"] for each in role.client("glue").get_databases()["DatabaseList"]]
    assert "Relation contains no accessible columns" in athena.fails("SELECT * FROM flights")
    assert "Required Drop on flights" in athena.fails("DROP TABLE flights")
    role.client("lakeformation").grant_permissions(
        Principal=of(role), Resource=lake.of("flights"), Permissions=["SELECT"]
    )
    assert athena("SELECT * FROM flights").columns == ["carrier", "delay", "tail"]


def test_all_tables_are_those_of_later_too(lake: Lake) -> None:
    role = lake.as_role("everything")
    lake.grant(role, {"Table": {"DatabaseName": "granting", "TableWildcard": {}}}, "SELECT", "DESCRIBE")
    lake.table("later", "1\n", n="int")
    assert lake.queries(role)("SELECT n FROM later").rows == [("1",)]


def test_a_table_made_anew_has_none_of_the_old_grants(lake: Lake) -> None:
    role = lake.as_role("former")
    lake.table("renewed", "1\n", n="int")
    lake.grant(role, lake.of("renewed"), "SELECT")
    assert lake.queries(role)("SELECT n FROM renewed").rows == [("1",)]
    lake.athena("DROP TABLE renewed")
    lake.table("renewed", n="int")
    assert "Insufficient Lake Formation" in lake.queries(role).fails("SELECT n FROM renewed")


def test_what_others_create_is_theirs(lake: Lake) -> None:
    """Table creators have all permissions on what they create; the database's creator has none there by that."""
    role = lake.as_role("maker")
    client = lake.queries(role)
    lake.grant(role, {"Database": {"Name": "granting"}}, "DESCRIBE")
    assert "Required Create Table on granting" in client.fails(
        f"CREATE EXTERNAL TABLE made (n int) LOCATION 's3://{lake.bucket}/made/'"
    )
    lake.grant(role, {"Database": {"Name": "granting"}}, "CREATE_TABLE")
    lake.athena.put("made/1.csv", "1\n")
    client(f"CREATE EXTERNAL TABLE made (n int) LOCATION 's3://{lake.bucket}/made/'")
    assert client("SELECT n FROM made").rows == [("1",)]
    assert "Relation contains no accessible columns" in lake.athena.fails("SELECT n FROM made")
    client("DROP TABLE made")


def test_a_batch_tells_of_each_entry_that_fails(lake: Lake) -> None:
    role = lake.as_role("batch")
    entries = [
        {"Id": "good", "Principal": of(role), "Resource": lake.of("flights"), "Permissions": ["SELECT"]},
        {"Id": "bad", "Principal": of(role), "Resource": lake.of("nothing"), "Permissions": ["SELECT"]},
    ]
    answer = lake.lake.batch_grant_permissions(Entries=entries)
    assert [(each["RequestEntry"]["Id"], each["Error"]["ErrorCode"]) for each in answer["Failures"]] == [
        ("bad", "EntityNotFoundException")
    ]
    assert len(listed(lake, Principal=of(role), Resource=lake.of("flights"))) == 1
    assert lake.lake.batch_revoke_permissions(Entries=entries[:1])["Failures"] == []


def test_what_a_user_may_not_know_is_not_listed(lake: Lake) -> None:
    role = lake.as_role("curious")
    lake.grant(role, lake.columns("flights", "carrier"), "SELECT")
    found = role.client("lakeformation").list_permissions(Resource=lake.of("flights"))["PrincipalResourcePermissions"]
    assert {each["Principal"]["DataLakePrincipalIdentifier"] for each in found} == {role.arn}


def test_default_permissions_make_databases_that_are_not_left_to_iam(lab: RunningLab, lake: Lake) -> None:
    """ "Changing the default settings": without defaults only the creator sees what is created."""
    settings = lake.lake.get_data_lake_settings()["DataLakeSettings"]
    closed: dict[str, Any] = {"CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": []}
    lake.lake.put_data_lake_settings(DataLakeSettings=settings | closed)
    try:
        lake.glue.create_database(DatabaseInput={"Name": "closed_by_default"})
    finally:
        lake.lake.put_data_lake_settings(DataLakeSettings=settings)
    lake.glue.create_table(DatabaseName="closed_by_default", TableInput={"Name": "t"})
    glue = lake.as_role("visitor").client("glue")
    assert "closed_by_default" not in [each["Name"] for each in glue.get_databases()["DatabaseList"]]
    assert refused(lambda: glue.get_tables(DatabaseName="closed_by_default"))[0] == "AccessDeniedException"
    told = lake.glue.get_database(Name="closed_by_default")["Database"]
    assert told["CreateTableDefaultPermissions"] == []
