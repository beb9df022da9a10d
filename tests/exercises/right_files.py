"""Right answers to the exercises on files and on sizes, written in another way than the solution."""

from __future__ import annotations

import io
import math
from typing import Any
from urllib.parse import unquote

import awswrangler as wr
import boto3
import numpy as np
import pandas as pd

Event = dict[str, Any]


def load_by_looking(event: Event, table: dict[str, str], seen: dict[str, str]) -> None:
    """An event is only a reason to look: what is in the bucket now is right, however old the event is."""
    s3 = boto3.client("s3")
    for record in event.get("Records", []):
        key = unquote(record["s3"]["object"]["key"].replace("+", " "))
        try:
            body = s3.get_object(Bucket=record["s3"]["bucket"]["name"], Key=key)["Body"]
        except s3.exceptions.NoSuchKey:
            table.pop(key, None)
        else:
            table[key] = body.read().decode("utf-8")


def load_newest_first(event: Event, table: dict[str, str], seen: dict[str, str]) -> None:
    """With S3's resource, and sequencers compared as numbers."""
    if "Records" not in event:
        return
    bucket = boto3.resource("s3").Bucket(event["Records"][0]["s3"]["bucket"]["name"])
    for record in event["Records"]:
        thing = record["s3"]["object"]
        key, number = unquote(thing["key"].replace("+", " ")), int(thing["sequencer"], 16)
        if number > int(seen.get(key, "0"), 16):
            seen[key] = thing["sequencer"]
            if record["eventName"] in ("ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"):
                table.pop(key, None)
            else:
                table[key] = str(bucket.Object(key).get()["Body"].read(), "utf-8")


def load_with_a_memory(event: Event, table: dict[str, str], seen: dict[str, str]) -> None:
    """What is newest is decided of all events so far, then the table is brought to it."""
    for record in event.get("Records") or ():
        thing = record["s3"]["object"]
        key = unquote(thing["key"].replace("+", " "))
        newer = thing["sequencer"] > seen.get(key, "").partition(" ")[0]
        if newer:
            seen[key] = f"{thing['sequencer']} {record['eventName']}"
        if newer and "Created" in record["eventName"]:
            frame = wr.s3.read_csv(f"s3://{record['s3']['bucket']['name']}/{key}", header=None, dtype=str)
            table[key] = str(frame.iloc[0, 0])
    for key in [key for key in table if "Removed" in seen[key]]:
        table.pop(key)


def _files(bucket: str, prefix: str) -> list[str]:
    """Keys in the order of time."""
    keys = [item.key for item in boto3.resource("s3").Bucket(bucket).objects.filter(Prefix=prefix)]
    loads = sorted(key for key in keys if "LOAD" in key)
    return loads + sorted(set(keys) - set(loads))


def rebuild_by_frames(bucket: str, prefix: str) -> dict[str, int]:
    """Of each plane the last row of all, unless it is a deletion; the seats are NumPy's."""
    s3, frames = boto3.client("s3"), []
    for key in _files(bucket, prefix):
        frame = pd.read_csv(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()), header=None)
        if frame.shape[1] == 4:
            frame.insert(0, "op", "I")
        frames.append(frame.set_axis(["op", "tailnum", "manufacturer", "model", "seats"], axis=1))
    last = pd.concat(frames).drop_duplicates("tailnum", keep="last").set_index("tailnum")
    return dict(last.loc[last["op"] != "D", "seats"].items())


def rebuild_with_wrangler(bucket: str, prefix: str) -> dict[str, int]:
    place = f"s3://{bucket}/{prefix}"
    columns = ["tailnum", "manufacturer", "model", "seats"]
    load = wr.s3.read_csv(f"{place}LOAD*.csv", header=None, names=columns)
    planes = {plane: int(seats) for plane, seats in zip(load["tailnum"], load["seats"], strict=True)}
    for path in sorted(set(wr.s3.list_objects(place)) - set(wr.s3.list_objects(f"{place}LOAD*"))):
        for change in wr.s3.read_csv(path, header=None, names=["op", *columns]).itertuples():
            planes.pop(change.tailnum, None)
            if change.op != "D":
                planes[change.tailnum] = int(change.seats)
    return planes


def plan(shards: Any, buffer_mb: Any, buffer_seconds: Any) -> tuple[dict[str, Any]]:
    return (
        {
            "shards": shards,
            "limited_by": "bytes out",
            "buffer_mb": buffer_mb,
            "buffer_seconds": buffer_seconds,
        },
    )


RIGHT: dict[str, list[Any]] = {
    "load_files": [(load_by_looking,), (load_newest_first,), (load_with_a_memory,)],
    "rebuild_table": [(rebuild_by_frames,), (rebuild_with_wrangler,)],
    "size_stream": [
        plan(math.ceil(3 * 1500 * 1200 / 2**21), 50, 30),
        plan(np.int64(3), np.int64(100), np.int64(60)),
        plan(np.ceil(np.max([1500 / 1000, 1.8e6 / 2**20, 3 * 1.8e6 / 2**21])), 64, 45.0),
    ],
}
