"""DynamoDB."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

SERVICE = Service(
    name="dynamodb",
    title="Amazon DynamoDB",
    resources=(
        Resource(
            type="table",
            title="DynamoDB table",
            create=("CreateTable",),
            name="TableName",
            list=Listing("ListTables", "TableNames"),
            delete=Deletion("DeleteTable", "TableName"),
            uses=("kms:key", "kinesis:stream"),
        ),
    ),
)
