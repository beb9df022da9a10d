"""S3 whose objects are files: bytes stream to disk and back, survive the process, and are announced to who listens.

moto keeps the buckets' configuration and the many small operations. Ours are the bytes (`store`, `objects`), what makes
them last (`journal`, `recovery`), their encryption (`encryption`, `data_keys`, `sealing`), versions and listings
(`backend`), the operations that move bytes (`responses`, `upload_responses`, `headers`, `checksums`), many deletions at
once (`batches`), listings (`listing`), the check of what is asked (`operations`, `documents`), configurations that moto
does not know (`configurations`), life cycles (`lifecycle_rules` reads them, `lifecycle` says what is due, `keeper` does
it), archives (`restoring`, `archive_responses`), Object Lock (`object_lock`, `lock_responses`), replication
(`replication`, `replication_rules`), inventories (`inventory`, `inventory_files`), what is billed (`usage`), event
notifications (`notifications`), and what keeps the public out (`public_access`, `access_lists`, `private_buckets`).
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="s3",
    moto="s3",
    backend="backend:S3Engine",
    responses="responses:S3EngineResponse",
    reaches=frozenset({"events", "iam", "s3control", "sns", "sqs"}),
    eager=True,
    unkept=frozenset({"*"}),  # buckets and objects have the journal
    resource_policy="access:policy_of",
)
