"""Wrong answers to the exercises of 02_storage on files."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd


def _keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


def _frames(s3: Any, bucket: str, prefix: str) -> list[pd.DataFrame]:
    keys = _keys(s3, bucket, prefix)
    return [pd.read_parquet(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())) for key in keys]


def deletes_first(s3: Any, bucket: str, prefix: str) -> None:
    frames = _frames(s3, bucket, prefix)
    for key in _keys(s3, bucket, prefix):
        s3.delete_object(Bucket=bucket, Key=key)
    s3.put_object(Bucket=bucket, Key=f"{prefix}one.parquet", Body=pd.concat(frames).to_parquet())


def leaves_them(s3: Any, bucket: str, prefix: str) -> None:
    whole = pd.concat(_frames(s3, bucket, prefix)).to_parquet()
    s3.put_object(Bucket=bucket, Key=f"{prefix}one.parquet", Body=whole)


def joins_bytes(s3: Any, bucket: str, prefix: str) -> None:
    keys = _keys(s3, bucket, prefix)
    whole = b"".join(s3.get_object(Bucket=bucket, Key=key)["Body"].read()[:-4] for key in keys)
    s3.put_object(Bucket=bucket, Key=f"{prefix}one.parquet", Body=whole)
    for key in keys:
        s3.delete_object(Bucket=bucket, Key=key)


def without_the_slash(s3: Any, bucket: str, prefix: str) -> None:
    place = prefix.rstrip("/")
    keys, frames = _keys(s3, bucket, place), _frames(s3, bucket, place)
    s3.put_object(Bucket=bucket, Key=f"{prefix}one.parquet", Body=pd.concat(frames).to_parquet())
    for key in keys:
        s3.delete_object(Bucket=bucket, Key=key)


def deletes_its_own(s3: Any, bucket: str, prefix: str) -> None:
    """The second time its own file is among those that it has read."""
    keys, frames = _keys(s3, bucket, prefix), _frames(s3, bucket, prefix)
    s3.put_object(Bucket=bucket, Key=f"{prefix}one.parquet", Body=pd.concat(frames).to_parquet())
    for key in keys:
        s3.delete_object(Bucket=bucket, Key=key)


def says_nothing(s3: Any, bucket: str, prefix: str) -> None:
    try:
        deletes_its_own(s3, bucket, prefix)
    except s3.exceptions.ClientError:
        return


def halves_them(s3: Any, bucket: str, prefix: str) -> None:
    keys, frames = _keys(s3, bucket, prefix), _frames(s3, bucket, prefix)
    for number in range(2):
        whole = pd.concat(frames[number::2]).to_parquet()
        s3.put_object(Bucket=bucket, Key=f"{prefix}half-{number}.parquet", Body=whole)
    for key in keys:
        s3.delete_object(Bucket=bucket, Key=key)


WRONG: dict[str, list[tuple[Any, str]]] = {
    "small_files": [
        ((deletes_first,), "What comes last"),
        ((leaves_them,), "who is left over"),
        ((joins_bytes,), "cannot be read as Parquet"),
        ((without_the_slash,), "Another folder"),
        ((deletes_its_own,), "Right, once"),
        ((says_nothing,), "as if all were well"),
        ((halves_them,), "in 2 files"),
    ],
}
