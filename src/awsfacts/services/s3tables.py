"""S3 Tables."""

from __future__ import annotations

from typing import Any

from awsfacts.declaration import Listing, Resource, Service, Settle


def _delete_bucket(aws: Any, bucket: str, settle: Settle) -> None:
    """A table bucket is deleted once it is empty: of tables, then of namespaces (DeleteTableBucket)."""
    for namespace in Listing("ListNamespaces", "namespaces.namespace", more={"tableBucketARN": bucket})(aws):
        within = {"tableBucketARN": bucket, "namespace": namespace}
        for table in Listing("ListTables", "tables.name", more=within)(aws):
            aws.delete_table(**within, name=table)
        aws.delete_namespace(**within)
    aws.delete_table_bucket(tableBucketARN=bucket)


SERVICE = Service(
    name="s3tables",
    title="Amazon S3 Tables",
    unsupported=(
        (".*", "The lab describes table buckets and their tables; no engine reads or writes their Iceberg files yet."),
    ),
    resources=(
        Resource(
            type="TableBucket",
            title="table bucket",
            create=("CreateTableBucket",),
            name="name",
            named_by=("tableBucketARN",),
            list=Listing("ListTableBuckets", "tableBuckets.arn"),
            delete=_delete_bucket,
            addressed=True,
        ),
        Resource(
            type="Namespace",
            title="namespace of a table bucket",
            create=("CreateNamespace",),
            name="tableBucketARN",
            part_of="TableBucket",
        ),
        Resource(
            type="Table",
            title="table of a table bucket",
            create=("CreateTable",),
            name="tableBucketARN/name",
            part_of="TableBucket",
        ),
    ),
)
