"""Values take the types of the columns that they go into, and clients are told the types of what they get and give.

Held to the Redshift database developer guide: "INSERT", "UPDATE", "MERGE", "Type compatibility and conversion",
"Computations with numeric values".
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from localaws.warehouse.wire import types
from tests.conftest import RunningLab
from tests.engines.redshift_tools import create


@pytest.fixture(scope="module")
def connection(lab: RunningLab) -> Iterator[psycopg.Connection]:
    with create(lab, "values").connect() as connection:
        connection.execute(
            "CREATE TABLE given (id int, day date, at timestamp, ok boolean, price decimal(8, 2), big bigint)"
        )
        connection.execute("CREATE TABLE documents (id int, doc super)")
        yield connection
    lab.client("redshift").delete_cluster(ClusterIdentifier="values", SkipFinalClusterSnapshot=True)


@pytest.fixture
def empty(connection: psycopg.Connection) -> psycopg.Connection:
    connection.execute("DELETE FROM given; DELETE FROM documents")
    return connection


def _rows(connection: psycopg.Connection, query: str) -> list[str]:
    return ["|".join("" if each is None else str(each) for each in row) for row in connection.execute(query.encode())]


def test_a_text_becomes_a_value_of_the_columns_type(empty: psycopg.Connection) -> None:
    empty.execute("INSERT INTO given (id, day, at, ok) VALUES (1, '01/02/2020', 'Jan 2, 2020', 'yes')")
    empty.execute("INSERT INTO given (id, price, big) VALUES ('2', 1.005, 2.6), (3, '4.5', NULL)")
    empty.execute("UPDATE given SET day = '03/04/2021', ok = 'f' WHERE id = 2")
    assert _rows(empty, "SELECT * FROM given ORDER BY id") == [
        "1|2020-01-02|2020-01-02 00:00:00|True||",
        "2|2021-03-04||False|1.01|3",
        "3||||4.50|",
    ]
    assert _rows(empty, "SELECT id FROM given WHERE day = '01/02/2020'") == ["1"]
    assert _rows(empty, "SELECT id FROM given WHERE day BETWEEN '01/01/2021' AND 'Dec 31, 2021'") == ["2"]
    with pytest.raises(psycopg.DataError, match='invalid input syntax for type date: "soon"'):
        empty.execute("INSERT INTO given (day) VALUES ('soon')")


def test_a_text_is_a_text_in_a_document_too(empty: psycopg.Connection) -> None:
    """ "INSERT INTO … VALUES ('…')" of a SUPER column stores a string; JSON_PARSE makes a document of it."""
    empty.execute("INSERT INTO documents VALUES (1, '{\"a\":1}'), (2, JSON_PARSE('{\"a\":1}')), (3, 5)")
    kinds = "SELECT json_typeof(doc) FROM documents ORDER BY id"
    assert _rows(empty, kinds) == ["string", "object", "number"]


def test_merge_changes_and_inserts(empty: psycopg.Connection) -> None:
    empty.execute("INSERT INTO given (id, big) VALUES (1, 10), (2, 20)")
    source = "USING (SELECT 2 AS id, 200 AS big UNION ALL SELECT 3, 300) s ON given.id = s.id"
    empty.execute(
        f"MERGE INTO given {source} WHEN MATCHED THEN UPDATE SET big = s.big "
        "WHEN NOT MATCHED THEN INSERT (id, big) VALUES (s.id, s.big)".encode()
    )
    assert _rows(empty, "SELECT id, big FROM given ORDER BY id") == ["1|10", "2|200", "3|300"]
    empty.execute(
        f"MERGE INTO given {source} WHEN MATCHED THEN DELETE "
        "WHEN NOT MATCHED THEN INSERT VALUES (s.id, NULL, NULL, NULL, NULL, s.big)".encode()
    )
    assert _rows(empty, "SELECT id, big FROM given ORDER BY id") == ["1|10"]


def test_rows_are_changed_and_deleted_by_another_table(empty: psycopg.Connection) -> None:
    empty.execute("INSERT INTO given (id, big) VALUES (1, 10), (2, 20)")
    empty.execute("INSERT INTO documents VALUES (2, JSON_PARSE('{\"n\":7}'))")
    empty.execute("UPDATE given SET big = given.big + d.doc.n::int FROM documents d WHERE d.id = given.id")
    assert _rows(empty, "SELECT id, big FROM given ORDER BY id") == ["1|10", "2|27"]
    empty.execute("DELETE FROM given USING documents WHERE documents.id = given.id")
    assert _rows(empty, "SELECT id FROM given") == ["1"]


@pytest.mark.parametrize(
    ("expression", "type"),
    [
        ("count(*)", types.INT8), ("sum(id)", types.INT8), ("sum(big)", types.NUMERIC), ("avg(id)", types.INT8),
        ("avg(price)", types.NUMERIC), ("avg(price::float)", types.FLOAT8), ("max(day)", types.DATE),
        ("min(at)", types.TIMESTAMP), ("bool_or(ok)", types.BOOL), ("max(day) - min(day)", types.INT4),
        ("dateadd(day, 1, max(day))", types.TIMESTAMP), ("datediff(day, max(day), max(at))", types.INT8),
        ("max(id) / 2", types.INT4), ("max(price) / 2", types.NUMERIC), ("1.5 * 2", types.NUMERIC),
        ("max(at) AT TIME ZONE 'UTC'", types.TIMESTAMPTZ), ("json_parse('1')", types.SUPER),
        ("'a' || 1", types.VARCHAR),
        ("date_trunc('month', max(day))", types.TIMESTAMP), ("extract(year FROM max(day))", types.INT4),
    ],
)  # fmt: skip
def test_a_results_type_is_told(connection: psycopg.Connection, expression: str, type: int) -> None:
    described = connection.execute(f"SELECT {expression} FROM given".encode()).description
    assert [column.type_code for column in described or ()] == [type]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM given WHERE id = $1 AND day > $2 AND price < $3", [types.INT4, types.DATE, types.NUMERIC]),
        ("SELECT * FROM given WHERE at BETWEEN $1 AND $2", [types.TIMESTAMP, types.TIMESTAMP]),
        ("SELECT id + $1, $2::bigint FROM given LIMIT $3", [types.INT4, types.INT8, types.INT8]),
        ("INSERT INTO given (id, ok, big) VALUES ($1, $2, $3)", [types.INT4, types.BOOL, types.INT8]),
        ("INSERT INTO given VALUES ($1, $2, $3, $4, $5, $6)",
         [types.INT4, types.DATE, types.TIMESTAMP, types.BOOL, types.NUMERIC, types.INT8]),
        ("UPDATE given SET price = $1 WHERE id IN ($2, $3)", [types.NUMERIC, types.INT4, types.INT4]),
        ("SELECT $1", [types.VARCHAR]),
    ],
)  # fmt: skip
def test_a_parameters_type_is_that_of_what_it_stands_beside(
    connection: psycopg.Connection, query: str, expected: list[int]
) -> None:
    wire = connection.pgconn
    wire.prepare(b"", query.encode())
    told = wire.describe_prepared(b"")
    assert [told.param_type(number) for number in range(told.nparams)] == expected


def test_a_column_that_has_no_name_has_redshifts(connection: psycopg.Connection) -> None:
    columns = "1, 'a' AS B, count(*), max(ID), price::int, 5::int, CASE WHEN ok THEN 1 END"
    described = connection.execute(f"SELECT {columns} FROM given GROUP BY price, ok".encode()).description
    names = ["?column?", "b", "count", "max", "price", "int4", "case"]
    assert [column.name for column in described or ()] == names
