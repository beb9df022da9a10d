"""A catalog on a disk that takes nothing: what is refused leaves no trace, what was answered is there after a crash.

"Common errors" of the Glue web API reference: InternalFailure, 500.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.test_glue import partition, table
from tests.gateway.disks import errors_of, small_files


def arn(glue: Any, named: str) -> str:
    account = glue.get_databases()["DatabaseList"][0]["CatalogId"]
    return f"arn:aws:glue:us-east-1:{account}:{named}"


def catalog(glue: Any) -> dict[str, Any]:
    """All of the catalog, as the API tells it."""
    told: dict[str, Any] = {
        "of all": (
            glue.get_resource_policy().get("PolicyInJson"),
            glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"],
            glue.get_connections()["ConnectionList"],
        )
    }
    for database in glue.get_databases()["DatabaseList"]:
        name = database["Name"]
        tables = glue.get_tables(DatabaseName=name)["TableList"]
        told[name] = (
            database.get("Description"),
            [glue.get_tags(ResourceArn=arn(glue, kind))["Tags"] for kind in (f"database/{name}", f"table/{name}/t")],
            {
                each["Name"]: (
                    each,
                    [
                        v["VersionId"]
                        for v in glue.get_table_versions(DatabaseName=name, TableName=each["Name"])["TableVersions"]
                    ],
                    glue.get_partitions(DatabaseName=name, TableName=each["Name"])["Partitions"],
                    glue.get_partition_indexes(DatabaseName=name, TableName=each["Name"])[
                        "PartitionIndexDescriptorList"
                    ],
                )
                for each in tables
            },
        )
    return told


def mutations(glue: Any) -> dict[str, Callable[[], Any]]:
    """One call of each operation that changes the catalog that `test_refused_changes_leave_no_trace` has."""
    on = {"DatabaseName": "db", "TableName": "t"}
    database, t = {"ResourceArn": arn(glue, "database/db")}, {"ResourceArn": arn(glue, "table/db/t")}
    two = partition("2013-01-02")
    moved = {"PartitionValueList": ["2013-01-01"], "PartitionInput": two}
    return {
        "CreateDatabase": lambda: glue.create_database(DatabaseInput={"Name": "new"}),
        "UpdateDatabase": lambda: glue.update_database(Name="db", DatabaseInput={"Name": "db", "Description": "new"}),
        "DeleteDatabase": lambda: glue.delete_database(Name="db"),
        "DeleteDatabase default": lambda: glue.delete_database(Name="default"),
        "CreateTable": lambda: glue.create_table(DatabaseName="db", TableInput=table("new")),
        "UpdateTable": lambda: glue.update_table(DatabaseName="db", TableInput=table("t", Description="new")),
        "DeleteTable": lambda: glue.delete_table(DatabaseName="db", Name="t"),
        "BatchDeleteTable": lambda: glue.batch_delete_table(DatabaseName="db", TablesToDelete=["t", "u"]),
        "DeleteTableVersion": lambda: glue.delete_table_version(**on, VersionId="0"),
        "CreatePartition": lambda: glue.create_partition(**on, PartitionInput=two),
        "BatchCreatePartition": lambda: glue.batch_create_partition(**on, PartitionInputList=[two]),
        "UpdatePartition": lambda: glue.update_partition(
            **on, PartitionValueList=["2013-01-01"], PartitionInput={**two, "Values": ["2013-01-01"]}
        ),
        "BatchUpdatePartition": lambda: glue.batch_update_partition(**on, Entries=[moved]),
        "DeletePartition": lambda: glue.delete_partition(**on, PartitionValues=["2013-01-01"]),
        "BatchDeletePartition": lambda: glue.batch_delete_partition(
            **on, PartitionsToDelete=[{"Values": ["2013-01-01"]}]
        ),
        "CreatePartitionIndex": lambda: glue.create_partition_index(
            **on, PartitionIndex={"IndexName": "new", "Keys": ["day"]}
        ),
        "PutResourcePolicy": lambda: glue.put_resource_policy(PolicyInJson='{"Statement": []}'),
        "PutDataCatalogEncryptionSettings": lambda: glue.put_data_catalog_encryption_settings(
            DataCatalogEncryptionSettings={"EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS"}}
        ),
        "CreateConnection": lambda: glue.create_connection(
            ConnectionInput={"Name": "new", "ConnectionType": "NETWORK", "ConnectionProperties": {}}
        ),
        "TagResource": lambda: glue.tag_resource(**database, TagsToAdd={"new": "1"}),
        "TagResource table": lambda: glue.tag_resource(**t, TagsToAdd={"new": "1"}),
        "UntagResource": lambda: glue.untag_resource(**database, TagsToRemove=["a"]),
    }


def test_refused_changes_leave_no_trace(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    glue = lab.client("glue")
    glue.create_database(DatabaseInput={"Name": "db"}, Tags={"a": "b"})
    for name in ("t", "u"):
        glue.create_table(DatabaseName="db", TableInput=table(name))
    glue.update_table(DatabaseName="db", TableInput=table("t", Description="second"))
    glue.create_partition(DatabaseName="db", TableName="t", PartitionInput=partition("2013-01-01"))
    glue.create_table(DatabaseName="default", TableInput=table("of_default"))
    before = catalog(glue)
    with small_files(lab):
        for name, call in mutations(glue).items():
            errors_of({name: call})
            assert catalog(glue) == before, name
    glue.create_partition(DatabaseName="db", TableName="t", PartitionInput=partition("2013-01-03"))
    glue.delete_database(Name="default")
    after = catalog(glue)
    assert after != before
    lab.kill()
    lab.start()
    assert catalog(lab.client("glue")) == after


def test_a_partition_is_not_moved_over_another(lab: RunningLab) -> None:
    """UpdatePartition has no error for it; CreatePartition's AlreadyExistsException. Both partitions stay."""
    glue = lab.client("glue")
    on = {"DatabaseName": "moving", "TableName": "t"}
    glue.create_database(DatabaseInput={"Name": "moving"})
    glue.create_table(DatabaseName="moving", TableInput=table("t"))
    for day in ("2013-01-01", "2013-01-02"):
        glue.create_partition(**on, PartitionInput=partition(day))
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.update_partition(**on, PartitionValueList=["2013-01-01"], PartitionInput=partition("2013-01-02"))
    entry = {"PartitionValueList": ["2013-01-01"], "PartitionInput": partition("2013-01-02")}
    missing = {"PartitionValueList": ["2013-01-09"], "PartitionInput": partition("2013-01-03")}
    errors = glue.batch_update_partition(**on, Entries=[entry, missing])["Errors"]
    codes = [each["ErrorDetail"]["ErrorCode"] for each in errors]
    assert codes == ["AlreadyExistsException", "EntityNotFoundException"]
    assert [each["Values"] for each in glue.get_partitions(**on)["Partitions"]] == [["2013-01-01"], ["2013-01-02"]]
