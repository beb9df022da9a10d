"""Staging: real files, made once, and the lake as part 1 leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pandas as pd
import pytest

import dehelpers as de
from tests.conftest import RunningLab
from tests.connected import connected


@pytest.fixture(scope="module", autouse=True)
def home(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("home")
    with connected(lab, path, prefix="stage"):
        yield path


def test_a_month_of_one_station_is_that_of_the_data_set(home: Path) -> None:
    path = de.stage.weather_csv("LGA", month=2)
    assert path == home / "build" / "stage" / "weather-LGA-2013-02.csv"
    whole = de.data.weather()
    part = whole[(whole["origin"] == "LGA") & (whole["month"] == 2)]
    read = pd.read_csv(path, parse_dates=["time_hour"])
    assert len(read) == len(part) == 670
    assert read["temp"].sum() == pytest.approx(part["temp"].sum())
    assert read["time_hour"].tolist() == part["time_hour"].tolist()


def test_files_are_made_once(home: Path) -> None:
    first = {path: path.stat().st_mtime_ns for path in de.stage.weather_files([1, 2])}
    assert [path.name for path in first][:2] == ["weather-EWR-2013-01.csv", "weather-EWR-2013-02.csv"]
    assert {path: path.stat().st_mtime_ns for path in de.stage.weather_files([1, 2])} == first
    assert len(first) == 6
    assert not list((home / "build" / "stage").glob("*.tmp"))


@pytest.mark.parametrize(("origin", "month"), [("CDG", 1), ("JFK", 13)])
def test_an_unknown_file_is_an_error_that_says_what_there_is(origin: str, month: int) -> None:
    with pytest.raises(ValueError, match="EWR, JFK, LGA, months 1 to 12"):
        de.stage.weather_csv(origin, month)


def test_the_lake_is_filled_with_what_is_missing() -> None:
    bucket = de.stage.lake([1])
    s3 = boto3.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == [f"raw/weather/year=2013/month=1/{origin}.csv" for origin in ("EWR", "JFK", "LGA")]
    s3.delete_object(Bucket=bucket, Key=keys[0])
    s3.put_object(Bucket=bucket, Key=keys[1], Body=b"the reader's own")
    assert de.stage.lake([1]) == bucket
    assert s3.head_object(Bucket=bucket, Key=keys[0])["ContentLength"] > 10_000
    assert s3.head_object(Bucket=bucket, Key=keys[1])["ContentLength"] == 16
