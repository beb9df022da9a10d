"""Which of S3's operations are done here: each of these is answered by a handler of its own, all others are refused.

moto finds its handler by the query parameters that it knows. A request with another one, ``DELETE /bucket?metrics``
say, it takes for the plain call on the bucket or the object, and deletes the bucket.
"""

from __future__ import annotations

from collections.abc import Set
from functools import cache
from urllib.parse import parse_qs

from moto.core.utils import get_service_model

#: Operations that moto does.
_MOTOS = frozenset(
    """
    CreateBucket DeleteBucket DeleteBucketCors DeleteBucketEncryption
    DeleteBucketOwnershipControls DeleteBucketPolicy DeleteBucketTagging DeleteBucketWebsite
    DeleteObjects DeleteObjectTagging DeletePublicAccessBlock GetBucketAccelerateConfiguration GetBucketAcl
    GetBucketCors GetBucketEncryption GetBucketLocation
    GetBucketLogging GetBucketNotification GetBucketNotificationConfiguration GetBucketOwnershipControls
    GetBucketPolicy GetBucketPolicyStatus GetBucketTagging GetBucketVersioning GetBucketWebsite
    GetObjectAcl GetObjectAttributes GetObjectLockConfiguration GetObjectTagging
    GetPublicAccessBlock HeadBucket PutBucketAccelerateConfiguration PutBucketAcl
    PutBucketCors PutBucketEncryption PutBucketLogging
    PutBucketNotification PutBucketNotificationConfiguration PutBucketOwnershipControls PutBucketPolicy
    PutBucketTagging PutBucketVersioning PutBucketWebsite PutObjectAcl
    PutObjectLockConfiguration PutObjectTagging PutPublicAccessBlock
    """.split()
)
#: Operations of this engine: `responses`, `upload_responses`, `listing`, `configurations`, `lifecycle_requests`.
_OURS = frozenset(
    """
    AbortMultipartUpload CompleteMultipartUpload CopyObject CreateMultipartUpload DeleteObject GetObject
    GetObjectRetention HeadObject ListBuckets ListMultipartUploads ListObjects ListObjectsV2 ListObjectVersions
    ListParts PutObject UploadPart UploadPartCopy
    DeleteBucketAnalyticsConfiguration DeleteBucketIntelligentTieringConfiguration DeleteBucketInventoryConfiguration
    DeleteBucketMetricsConfiguration GetBucketAnalyticsConfiguration GetBucketIntelligentTieringConfiguration
    GetBucketInventoryConfiguration GetBucketMetricsConfiguration ListBucketAnalyticsConfigurations
    ListBucketIntelligentTieringConfigurations ListBucketInventoryConfigurations ListBucketMetricsConfigurations
    PutBucketAnalyticsConfiguration PutBucketIntelligentTieringConfiguration PutBucketInventoryConfiguration
    PutBucketMetricsConfiguration GetBucketRequestPayment PutBucketRequestPayment
    DeleteBucketReplication GetBucketReplication PutBucketReplication
    GetObjectLegalHold PutObjectLegalHold PutObjectRetention RestoreObject DeleteBucketLifecycle GetBucketLifecycle
    GetBucketLifecycleConfiguration PutBucketLifecycle PutBucketLifecycleConfiguration
    """.split()
)
DONE = _MOTOS | _OURS


def check_done(operation: str, asked: Set[str]) -> None:
    """Raise NotImplementedError unless *operation*, botocore's name for a request, is done here.

    *asked* are the names in its query.

    A request that botocore has no name for, such as a browser's form, passes: it has handlers of its own. One with a
    sub-resource that its operation has not (``DELETE /bucket?metrics`` without an id) is refused as well.
    """
    known = _subresources()
    if operation not in known:
        return
    foreign = frozenset[str]().union(*known.values()) & asked - known[operation] if asked else ()
    if operation not in DONE or (foreign and not known[operation]):
        raise NotImplementedError(f"S3 {operation} {' '.join(sorted(foreign))}")


@cache
def _subresources() -> dict[str, frozenset[str]]:
    """Each operation of S3 and the query parameters in its URI, which tell it from others."""
    model = get_service_model("s3")
    queries = {name: model.operation_model(name).http["requestUri"].partition("?")[2] for name in model.operation_names}
    return {name: frozenset(parse_qs(query, keep_blank_values=True)) for name, query in queries.items()}
