"""Cost Explorer."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Resource, Service

SERVICE = Service(
    name="ce",
    title="AWS Cost Explorer",
    resources=(
        Resource(
            type="costcategory",
            title="cost category",
            create=("CreateCostCategoryDefinition",),
            name="CostCategoryArn",
            delete=Deletion("DeleteCostCategoryDefinition", "CostCategoryArn"),
        ),
    ),
    unsupported=((".*", "The lab keeps cost categories; it knows nothing of the account's costs yet."),),
    request_prices=((".*", "ce.request"),),
)
