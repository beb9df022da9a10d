"""Exports of log groups to S3, which CloudWatch Logs writes by itself: the bucket's policy has to let it.

Source: "Exporting log data to Amazon S3" (CloudWatch Logs user guide).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime

from botocore.exceptions import ClientError
from moto.logs.models import ExportTask

from localaws.engines.logs.groups import GroupEngine
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

_NO_BUCKET = "The given bucket does not exist. Please make sure the bucket is valid."
_NOT_GRANTED = (
    "{} call on the given bucket failed. Please check if CloudWatch Logs has been granted permission to perform this "
    "operation."
)


def export(lab: Lab, group: GroupEngine, task: ExportTask, stream_prefix: str) -> None:
    """Write the events of *task*'s time, a file for each stream whose name begins with *stream_prefix*.

    Raises InvalidParameterException for a bucket that there is not, or that is not to be written to.
    """
    group.forget_expired()
    s3 = lab.client("s3", region=group.region, by="logs")
    operation = "GetBucketAcl"
    try:
        s3.get_bucket_acl(Bucket=task.destination)
        operation = "PutObject"
        s3.put_object(Bucket=task.destination, Key="aws-logs-write-test", Body=b"Permission Check Successful")
        for key, lines in _files(group, task, stream_prefix):
            s3.put_object(Bucket=task.destination, Key=key, Body=gzip.compress("".join(lines).encode()))
    except ClientError as error:
        missing = error.response["Error"]["Code"] == "NoSuchBucket"
        raise AwsError("InvalidParameterException", _NO_BUCKET if missing else _NOT_GRANTED.format(operation)) from None
    task.status = {"code": "COMPLETED", "message": "Completed successfully"}


def _files(group: GroupEngine, task: ExportTask, stream_prefix: str) -> Iterator[tuple[str, Iterator[str]]]:
    for name, stream in list(group.streams.items()):
        if name.startswith(stream_prefix):
            events = [each for each in stream.events if task.from_time <= each.timestamp <= task.to]
            folder = f"{task.destination_prefix}/{task.task_id}/{name.replace('/', '-')}"
            yield f"{folder}/000000.gz", (f"{_written(each.timestamp)} {each.message}\n" for each in events)


def _written(timestamp: int) -> str:
    moment = datetime.fromtimestamp(timestamp / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{timestamp % 1000:03}Z"
