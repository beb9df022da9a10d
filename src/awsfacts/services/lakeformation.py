"""Lake Formation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service, Settle, pages

_IN_ATHENA = "engines/test_athena_lakeformation.py"


def _filters(aws: Any) -> Iterator[str]:
    """All data cells filters, as database/table/name."""
    for page in pages(aws, "ListDataCellsFilter"):
        for each in page["DataCellsFilters"]:
            yield f"{each['DatabaseName']}/{each['TableName']}/{each['Name']}"


def _delete_filter(aws: Any, name: str, settle: Settle) -> None:
    database, table, filter_name = name.split("/")
    account = aws.get_data_lake_principal()["Identity"].split(":")[4]
    aws.delete_data_cells_filter(TableCatalogId=account, DatabaseName=database, TableName=table, Name=filter_name)


SERVICE = Service(
    name="lakeformation",
    title="AWS Lake Formation",
    real=(
        Claim(
            "What is created is left to IAM and its creator's, until the settings or a grant say otherwise.",
            "engines/test_lakeformation.py::test_a_new_table_is_left_to_iam_and_its_creators",
        ),
        Claim(
            "Nobody is a data lake administrator who was not made one, not even who started the lab; an administrator "
            "sees the whole catalog and grants anything, and reads no data by that.",
            "engines/test_lakeformation_grants.py::test_an_administrator_sees_all_but_reads_nothing_by_that",
        ),
        Claim(
            "Who has no grant does not see a database or a table, through Glue or Athena.",
            "engines/test_lakeformation.py::test_who_has_no_grant_sees_nothing",
        ),
        Claim(
            "A SELECT gives the columns that were granted; the others are not there.",
            f"{_IN_ATHENA}::test_columns_that_were_not_granted_are_not_there",
        ),
        Claim(
            "Row filters hold inside joins, views and subqueries.",
            f"{_IN_ATHENA}::test_a_row_filter_withholds_rows_everywhere",
        ),
        Claim(
            "Several grants are a union; a cell that none of them shows is NULL.",
            "engines/test_lakeformation_filters.py::test_several_grants_are_a_union",
        ),
        Claim(
            "LF-tags are inherited by tables and columns, and policies on them grant.",
            "engines/test_lakeformation_tags.py::test_a_policy_grants_what_carries_the_tags",
        ),
        Claim(
            "Objects of a registered location are read with its role, by who has a grant and may ask for data.",
            "engines/test_lakeformation_locations.py::test_registered_objects_are_read_by_the_locations_role",
        ),
    ),
    differs=(
        Claim(
            "Grants on columns and rows hold for tables whose location is not registered, too.",
            f"{_IN_ATHENA}::test_a_cell_that_no_grant_shows_is_null",
        ),
        Claim(
            "Partitions, and the metadata tables of Iceberg, are told only to who may read all of what they tell.",
            "engines/test_athena_lakeformation_attacks.py::test_partitions_tell_no_values_that_are_withheld",
        ),
    ),
    resources=(
        Resource(
            type="LF-tag",
            title="LF-tag",
            create=("CreateLFTag",),
            name="TagKey",
            list=Listing("ListLFTags", "LFTags.TagKey"),
            delete=Deletion("DeleteLFTag", "TagKey"),
        ),
        Resource(
            type="data cells filter",
            title="data cells filter",
            create=("CreateDataCellsFilter",),
            name="DatabaseName/TableName/Name",
            list=_filters,
            delete=_delete_filter,
            uses=("glue:database",),
        ),
        Resource(
            type="resource",
            title="registered location",
            create=("RegisterResource",),
            name="ResourceArn",
            list=Listing("ListResources", "ResourceInfoList.ResourceArn"),
            delete=Deletion("DeregisterResource", "ResourceArn"),
            uses=("s3:bucket", "iam:role"),
            addressed=True,
        ),
    ),
    unsupported=(
        (
            ".*Transaction.*|.*TableObjects|DeleteObjectsOnCancel|.*TableStorageOptimizers?",
            "Governed tables have ended on AWS, and with them their transactions. Use Iceberg tables.",
        ),
        (
            "GetTemporary.*|StartQueryPlanning|GetWorkUnit.*|GetQuery.*|GetGlueFunctionSessionContext",
            "The lab gives other engines no credentials and no rows of governed data: Athena reads them.",
        ),
        (".*LFTagExpressions?", "LF-tag policies name their keys and values here, not an expression with a name."),
        (".*LakeFormationOptIns?", "Hybrid access mode is not served: a table is left to IAM, or it is not."),
        (".*RLSPolic(y|ies|yAttachments)", "Rows are withheld by data cells filters here."),
        (".*", "The lab has neither SAML nor IAM Identity Center for Lake Formation."),
    ),
)
