"""Right answers to the exercises of 04_analytics, written in another way than the solution."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from tests.exercises import right_iceberg, right_lake

COLUMNS = "(faa string, name string, lat double, lon double, alt int)"

WITH_PROPERTIES = """
    CREATE EXTERNAL TABLE IF NOT EXISTS `airports` (
      `faa` string,
      `name` string,
      `lat` double,
      `lon` double,
      `alt` int)
    ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
    WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '"', 'escapeChar' = '\\\\')
    STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
    OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
    LOCATION '{}'
    TBLPROPERTIES ('skip.header.line.count'='1')"""

BY_A_PATTERN = f"""
    create external table airports {COLUMNS}
    row format serde 'org.apache.hadoop.hive.serde2.RegexSerDe'
    with serdeproperties ('input.regex' = '^([^,]*),"(.*)",([^,]*),([^,]*),([^,]*)$')
    location '{{}}'
    tblproperties ('skip.header.line.count' = '1')"""

MONTHS = [f"2013-{month:02}" for month in range(1, 13)]
BY_MONTH = [
    (
        "CREATE TABLE daily WITH (format = 'parquet', write_compression = 'ZSTD', partitioned_by = ARRAY['day']) AS "
        if month == "2013-01"
        else "INSERT INTO daily (carrier, flight, dep_delay, day) "
    )
    + f"SELECT carrier, flight, dep_delay, day FROM flights_2013 WHERE substr(day, 1, 7) = '{month}'"
    for month in MONTHS
]
EMPTY_FIRST = (
    "CREATE TABLE daily WITH (format = 'PARQUET', partitioned_by = ARRAY['day']) AS "
    "SELECT * FROM flights_2013 WITH NO DATA",
    *(f"INSERT INTO daily SELECT * FROM flights_2013 WHERE quarter(date(day)) = {n}" for n in (4, 2, 1, 3)),
)
IN_RANGE = """
    SELECT DISTINCT day, origin,
        avg(dep_delay) OVER (PARTITION BY origin ORDER BY date(day)
                             RANGE BETWEEN INTERVAL '6' DAY PRECEDING AND CURRENT ROW) AS delay
    FROM june"""
SPREAD = """
    SELECT * FROM (
        SELECT origin, date_add('day', n, date(day)) AS day, round(avg(CAST(dep_delay AS real)), 5) AS delay
        FROM june CROSS JOIN UNNEST(sequence(0, 6)) AS later (n)
        GROUP BY 1, 2)
    WHERE day <= DATE '2013-06-30'"""
SUM_OF_SUMS = """
    SELECT origin, day, sum(sum(dep_delay)) OVER w / CAST(sum(count(dep_delay)) OVER w AS double) AS delay
    FROM june GROUP BY origin, day
    WINDOW w AS (PARTITION BY origin ORDER BY day ROWS 6 PRECEDING)
    ORDER BY 1, 2 DESC"""


def plan(form: str, saved: Any, keys: Any = ("day",)) -> tuple[dict[str, Any]]:
    return ({"format": form, "partitioned_by": list(keys), "saved": saved},)


RIGHT: dict[str, list[Any]] = {
    "read_csv": [(WITH_PROPERTIES.format,), (BY_A_PATTERN.format,)],
    "past_hundred": [(BY_MONTH,), (EMPTY_FIRST,)],
    "prune": [
        ("SELECT origin, avg(dep_delay) AS delay FROM departures WHERE day IN ('2013-07-04') GROUP BY 1",),
        (
            "WITH one AS (SELECT * FROM departures WHERE day BETWEEN '2013-07-04' AND '2013-07-04') "
            "SELECT origin, sum(dep_delay) * 1e0 / count(dep_delay) AS delay FROM one GROUP BY origin",
        ),
    ],
    "fan_out": [
        (
            "SELECT f.carrier, f.flight, f.origin, w.visib FROM weather w RIGHT JOIN flights f "
            "ON w.origin = f.origin AND w.time_hour = f.time_hour",
        ),
        ("SELECT carrier, flight, origin, visib FROM flights LEFT JOIN weather USING (origin, time_hour)",),
    ],
    "rolling": [(IN_RANGE,), (SPREAD,), (SUM_OF_SUMS,)],
    "choose_layout": [plan("orc", 0.995), plan("Parquet", np.float32(0.996)), plan("PARQUET", Decimal("0.995"))],
}
RIGHT |= right_lake.RIGHT | right_iceberg.RIGHT
