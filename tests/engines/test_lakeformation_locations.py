"""Registered locations: who may point the catalog to them, and by whose rights their objects are read.

Sources: "Underlying data access control", "Granting data location permissions", "Using service-linked roles for Lake
Formation" (Lake Formation developer guide); API reference, RegisterResource, GetEffectivePermissionsForPath.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.lake_tools import Lake, be_administrator, refused
from tests.gateway.deciding import DecidingLab

ROWS = "UA,5\nAA,-3\n"
PLACE = "arn:aws:s3:::located-data"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecidingLab]:
    yield from DecidingLab.in_turn(tmp_path_factory.mktemp("locations"))


@pytest.fixture(scope="module")
def lake(lab: DecidingLab) -> Lake:
    be_administrator(lab)
    made = Lake(lab, "located")
    made.table("flights", ROWS, carrier="string", delay="int")
    made.table("outside", ROWS, carrier="string", delay="int")
    reader = made.as_role("reads-for-lake-formation")
    made.lake.register_resource(ResourceArn=f"{PLACE}/flights/", RoleArn=reader.arn)
    return made


def test_what_is_registered_is_told(lake: Lake) -> None:
    told = lake.lake.describe_resource(ResourceArn=f"{PLACE}/flights")["ResourceInfo"]
    assert told["RoleArn"].endswith("role/located-reads-for-lake-formation")
    assert told["ResourceArn"] in [each["ResourceArn"] for each in lake.lake.list_resources()["ResourceInfoList"]]
    again = {"ResourceArn": f"{PLACE}/flights", "UseServiceLinkedRole": True}
    assert refused(lambda: lake.lake.register_resource(**again))[0] == "AlreadyExistsException"
    assert refused(lambda: lake.lake.describe_resource(ResourceArn=f"{PLACE}/other"))[0] == "EntityNotFoundException"
    assert refused(lambda: lake.lake.register_resource(ResourceArn=f"{PLACE}/other"))[0] == "InvalidInputException"


def test_registered_objects_are_read_by_the_locations_role(lab: DecidingLab, lake: Lake) -> None:
    """Who has a grant needs no right of S3; Athena asks for the data in his name (lakeformation:GetDataAccess)."""
    role = lake.as_role("no-s3")
    for table in ("flights", "outside"):
        lake.grant(role, lake.of(table), "SELECT")
    athena = lake.queries(role)
    asked = len(lab.asked())
    assert athena("SELECT carrier FROM flights ORDER BY 1").rows == [("AA",), ("UA",)]
    wanted = [each for each in lab.asked()[asked:] if each["resources"] == [f"{PLACE}/flights/1.csv"]]
    assert {each["caller"].split("/")[1] for each in wanted} == {"located-reads-for-lake-formation"}
    data_access = [each for each in lab.asked()[asked:] if each["action"] == "lakeformation:GetDataAccess"]
    assert [each["caller"].split("/")[1] for each in data_access] == ["located-no-s3"]
    records = [call for call in lab.calls() if call["resources"] == [f"{PLACE}/flights/1.csv"]]
    assert records[-1]["principal"].endswith("reads-for-lake-formation/AWSLF-00-AT-123456789012")
    assert [call["session_issuer"] for call in lab.calls() if call["operation"] == "GetDataAccess"] == [role.arn]
    asked = len(lab.asked())
    athena("SELECT carrier FROM outside")
    wanted = [each for each in lab.asked()[asked:] if each["resources"] == [f"{PLACE}/outside/1.csv"]]
    assert {each["caller"].split("/")[1] for each in wanted} == {"located-no-s3"}


def test_who_may_not_ask_for_data_reads_none(lab: DecidingLab, lake: Lake) -> None:
    role = lake.as_role("no-data")
    lake.grant(role, lake.of("flights"), "SELECT")
    with lab.refusing("lakeformation:GetDataAccess"):
        reason = lake.queries(role).fails("SELECT carrier FROM flights")
    assert "lakeformation:GetDataAccess" in reason


def test_only_who_was_granted_a_location_points_tables_to_it(lake: Lake) -> None:
    role = lake.as_role("pointer")
    lake.grant(role, {"Database": {"Name": "located"}}, "CREATE_TABLE", "DESCRIBE")
    athena = lake.queries(role)
    table = "CREATE EXTERNAL TABLE {} (carrier string, delay int) LOCATION '{}'"
    place = f"s3://{lake.bucket}/flights/"
    said = f"Insufficient Lake Formation permission(s) on {place}"
    assert said in athena.fails(table.format("stolen", place))
    copied = f"CREATE TABLE copied WITH (external_location = '{place}copied/') AS SELECT 1 AS n"
    assert f"permission(s) on {place}copied/" in athena.fails(copied)
    ice = f"CREATE TABLE ice (n int) LOCATION '{place}ice/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    assert f"permission(s) on {place}ice/" in athena.fails(ice)
    athena(table.format("elsewhere", f"s3://{lake.bucket}/elsewhere/"))
    assert said in athena.fails(f"ALTER TABLE elsewhere SET LOCATION '{place}'")
    lake.grant(role, {"DataLocation": {"ResourceArn": f"{PLACE}/flights"}}, "DATA_LOCATION_ACCESS")
    athena(table.format("pointed", place))


def test_a_database_has_its_location_for_who_creates_tables_in_it(lake: Lake) -> None:
    """ "Implicit data location permission": to create tables within the location of the database."""
    lake.glue.update_database(
        Name="located",
        DatabaseInput={"Name": "located", "LocationUri": f"s3://{lake.bucket}/flights/home/"},
    )
    role = lake.as_role("at-home")
    lake.grant(role, {"Database": {"Name": "located"}}, "CREATE_TABLE", "DESCRIBE")
    place = f"s3://{lake.bucket}/flights/home/mine/"
    lake.queries(role)(f"CREATE EXTERNAL TABLE mine (n int) LOCATION '{place}'")


def test_grants_by_path(lake: Lake) -> None:
    role = lake.as_role("by-path")
    lake.grant(role, lake.of("outside"), "DESCRIBE")
    answer = lake.lake.get_effective_permissions_for_path(ResourceArn=f"{PLACE}/outside")
    found = [each for each in answer["Permissions"]
             if each["Principal"]["DataLakePrincipalIdentifier"] == role.arn]  # fmt: skip
    assert [(each["Resource"]["Table"]["Name"], each["Permissions"]) for each in found] == [("outside", ["DESCRIBE"])]


def test_the_service_linked_role_reaches_what_is_registered_with_it(lab: DecidingLab, lake: Lake) -> None:
    name = "AWSServiceRoleForLakeFormationDataAccess"
    lake.lake.register_resource(ResourceArn=f"{PLACE}/linked", UseServiceLinkedRole=True)
    iam = lab.client("iam")
    told: Any = iam.get_role_policy(RoleName=name, PolicyName="LakeFormationDataAccessPolicyForS3")["PolicyDocument"]
    resources = [each["Resource"] for each in told["Statement"]]
    assert resources == [[f"{PLACE}/linked/*"], [PLACE]], json.dumps(told)
    assert lake.lake.describe_resource(ResourceArn=f"{PLACE}/linked")["ResourceInfo"]["RoleArn"].endswith(name)
    lake.lake.deregister_resource(ResourceArn=f"{PLACE}/linked")
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == []
