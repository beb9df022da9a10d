"""Kinesis Data Streams: shards that route, limit, split, merge, forget and push as AWS's do.

From the wire inwards: `responses` reads requests and writes answers, `backend` keeps streams and consumers, `stream`
sends records to shards, `shard` is one hash range with its limits, `log` holds its records; `fanout` pushes them.
What moto does right (tags, resource policies, CloudFormation) stays moto's.
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="kinesis",
    moto="kinesis",
    backend="backend:KinesisEngine",
    responses="responses:KinesisEngineResponse",
    reaches=frozenset({"cloudwatch"}),
    unkept=frozenset({"PutRecord", "PutRecords", "GetRecords", "GetShardIterator", "SubscribeToShard"}),
    data=("kinesis",),
    resume="resuming:resume",
    resource_policy="access:policy_of",
    implied="access:implied",
)
