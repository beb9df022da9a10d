"""What belongs to a database or a table of Glue's catalog lasts as long as it does, through crashes and stops.

Source: Glue web API reference, "Tagging APIs" and "Table API"; developer guide, "Working with partition indexes".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.test_glue import table


def test_a_change_of_the_default_database_leaves_its_tables(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    glue = lab.client("glue")
    glue.create_table(DatabaseName="default", TableInput=table("t"))
    glue.update_database(Name="default", DatabaseInput={"Name": "default", "Description": "changed"})

    lab.kill()
    lab.start()

    glue = lab.client("glue")
    assert glue.get_database(Name="default")["Database"]["Description"] == "changed"
    assert [each["Name"] for each in glue.get_tables(DatabaseName="default")["TableList"]] == ["t"]


def test_tags_last_as_long_as_what_they_are_of(new_lab: Callable[..., RunningLab]) -> None:
    """ "Tagging APIs": CreateDatabase's Tags, TagResource, UntagResource; a new database has no other's tags."""
    lab = new_lab()
    glue = lab.client("glue")
    place = f"arn:aws:glue:us-east-1:{lab.client('sts').get_caller_identity()['Account']}"
    arns = [f"{place}:database/tagged", f"{place}:table/tagged/t", f"{place}:database/default"]
    glue.create_database(DatabaseInput={"Name": "Tagged"}, Tags={"a": "b", "team": "data"})
    glue.create_table(DatabaseName="tagged", TableInput=table("t"))
    for arn in arns[1:]:
        glue.tag_resource(ResourceArn=arn, TagsToAdd={"cost": "low", "more": "1"})
    glue.untag_resource(ResourceArn=arns[0], TagsToRemove=["team"])
    glue.untag_resource(ResourceArn=f"{place}:table/Tagged/T", TagsToRemove=["more"])
    glue.update_table(DatabaseName="tagged", TableInput=table("t", Description="again"))
    kept = [{"a": "b"}, {"cost": "low"}, {"cost": "low", "more": "1"}]
    assert [glue.get_tags(ResourceArn=arn)["Tags"] for arn in arns] == kept

    lab.kill()
    lab.start()

    glue = lab.client("glue")
    assert [glue.get_tags(ResourceArn=arn)["Tags"] for arn in arns] == kept
    glue.delete_database(Name="tagged")
    for change in ({"TagsToAdd": {"a": "b"}}, {"TagsToRemove": ["a"]}):
        operation = glue.tag_resource if "TagsToAdd" in change else glue.untag_resource
        with pytest.raises(glue.exceptions.EntityNotFoundException):
            operation(ResourceArn=arns[0], **change)
    glue.create_database(DatabaseInput={"Name": "tagged"})
    glue.create_table(DatabaseName="tagged", TableInput=table("t"))
    assert [glue.get_tags(ResourceArn=arn)["Tags"] for arn in arns[:2]] == [{}, {}]

    lab.stop()
    lab.start()

    glue = lab.client("glue")
    assert [glue.get_tags(ResourceArn=arn)["Tags"] for arn in arns] == [{}, {}, kept[2]]


def test_partition_indexes_are_told_and_kept(new_lab: Callable[..., RunningLab]) -> None:
    """ "Working with partition indexes": made with the table or later, at most three, of the table's partition keys."""
    lab = new_lab()
    glue = lab.client("glue")
    where = {"DatabaseName": "default", "TableName": "t"}
    keys = [{"Name": "day", "Type": "date"}, {"Name": "origin", "Type": "string"}]

    def index(name: str, *names: str) -> dict[str, Any]:
        return {"IndexName": name, "Keys": list(names)}

    def told(glue: Any) -> dict[str, list[dict[str, str]]]:
        found = glue.get_partition_indexes(**where)["PartitionIndexDescriptorList"]
        assert all(each["IndexStatus"] == "ACTIVE" for each in found)
        return {each["IndexName"]: each["Keys"] for each in found}

    made = {**table("t"), "PartitionKeys": keys}
    with pytest.raises(glue.exceptions.InvalidInputException):
        glue.create_table(DatabaseName="default", TableInput=made, PartitionIndexes=[index("x", "n")])
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_partition_indexes(**where)
    glue.create_table(DatabaseName="default", TableInput=made, PartitionIndexes=[index("one", "day")])
    glue.create_partition_index(**where, PartitionIndex=index("two", "origin", "day"))
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_partition_index(**where, PartitionIndex=index("two", "day"))
    glue.create_partition_index(**where, PartitionIndex=index("three", "day"))
    with pytest.raises(glue.exceptions.ResourceNumberLimitExceededException):
        glue.create_partition_index(**where, PartitionIndex=index("four", "day"))
    glue.delete_partition_index(**where, IndexName="three")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.delete_partition_index(**where, IndexName="three")
    glue.update_table(DatabaseName="default", TableInput={**made, "Description": "changed"})

    lab.kill()
    lab.start()

    assert told(lab.client("glue")) == {"one": keys[:1], "two": keys[::-1]}


def test_the_catalogs_own_settings_are_kept(new_lab: Callable[..., RunningLab]) -> None:
    """PutResourcePolicy, PutDataCatalogEncryptionSettings, CreateConnection; a region's catalog is not another's."""
    lab = new_lab()
    policy = '{"Version": "2012-10-17", "Statement": []}'
    encryption = {"EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": "alias/aws/glue"}}
    properties = {"JDBC_CONNECTION_URL": "jdbc:postgresql://localhost/d", "USERNAME": "u", "PASSWORD": "secret"}
    connection = {"Name": "c", "ConnectionType": "JDBC", "ConnectionProperties": properties}

    def told(region: str = "us-east-1") -> list[Any]:
        glue = lab.client("glue", region_name=region)
        kept = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
        connections = glue.get_connections()["ConnectionList"]
        account = lab.client("sts").get_caller_identity()["Account"]
        tags = glue.get_tags(ResourceArn=f"arn:aws:glue:{region}:{account}:connection/c")["Tags"]
        answer = glue.get_resource_policy()
        return [kept, connections, tags, {name: answer.get(name) for name in ("PolicyInJson", "CreateTime")}]

    glue = lab.client("glue")
    elsewhere = told("eu-west-1")
    hashed = glue.put_resource_policy(PolicyInJson=policy)["PolicyHash"]
    glue.put_data_catalog_encryption_settings(DataCatalogEncryptionSettings=encryption)
    glue.create_connection(ConnectionInput=connection, Tags={"a": "b"})
    before = told()
    assert before[0]["EncryptionAtRest"] == encryption["EncryptionAtRest"]
    assert (before[1][0]["ConnectionProperties"], before[2]) == (properties, {"a": "b"})

    lab.kill()
    lab.start()

    assert told() == before
    assert told("eu-west-1") == elsewhere
    lab.client("glue").delete_resource_policy(PolicyHashCondition=hashed)

    lab.stop()
    lab.start()

    assert told() == [*before[:3], {"PolicyInJson": None, "CreateTime": None}]
