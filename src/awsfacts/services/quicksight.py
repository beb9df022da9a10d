"""Quick Sight. Its listings ask for the account, which the names have in front."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Resource, Service


def _of_account(type: str, title: str, create: str, delete: str, name: str, *uses: str) -> Resource:
    member = f"AwsAccountId/{name}"
    uses = tuple(f"quicksight:{each}" for each in uses)
    return Resource(type=type, title=title, create=(create,), name=member, delete=Deletion(delete, member), uses=uses)


SERVICE = Service(
    name="quicksight",
    title="Amazon Quick Sight",
    resources=(
        _of_account("dashboard", "dashboard of data", "CreateDashboard", "DeleteDashboard", "DashboardId", "dataset"),
        _of_account("dataset", "data set", "CreateDataSet", "DeleteDataSet", "DataSetId", "datasource"),
        _of_account("datasource", "data source", "CreateDataSource", "DeleteDataSource", "DataSourceId"),
        _of_account("group", "Quick Sight group", "CreateGroup", "DeleteGroup", "Namespace/GroupName"),
        _of_account("user", "Quick Sight user", "RegisterUser", "DeleteUser", "Namespace/UserName"),
        Resource(
            type="group-membership",
            title="membership",
            create=("CreateGroupMembership",),
            name="AwsAccountId/Namespace/GroupName/MemberName",
            part_of="group",
        ),
        Resource(
            type="ingestion",
            title="ingestion",
            create=("CreateIngestion",),
            name="AwsAccountId/DataSetId/IngestionId",
            part_of="dataset",
        ),
    ),
    unsupported=((".*", "The lab describes data sources, data sets, dashboards and users, and draws nothing."),),
)
