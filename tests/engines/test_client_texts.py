"""Words and codes that public clients take out of answers: each is held as the client compares it.

One row a place in a client's source: who, where, what it looks for, and the call that provokes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena

BUCKET = "client-texts"
#: Makes the call, which fails, and gives the error code and what the client searches.
Provoke = Callable[[Athena], tuple[str, str]]


@pytest.fixture(scope="module")
def athena(lab: RunningLab) -> Athena:
    made = Athena(lab, BUCKET, "texts")
    made(f"CREATE EXTERNAL TABLE there (a int) LOCATION 's3://{BUCKET}/there/'")
    made.put("object", b"text")
    return made


def refused(service: str, operation: str, **parameters: Any) -> Provoke:
    def provoke(athena: Athena) -> tuple[str, str]:
        client = athena.lab.client(service)
        with pytest.raises(ClientError) as error:
            getattr(client, operation)(**parameters)
        response = error.value.response
        return str(response["Error"]["Code"]), f"{error.value} {response['ResponseMetadata']['HTTPStatusCode']}"

    return provoke


def failing(sql: str) -> Provoke:
    return lambda athena: ("", athena.fails(sql))


def statement(sql: str) -> Provoke:
    """A statement that succeeds: its StatementType and SubstatementType."""

    def provoke(athena: Athena) -> tuple[str, str]:
        execution = athena(sql).execution
        return str(execution["StatementType"]), str(execution["SubstatementType"])

    return provoke


SEQUENCE = "FROM UNNEST(sequence(1, 101)) AS t (n)"
TABLE = {"CatalogName": "AwsDataCatalog", "DatabaseName": "texts", "TableName": "missing"}
TEXTS: list[tuple[str, str, str, Provoke]] = [
    # client and file, error code, regular expression that the client's condition means, the call
    ("PyAthena sqlalchemy/base.py _get_table", "MetadataException",
     r"Entity Not Found \(Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; "
     r"Request ID: [0-9a-f-]{36}; Proxy: null\)", refused("athena", "get_table_metadata", **TABLE)),
    ("PyAthena sqlalchemy/base.py _get_schemas", "InvalidRequestException", "",
     refused("athena", "list_databases", CatalogName="nowhere")),
    ("PyAthena sqlalchemy/base.py has_schema", "MetadataException", "Error Code: EntityNotFoundException",
     refused("athena", "get_database", CatalogName="AwsDataCatalog", DatabaseName="nowhere")),
    ("PyAthena result_set.py, statement without rows", "DML", "^INSERT$", statement("INSERT INTO there VALUES 1")),
    ("PyAthena common.py _find_previous_query_id", "DML", "^SELECT$", statement("SELECT 1")),
    ("awswrangler athena/_read.py get_query_results, athena/_cache.py", "DDL", "^CREATE_TABLE_AS_SELECT$",
     statement("CREATE TABLE cached AS SELECT 1 AS a")),
    ("awswrangler athena/_statements.py", "ResourceNotFoundException", "",
     refused("athena", "get_prepared_statement", StatementName="missing", WorkGroup="primary")),
    ("awswrangler s3/_read_text_core.py, airflow hooks/s3.py head_object", "404", " 404$",
     refused("s3", "head_object", Bucket=BUCKET, Key="missing")),
    ("dbt-athena connections.py, impl.py run_query_with_partitions_limit_catching", "", "TOO_MANY_OPEN_PARTITIONS",
     failing(f"CREATE TABLE wide WITH (partitioned_by = ARRAY['p']) AS SELECT n, n AS p {SEQUENCE}")),
    ("dbt-athena the same, Iceberg", "", "TOO_MANY_OPEN_PARTITIONS",
     failing(f"CREATE TABLE wider WITH (table_type = 'ICEBERG', is_external = false, partitioning = ARRAY['p'], "
             f"location = 's3://{BUCKET}/wider/') AS SELECT n, n AS p {SEQUENCE}")),
    ("dbt-athena impl.py get_glue_table, list_relations, _delete_from_glue_catalog", "EntityNotFoundException", "",
     refused("glue", "get_table", DatabaseName="texts", Name="missing")),
    ("dbt-athena impl.py list_relations_without_caching", "EntityNotFoundException", "",
     refused("glue", "get_tables", DatabaseName="nowhere")),
    ("dbt-athena impl.py delete_from_glue_catalog", "EntityNotFoundException", "",
     refused("glue", "delete_table", DatabaseName="texts", Name="missing")),
    ("airflow operators/glue_catalog.py", "AlreadyExistsException", "",
     refused("glue", "create_database", DatabaseInput={"Name": "texts"})),
    ("airflow hooks/s3.py delete_bucket, s3fs core.py _rmdir", "BucketNotEmpty", r"\(BucketNotEmpty\).* 409$",
     refused("s3", "delete_bucket", Bucket=BUCKET)),
    ("airflow hooks/s3.py check_for_bucket", "404", " 404$", refused("s3", "head_bucket", Bucket="never-made-here")),
    ("s3fs core.py _rmdir", "NoSuchBucket", r"\(NoSuchBucket\)", refused("s3", "delete_bucket", Bucket="never-made")),
    ("s3fs core.py S3File._fetch_range: a file that was replaced", "PreconditionFailed", "pre-conditions .* 412$",
     refused("s3", "get_object", Bucket=BUCKET, Key="object", IfMatch="\"0123456789abcdef\"")),
    ("s3fs core.py _call_s3 of a range beyond the end", "InvalidRange", " 416$",
     refused("s3", "get_object", Bucket=BUCKET, Key="object", Range="bytes=10-")),
    ("airflow hooks/logs.py get_log_events", "ResourceNotFoundException", "",
     refused("logs", "get_log_events", logGroupName="missing", logStreamName="missing")),
    ("airflow hooks/rds.py", "DBInstanceNotFound", " 404$",
     refused("rds", "describe_db_instances", DBInstanceIdentifier="missing")),
    ("botocore dms waiters-2.json ReplicationInstanceDeleted", "ResourceNotFoundFault", "",
     refused("dms", "describe_replication_instances",
             Filters=[{"Name": "replication-instance-id", "Values": ["missing"]}])),
    ("botocore dynamodb waiters-2.json TableNotExists", "ResourceNotFoundException", "",
     refused("dynamodb", "describe_table", TableName="missing")),
    ("botocore kinesis waiters-2.json StreamNotExists", "ResourceNotFoundException", "",
     refused("kinesis", "describe_stream", StreamName="missing")),
    ("botocore lambda waiters-2.json FunctionExists", "ResourceNotFoundException", "",
     refused("lambda", "get_function", FunctionName="missing")),
    ("botocore iam waiters-2.json RoleExists", "NoSuchEntity", "", refused("iam", "get_role", RoleName="missing")),
    ("botocore cloudformation waiters-2.json StackDeleteComplete", "ValidationError", "does not exist",
     refused("cloudformation", "describe_stacks", StackName="missing")),
]  # fmt: skip


@pytest.mark.parametrize(("client", "code", "words", "provoke"), TEXTS, ids=[text[0] for text in TEXTS])
def test_client_finds_what_it_looks_for(athena: Athena, client: str, code: str, words: str, provoke: Provoke) -> None:
    given, text = provoke(athena)
    assert given == code
    assert re.search(words, text), text
