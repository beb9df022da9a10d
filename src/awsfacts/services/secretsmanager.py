"""Secrets Manager."""

from __future__ import annotations

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service

SERVICE = Service(
    name="secretsmanager",
    title="AWS Secrets Manager",
    real=(
        Claim(
            "Answers are compared with recorded ones of AWS.",
            "recorded/test_secretsmanager.py::test_secrets_manager_answers_as_aws",
        ),
        Claim(
            "A rotation invokes the secret's function, now and each so many days.",
            "engines/test_secret_rotation.py::test_a_secret_is_rotated_each_so_many_days",
        ),
    ),
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
    unsupported=(("RotateSecret", "The lab rotates secrets each so many days, not by a schedule expression."),),
    leaves_nothing={"RestoreSecret": "the secret exists already"},
)
