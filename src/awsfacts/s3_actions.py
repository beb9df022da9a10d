"""S3's actions of IAM where they are not named as the operation, and its operations on data.

Source: "Required permissions for Amazon S3 API operations" (S3 user guide). What asks for nothing is not in it.
"""

from __future__ import annotations

_SETTINGS = {
    # operations on a setting of a bucket → its action without the verb
    "BucketAccelerateConfiguration": "AccelerateConfiguration",
    "BucketAnalyticsConfiguration": "AnalyticsConfiguration",
    "BucketAnalyticsConfigurations": "AnalyticsConfiguration",
    "BucketEncryption": "EncryptionConfiguration",
    "BucketIntelligentTieringConfiguration": "IntelligentTieringConfiguration",
    "BucketIntelligentTieringConfigurations": "IntelligentTieringConfiguration",
    "BucketInventoryConfiguration": "InventoryConfiguration",
    "BucketInventoryConfigurations": "InventoryConfiguration",
    "BucketLifecycle": "LifecycleConfiguration",
    "BucketLifecycleConfiguration": "LifecycleConfiguration",
    "BucketMetadataConfiguration": "BucketMetadataTableConfiguration",
    "BucketMetricsConfiguration": "MetricsConfiguration",
    "BucketMetricsConfigurations": "MetricsConfiguration",
    "BucketNotificationConfiguration": "BucketNotification",
    "BucketReplication": "ReplicationConfiguration",
    "ObjectLockConfiguration": "BucketObjectLockConfiguration",
    "PublicAccessBlock": "BucketPublicAccessBlock",
}

ACTIONS: dict[str, tuple[str, ...]] = {
    **{f"Get{setting}": (f"s3:Get{action}",) for setting, action in _SETTINGS.items()},
    **{f"List{setting}": (f"s3:Get{action}",) for setting, action in _SETTINGS.items()},
    **{f"Put{setting}": (f"s3:Put{action}",) for setting, action in _SETTINGS.items()},
    # there is no action that deletes a setting: who may put it may
    **{f"Delete{setting}": (f"s3:Put{action}",) for setting, action in _SETTINGS.items()},
    "CreateBucketMetadataConfiguration": ("s3:CreateBucketMetadataTableConfiguration",),
    "DeleteBucketMetadataConfiguration": ("s3:DeleteBucketMetadataTableConfiguration",),
    "DeleteBucketCors": ("s3:PutBucketCORS",),
    "DeleteBucketOwnershipControls": ("s3:PutBucketOwnershipControls",),
    "DeleteBucketTagging": ("s3:PutBucketTagging",),
    "HeadBucket": ("s3:ListBucket",),
    "ListObjects": ("s3:ListBucket",),
    "ListObjectsV2": ("s3:ListBucket",),
    "ListObjectVersions": ("s3:ListBucketVersions",),
    "ListBuckets": ("s3:ListAllMyBuckets",),
    "ListDirectoryBuckets": ("s3:ListAllMyBuckets",),
    "ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "ListParts": ("s3:ListMultipartUploadParts",),
    "HeadObject": ("s3:GetObject",),
    "SelectObjectContent": ("s3:GetObject",),
    "CreateMultipartUpload": ("s3:PutObject",),
    "UploadPart": ("s3:PutObject",),
    "CompleteMultipartUpload": ("s3:PutObject",),
    "CopyObject": ("s3:GetObject", "s3:PutObject"),
    "UploadPartCopy": ("s3:GetObject", "s3:PutObject"),
    "RenameObject": ("s3:GetObject", "s3:DeleteObject", "s3:PutObject"),
    "DeleteObjects": ("s3:DeleteObject",),
    "CreateSession": ("s3express:CreateSession",),
    "WriteGetObjectResponse": ("s3-object-lambda:WriteGetObjectResponse",),
}

#: "CloudTrail Amazon S3 object-level actions" (S3 user guide).
DATA_EVENTS = frozenset(
    (
        "GetObject PutObject HeadObject DeleteObject DeleteObjects CopyObject ListObjects ListObjectsV2 "
        "ListObjectVersions HeadBucket ListMultipartUploads ListParts CreateMultipartUpload UploadPart "
        "UploadPartCopy CompleteMultipartUpload AbortMultipartUpload GetObjectAcl PutObjectAcl "
        "GetObjectAttributes GetObjectTagging PutObjectTagging DeleteObjectTagging GetObjectLegalHold "
        "PutObjectLegalHold GetObjectRetention PutObjectRetention GetObjectTorrent RestoreObject "
        "SelectObjectContent RenameObject"
    ).split()
)
