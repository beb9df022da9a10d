"""Glue's Data Catalog. Source: "Catalog API" in the AWS Glue web API reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab


@pytest.fixture(scope="module")
def glue(lab: RunningLab) -> Any:
    return lab.client("glue")


def table(name: str, **more: Any) -> dict[str, Any]:
    storage = {"Columns": [{"Name": "n", "Type": "int"}], "Location": "s3://nowhere/"}
    return {"Name": name, "StorageDescriptor": storage, "PartitionKeys": [{"Name": "day", "Type": "date"}], **more}


def partition(day: str) -> dict[str, Any]:
    return {"Values": [day], "StorageDescriptor": {"Location": f"s3://nowhere/{day}/"}}


def test_names_are_folded_to_lower_case(glue: Any) -> None:
    """DatabaseInput and TableInput: "For Hive compatibility, this is folded to lowercase when it is stored"."""
    glue.create_database(DatabaseInput={"Name": "Folded"})
    glue.create_table(DatabaseName="FOLDED", TableInput=table("Flights"))
    assert glue.get_database(Name="folDED")["Database"]["Name"] == "folded"
    assert glue.get_table(DatabaseName="folded", Name="FLIGHTS")["Table"]["Name"] == "flights"
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_table(DatabaseName="folded", TableInput=table("FLIGHTS"))
    assert glue.batch_delete_table(DatabaseName="Folded", TablesToDelete=["FlightS"]).get("Errors", []) == []
    glue.delete_database(Name="FOLDED")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_database(Name="folded")


def test_lists_come_in_pages(glue: Any) -> None:
    """GetTables: MaxResults 1 to 100, 100 if nothing is said; GetPartitions: up to 1,000."""
    glue.create_database(DatabaseInput={"Name": "paged"})
    names = [f"t{number:03}" for number in range(101)]
    for name in names:
        glue.create_table(DatabaseName="paged", TableInput=table(name))
    first = glue.get_tables(DatabaseName="paged")
    assert len(first["TableList"]) == 100
    rest = glue.get_tables(DatabaseName="paged", NextToken=first["NextToken"])
    assert [each["Name"] for each in rest["TableList"]] == names[100:]
    assert "NextToken" not in rest
    pages = glue.get_paginator("get_tables").paginate(DatabaseName="paged", PaginationConfig={"PageSize": 40})
    assert [each["Name"] for page in pages for each in page["TableList"]] == names
    with pytest.raises(glue.exceptions.InvalidInputException):
        glue.get_tables(DatabaseName="paged", NextToken="nonsense")


def test_partitions_are_checked(glue: Any) -> None:
    """BatchCreatePartition: at most 100 entries; a partition has one value for each key of the table."""
    glue.create_database(DatabaseInput={"Name": "checked"})
    glue.create_table(DatabaseName="checked", TableInput=table("t"))
    where = {"DatabaseName": "checked", "TableName": "t"}
    with pytest.raises(glue.exceptions.InvalidInputException, match="do not match"):
        glue.create_partition(**where, PartitionInput={"Values": ["2013-01-01", "EWR"]})
    many = [partition(f"day-{number}") for number in range(101)]
    with pytest.raises(ClientError, match=r"ValidationException.*less than or equal to 100"):
        glue.batch_create_partition(**where, PartitionInputList=many)
    assert glue.get_partitions(**where)["Partitions"] == []


def test_partitions_of_a_batch_are_reported_one_by_one(glue: Any) -> None:
    """PartitionError, as Hudi's users met it (apache/hudi#6281): one wrong partition keeps the others from nothing."""
    glue.create_database(DatabaseInput={"Name": "one_by_one"})
    glue.create_table(DatabaseName="one_by_one", TableInput=table("t"))
    where = {"DatabaseName": "one_by_one", "TableName": "t"}

    def days() -> list[str]:
        return [each["Values"][0] for each in glue.get_partitions(**where)["Partitions"]]

    two_values = {"Values": ["2", "EWR"]}
    wanted = [partition("1"), partition("1"), two_values, {}, partition("3"), partition("4")]
    errors = glue.batch_create_partition(**where, PartitionInputList=wanted)["Errors"]
    assert [(each["PartitionValues"], each["ErrorDetail"]["ErrorCode"]) for each in errors] == [
        (["1"], "AlreadyExistsException"),
        (["2", "EWR"], "InvalidInputException"),
        ([], "InvalidInputException"),
    ]
    assert days() == ["1", "3", "4"]
    changes = {"1": partition("3"), "2": partition("5"), "3": two_values, "4": partition("6")}
    entries = [{"PartitionValueList": [day], "PartitionInput": to} for day, to in changes.items()]
    errors = glue.batch_update_partition(**where, Entries=entries)["Errors"]
    assert [(each["PartitionValueList"], each["ErrorDetail"]["ErrorCode"]) for each in errors] == [
        (["1"], "AlreadyExistsException"),
        (["2"], "EntityNotFoundException"),
        (["3"], "InvalidInputException"),
    ]
    assert days() == ["1", "3", "6"]
    gone = [{"Values": [day]} for day in ("1", "2", "1")]
    errors = glue.batch_delete_partition(**where, PartitionsToDelete=gone)["Errors"]
    assert [each["PartitionValues"] for each in errors] == [["2"], ["1"]]
    assert days() == ["3", "6"]


def test_a_tables_versions_are_counted_from_0_and_kept(glue: Any) -> None:
    """UpdateTable archives the version before it, unless SkipArchive says otherwise."""
    glue.create_database(DatabaseInput={"Name": "versions"})
    glue.create_table(DatabaseName="versions", TableInput=table("t", Description="first"))
    assert glue.get_table(DatabaseName="versions", Name="t")["Table"]["VersionId"] == "0"
    glue.update_table(DatabaseName="versions", TableInput=table("t", Description="second"))
    glue.update_table(DatabaseName="versions", TableInput=table("t", Description="third"), SkipArchive=True)
    found = glue.get_table_versions(DatabaseName="versions", TableName="t")["TableVersions"]
    assert [(each["VersionId"], each["Table"]["Description"]) for each in found] == [("2", "third"), ("0", "first")]


def test_versions_of_a_batch_are_deleted_one_by_one(glue: Any) -> None:
    """BatchDeleteTableVersion, TableVersionError."""
    glue.create_database(DatabaseInput={"Name": "old_versions"})
    where = {"DatabaseName": "old_versions", "TableName": "t"}
    for operation in (glue.create_table, glue.update_table, glue.update_table):
        operation(DatabaseName="old_versions", TableInput=table("t"))
    [error] = glue.batch_delete_table_version(**where, VersionIds=["0", "9", "1"])["Errors"]
    assert (error["VersionId"], error["ErrorDetail"]["ErrorCode"]) == ("9", "EntityNotFoundException")
    assert [each["VersionId"] for each in glue.get_table_versions(**where)["TableVersions"]] == ["2"]
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.delete_table_version(**where, VersionId="0")


def test_an_update_that_was_overtaken_is_refused(glue: Any) -> None:
    """UpdateTable: VersionId is "the version ID at which to update the table contents"; the table stays as it is."""
    glue.create_database(DatabaseInput={"Name": "overtaken"})
    glue.create_table(DatabaseName="overtaken", TableInput=table("t"))
    seen = glue.get_table(DatabaseName="overtaken", Name="t")["Table"]["VersionId"]
    glue.update_table(DatabaseName="overtaken", TableInput=table("t", Description="mine"), VersionId=seen)
    with pytest.raises(glue.exceptions.ConcurrentModificationException):
        glue.update_table(DatabaseName="overtaken", TableInput=table("t", Description="late"), VersionId=seen)
    assert glue.get_table(DatabaseName="overtaken", Name="t")["Table"]["Description"] == "mine"


def test_tables_are_searched_by_text_and_properties(glue: Any) -> None:
    """SearchTables: words that punctuation parts, a whole value in quotes, properties by filters, order, pages."""
    glue.create_database(DatabaseInput={"Name": "searched"})
    for name, kind in (("customer-link", "csv"), ("xx-link-yy", "parquet"), ("xxlinkyy", "parquet")):
        glue.create_table(
            DatabaseName="searched", TableInput=table(name, Parameters={"classification": kind}, Description="for us")
        )

    def found(**asked: Any) -> list[str]:
        inside = [{"Key": "DatabaseName", "Value": "searched"}, *asked.pop("Filters", [])]
        return [each["Name"] for each in glue.search_tables(Filters=inside, **asked)["TableList"]]

    by_name = [{"FieldName": "Name", "Sort": "DESC"}]
    assert found(SearchText="link", SortCriteria=by_name) == ["xx-link-yy", "customer-link"]
    assert found(SearchText="parquet", SortCriteria=by_name) == ["xxlinkyy", "xx-link-yy"]
    assert found(SearchText='"customer-link"') == ["customer-link"] and found(SearchText='"link"') == []
    assert found(Filters=[{"Key": "classification", "Value": "csv"}]) == ["customer-link"]
    assert found(Filters=[{"Key": "Name", "Value": "link"}, {"Key": "Name", "Value": "customer"}]) == ["customer-link"]
    late = [{"Key": "CreateTime", "Value": "2001-01-01", "Comparator": "LESS_THAN"}]
    assert found(Filters=late) == []
    page = glue.search_tables(SearchText="link", SortCriteria=by_name, MaxResults=1)
    rest = glue.search_tables(SearchText="link", SortCriteria=by_name, MaxResults=1, NextToken=page["NextToken"])
    assert [each["TableList"][0]["Name"] for each in (page, rest)] == ["xx-link-yy", "customer-link"]


def test_the_catalog_survives_a_crash(new_lab: Callable[..., RunningLab]) -> None:
    """What Glue has answered, it has kept: databases, tables with their versions, partitions in their order."""
    lab = new_lab()
    glue = lab.client("glue")
    where = {"DatabaseName": "kept", "TableName": "t"}
    for name in ("kept", "dropped"):
        glue.create_database(DatabaseInput={"Name": name, "Description": name})
        glue.create_table(DatabaseName=name, TableInput=table("t"))
    glue.delete_database(Name="dropped")
    glue.update_table(DatabaseName="kept", TableInput=table("t", Description="again"))
    days = [f"2013-01-0{day}" for day in (3, 1, 2)]
    glue.batch_create_partition(**where, PartitionInputList=[partition(day) for day in days])
    glue.delete_partition(**where, PartitionValues=["2013-01-01"])
    before = glue.get_table(DatabaseName="kept", Name="t")["Table"]

    lab.kill()
    lab.start()

    glue = lab.client("glue")
    assert [each["Name"] for each in glue.get_databases()["DatabaseList"]] == ["default", "kept"]
    assert glue.get_table(DatabaseName="kept", Name="t")["Table"] == before
    assert len(glue.get_table_versions(**where)["TableVersions"]) == 2
    assert [each["Values"] for each in glue.get_partitions(**where)["Partitions"]] == [["2013-01-03"], ["2013-01-02"]]
    glue.create_database(DatabaseInput={"Name": "dropped"})
    assert glue.get_tables(DatabaseName="dropped")["TableList"] == []


def test_the_default_database_is_there_from_the_start(new_lab: Callable[..., RunningLab]) -> None:
    """Athena user guide, "Create databases": "default" is in every catalog; like another it can be deleted for good."""
    lab = new_lab()
    for region in ("us-east-1", "eu-west-1"):
        names = [each["Name"] for each in lab.client("glue", region_name=region).get_databases()["DatabaseList"]]
        assert names == ["default"]
    glue = lab.client("glue")
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_database(DatabaseInput={"Name": "default"})
    glue.create_table(DatabaseName="default", TableInput=table("t"))
    lab.client("glue", region_name="eu-west-1").delete_database(Name="default")

    lab.kill()
    lab.start()

    assert lab.client("glue").get_table(DatabaseName="default", Name="t")["Table"]["Name"] == "t"
    assert lab.client("glue", region_name="eu-west-1").get_databases()["DatabaseList"] == []
