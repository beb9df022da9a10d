"""Lake Formation."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

SERVICE = Service(
    name="lakeformation",
    title="AWS Lake Formation",
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
    unsupported=((".*", "The lab keeps LF-tags, registered locations and grants; nothing is filtered by them."),),
)
