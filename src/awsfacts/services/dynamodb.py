"""DynamoDB."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

#: What the statement is tells which.
_PARTIQL = tuple(f"dynamodb:PartiQL{kind}" for kind in ("Select", "Insert", "Update", "Delete"))

SERVICE = Service(
    name="dynamodb",
    title="Amazon DynamoDB",
    resources=(
        Resource(
            type="table",
            title="DynamoDB table",
            create=("CreateTable", "ImportTable", "RestoreTableFromBackup", "RestoreTableToPointInTime"),
            name="TableName",
            list=Listing("ListTables", "TableNames"),
            delete=Deletion("DeleteTable", "TableName"),
            uses=("kms:key", "kinesis:stream"),
        ),
        Resource(
            type="backup",
            title="backup of a table",
            create=("CreateBackup",),
            name="BackupArn",
            list=Listing("ListBackups", "BackupSummaries.BackupArn"),
            delete=Deletion("DeleteBackup", "BackupArn"),
            addressed=True,
        ),
    ),
    unsupported=((".*GlobalTable.*", "The lab is one region at a time: it has no global tables."),),
    actions={
        **dict.fromkeys(("BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction"), _PARTIQL),
        "TransactGetItems": ("dynamodb:GetItem",),
        "TransactWriteItems": tuple(
            f"dynamodb:{name}" for name in ("ConditionCheckItem", "PutItem", "UpdateItem", "DeleteItem")
        ),
    },
    data_events=frozenset(
        (
            "BatchExecuteStatement BatchGetItem BatchWriteItem DeleteItem ExecuteStatement ExecuteTransaction "
            "GetItem PutItem Query Scan TransactGetItems TransactWriteItems UpdateItem"
        ).split()
    ),
)
