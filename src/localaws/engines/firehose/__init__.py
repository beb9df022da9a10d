"""Data Firehose: streams that really buffer, transform, convert and deliver to S3.

moto writes one object for every call and ignores compression, prefixes, conversion and the Kinesis source. Here what
was acknowledged is on disk until it is delivered (backlog.py):

    PutRecord ─┐                ┌─ processing.py: split, partition by jq, add delimiters
    Kinesis  ──┴▶ delivery.py ──┼─ buffers: by size or by time, whichever comes first
    (source.py)                 ├─ conversion.py: Parquet or ORC by a Glue table, in a child that runs columnar.py
                                └─ S3, under the key that prefix.py writes; what fails goes to the error prefix
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="firehose",
    moto="firehose",
    backend="backend:FirehoseEngine",
    responses="responses:FirehoseEngineResponse",
    reaches=frozenset({"s3"}),
    unkept=frozenset({"PutRecord", "PutRecordBatch"}),
    data=("firehose",),
    resume="installing:resume",
)
