"""Exercises on files of a lake: one file instead of many small ones, with nothing lost on the way."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd

from dehelpers.exercises.checks.part02.part import PART, departures
from dehelpers.exercises.checks.resources import bucket
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client

SMALL = 24
OWN, NEIGHBOUR = "flights/flight_date=2013-07-1/", "flights/flight_date=2013-07-11/"
Rows = Counter[tuple[Any, ...]]


@PART.exercise(
    "Twenty-four small files",
    kind="write",
    hints=(
        "Read every file under the prefix into one table, write that as one file, and delete the old ones. In which "
        "order can nothing be lost?",
        "A Parquet file has its footer at its end: two of them, one behind the other, are no Parquet file.",
        "`pd.read_parquet(io.BytesIO(…))` reads the bytes of an object, `to_parquet(buffer, index=False)` writes them. "
        "Put first; delete only the keys that you have read.",
    ),
)
def small_files(compact: Callable[[Any, str, str], Any]) -> str:
    s3 = client("s3")
    with bucket() as made:
        small = _fill(made, OWN, SMALL)
        other = _fill(made, NEIGHBOUR, 2)
        with _read_only(made):
            failed = _fails(compact, s3, made)
        if _read(made, OWN) != small:
            raise NotYet("Once the new file could not be written, and flights were lost. What comes last?")
        if not failed:
            raise NotYet("Once the new file could not be written, and `compact` ended as if all were well.")
        run(compact, s3, made, OWN)
        if _read(made, NEIGHBOUR) != other or len(_keys(made, NEIGHBOUR)) != 2:
            raise NotYet("Another folder of the bucket has changed, whose files had nothing to do with it.")
        rows, keys = _read(made, OWN), _keys(made, OWN)
        _compare(rows, small, keys)
        run(compact, s3, made, OWN)
        if _read(made, OWN) != small:
            raise NotYet("Right, once. When `compact` ran again over its own file, flights were lost or came twice.")
    return f"{SMALL} files became one, all {small.total()} flights are in it, and a failure on the way loses nothing."


def _compare(rows: Rows, right: Rows, keys: list[str]) -> None:
    if rows.total() > right.total():
        raise NotYet(f"{right.total()} flights, and a reader of the folder now finds {rows.total()}: who is left over?")
    if rows != right:
        raise NotYet(f"{right.total()} flights, and {rows.total()} of them are there afterwards.")
    if len(keys) > 1:
        raise NotYet(f"All flights are there, in {len(keys)} files. One is wanted.")


def _fill(made: str, prefix: str, files: int) -> Rows:
    """Put some flights as so many files under *prefix*."""
    flights = pd.DataFrame(departures("2013-07-01", "2013-07-02"))[: 10 * files]
    for number in range(files):
        file = io.BytesIO()
        flights[number::files].to_parquet(file, index=False)
        client("s3").put_object(Bucket=made, Key=f"{prefix}part-{number:05}.parquet", Body=file.getvalue())
    return Counter(flights.itertuples(index=False, name=None))


def _keys(made: str, prefix: str) -> list[str]:
    listed = client("s3").list_objects_v2(Bucket=made, Prefix=prefix)
    return [item["Key"] for item in listed.get("Contents", []) if item["Size"]]


def _read(made: str, prefix: str) -> Rows:
    """All flights of all files under *prefix*, as a reader of the lake finds them."""
    rows: Rows = Counter()
    for key in _keys(made, prefix):
        body = client("s3").get_object(Bucket=made, Key=key)["Body"].read()
        try:
            frame = pd.read_parquet(io.BytesIO(body))
        except (OSError, ValueError) as error:
            raise NotYet(f"`{key.rpartition('/')[2]}` cannot be read as Parquet: {error}") from None
        if set(frame.columns) != set(departures("2013-07-01", "2013-07-02")[0]):
            raise NotYet(
                f"`{key.rpartition('/')[2]}` has other columns than the files had: {', '.join(frame.columns)}."
            )
        rows.update(frame[list(departures("2013-07-01", "2013-07-02")[0])].itertuples(index=False, name=None))
    return rows


@contextmanager
def _read_only(made: str) -> Iterator[None]:
    """Within, nobody can put an object into the bucket."""
    no = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{made}/*"}
    client("s3").put_bucket_policy(Bucket=made, Policy=json.dumps({"Version": "2012-10-17", "Statement": [no]}))
    try:
        yield
    finally:
        client("s3").delete_bucket_policy(Bucket=made)


def _fails(compact: Callable[..., Any], s3: Any, made: str) -> bool:
    try:
        run(compact, s3, made, OWN)
    except NotYet as error:
        if "AccessDenied" not in str(error) and "Access Denied" not in str(error):
            raise
        return True
    return False
