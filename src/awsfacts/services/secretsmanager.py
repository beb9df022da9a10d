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
            "A rotation invokes the secret's function, now and in the windows of its schedule.",
            "engines/test_secret_rotation.py::test_a_secret_is_rotated_each_so_many_days",
        ),
        Claim(
            "A rotation that fails leaves the current version as it is, and is tried again.",
            "engines/test_secret_schedules.py::test_a_rotation_that_fails_is_tried_again_and_keeps_the_old_version",
        ),
        Claim(
            "AWS's function for PostgreSQL rotates a password, and a client that reads the secret again goes on.",
            "engines/test_secret_databases.py::test_a_client_survives_the_rotation_of_its_password",
        ),
        Claim(
            "A rotation that a kill has ended goes on after the start.",
            "engines/test_secret_databases.py::test_a_rotation_that_a_kill_has_ended_goes_on",
        ),
    ),
    differs=(
        Claim(
            "A rotation begins as its window opens, on AWS at any time of it; a failed one is tried again each hour.",
            "engines/test_secret_schedules.py::test_a_rotation_that_fails_is_tried_again_and_keeps_the_old_version",
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
    leaves_nothing={"RestoreSecret": "the secret exists already"},
)
