"""Right answers to the exercises of 02_storage on files, written in another way than the solution."""

from __future__ import annotations

import io
import uuid
from typing import Any

import awswrangler as wr
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def compact_with_wrangler(s3: Any, bucket: str, prefix: str) -> None:
    """What was there before is listed before anything is written."""
    place = f"s3://{bucket}/{prefix}"
    before = wr.s3.list_objects(place)
    whole = io.BytesIO(wr.s3.read_parquet(place).to_parquet(index=False))
    s3.upload_fileobj(whole, bucket, f"{prefix}{uuid.uuid4().hex}.parquet")
    wr.s3.delete_objects(before)


def compact_with_arrow(s3: Any, bucket: str, prefix: str) -> None:
    """Row group by row group, without pandas; the new name comes from what was read."""
    folder = f"s3://{bucket}/{prefix}"
    old = [key.removeprefix(folder) for key in wr.s3.list_objects(folder)]
    tables = [pq.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=prefix + name)["Body"].read())) for name in old]
    whole = pa.BufferOutputStream()
    pq.write_table(pa.concat_tables(tables), whole, compression="zstd")
    new = f"compacted-{len(old)}-{old[0]}"
    s3.upload_fileobj(io.BytesIO(whole.getvalue().to_pybytes()), bucket, prefix + new)
    for name in old:
        if name != new:
            s3.delete_object(Bucket=bucket, Key=prefix + name)


def compact_over_the_first(s3: Any, bucket: str, prefix: str) -> None:
    """The first file is replaced, which is one step for a reader; the others go after it."""
    keys = sorted(each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"])
    frames = [pd.read_parquet(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())) for key in keys]
    s3.put_object(Bucket=bucket, Key=keys[0], Body=pd.concat(frames, ignore_index=True).to_parquet())
    for key in keys[1:]:
        s3.delete_object(Bucket=bucket, Key=key)


RIGHT: dict[str, list[Any]] = {
    "small_files": [(compact_with_wrangler,), (compact_with_arrow,), (compact_over_the_first,)],
}
