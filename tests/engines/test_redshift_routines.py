"""Functions in SQL and stored procedures.

Held to the Redshift database developer guide: "CREATE FUNCTION", "CREATE PROCEDURE", "CALL", "PL/pgSQL language
reference", "Transaction management", "Exception handling".
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from tests.conftest import RunningLab
from tests.engines.redshift_tools import Cluster, create


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "routines")
    with made.connect() as connection:
        connection.execute("CREATE TABLE noted (id int, note varchar(60))")
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="routines", SkipFinalClusterSnapshot=True)


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with cluster.connect() as connection:
        connection.execute("DELETE FROM noted")
        yield connection


def procedure(connection: psycopg.Connection, name: str, body: str, arguments: str = "") -> None:
    connection.execute(f"CREATE OR REPLACE PROCEDURE {name}({arguments}) AS $$ {body} $$ LANGUAGE plpgsql")


def said_by(connection: psycopg.Connection, call: str) -> list[str]:
    """What the server tells beside the result."""
    said: list[str] = []
    connection.add_notice_handler(lambda told: said.append(told.message_primary or ""))
    connection.execute(call)
    return said


def test_a_function_in_sql_is_an_expression(connection: psycopg.Connection) -> None:
    connection.execute("CREATE FUNCTION f_greater(float, float) RETURNS float STABLE AS $$ "
                       "SELECT CASE WHEN $1 > $2 THEN $1 ELSE $2 END $$ LANGUAGE sql")  # fmt: skip
    connection.execute("CREATE FUNCTION f_greatest(float, float, float) RETURNS numeric(8, 2) STABLE AS $$ "
                       "SELECT f_greater(f_greater($1, $2), $3) $$ LANGUAGE sql")  # fmt: skip
    found = connection.execute("SELECT f_greater(1, 2), public.f_greatest(%s, 7, 3)", (5,)).fetchone()
    assert found == (2.0, Decimal("7.00"))
    with pytest.raises(psycopg.errors.UndefinedFunction, match="function f_greater"):
        connection.execute("SELECT f_greater(1)")
    with pytest.raises(psycopg.errors.DuplicateFunction):
        connection.execute(
            "CREATE FUNCTION f_greater(float, float) RETURNS float STABLE AS $$ SELECT $1 $$ LANGUAGE sql"
        )
    connection.execute("DROP FUNCTION f_greater(float, float)")


def test_a_function_reaches_nothing_that_a_query_does_not(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.Error):
        connection.execute("CREATE FUNCTION f_read(int) RETURNS varchar STABLE AS $$ "
                           "SELECT x FROM read_text('/etc/passwd') AS t(x) $$ LANGUAGE sql")  # fmt: skip
    connection.execute("CREATE FUNCTION f_env(varchar) RETURNS varchar STABLE AS $$ SELECT getenv($1) $$ LANGUAGE sql")
    with pytest.raises(psycopg.errors.UndefinedFunction, match="getenv"):
        connection.execute("SELECT f_env('HOME')")
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="functions in Python"):
        connection.execute("CREATE FUNCTION f_py(int) RETURNS int STABLE AS $$ return 1 $$ LANGUAGE plpythonu")


def test_a_procedure_decides_loops_and_gives_values(connection: psycopg.Connection) -> None:
    procedure(connection, "counted", """
        DECLARE
            total int := 0;
            line record;
        BEGIN
            FOR number IN 1..most LOOP
                CONTINUE WHEN number = 2;
                total := total + number;
                EXIT WHEN number >= 4;
            END LOOP;
            INSERT INTO noted VALUES (1, 'one'), (2, 'two');
            FOR line IN SELECT id AS number, note FROM noted ORDER BY 1 LOOP
                RAISE INFO 'row %: %', line.number, line.note;
            END LOOP;
            IF total < 5 THEN
                word := 'few';
            ELSIF total < 10 THEN
                word := word || ' of ' || total;
            ELSE
                word := 'many';
            END IF;
            SELECT count(*) INTO rows FROM noted;
        END;""", "most IN int, rows OUT bigint, word INOUT varchar(20)")  # fmt: skip
    said: list[str] = []
    connection.add_notice_handler(lambda told: said.append(told.message_primary or ""))
    cursor = connection.execute("CALL counted(9, 'eight')")
    assert [column.name for column in cursor.description or ()] == ["rows", "word"]
    assert cursor.fetchall() == [(2, "eight of 8")]
    assert said == ["row 1: one", "row 2: two"]


def test_a_statement_can_be_put_together(connection: psycopg.Connection) -> None:
    procedure(connection, "built", """
        DECLARE found int;
        BEGIN
            EXECUTE 'INSERT INTO ' || place || ' VALUES (7, ''built'')';
            EXECUTE 'SELECT max(id) FROM ' || place INTO found;
            RAISE INFO 'found %', found;
        END;""", "place varchar(20)")  # fmt: skip
    assert said_by(connection, "CALL built('noted')") == ["found 7"]


def test_an_exception_undoes_the_procedure(connection: psycopg.Connection) -> None:
    procedure(connection, "refused", "BEGIN INSERT INTO noted VALUES (1, 'x'); RAISE EXCEPTION 'no % %', 1, 'b'; END;")
    with pytest.raises(psycopg.Error, match="no 1 b"):
        connection.execute("CALL refused()")
    assert connection.execute("SELECT count(*) FROM noted").fetchone() == (0,)


def test_a_handler_runs_and_the_error_goes_on(connection: psycopg.Connection) -> None:
    procedure(connection, "handled", """
        BEGIN
            INSERT INTO noted VALUES (1, 'undone');
            INSERT INTO nowhere VALUES (1);
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO noted VALUES (2, SQLSTATE || ' ' || SQLERRM);
        END;""")  # fmt: skip
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("CALL handled()")
    assert connection.execute("SELECT * FROM noted").fetchall() == [(2, '42P01 relation "nowhere" does not exist')]


def test_a_procedure_may_commit_unless_a_transaction_is_open(connection: psycopg.Connection) -> None:
    procedure(connection, "halved", """
        BEGIN
            INSERT INTO noted VALUES (1, 'kept');
            COMMIT;
            INSERT INTO noted VALUES (2, 'lost');
            ROLLBACK;
        END;""")  # fmt: skip
    connection.execute("CALL halved()")
    assert connection.execute("SELECT id FROM noted").fetchall() == [(1,)]
    connection.execute("BEGIN")
    with pytest.raises(psycopg.Error, match="COMMIT cannot be invoked from a procedure in a transaction block"):
        connection.execute("CALL halved()")
    connection.execute("ROLLBACK")


def test_a_definer_s_rights_are_the_procedure_s(cluster: Cluster, connection: psycopg.Connection) -> None:
    connection.execute("CREATE USER guest PASSWORD 'Guest-pass1'")
    procedure(connection, "as_guest", "BEGIN INSERT INTO noted VALUES (3, current_user); END;")
    procedure(connection, "as_owner", "BEGIN INSERT INTO noted VALUES (4, 'x'); END;")
    connection.execute("CREATE OR REPLACE PROCEDURE as_owner() AS $$ BEGIN INSERT INTO noted VALUES (4, 'x'); END; $$ "
                       "LANGUAGE plpgsql SECURITY DEFINER")  # fmt: skip
    with cluster.connect("guest", "Guest-pass1") as guest:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for procedure as_owner"):
            guest.execute("CALL as_owner()")
        connection.execute("GRANT EXECUTE ON PROCEDURE as_guest() TO guest")
        connection.execute("GRANT EXECUTE ON PROCEDURE as_owner() TO guest")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for relation noted"):
            guest.execute("CALL as_guest()")
        guest.execute("CALL as_owner()")
    assert connection.execute("SELECT id FROM noted").fetchall() == [(4,)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("BEGIN x := 1; END;", '"x" is not a known variable'),
        ("DECLARE x CONSTANT int := 1; BEGIN x := 2; END;", 'declared CONSTANT'),
        ("DECLARE x int NOT NULL := 1; BEGIN x := NULL; END;", 'NULL cannot be assigned to variable "x"'),
        ("DECLARE r record; BEGIN SELECT 1 AS a INTO r; RAISE INFO '%', r.b; END;", 'record "r" has no field "b"'),
        ("BEGIN RAISE INFO '% %', 1; END;", "too few parameters specified for RAISE"),
        ("BEGIN CALL wrong(); END;", "stored procedure nesting level exceeds the limit of 16"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told(connection: psycopg.Connection, body: str, said: str) -> None:
    procedure(connection, "wrong", body)
    with pytest.raises(psycopg.Error, match=said):
        connection.execute("CALL wrong()")


@pytest.mark.parametrize("body", ["BEGIN IF x THEN END;", "BEGIN LOOP END;", "SELECT 1", "BEGIN x = ; END;", ""])
def test_what_is_no_procedure_is_refused(connection: psycopg.Connection, body: str) -> None:
    with pytest.raises(psycopg.errors.SyntaxError):
        procedure(connection, "unreadable", body)
