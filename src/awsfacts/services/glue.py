"""Glue."""

from __future__ import annotations

from typing import Any

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service, Settle


def _delete_registry(aws: Any, registry: str, settle: Settle) -> None:
    aws.delete_registry(RegistryId={"RegistryName": registry})


def _delete_schema(aws: Any, arn: str, settle: Settle) -> None:
    aws.delete_schema(SchemaId={"SchemaArn": arn})


SERVICE = Service(
    name="glue",
    title="AWS Glue",
    real=(
        Claim(
            "The Data Catalog keeps databases, tables with their versions, and partitions.",
            "engines/test_glue.py::test_a_tables_versions_are_counted_from_0_and_kept",
        ),
        Claim(
            "An update that another has overtaken is refused.",
            "engines/test_glue.py::test_an_update_that_was_overtaken_is_refused",
        ),
        Claim(
            "The catalog survives a crash of the lab.",
            "engines/test_glue.py::test_the_catalog_survives_a_crash",
        ),
        Claim(
            "Tables and partitions keep the statistics of columns that they are told, and databases their functions.",
            "engines/test_glue_statistics.py::test_a_table_and_each_partition_keep_statistics_of_their_own",
        ),
    ),
    differs=(
        Claim(
            "A job reports SUCCEEDED although its script was never run.",
            "test_claims_00.py::test_glue_jobs_do_not_run_yet",
        ),
    ),
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
            type="userdefinedfunction",
            title="user-defined function",
            create=("CreateUserDefinedFunction",),
            name="DatabaseName/FunctionName",
            delete=Deletion("DeleteUserDefinedFunction", "DatabaseName/FunctionName"),
            part_of="database",
        ),
        Resource(
            type="partition index",
            title="partition index",
            create=("CreatePartitionIndex",),
            name="DatabaseName/TableName",
            part_of="table",
        ),
        Resource(
            type="connection",
            title="Glue connection",
            create=("CreateConnection",),
            name="Name",
            list=Listing("GetConnections", "ConnectionList.Name"),
            delete=Deletion("DeleteConnection", "ConnectionName"),
            uses=("secretsmanager:Secret",),
        ),
        Resource(
            type="crawler",
            title="crawler",
            create=("CreateCrawler",),
            name="Name",
            list=Listing("ListCrawlers", "CrawlerNames"),
            delete=Deletion("DeleteCrawler", "Name"),
            uses=("glue:database", "glue:connection", "iam:role", "s3:bucket"),
        ),
        Resource(
            type="job",
            title="Glue job",
            create=("CreateJob",),
            name="Name",
            named_by=("JobName",),
            list=Listing("ListJobs", "JobNames"),
            delete=Deletion("DeleteJob", "JobName"),
            uses=("glue:connection", "glue:securityConfiguration", "iam:role", "s3:bucket"),
        ),
        Resource(
            type="trigger",
            title="Glue trigger",
            create=("CreateTrigger",),
            name="Name",
            list=Listing("ListTriggers", "TriggerNames"),
            delete=Deletion("DeleteTrigger", "Name"),
            uses=("glue:job", "glue:crawler", "glue:workflow"),
        ),
        Resource(
            type="workflow",
            title="Glue workflow",
            create=("CreateWorkflow",),
            name="Name",
            list=Listing("ListWorkflows", "Workflows"),
            delete=Deletion("DeleteWorkflow", "Name"),
        ),
        Resource(
            type="registry",
            title="schema registry",
            create=("CreateRegistry",),
            name="RegistryName",
            list=Listing("ListRegistries", "Registries.RegistryName"),
            delete=_delete_registry,
        ),
        Resource(
            type="schema",
            title="schema",
            create=("CreateSchema",),
            name="SchemaArn",
            delete=_delete_schema,
            uses=("glue:registry",),
        ),
        Resource(
            type="schema version",
            title="version of a schema",
            create=("RegisterSchemaVersion",),
            name="SchemaVersionId",
            part_of="schema",
            by_id=True,
        ),
        Resource(
            type="securityConfiguration",
            title="Glue security configuration",
            create=("CreateSecurityConfiguration",),
            name="Name",
            list=Listing("GetSecurityConfigurations", "SecurityConfigurations.Name"),
            delete=Deletion("DeleteSecurityConfiguration", "Name"),
            uses=("kms:key",),
        ),
        Resource(
            type="session",
            title="interactive session",
            create=("CreateSession",),
            name="Id",
            list=Listing("ListSessions", "Ids"),
            delete=Deletion("DeleteSession", "Id"),
            uses=("iam:role",),
        ),
        Resource(
            type="devendpoint",
            title="development endpoint",
            create=("CreateDevEndpoint",),
            name="EndpointName",
            list=Listing("GetDevEndpoints", "DevEndpoints.EndpointName"),
            delete=Deletion("DeleteDevEndpoint", "EndpointName"),
            uses=("iam:role",),
        ),
        Resource(
            type="mlTransform",
            title="ML transform",
            create=("CreateMLTransform",),
            name="TransformId",
            list=Listing("GetMLTransforms", "Transforms.TransformId"),
            delete=Deletion("DeleteMLTransform", "TransformId"),
            by_id=True,
        ),
    ),
    leaves_nothing={
        "CreateScript": "an answer, which is the script",
        "ImportCatalogToGlue": "one catalog, which every account has",
        "RunStatement": "what goes with its session",
    },
    unsupported=(
        (
            ".*(DataQuality|Blueprint|Classifier|ColumnStatisticsTask|TableOptimizer).*",
            "The lab's Glue is the Data Catalog: it has no data quality, blueprints, classifiers and optimizers, and "
            "computes no statistics.",
        ),
        (".*", "The lab's Glue is the Data Catalog; jobs, crawlers and triggers are described and do no work yet."),
    ),
)
