"""OpenSearch Service."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

SERVICE = Service(
    name="opensearch",
    title="Amazon OpenSearch Service",
    in_arns="es",
    resources=(
        Resource(
            type="domain",
            title="OpenSearch domain",
            create=("CreateDomain",),
            name="DomainName",
            list=Listing("ListDomainNames", "DomainNames.DomainName"),
            delete=Deletion("DeleteDomain", "DomainName"),
            uses=("kms:key", "iam:role"),
        ),
    ),
    unsupported=((".*", "The lab describes domains; no OpenSearch runs behind them."),),
)
