"""EXPLAIN tells which rows a join moves between slices, as the tables' keys have it.

Held to the Redshift database developer guide: "Evaluating the query plan", "Creating and interpreting a query plan",
"Query plan example".
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import RunningLab
from tests.engines.redshift_tools import Cluster, create

_TABLES = """
CREATE TABLE flights (id int, origin int, plane int) DISTKEY(origin) SORTKEY(origin);
INSERT INTO flights VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4);
INSERT INTO flights SELECT a.id * 4 + b.id, a.origin, a.plane FROM flights a, flights b;
INSERT INTO flights SELECT a.id * 20 + b.id, a.origin, a.plane FROM flights a, flights b;
CREATE TABLE airports_key DISTKEY(code) SORTKEY(code) AS SELECT DISTINCT origin AS code, 'x' AS name FROM flights;
CREATE TABLE airports_unsorted DISTKEY(code) AS SELECT DISTINCT origin AS code, 'x' AS name FROM flights;
CREATE TABLE airports_all DISTSTYLE ALL AS SELECT DISTINCT origin AS code, 'x' AS name FROM flights;
CREATE TABLE airports_even DISTSTYLE EVEN AS SELECT DISTINCT origin AS code, 'x' AS name FROM flights;
CREATE TABLE big_even DISTSTYLE EVEN AS SELECT * FROM flights;
ANALYZE
"""


@pytest.fixture(scope="module")
def connection(lab: RunningLab) -> Iterator[psycopg.Connection]:
    cluster: Cluster = create(lab, "explained")
    with cluster.connect() as connection:
        connection.execute(_TABLES)
        yield connection
    lab.client("redshift").delete_cluster(ClusterIdentifier="explained", SkipFinalClusterSnapshot=True)


def explain(connection: psycopg.Connection, query: str) -> list[str]:
    return [line for (line,) in connection.execute(f"EXPLAIN {query}").fetchall()]


@pytest.mark.parametrize(
    ("join", "word"),
    [
        ("flights f JOIN airports_unsorted a ON f.origin = a.code", "Hash Join DS_DIST_NONE"),
        ("flights f JOIN airports_key a ON f.origin = a.code", "Merge Join DS_DIST_NONE"),
        ("flights f JOIN airports_all a ON f.plane = a.code", "Hash Join DS_DIST_ALL_NONE"),
        ("flights f JOIN airports_even a ON f.origin = a.code", "Hash Join DS_DIST_INNER"),
        ("flights f JOIN airports_even a ON f.plane = a.code", "Hash Join DS_BCAST_INNER"),
        ("big_even f JOIN airports_even a ON f.origin = a.code", "Hash Join DS_BCAST_INNER"),
        ("flights f LEFT JOIN airports_all a ON f.plane = a.code", "Hash Left Join DS_DIST_ALL_NONE"),
        ("flights f, airports_all a", "Nested Loop DS_DIST_ALL_NONE"),
    ],
)
def test_a_join_moves_what_the_keys_make_it(connection: psycopg.Connection, join: str, word: str) -> None:
    told = "\n".join(explain(connection, f"SELECT f.id, a.name FROM {join}"))
    assert f"XN {word}  (cost=" in told


def test_a_key_that_is_changed_changes_the_plan(connection: psycopg.Connection) -> None:
    query = "SELECT count(*) FROM moved m JOIN flights f ON m.code = f.origin"
    connection.execute("CREATE TABLE moved DISTSTYLE EVEN AS SELECT DISTINCT origin AS code FROM flights")
    assert "DS_DIST_INNER" in "".join(explain(connection, query))
    connection.execute("ALTER TABLE moved ALTER DISTKEY code")
    assert "DS_DIST_NONE" in "".join(explain(connection, query))


def test_a_plan_has_the_form_of_redshift_s(connection: psycopg.Connection) -> None:
    told = explain(connection, "SELECT a.name, count(*) FROM flights f JOIN airports_all a ON f.plane = a.code "
                               "WHERE f.id > 5 GROUP BY a.name ORDER BY a.name LIMIT 3")  # fmt: skip
    assert [line.partition("  (cost")[0] for line in told] == [
        "XN Limit",
        "  ->  XN Merge",
        "        Merge Key: name",
        "        ->  XN Network",
        "              Send to leader",
        "              ->  XN Sort",
        "                    Sort Key: name",
        "                    ->  XN HashAggregate",
        "                          ->  XN Hash Join DS_DIST_ALL_NONE",
        '                                Hash Cond: ("outer".plane = "inner".code)',
        "                                ->  XN Seq Scan on flights",
        "                                      Filter: (id > 5)",
        "                                ->  XN Hash",
        "                                      ->  XN Seq Scan on airports_all",
    ]


def test_rows_are_those_that_there_are(connection: psycopg.Connection) -> None:
    rows = connection.execute("SELECT count(*) FROM flights").fetchone()
    (told,) = explain(connection, "SELECT id FROM flights")
    assert told.endswith(f"rows={rows[0] if rows else 0} width=4)")


def test_missing_statistics_and_cartesian_products_are_told(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE unknown (a int)")
    told = explain(connection, "SELECT * FROM unknown, airports_all")
    assert " ----- Tables missing statistics: unknown -----" in told
    assert told[-1].startswith(" ----- Nested Loop Join in the query plan")
    connection.execute("ANALYZE unknown")
    assert "missing" not in "".join(explain(connection, "SELECT * FROM unknown"))


def test_explain_does_nothing_and_asks_for_rights(connection: psycopg.Connection) -> None:
    explain(connection, "DELETE FROM flights")
    explain(connection, "CREATE TABLE not_made AS SELECT * FROM flights")
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM not_made")
    assert connection.execute("SELECT count(*) > 0 FROM flights").fetchone() == (True,)
    with pytest.raises(psycopg.errors.SyntaxError):
        explain(connection, "DROP TABLE flights")
