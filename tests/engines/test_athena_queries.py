"""Queries whose meaning DuckDB and Trino might not share: order of NULLs, frames, sets, ordinals, UNNEST.

Sources: Trino's "SELECT", "Window functions", "Aggregate functions"; "SELECT" of the Athena user guide.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engines.athena_tools import Athena, athena_in

THREE = "FROM (VALUES (1, 5), (2, NULL), (3, 7)) AS t(i, x) ORDER BY i"
SALES = "FROM (VALUES ('x', 1, 'p'), ('y', 2, 'q'), ('x', 3, 'q')) AS t(a, b, c)"

athena = athena_in("athena-queries", "queries")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        # SELECT: NULLs come last in both directions, unless it is said
        ("SELECT x FROM (VALUES 2, NULL, 1) AS t(x) ORDER BY x", ["1", "2", None]),
        ("SELECT x FROM (VALUES 2, NULL, 1) AS t(x) ORDER BY x DESC", ["2", "1", None]),
        ("SELECT x FROM (VALUES 2, NULL, 1) AS t(x) ORDER BY x NULLS FIRST", [None, "1", "2"]),
        ("SELECT x FROM (VALUES 1.5e0, nan(), NULL) AS t(x) ORDER BY x", ["1.5", "NaN", None]),
        # SELECT: OFFSET, LIMIT, FETCH FIRST … WITH TIES
        ("SELECT x FROM (VALUES 3, 9, 7) AS t(x) ORDER BY x OFFSET 1 LIMIT 1", ["7"]),
        ("SELECT x FROM (VALUES 3, 9, 9) AS t(x) ORDER BY x DESC FETCH FIRST 1 ROWS WITH TIES", ["9", "9"]),
        ("SELECT x FROM (VALUES 3, 9, 9) AS t(x) ORDER BY x DESC FETCH FIRST ROW ONLY", ["9"]),
        # GROUP BY: ordinals, complex grouping
        (f"SELECT a, sum(b) {SALES} GROUP BY 1 ORDER BY 1", [("x", "4"), ("y", "2")]),
        (f"SELECT a, sum(b) {SALES} GROUP BY ROLLUP (a) ORDER BY 1", [("x", "4"), ("y", "2"), (None, "6")]),
        (
            f"SELECT a, c, sum(b), grouping(a, c) {SALES} GROUP BY CUBE (a, c) ORDER BY a, c",
            [("x", "p", "1", "0"), ("x", "q", "3", "0"), ("x", None, "4", "1"), ("y", "q", "2", "0"),
             ("y", None, "2", "1"), (None, "p", "1", "2"), (None, "q", "5", "2"), (None, None, "6", "3")],
        ),
        (
            f"SELECT a, c, sum(b) {SALES} GROUP BY GROUPING SETS ((a), (c), ()) ORDER BY 1, 2",
            [("x", None, "4"), ("y", None, "2"), (None, "p", "1"), (None, "q", "5"), (None, None, "6")],
        ),
        ("SELECT count(*) FROM (SELECT 1 WHERE false) GROUP BY ()", ["0"]),
        # Aggregates: FILTER, DISTINCT, their own ORDER BY; over a window too
        (
            "SELECT sum(x) FILTER (WHERE x > 1), array_agg(DISTINCT x ORDER BY x DESC) FROM (VALUES 1, 2, 2, 3) t(x)",
            [("7", "[3, 2, 1]")],
        ),
        ("SELECT count(DISTINCT (a, b)) FROM (VALUES (1, 2), (1, 3), (1, 2)) AS t(a, b)", ["2"]),
        ("SELECT map_agg(k, v) FILTER (WHERE v > 1) FROM (VALUES ('a', 1), ('b', 2)) AS t(k, v)", ["{b=2}"]),
        ("SELECT sum(x) FILTER (WHERE x > 1) OVER () FROM (VALUES 1, 2) AS t(x)", ["2", "2"]),
        ("SELECT sum(x) / count(*), sum(x) * 1.0 / count(*), avg(x) FROM (VALUES 1, 2) AS t(x)", [("1", "1.5", "1.5")]),
        # Window functions: NULLs left out, frames of rows, values and peers
        (f"SELECT lag(x) IGNORE NULLS OVER (ORDER BY i) {THREE}", [None, "5", "5"]),
        (f"SELECT lag(x) OVER (ORDER BY i) {THREE}", [None, "5", None]),
        (f"SELECT lead(x, 2, -1) OVER (ORDER BY i) {THREE}", ["7", "-1", "-1"]),
        (
            "SELECT first_value(x) IGNORE NULLS OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED "
            "FOLLOWING) FROM (VALUES (1, NULL), (2, 5)) AS t(i, x)",
            ["5", "5"],
        ),
        (f"SELECT last_value(x) OVER (ORDER BY i) {THREE}", ["5", None, "7"]),
        (f"SELECT nth_value(i, 2) OVER (ORDER BY i) {THREE}", [None, "2", "2"]),
        (
            "SELECT sum(i) OVER (ORDER BY i RANGE BETWEEN 1 PRECEDING AND CURRENT ROW), count(*) OVER (ORDER BY i "
            "GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES 1, 2, 4) AS t(i) ORDER BY i",
            [("1", "1"), ("3", "2"), ("4", "2")],
        ),
        ("SELECT rank() OVER w, x FROM (VALUES 1, 2) AS t(x) WINDOW w AS (ORDER BY x DESC) ORDER BY x",
         [("2", "1"), ("1", "2")]),
        # UNNEST: several arrays, maps, arrays of rows, NULL and empty
        ("SELECT * FROM UNNEST(ARRAY[1, 2], ARRAY['a']) WITH ORDINALITY", [("1", "a", "1"), ("2", None, "2")]),
        ("SELECT k, v, n FROM UNNEST(MAP(ARRAY['a', 'b'], ARRAY[1, 2])) WITH ORDINALITY AS t(k, v, n)",
         [("a", "1", "1"), ("b", "2", "2")]),
        ("SELECT a, b FROM UNNEST(ARRAY[ROW(1, 'x'), ROW(2, 'y')]) AS t(a, b)", [("1", "x"), ("2", "y")]),
        (
            "SELECT id, x FROM (VALUES (1, ARRAY[1, 2]), (2, NULL)) AS t(id, a) LEFT JOIN UNNEST(a) AS u(x) ON true "
            "ORDER BY 1, 2",
            [("1", "1"), ("1", "2"), ("2", None)],
        ),
        ("SELECT id, x FROM (VALUES (1, ARRAY[7]), (2, ARRAY[])) t(id, a) CROSS JOIN UNNEST(a) u(x)", [("1", "7")]),
        # Set operations: all duplicates, or none
        ("SELECT x FROM (VALUES 1, 2, 2, 2) AS t(x) EXCEPT ALL SELECT 2 ORDER BY 1", ["1", "2", "2"]),
        ("SELECT x FROM (VALUES 1, 2, 2) AS t(x) INTERSECT ALL SELECT x FROM (VALUES 2, 2, 2) AS u(x)", ["2", "2"]),
        ("SELECT 1 UNION SELECT 1 UNION ALL SELECT 2 ORDER BY 1", ["1", "2"]),
        # Subqueries, WITH, rows' fields, samples
        ("SELECT x, (SELECT max(y) FROM (VALUES 1, 5) AS u(y) WHERE y <= x) FROM (VALUES 3, 9) AS t(x) ORDER BY 1",
         [("3", "1"), ("9", "5")]),
        ("SELECT x FROM (VALUES 3, 9) AS t(x) WHERE EXISTS (SELECT 1 FROM (VALUES 3) AS u(y) WHERE y = x)", ["3"]),
        ("SELECT x FROM (VALUES 1, 2) AS t(x) WHERE x NOT IN (SELECT y FROM (VALUES 2, NULL) AS u(y))", []),
        ("WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT * FROM a, b", [("1", "2")]),
        ("WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t WHERE n < 4) SELECT sum(n) FROM t", ["10"]),
        ("SELECT CAST(ROW(1, 2) AS ROW(a integer, b integer)).*", [("1", "2")]),
        ("SELECT count(*) FROM (VALUES 1, 2, 3) AS t(x) TABLESAMPLE BERNOULLI (100)", ["3"]),
        ("SELECT x FROM (VALUES 1, 2) AS a(x) JOIN (VALUES 2, 3) AS b(x) USING (x)", ["2"]),
        ("SELECT * FROM (VALUES (1, 'a')) t(n, m) JOIN (VALUES (2, 'a')) u(w, m) USING (m)", [("a", "1", "2")]),
        ("SELECT * FROM (SELECT 0, * FROM (VALUES (1, 'a')) t(n, m) FULL JOIN (VALUES (2, 'b')) u(w, m) USING (m)) "
         "ORDER BY m", [("0", "a", "1", None), ("0", "b", None, "2")]),
        ("SELECT * FROM (VALUES (1, 2)) a(x, y) JOIN (VALUES (5, 1)) b(z, x) USING (x) JOIN (VALUES (8, 2)) c(v, y) "
         "USING (y)", [("2", "1", "5", "8")]),
        ("VALUES (1, 'a'), (2, 'b')", [("1", "a"), ("2", "b")]),
        # A zone from a column
        (
            "SELECT TIMESTAMP '2024-01-01 12:00:00 UTC' AT TIME ZONE tz FROM (VALUES 'America/New_York', 'Asia/Tokyo') "
            "AS t(tz) ORDER BY tz",
            ["2024-01-01 07:00:00.000 America/New_York", "2024-01-01 21:00:00.000 Asia/Tokyo"],
        ),
    ],
)  # fmt: skip
def test_a_query_answers_as_trino_does(athena: Athena, sql: str, rows: list[Any]) -> None:
    """Each of *rows* is a tuple, or the one value of a row."""
    assert athena(sql).rows == [row if isinstance(row, tuple) else (row,) for row in rows]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1 UNION SELECT 'a'",
         "TYPE_MISMATCH: line 1:10: column 1 in UNION query has incompatible types: integer, varchar(1)"),
        ("SELECT 1, 2 UNION SELECT 1", "TYPE_MISMATCH: line 1:13: UNION query has different number of fields: 2, 1"),
        ("SELECT x FROM (VALUES 3) AS t(x) ORDER BY 5",
         "INVALID_COLUMN_REFERENCE: line 1:43: ORDER BY position 5 is not in select list"),
        ("SELECT x FROM (VALUES 3) AS t(x) GROUP BY 2",
         "INVALID_COLUMN_REFERENCE: line 1:43: GROUP BY position 2 is not in select list"),
        ("SELECT x FROM (VALUES 3) AS t(x) WHERE x",
         "TYPE_MISMATCH: line 1:40: WHERE clause must evaluate to a boolean: actual type integer"),
        ("SELECT x FROM (VALUES 3) AS t(x) WHERE x = '1'",
         "TYPE_MISMATCH: line 1:42: Cannot apply operator: integer = varchar(1)"),
        ("SELECT x, count(*) FROM (VALUES 3) AS t(x)",
         "EXPRESSION_NOT_AGGREGATE: line 1:8: 'x' must be an aggregate expression or appear in GROUP BY clause"),
        ("SELECT x AS y FROM (VALUES 3) AS t(x) GROUP BY y", "COLUMN_NOT_FOUND: line 1:48: Column 'y'"),
        ("SELECT u.x FROM (VALUES 3) AS t(x)", "COLUMN_NOT_FOUND: line 1:8: Column 'u.x' cannot be resolved"),
        ("SELECT x FROM (VALUES 1) AS a(x), (VALUES 2) AS b(x)", "AMBIGUOUS_NAME: line 1:8: Column 'x' is ambiguous"),
        ("SELECT x FROM (VALUES 1) AS t(x) WHERE sum(x) > 1", "EXPRESSION_NOT_SCALAR"),
        ("SELECT last_value(x IGNORE NULLS) OVER () FROM (VALUES 1) AS t(x)", "SYNTAX_ERROR: line 1:21"),
        ("SELECT * FROM (VALUES 1) t(x) MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true)", "NOT_SUPPORTED"),
    ],
)  # fmt: skip
def test_a_query_is_refused_as_trino_does(athena: Athena, sql: str, reason: str) -> None:
    assert athena.fails(sql).startswith(reason)


@pytest.mark.parametrize(
    "sql",
    ["SELECT 1::int", "SELECT 'a' ILIKE 'A'", "SELECT 5 & 3", "SELECT 2 ^ 3", "SELECT {'a': 1}", "SELECT [1, 2]",
     "SELECT 1 == 1", "SELECT 1 UNION BY NAME SELECT 2", "SELECT 1 QUALIFY true", "SELECT * EXCLUDE (x) FROM t"],
)  # fmt: skip
def test_the_syntax_of_other_dialects_is_refused_at_once(athena: Athena, sql: str) -> None:
    """StartQueryExecution: what Trino cannot parse is an InvalidRequestException, though another engine could."""
    with pytest.raises(ClientError, match="mismatched input"):
        athena.start(sql)


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT * FROM (SELECT 1 AS foo, 2 AS foo)", ["foo", "foo"]),
        ("SELECT * FROM (SELECT 1 AS foo, 2 AS foo UNION ALL SELECT 3, 4)", ["foo", "foo"]),
        ("SELECT x, y FROM (SELECT 1 AS foo, 2 AS foo) AS t(x, y)", ["x", "y"]),
        ("SELECT * FROM (SELECT t.id, u.id, 5 AS id_1 FROM (VALUES 1) t(id), (VALUES 2) u(id))", ["id", "id", "id_1"]),
        ("SELECT * FROM (SELECT * FROM (VALUES (1, 2)) t(id, v), (VALUES (3, 4)) u(id, w))", ["id", "v", "id", "w"]),
        ("WITH j AS (SELECT t.*, u.* FROM (VALUES 1) t(id), (VALUES 2) u(id)) SELECT * FROM j", ["id", "id"]),
        ("SELECT * FROM (SELECT * FROM (VALUES 1) t(id) JOIN (VALUES 1) u(id) USING (id))", ["id"]),
        ("SELECT * FROM (VALUES (1, 2)) AS t(k, K)", ["k", "k"]),
        ("SELECT * FROM (SELECT * FROM (VALUES (1, 2)) AS t(k, k)) AS u", ["k", "k"]),
        ("WITH t(k, k) AS (SELECT 1, 2) SELECT * FROM t", ["k", "k"]),
        ("SELECT * FROM UNNEST(ARRAY[1], ARRAY[2]) AS t(k, k)", ["k", "k"]),
    ],
)
def test_a_name_may_stand_twice_in_a_derived_table(athena: Athena, sql: str, columns: list[str]) -> None:
    """Trino's "SELECT": names need not be unique until one is referred to."""
    assert athena(sql).columns == columns


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT foo FROM (SELECT 1 AS foo, 2 AS foo)",
        "SELECT t.foo FROM (SELECT 1 AS foo, 2 AS foo) AS t",
        "SELECT foo FROM (SELECT * FROM (VALUES 1) t(foo), (VALUES 2) u(foo))",
        "SELECT foo FROM (VALUES (1, 2)) AS t(foo, foo)",
        "SELECT t.foo FROM (SELECT 1, 2) AS t(foo, foo)",
        "SELECT foo FROM UNNEST(ARRAY[1], ARRAY[2]) AS t(foo, foo)",
    ],
)
def test_a_name_that_stands_twice_cannot_be_referred_to(athena: Athena, sql: str) -> None:
    assert athena.fails(sql) == "AMBIGUOUS_NAME: line 1:8: Column 'foo' is ambiguous"


def test_a_query_can_ask_where_it_runs(athena: Athena) -> None:
    """Trino's "Session information"; quoted, the words are names like others."""
    assert athena("SELECT current_catalog, current_schema").rows == [("awsdatacatalog", "queries")]
    assert athena('SELECT "current_schema" FROM (SELECT 1 AS "current_schema")').rows == [("1",)]
