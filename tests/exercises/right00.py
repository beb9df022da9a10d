"""Right answers to the exercises of 00_introduction, written in another way than the solution."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

import dehelpers as de


def read_by_code(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None
    return bytes(answer["Body"].read())


def read_listed(s3: Any, bucket: str, key: str) -> bytes | None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
        if any(item["Key"] == key for item in page.get("Contents", [])):
            return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return None


RIGHT: dict[str, list[Any]] = {
    "name_bucket": [
        (f"landing-weather-{uuid.uuid4().hex}",),
        lambda _: (f"{de.current().account_id}-landing-zone-weather",),
        (f"weather-{uuid.uuid4()}",),
    ],
    "tell_errors_apart": [(read_by_code,), (read_listed,)],
    "price_month": [(7.65,), (300 * 1.024 * 0.023 + 0.75,), (Decimal("300") * Decimal("0.023") + Decimal("0.75"),)],
}
