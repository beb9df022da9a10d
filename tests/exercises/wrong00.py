"""Answers to the exercises of 00_introduction that are wrong in a known way, each with words of its own advice."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError


def already_there(_: None) -> tuple[str]:
    boto3.client("s3").create_bucket(Bucket="already-there")
    return ("already-there",)


def read_hides_everything(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError:
        return None


def read_compares_messages(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if "key does not exist" in str(error):
            return None
        raise


def read_raises(s3: Any, bucket: str, key: str) -> bytes | None:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def read_returns_the_answer(s3: Any, bucket: str, key: str) -> Any:
    return s3.get_object(Bucket=bucket, Key=key)


def read_lists_by_prefix(s3: Any, bucket: str, key: str) -> bytes | None:
    found = s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", [])
    return bytes(s3.get_object(Bucket=bucket, Key=found[0]["Key"])["Body"].read()) if found else None


WRONG: dict[str, list[tuple[Any, str]]] = {
    "name_bucket": [
        (("Landing_Zone.Weather",), "naming rules"),
        (("landing-zone-weather",), "somebody else"),
        (("landing.zone.weather",), "TLS"),
        ((42,), "is text"),
        (already_there, "already: choose"),
    ],
    "tell_errors_apart": [
        ((read_hides_everything,), "bucket itself is missing"),
        ((read_compares_messages,), "reworded"),
        ((read_raises,), "NoSuchKey"),
        ((read_lists_by_prefix,), "should return None"),
        ((read_returns_the_answer,), "`Body`"),
        (("read",), "A function is wanted"),
    ],
    "price_month": [
        ((6.90,), "storage alone"),
        ((0.75,), "requests alone"),
        ((756.90,), "Read its unit"),
        ((20,), "too much"),
        ((1.2,), "too little"),
        (("7.65",), "a number"),
    ],
}
