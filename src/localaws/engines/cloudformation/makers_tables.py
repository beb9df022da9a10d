"""DynamoDB's tables.

Source: CloudFormation template reference, AWS::DynamoDB::Table, whose names are here and there others than those of
DynamoDB's API.
"""

from __future__ import annotations

from localaws.engines.cloudformation.changes_storage import STORAGE
from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.made import Maker, deleted
from localaws.engines.cloudformation.updates import Properties

_DROPPED = ("OnDemandThroughput", "ResourcePolicy", "TableClass")


def _table(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    wanted = {**api.taken("CreateTable", properties, _DROPPED), "TableName": name}
    if "StreamSpecification" in wanted:
        wanted["StreamSpecification"] = {"StreamEnabled": True, **wanted["StreamSpecification"]}
    if "SSESpecification" in wanted:
        encryption = dict(wanted["SSESpecification"])
        wanted["SSESpecification"] = {"Enabled": encryption.pop("SSEEnabled"), **encryption}
    api("CreateTable", **wanted)
    api.wait("table_exists", TableName=name)
    return name, _told(api, name)


def _told(api: Api, name: str) -> dict[str, str]:
    table = api("DescribeTable", TableName=name)["Table"]
    stream = {"StreamArn": table["LatestStreamArn"]} if "LatestStreamArn" in table else {}
    return {"Arn": table["TableArn"], **stream}


TABLES = {
    "AWS::DynamoDB::Table": Maker(
        _table,
        deleted("DeleteTable", "TableName"),
        STORAGE["AWS::DynamoDB::Table"],
        "TableName",
        frozenset({"Arn", "StreamArn"}),
        _told,
    )
}
