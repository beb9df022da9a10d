"""EventBridge Pipes."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

SERVICE = Service(
    name="pipes",
    title="Amazon EventBridge Pipes",
    resources=(
        Resource(
            type="pipe",
            title="pipe",
            create=("CreatePipe",),
            name="Name",
            list=Listing("ListPipes", "Pipes.Name"),
            delete=Deletion("DeletePipe", "Name"),
            uses=("sqs:queue", "kinesis:stream", "lambda:function", "iam:role"),
        ),
    ),
)
