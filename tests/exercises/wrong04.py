"""Answers to the exercises of 04_analytics that are wrong in a known way, each with words of its own advice."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tests.exercises import wrong_iceberg, wrong_lake

CSV = "(faa string, name string, lat double, lon double, alt int)"
QUOTED = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"
NO_HEADER = "TBLPROPERTIES ('skip.header.line.count' = '1')"


def create(columns: str = CSV, form: str = QUOTED, rest: str = NO_HEADER, table: str = "airports") -> tuple[Any]:
    return (lambda place: f"CREATE EXTERNAL TABLE {table} {columns} {form} LOCATION '{place}' {rest}",)


def elsewhere(place: str) -> str:
    return f"CREATE EXTERNAL TABLE airports {CSV} {QUOTED} LOCATION '{place}more/' {NO_HEADER}"


COLUMNS = "SELECT carrier, flight, dep_delay, day FROM flights_2013"
DAILY = "CREATE TABLE daily WITH (format = 'PARQUET', partitioned_by = ARRAY['day'])"


def quarters(*ends: str, to: str = "<") -> tuple[list[str]]:
    """Statements that each write the days from one of the *ends* to the next."""
    spans = [f"day >= '2013-{start}' AND day {to} '2013-{end}'" for start, end in pairwise(ends)]
    begin = [f"{DAILY} AS", *["INSERT INTO daily"] * len(spans)]
    return ([f"{how} {COLUMNS} WHERE {span}" for how, span in zip(begin, spans, strict=False)],)


def delays(where: str) -> tuple[str]:
    return (f"SELECT origin, avg(dep_delay) AS delay FROM departures WHERE {where} GROUP BY origin",)


MOMENTS = "time_hour >= TIMESTAMP '2013-07-04 04:00:00' AND time_hour < TIMESTAMP '2013-07-05 04:00:00'"


def joined(join: str = "LEFT JOIN", on: str = "AND f.origin = w.origin", visib: str = "w.visib") -> tuple[str]:
    columns = f"f.carrier, f.flight, f.origin, {visib}"
    return (f"SELECT {columns} FROM flights f {join} weather w ON f.time_hour = w.time_hour {on}",)


DISTINCT = f"SELECT carrier, flight, origin, max(visib) AS visib FROM ({joined(on='')[0]}) GROUP BY 1, 2, 3"
SEVEN = "ROWS BETWEEN 6 PRECEDING AND CURRENT ROW"


def week(frame: str, delay: str = "1e0 * sum(minutes) OVER w / sum(flights) OVER w") -> tuple[str]:
    daily = "SELECT origin, day, sum(dep_delay) AS minutes, count(dep_delay) AS flights FROM june GROUP BY origin, day"
    window = f"WINDOW w AS (PARTITION BY origin ORDER BY day {frame})"
    return (f"WITH daily AS ({daily}) SELECT origin, day, {delay} AS delay FROM daily {window}",)


BESIDE_ITSELF = """
    SELECT a.origin, a.day, avg(b.dep_delay) AS delay
    FROM (SELECT DISTINCT origin, day FROM june) a JOIN june b
    ON a.origin = b.origin AND date(b.day) BETWEEN date(a.day) - INTERVAL '6' DAY AND date(a.day)
    GROUP BY 1, 2"""


def plan(**changes: Any) -> tuple[dict[str, Any]]:
    return ({"format": "PARQUET", "partitioned_by": ["day"], "saved": 0.996} | changes,)


WRONG: dict[str, list[tuple[Any, str]]] = {
    "read_csv": [
        (create(form="ROW FORMAT DELIMITED FIELDS TERMINATED BY ','"), "who knows quotes"),
        (create(columns="(faa string, name string, lat string, lon string, alt string)", rest=""), "one too many"),
        (create(rest=""), "'lat'"),
        (create(columns="(faa string, name string, lat string, lon string, alt string)"), "would not do in"),
        (create(columns="(name string, faa string, lat double, lon double, alt int)"), "in the order of the file"),
        (create(columns="(faa string, name string)"), "should have the columns"),
        (create(table="airport"), "no table `airports`"),
        ((elsewhere,), "table is empty"),
    ],
    "past_hundred": [
        (([f"{DAILY} AS {COLUMNS}"],), "HIVE_TOO_MANY_OPEN_PARTITIONS"),
        (quarters("01", "04", "07", "10"), "92 of 365 days are not there"),
        (quarters("01", "04-01", "07", "10", "13", to="<="), "written twice"),
        (([f"CREATE TABLE daily WITH (format = 'PARQUET') AS {COLUMNS}"],), "in 0 partitions"),
        (([COLUMNS],), "daily' does not exist"),
        ((f"{DAILY} AS {COLUMNS}",), "should be a list"),
    ],
    "prune": [
        (delays(MOMENTS), "still"),
        (delays(f"day < '2013-07-11' AND {MOMENTS}"), "How many partitions"),
        (delays("date(time_hour) = DATE '2013-07-04'"), "not the answer"),
        (delays("day = DATE '2013-07-04'"), "varchar = date"),
        (("SELECT origin, avg(dep_delay) FROM departures GROUP BY origin",), "should have the columns"),
    ],
    "fan_out": [
        (joined(on=""), "what else must agree"),
        (joined(join="JOIN"), "in common"),
        (joined(visib="10e0 AS visib"), "of another airport"),
        ((DISTINCT.replace("f.time_hour =", "f.time ="),), "Column"),
    ],
    "rolling": [
        (week(""), "if none is given"),
        (week("ROWS BETWEEN 7 PRECEDING AND CURRENT ROW"), "eight days"),
        (week("ROWS BETWEEN 5 PRECEDING AND CURRENT ROW"), "six days"),
        (week("ROWS BETWEEN CURRENT ROW AND CURRENT ROW"), "each day alone"),
        (week(SEVEN, delay="avg(1e0 * minutes / flights) OVER w"), "mean of seven means"),
        (week(SEVEN, delay="sum(minutes) OVER w / sum(flights) OVER w"), "not as they should be"),
        (("SELECT origin, day, avg(dep_delay) AS delay FROM june WHERE day > '2013-06-07' GROUP BY 1, 2",), "69 rows"),
        ((BESIDE_ITSELF,), "was read 2 times"),
    ],
    "choose_layout": [
        (plan(format="TEXTFILE"), "other columns"),
        (plan(partitioned_by=["origin"], saved=0.98), "other days"),
        (plan(partitioned_by=["day", "origin"]), "A third of them"),
        (plan(partitioned_by=["day", "carrier"]), "HIVE_TOO_MANY_OPEN_PARTITIONS"),
        (plan(saved=0.5), "is not what it saves"),
        (plan(saved="most"), "from 0 to 1"),
        (plan(format="XML"), "is one of"),
        (plan(partitioned_by="day"), "is a list"),
        (({"format": "PARQUET"},), "three keys"),
    ],
}
WRONG |= wrong_lake.WRONG | wrong_iceberg.WRONG
