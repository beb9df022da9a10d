"""The policy of a stream or a consumer ("Sharing your data stream", Kinesis Data Streams developer guide)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.kinesis.models import kinesis_backends

from localaws.engines.kinesis.tokens import unseal
from localaws.lab import Lab
from localaws.resource_policies import ResourcePolicy, backend_of


def policy_of(lab: Lab, arn: str, action: str) -> ResourcePolicy:
    kinesis = backend_of(kinesis_backends, arn)
    return ResourcePolicy(kinesis.resource_policies.get(arn, "") if kinesis else "")


def implied(parameters: Mapping[str, Any], account: str, region: str) -> Sequence[str]:
    """The stream of a shard iterator or a NextToken; whether these are good any more is for the operation to say."""
    token = parameters.get("ShardIterator") or parameters.get("NextToken")
    try:
        stream_name = unseal(str(token))[0]
    except ValueError:
        return ()
    return [f"arn:aws:kinesis:{region}:{account}:stream/{stream_name}"]
