"""Systems Manager."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

SERVICE = Service(
    name="ssm",
    title="AWS Systems Manager",
    resources=(
        Resource(
            type="parameter",
            title="parameter",
            create=("PutParameter",),
            name="Name",
            list=Listing("DescribeParameters", "Parameters.Name"),
            delete=Deletion("DeleteParameter", "Name"),
            uses=("kms:key",),
        ),
        Resource(
            type="document",
            title="document",
            create=("CreateDocument",),
            name="Name",
            list=Listing(
                "ListDocuments", "DocumentIdentifiers.Name", more={"Filters": [{"Key": "Owner", "Values": ["Self"]}]}
            ),
            delete=Deletion("DeleteDocument", "Name"),
        ),
        Resource(
            type="maintenancewindow",
            title="maintenance window",
            create=("CreateMaintenanceWindow",),
            name="WindowId",
            list=Listing("DescribeMaintenanceWindows", "WindowIdentities.WindowId"),
            delete=Deletion("DeleteMaintenanceWindow", "WindowId"),
            by_id=True,
        ),
        Resource(
            type="windowtarget",
            title="target of a maintenance window",
            create=("RegisterTargetWithMaintenanceWindow",),
            name="WindowId",
            part_of="maintenancewindow",
            by_id=True,
        ),
        Resource(
            type="windowtask",
            title="task of a maintenance window",
            create=("RegisterTaskWithMaintenanceWindow",),
            name="WindowId",
            part_of="maintenancewindow",
            by_id=True,
        ),
        Resource(
            type="patchbaseline",
            title="patch baseline",
            create=("CreatePatchBaseline",),
            name="BaselineId",
            list=Listing(
                "DescribePatchBaselines",
                "BaselineIdentities.BaselineId",
                more={"Filters": [{"Key": "OWNER", "Values": ["Self"]}]},
            ),
            delete=Deletion("DeletePatchBaseline", "BaselineId"),
            by_id=True,
        ),
        Resource(
            type="patchgroup",
            title="patch group",
            create=("RegisterPatchBaselineForPatchGroup",),
            name="BaselineId/PatchGroup",
            delete=Deletion("DeregisterPatchBaselineForPatchGroup", "BaselineId/PatchGroup"),
            part_of="patchbaseline",
        ),
    ),
    unsupported=((".*", "The lab keeps parameters, documents, maintenance windows and patch baselines; none runs."),),
)
