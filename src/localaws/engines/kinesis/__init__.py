"""Kinesis Data Streams: shards that route, limit, split, merge, forget and push as AWS's do.

From the wire inwards: `responses` reads requests and writes answers, `backend` keeps streams and consumers, `stream`
sends records to shards, `shard` is one hash range with its limits, `log` holds its records; `fanout` pushes them.
What moto does right (tags, resource policies, CloudFormation) stays moto's.
"""

from __future__ import annotations

import shutil

from moto.kinesis.models import kinesis_backends
from moto.kinesis.responses import KinesisResponse

from localaws.engines import replace_backend, replace_responses
from localaws.engines.kinesis.backend import KinesisEngine
from localaws.engines.kinesis.responses import KinesisEngineResponse
from localaws.lab import Lab


def install(lab: Lab) -> None:
    """Serve Kinesis from this engine. Records do not outlive the server, so what an earlier one left is removed."""
    shutil.rmtree(lab.directory / "kinesis", ignore_errors=True)
    KinesisEngine.lab = lab
    replace_backend(kinesis_backends, KinesisEngine)
    replace_responses(KinesisResponse, KinesisEngineResponse)
