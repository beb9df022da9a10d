"""AWS CloudTrail: trails that deliver signed log files, and the event history, both from the records of calls.

`events` makes an event of a record (`names`, `members`, `identity`), `lookup` finds it, `selectors` say which trail
wants it, `delivery` writes it to S3 and `digests` signs what was written. `backend` has the trails (`trail`).
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="cloudtrail",
    moto="cloudtrail",
    backend="backend:CloudTrailEngine",
    responses="responses:CloudTrailEngineResponse",
    models=("trail:TrailEngine",),
    reaches=frozenset({"kms", "s3", "sns"}),
    returns=("cloudtrail/state.json",),
    resume="installing:resume",
)
