"""Lake Formation's grants govern the catalog.

Sources: Lake Formation developer guide, "Lake Formation permissions reference", "Implicit Lake Formation permissions",
"Changing the default settings for your data lake"; API reference.
"""

from __future__ import annotations

import pytest

from tests.conftest import RunningLab
from tests.engines.lake_tools import Lake, refused

LOCATION = "s3://governed-data/flights/"


@pytest.fixture(scope="module")
def lake(lab: RunningLab) -> Lake:
    """A database without defaults, with a table; its creator is the lab's administrator."""
    made = Lake(lab, "governed")
    made.table("flights", carrier="string", delay="int", tail="string")
    return made


def test_a_new_table_is_left_to_iam_and_its_creators(lab: RunningLab) -> None:
    """ "By default, Super is granted to IAMAllowedPrincipals"; creators have all permissions, and may grant them."""
    lab.client("glue").create_database(DatabaseInput={"Name": "left_to_iam"})
    answer = lab.client("lakeformation").list_permissions(Resource={"Database": {"Name": "left_to_iam"}})
    found = {each["Principal"]["DataLakePrincipalIdentifier"]: each for each in answer["PrincipalResourcePermissions"]}
    assert found["IAM_ALLOWED_PRINCIPALS"]["Permissions"] == ["ALL"]
    assert found["IAM_ALLOWED_PRINCIPALS"]["PermissionsWithGrantOption"] == []
    creator = found["arn:aws:iam::123456789012:user/lab-admin"]
    assert creator["PermissionsWithGrantOption"] == ["ALL"]


def test_who_has_no_grant_sees_nothing(lake: Lake) -> None:
    glue = lake.as_role("nobody").client("glue")
    assert "governed" not in [each["Name"] for each in glue.get_databases()["DatabaseList"]]
    assert refused(lambda: glue.get_database(Name="governed")) == (
        "AccessDeniedException", "Insufficient Lake Formation permission(s): Required Describe on governed"
    )  # fmt: skip
    assert refused(lambda: glue.get_table(DatabaseName="governed", Name="flights")) == (
        "AccessDeniedException", "Insufficient Lake Formation permission(s) on flights"
    )  # fmt: skip
    found = glue.search_tables(SearchText="flights")["TableList"]
    assert [each["Name"] for each in found if each["DatabaseName"] == "governed"] == []


def test_columns_that_are_granted_are_all_that_is_told(lake: Lake) -> None:
    role = lake.as_role("columns")
    lake.grant(role, lake.columns("flights", "carrier", "delay"), "SELECT")
    told = role.client("glue").get_table(DatabaseName="governed", Name="flights")["Table"]
    assert [each["Name"] for each in told["StorageDescriptor"]["Columns"]] == ["carrier", "delay"]
    assert "governed" in [each["Name"] for each in role.client("glue").get_databases()["DatabaseList"]]
    listed = role.client("glue").get_tables(DatabaseName="governed")["TableList"]
    assert [each["Name"] for each in listed] == ["flights"]
