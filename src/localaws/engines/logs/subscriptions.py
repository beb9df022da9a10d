"""What a log group's subscription filters let through, on its way: a call like anybody's to who is to have it.

Source: "Log group-level subscription filters" (CloudWatch Logs user guide). A function's own policy lets CloudWatch
Logs invoke it; to a stream it writes as the role of the filter.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from moto.logs.models import SubscriptionFilter

from localaws.client import working_for
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

_ROLE_NEEDED = "destinationArn for vendor {} cannot be used without roleArn"
_NOT_DELIVERED = {
    "kinesis": (
        "Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE "
        "state."
    ),
    "firehose": (
        "Could not deliver test message to specified Firehose stream. Check if the given Firehose stream is in ACTIVE "
        "state."
    ),
}
_NO_FUNCTION = (
    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your "
    "function."
)


def check_destination(lab: Lab, group_arn: str, arn: str, role_arn: str | None) -> None:
    """Raises InvalidParameterException for a stream without a role that CloudWatch Logs may take for this group, and
    for a function that it may not invoke (API reference, PutSubscriptionFilter)."""
    _, _, service, region, *_ = [*arn.split(":"), "", "", "", ""]
    if service in ("kinesis", "firehose") and not role_arn:
        raise AwsError("InvalidParameterException", _ROLE_NEEDED.format(service))
    if service == "logs":
        raise NotImplementedError("subscriptions to destinations of other accounts")
    if service in ("kinesis", "firehose"):
        try:
            with working_for(f"{group_arn}:*"):
                lab.client(service, region=region, role_arn=role_arn, session_name="logs", by="logs")
        except ClientError:
            raise AwsError("InvalidParameterException", _NOT_DELIVERED[service]) from None
    if service == "lambda":
        try:
            with working_for(f"{group_arn}:*"):
                lab.client("lambda", region=region, by="logs").invoke(FunctionName=arn, InvocationType="DryRun")
        except ClientError:
            raise AwsError("InvalidParameterException", _NO_FUNCTION) from None


def send(lab: Lab, to: SubscriptionFilter, owner: str, stream_name: str, events: list[dict[str, Any]]) -> None:
    """Send *events* of a stream to the destination of the filter *to*. Raises ClientError if it does not take them."""
    message = {
        "messageType": "DATA_MESSAGE",
        "owner": owner,
        "logGroup": to.log_group_name,
        "logStream": stream_name,
        "subscriptionFilters": [to.name],
        "logEvents": events,
    }
    data, arn = gzip.compress(json.dumps(message, separators=(",", ":")).encode()), to.destination_arn
    service, region = arn.split(":")[2:4]
    with working_for(f"arn:aws:logs:{region}:{owner}:log-group:{to.log_group_name}:*"):
        if service == "lambda":
            event = json.dumps({"awslogs": {"data": base64.b64encode(data).decode()}})
            client = lab.client(service, region=region, by="logs")
            client.invoke(FunctionName=arn, InvocationType="Event", Payload=event)
            return
        client = lab.client(service, region=region, role_arn=to.role_arn, session_name="logs", by="logs")
        if service == "kinesis":
            client.put_record(StreamARN=arn, Data=data, PartitionKey=uuid4().hex)
        else:
            client.put_record(DeliveryStreamName=arn.rpartition("/")[2], Record={"Data": data})
