"""One moment told in two zones is one value: timestamps with time zone are equal, hashed and sorted by their instant.

Source: Trino's "Data types" (TIMESTAMP WITH TIME ZONE: "instants of time") and "Date and time functions and operators".
"""

from __future__ import annotations

import pytest

from tests.engines.athena_tools import Athena, athena_in

#: 1 and 2 are one moment.
ROWS = """(VALUES (1, TIMESTAMP '2024-01-01 12:00:00 UTC'), (2, TIMESTAMP '2024-01-01 13:00:00 Europe/Berlin'),
    (3, TIMESTAMP '2024-01-01 13:00:00 UTC')) AS t(n, m)"""
#: The same two moments, without a zone that the query names.
PLAIN = "(VALUES (1, from_unixtime(1704110400)), (2, from_unixtime(1704114000))) AS u(n, m)"
TOKYO = "TIMESTAMP '2024-01-01 21:00:00 Asia/Tokyo'"

athena = athena_in("zones", "zones")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (f"SELECT count(*) FROM {ROWS} GROUP BY m ORDER BY 1", ["1", "2"]),
        (f"SELECT count(*) FROM (SELECT DISTINCT m FROM {ROWS})", ["2"]),
        (f"SELECT count(DISTINCT m) FROM {ROWS}", ["2"]),
        (f"SELECT rank() OVER (ORDER BY m) FROM {ROWS} ORDER BY n", ["1", "1", "3"]),
        (f"SELECT count(*) OVER (PARTITION BY m) FROM {ROWS} ORDER BY n", ["2", "2", "1"]),
        (f"SELECT n FROM {ROWS} ORDER BY m, n DESC", ["2", "1", "3"]),
        (f"SELECT count(*) FROM (SELECT m FROM {ROWS} UNION SELECT m FROM {ROWS})", ["2"]),
        (f"SELECT count(*) FROM (SELECT m FROM {ROWS} UNION ALL SELECT m FROM {PLAIN})", ["5"]),
        (f"SELECT count(*) FROM (SELECT m FROM {PLAIN} EXCEPT SELECT m FROM {ROWS})", ["0"]),
        (f"SELECT count(*) FROM {ROWS} JOIN (SELECT m FROM {ROWS}) USING (m)", ["5"]),
        (f"SELECT count(*) FROM {ROWS} WHERE m IN (SELECT m FROM {ROWS} WHERE n = 2)", ["2"]),
        (f"SELECT count(*) FROM {PLAIN} WHERE m IN (SELECT m FROM {ROWS})", ["2"]),
        (f"SELECT count(*) FROM {ROWS} WHERE m >= ALL (SELECT m FROM {ROWS})", ["1"]),
        (f"SELECT cardinality(array_distinct(array_agg(m))) FROM {ROWS}", ["2"]),
        (f"SELECT cardinality(histogram(m)) FROM {ROWS}", ["2"]),
        (f"SELECT contains(array_agg(m), {TOKYO}) FROM {ROWS}", ["true"]),
        (f"SELECT arrays_overlap(array_agg(m), ARRAY[{TOKYO}]) FROM {ROWS}", ["true"]),
        (f"SELECT MAP(ARRAY[{TOKYO}], ARRAY['x'])[m] FROM {ROWS} WHERE n < 3", ["x", "x"]),
        (f"SELECT ROW(m, 1) = ROW({TOKYO}, 1) FROM {ROWS} ORDER BY n", ["true", "true", "false"]),
        (f"SELECT CASE m WHEN {TOKYO} THEN 1 ELSE 0 END FROM {ROWS} ORDER BY n", ["1", "1", "0"]),
        (f"SELECT greatest(m, from_unixtime(0)) FROM {ROWS} WHERE n = 2", ["2024-01-01 13:00:00.000 Europe/Berlin"]),
        (f"SELECT max(m) FROM {ROWS} WHERE n = 2", ["2024-01-01 13:00:00.000 Europe/Berlin"]),
        ("SELECT * FROM (VALUES from_unixtime(0), TIMESTAMP '1970-01-01 00:00:00 Asia/Tokyo') v(m) ORDER BY m",
         ["1970-01-01 00:00:00.000 Asia/Tokyo", "1970-01-01 00:00:00.000 UTC"]),
    ],
)  # fmt: skip
def test_moments_are_one_value_whatever_their_zones(athena: Athena, sql: str, rows: list[str]) -> None:
    assert [row[0] for row in athena(sql).rows] == rows


TOKYO_ROW = f"(VALUES {TOKYO}) AS b(m)"


@pytest.mark.parametrize(
    ("sql", "row"),
    [
        (f"SELECT m, n FROM {PLAIN} JOIN {TOKYO_ROW} USING (m)", ("2024-01-01 12:00:00.000 UTC", "1")),
        (f"SELECT m FROM {TOKYO_ROW} JOIN {PLAIN} USING (m)", ("2024-01-01 21:00:00.000 Asia/Tokyo",)),
        (f"SELECT * FROM (VALUES TIMESTAMP '2024-01-01 12:00:00') AS a(m) JOIN {TOKYO_ROW} USING (m)",
         ("2024-01-01 12:00:00.000 UTC",)),
        (f"SELECT m, x FROM (VALUES (DATE '2024-01-01', 7)) AS a(m, x) LEFT JOIN {TOKYO_ROW} USING (m)",
         ("2024-01-01 00:00:00.000 UTC", "7")),
        (f"SELECT count(*), min(year(m)) FROM {ROWS} JOIN {PLAIN} USING (m) JOIN {TOKYO_ROW} USING (m)", ("2", "2024")),
    ],
)  # fmt: skip
def test_using_joins_moments_with_and_without_a_zone(athena: Athena, sql: str, row: tuple[str, ...]) -> None:
    """Trino's "SELECT", USING: one column, of the type that both sides have in common: timestamp with time zone."""
    assert athena(sql).rows == [row]


@pytest.mark.parametrize(
    ("written", "told"),
    [("america/new_york", "America/New_York"), ("UTC+3", "+03:00"), ("gmt-05:30", "-05:30"), ("Z", "UTC")],
)
def test_a_zone_is_told_by_its_own_name(athena: Athena, written: str, told: str) -> None:
    """Trino's TimeZoneKey: names without regard to case, offsets from UTC or GMT as offsets."""
    moment = "from_unixtime(0) AT TIME ZONE"
    (row,) = athena(f"SELECT {moment} '{written}', {moment} z FROM (VALUES '{written}') t(z)").rows
    assert [str(value).split(" ", 2)[2] for value in row] == [told, told]


def test_an_unknown_zone_is_refused(athena: Athena) -> None:
    assert "'Foo/Bar' is not a valid time zone" in athena.fails("SELECT now() AT TIME ZONE 'Foo/Bar'")
