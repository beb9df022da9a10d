"""Athena."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from awsfacts.declaration import TB, Deletion, Listing, Meter, Resource, Service, pages

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
