"""Secrets Manager."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

SERVICE = Service(
    name="secretsmanager",
    title="AWS Secrets Manager",
    resources=(
        Resource(
            type="Secret",
            title="secret",
            create=("CreateSecret",),
            name="Name",
            named_by=("SecretId",),
            list=Listing("ListSecrets", "SecretList.Name"),
            delete=Deletion("DeleteSecret", "SecretId", more={"ForceDeleteWithoutRecovery": True}),
            uses=("kms:key",),
        ),
    ),
    leaves_nothing={"RestoreSecret": "the secret exists already"},
)
