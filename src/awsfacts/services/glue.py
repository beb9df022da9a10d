"""Glue."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

SERVICE = Service(
    name="glue",
    title="AWS Glue",
    resources=(
        Resource(
            type="database",
            title="Glue database",
            create=("CreateDatabase",),
            name="Name",
            named_by=("DatabaseName",),
            list=Listing("GetDatabases", "DatabaseList.Name"),
            delete=Deletion("DeleteDatabase", "Name"),
            uses=("s3:bucket",),
        ),
        Resource(
            type="table",
            title="Glue table",
            create=("CreateTable",),
            name="DatabaseName/Name",
            delete=Deletion("DeleteTable", "DatabaseName/Name"),
            part_of="database",
        ),
        Resource(
            type="partition",
            title="partition",
            create=("CreatePartition", "BatchCreatePartition"),
            name="DatabaseName/TableName",
            part_of="table",
        ),
        Resource(
            type="partition index",
            title="partition index",
            create=("CreatePartitionIndex",),
            name="DatabaseName/TableName",
            part_of="table",
        ),
    ),
)
