"""EMR Serverless."""

from __future__ import annotations

from typing import Any

from awsfacts.declaration import Listing, Resource, Service, Settle


def _delete_application(aws: Any, application: str, settle: Settle) -> None:
    """An application is deleted once it is stopped (DeleteApplication)."""

    def is_at_rest() -> bool:
        state = aws.get_application(applicationId=application)["application"]["state"]
        return state in ("CREATED", "STOPPED", "TERMINATED")

    if not is_at_rest():
        aws.stop_application(applicationId=application)
        settle(is_at_rest, application)
    aws.delete_application(applicationId=application)


SERVICE = Service(
    name="emr-serverless",
    title="Amazon EMR Serverless",
    resources=(
        Resource(
            type="application",
            title="EMR Serverless application",
            create=("CreateApplication",),
            name="applicationId",
            list=Listing(
                "ListApplications",
                "applications.id",
                more={"states": ["CREATING", "CREATED", "STARTING", "STARTED", "STOPPING", "STOPPED"]},
            ),
            delete=_delete_application,
            uses=("iam:role", "s3:bucket"),
            by_id=True,
        ),
    ),
    unsupported=((".*", "The lab describes applications and job runs; no Spark runs yet."),),
)
