"""DynamoDB."""

from __future__ import annotations

from awsfacts.declaration import Claim, Deletion, Listing, Meter, Resource, Service

#: What the statement is tells which.
_PARTIQL = tuple(f"dynamodb:PartiQL{kind}" for kind in ("Select", "Insert", "Update", "Delete"))

SERVICE = Service(
    name="dynamodb",
    title="Amazon DynamoDB",
    real=(
        Claim(
            "Items of every type come back as they were put.",
            "engines/test_dynamodb.py::test_every_type_comes_back_as_it_was_put",
        ),
        Claim(
            "Of many conditional writers one wins.",
            "engines/test_dynamodb_partiql.py::test_of_many_conditional_writers_one_wins",
        ),
        Claim(
            "PartiQL reads and writes, in batches and transactions.",
            "engines/test_dynamodb_partiql.py::test_a_transaction_is_all_or_nothing",
        ),
        Claim(
            "What each call takes of a table's and its indexes' capacity is counted as AWS counts it, and billed.",
            "engines/test_dynamodb_capacity.py::test_each_index_takes_its_own",
        ),
        Claim(
            "Provisioned tables, indexes and hot partitions throttle, with a burst of 300 seconds on the lab's clock.",
            "engines/test_dynamodb_capacity.py::test_a_table_runs_out_and_saves_up",
        ),
        Claim(
            "Point-in-time recovery restores and exports a table as it was at any moment of the last 35 days.",
            "engines/test_dynamodb_recovery.py::test_a_table_comes_back_as_it_was_at_a_moment",
        ),
        Claim(
            "Transactions conflict as on AWS, and a client's token is done once.",
            "engines/test_dynamodb_transactions.py::test_transactions_conflict_and_none_is_lost",
        ),
        Claim(
            "Tables, items and streams are there after a kill of the lab.",
            "engines/test_dynamodb_kept.py::test_a_kill_amid_puts_updates_deletes_and_transactions",
        ),
        Claim(
            "Exports and imports write and read S3 with the rights of who asked.",
            "gateway/test_decided_work.py::test_an_export_of_a_table_writes_as_who_asked",
        ),
    ),
    differs=(
        Claim(
            "A table can be restored as it is now; on AWS what is younger than five minutes may be missing.",
            "engines/test_dynamodb_recovery.py::test_a_table_comes_back_as_it_was_at_a_moment",
        ),
        Claim(
            "A new table begins with the full burst, and each partition key is a partition of its own.",
            "engines/test_dynamodb_capacity.py::test_one_partition_is_hot",
        ),
    ),
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
    meters=(
        Meter("dynamodb:write_units", "dynamodb.write"),
        Meter("dynamodb:read_units", "dynamodb.read"),
        Meter("dynamodb:provisioned_writes", "dynamodb.provisioned_write", standing=True),
        Meter("dynamodb:provisioned_reads", "dynamodb.provisioned_read", standing=True),
    ),
    unsupported=(
        (".*GlobalTable.*", "The lab is one region at a time: it has no global tables."),
        ("ExportTableToPointInTime", "The lab exports whole tables in DynamoDB JSON: no Amazon Ion, no increments."),
        ("ImportTable", "The lab imports DynamoDB JSON and CSV, plain or compressed by gzip."),
    ),
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
