"""Where in the bucket an object goes.

The rules are those of "Understand custom prefixes for Amazon S3 objects" (firehose/latest/dev/s3-prefixes.html) and
"Configure Amazon S3 object name format" (…/s3-object-name.html).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime

from localaws.hive.javadates import format_time

_EXPRESSION = re.compile(r"!\{(timestamp|firehose|partitionKeyFromQuery|partitionKeyFromLambda):([^{}]+)\}")
DEFAULT_TIME = "!{timestamp:yyyy/MM/dd/HH/}"


def expressions(prefix: str) -> list[tuple[str, str]]:
    """The (namespace, value) of every expression in *prefix*, in order.

    Raises ValueError if the sequence ``!{`` is there and is not one.
    """
    if "!{" in _EXPRESSION.sub("", prefix):
        raise ValueError(f"the sequence !{{ can only appear in !{{namespace:value}} expressions, not as in {prefix!r}")
    return _EXPRESSION.findall(prefix)


def partition_keys(prefix: str) -> list[str]:
    """The names that *prefix* takes from the partitioning query."""
    return [value for namespace, value in expressions(prefix) if namespace == "partitionKeyFromQuery"]


def data_prefix(prefix: str, moment: datetime, keys: Mapping[str, str]) -> str:
    """*prefix* for delivered data; *moment* is when its oldest record arrived, in the stream's time zone.

    Without a timestamp expression the hour is appended, right behind what is written. A partitioned prefix is the
    exception: it says all (as the example in "Use Amazon S3 bucket prefix to deliver data" shows).
    """
    used = {namespace for namespace, _ in expressions(prefix)}
    if not used & {"timestamp", "partitionKeyFromQuery"}:
        prefix += DEFAULT_TIME
    return _evaluate(prefix, moment, keys, error_type="")


def error_prefix(error_output_prefix: str, prefix: str, moment: datetime, error_type: str) -> str:
    """The prefix for records that failed as *error_type* (``processing-failed``, ``format-conversion-failed``)."""
    if not expressions(error_output_prefix):
        error_output_prefix = (error_output_prefix or prefix) + "!{firehose:error-output-type}/" + DEFAULT_TIME
    return _evaluate(error_output_prefix, moment, {}, error_type)


def _evaluate(prefix: str, moment: datetime, keys: Mapping[str, str], error_type: str) -> str:
    def value_of(match: re.Match[str]) -> str:
        namespace, value = match.groups()
        if namespace == "timestamp":
            return format_time(value, moment)
        if namespace == "firehose":
            return error_type if value == "error-output-type" else str(uuid.uuid4())[:11]
        return keys[value]

    return _EXPRESSION.sub(value_of, prefix)
