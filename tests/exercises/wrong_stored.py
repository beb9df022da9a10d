"""Wrong answers to the exercises of 02_storage on files."""

from __future__ import annotations

import io
from typing import Any

import awswrangler as wr
import pandas as pd

from tests.exercises.right_stored import BY_FOLDER


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


def partitioned(*columns: str, rows: int = 10**9, table: str = "flights", **options: Any) -> tuple[Any]:
    """A `store` with these partitions."""

    def answer(flights: pd.DataFrame, database: str, location: str) -> None:
        wr.s3.to_parquet(
            flights[:rows],
            path=location,
            dataset=True,
            database=database,
            table=table,
            partition_cols=list(columns),
            **options,
        )

    return (answer,)


def files_alone(flights: pd.DataFrame, database: str, location: str) -> None:
    wr.s3.to_parquet(flights, path=location, dataset=True, partition_cols=["flight_date"])


def without(*names: str, **other: Any) -> tuple[Any]:
    """The rules, without some actions of theirs, or with other ones."""
    rules = [{name: value for name, value in (each | other).items() if name not in names} for each in BY_FOLDER]
    return ([each for each in rules if each.keys() > {"Status", "Filter"}],)


def after(days: int, folder: str = "tmp/") -> tuple[Any]:
    """The rules, with objects of a folder expiring so late."""
    return ([each | {"Expiration": {"Days": days}} if folder in str(each) else each for each in BY_FOLDER],)


WRONG: dict[str, list[tuple[Any, str]]] = {
    "tenth": [
        (partitioned("origin"), "still reads flights"),
        (partitioned("flight_date", "dest", rows=1500), "were given, and the table"),
        (partitioned("flight_date", "origin"), "smaller files, more requests"),
        ((files_alone,), "TABLE_NOT_FOUND"),
        ((lambda flights, database, location: None,), "Nothing was stored"),
    ],
    "year": [
        (without("NoncurrentVersionExpiration"), "was replaced on day 0"),
        (without("AbortIncompleteMultipartUpload"), "in no listing"),
        (without("Transitions"), "Where should it be"),
        (without(Status="Disabled"), "and does nothing"),
        (after(14), "On day 9"),
        (after(3), "It has a week"),
        (after(60, "raw/"), "S3 does not take"),
        (({"Rules": list(BY_FOLDER)},), "a list of dicts"),
    ],
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
