"""What a part needs before it begins: the files that sources deliver, and what earlier parts have left in the lake.

Each function can be run again at no cost: it makes only what is not there yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from dehelpers.process.project import root
from dehelpers.words import data
from dehelpers.words.names import name

AIRPORTS = ("EWR", "JFK", "LGA")
MONTHS = range(1, 13)


def folder() -> Path:
    """The local folder where sources deliver: `build/stage` in the project."""
    path = root() / "build" / "stage"
    path.mkdir(parents=True, exist_ok=True)
    return path


def weather_csv(origin: str = "JFK", month: int = 1) -> Path:
    """A month of hourly readings from one airport's weather station, as the CSV file the station delivers.

    Parameters:
        origin: EWR, JFK or LGA.
        month: 1 to 12, of 2013.

    Raises:
        ValueError: there is no such airport or month.
    """
    return weather_files([month], [origin])[0]


def weather_files(months: Iterable[int] = MONTHS, origins: Iterable[str] = AIRPORTS) -> list[Path]:
    """The stations' files, one for each airport and month, such as `weather-JFK-2013-01.csv`.

    Raises:
        ValueError: there is no such airport or month.
    """
    wanted = [(origin, month) for origin in origins for month in months]
    for origin, month in wanted:
        if origin not in AIRPORTS or month not in MONTHS:
            raise ValueError(
                f"no weather of {origin}, month {month}: airports are {', '.join(AIRPORTS)}, months 1 to 12"
            )
    paths = {(origin, month): folder() / f"weather-{origin}-2013-{month:02}.csv" for origin, month in wanted}
    if not all(path.exists() for path in paths.values()):
        readings = data.weather()
        for (origin, month), path in paths.items():
            part = readings[(readings["origin"] == origin) & (readings["month"] == month)]
            # A half-written file is never taken for a whole one, and two notebooks may write it at the same time.
            draft = path.with_suffix(f".{os.getpid()}.tmp")
            part.to_csv(draft, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
            draft.replace(path)
    return list(paths.values())


def lake(months: Iterable[int] = MONTHS) -> str:
    """The lake's bucket, with the weather under `raw/weather/` by year and month, as part 1 leaves it.

    Returns the bucket's name.
    """
    s3, bucket = boto3.client("s3"), name("lake")
    if bucket not in {item["Name"] for item in s3.list_buckets()["Buckets"]}:
        elsewhere = s3.meta.region_name != "us-east-1"  # S3 takes no constraint for its first region
        place = {"CreateBucketConfiguration": {"LocationConstraint": s3.meta.region_name}} if elsewhere else {}
        s3.create_bucket(Bucket=bucket, **place)
    for path in weather_files(months):
        _, origin, year, month = path.stem.split("-")
        key = f"raw/weather/year={year}/month={int(month)}/{origin}.csv"
        try:
            s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
            s3.upload_file(str(path), bucket, key)
    return bucket
