"""Athena."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from awsfacts.declaration import TB, Claim, Deletion, Listing, Meter, Resource, Service, pages

_GROUPS = Listing("ListWorkGroups", "WorkGroups.Name")


def _named_queries(aws: Any) -> Iterator[str]:
    """All named queries, as id/name: they are deleted by id, and known to people by name."""
    for group in _GROUPS(aws):
        for page in pages(aws, "ListNamedQueries", WorkGroup=group):
            for query in page["NamedQueryIds"]:
                yield f"{query}/{aws.get_named_query(NamedQueryId=query)['NamedQuery']['Name']}"


SERVICE = Service(
    name="athena",
    title="Amazon Athena",
    real=(
        Claim(
            "SQL reads objects in S3, and every type survives every format that Athena writes.",
            "engines/test_athena_formats.py::test_every_type_survives_every_format",
        ),
        Claim(
            "Partitions are pruned, by the catalog or by projection.",
            "engines/test_athena.py::test_partitions_belong_to_the_catalog_and_are_pruned",
        ),
        Claim(
            "Iceberg tables have snapshots and time travel, and are shared with other writers.",
            "engines/test_athena_iceberg.py::test_athena_and_pyiceberg_share_a_table",
        ),
        Claim(
            "Workgroups enforce where results go and how much a query may scan.",
            "engines/test_athena_workgroups.py::test_an_enforced_workgroup_decides_where_results_go",
        ),
        Claim(
            "Scanned bytes are counted and billed as Athena's: 10 MB at least, DDL and failures free.",
            "engines/test_athena_usage.py::test_ten_megabytes_are_the_least",
        ),
        Claim(
            "Queries are listed for as long as the lab's directory is there, on AWS for 45 days.",
            "test_claims_04.py::test_the_history_outlives_the_process_and_45_days",
        ),
    ),
    differs=(
        Claim(
            "Queries are answered by DuckDB with Trino's meaning, so a plan names DuckDB's steps.",
            "test_claims_04.py::test_a_plan_is_the_plan_of_this_machine",
        ),
        Claim(
            "Of Parquet is counted what this reader fetched; Athena's may fetch a little more or less.",
            "test_claims_04.py::test_parquet_is_counted_as_it_is_read",
        ),
        Claim(
            "CREATE TABLE AS writes one file for each partition; on AWS many workers write at once.",
            "test_claims_04.py::test_a_ctas_writes_one_file_for_each_partition",
        ),
        Claim(
            "A failed write leaves nothing; on AWS files may stay behind.",
            "test_claims_04.py::test_a_failed_ctas_leaves_nothing",
        ),
        Claim(
            "A query over text that would pass its cutoff is refused at once, and counts as having scanned the limit.",
            "test_claims_04.py::test_the_cutoff_counts_as_scanned",
        ),
    ),
    resources=(
        Resource(
            type="workgroup",
            title="workgroup",
            create=("CreateWorkGroup",),
            name="Name",
            named_by=("WorkGroup",),
            list=_GROUPS,
            delete=Deletion("DeleteWorkGroup", "WorkGroup", more={"RecursiveDeleteOption": True}),
            uses=("s3:bucket", "kms:key"),
        ),
        Resource(
            type="prepared-statement",
            title="prepared statement",
            create=("CreatePreparedStatement",),
            name="WorkGroup/StatementName",
            list=Listing("ListPreparedStatements", "PreparedStatements.StatementName", each=(_GROUPS, "WorkGroup")),
            delete=Deletion("DeletePreparedStatement", "WorkGroup/StatementName"),
            uses=("athena:workgroup",),
        ),
        Resource(
            type="named-query",
            title="named query",
            create=("CreateNamedQuery",),
            name="NamedQueryId",
            list=_named_queries,
            delete=Deletion("DeleteNamedQuery", "NamedQueryId"),
            uses=("athena:workgroup",),
            by_id=True,
        ),
        Resource(
            type="datacatalog",
            title="data catalog",
            create=("CreateDataCatalog",),
            name="Name",
            list=Listing("ListDataCatalogs", "DataCatalogsSummary.CatalogName"),
            delete=Deletion("DeleteDataCatalog", "Name"),
            named_by=("CatalogName",),
            uses=("lambda:function",),
        ),
        Resource(
            type="capacity-reservation",
            title="capacity reservation",
            create=("CreateCapacityReservation",),
            name="Name",
            list=Listing("ListCapacityReservations", "CapacityReservations.Name"),
        ),
    ),
    unsupported=((".*", "Athena answers SQL here; it has no notebooks, no Spark and no system tables."),),
    meters=(Meter("athena:billed_bytes", "athena.scanned", TB),),
)
