"""Every form of statement in "SQL reference for Athena", with what AWS documents for it.

One row a form: the statement, StatementType and SubstatementType of its execution, and its rows or the beginning of
its failure. Sources: "DDL statements", "Unsupported DDL", "DML queries, functions, and operators" of the Athena user
guide, a page each; statements of Iceberg tables have tests of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena

LAKE = "athena-statements"
PLACE = f"LOCATION 's3://{LAKE}/new/'"
UNCHANGING = "NOT_SUPPORTED: Modifying Hive table rows is only supported for transactional tables"
#: Made for each test that names them in ``first``.
TABLE = f"CREATE EXTERNAL TABLE x (a int, b string) PARTITIONED BY (p string) STORED AS PARQUET {PLACE}"
PARTITION = "ALTER TABLE x ADD PARTITION (p = '1')"
VIEW = "CREATE VIEW v AS SELECT n FROM t"


@dataclass
class Form:
    """A statement and what comes of it; ``first`` runs before; ``then``, or the statement itself, gives ``rows``."""

    sql: str
    kind: str
    part: str
    rows: list[tuple[str | None, ...]] | None = None
    fails: str = ""
    refused: str = ""
    first: tuple[str, ...] = ()
    then: str = ""


def ddl(sql: str, part: str, *first: str, then: str = "", rows: list[tuple[str | None, ...]] | None = None) -> Form:
    return Form(sql, "DDL", part, rows, first=first, then=then)


def no_ddl(sql: str, part: str, fails: str, *first: str) -> Form:
    return Form(sql, "DDL", part, fails=fails, first=first)


def told(sql: str, rows: list[tuple[str | None, ...]] | None, *first: str, part: str = "") -> Form:
    of_lists = {"SHOW DATABASES": "SHOW_DATABASES", "SHOW SCHEMAS": "SHOW_DATABASES", "SHOW TABLES": "SHOW_TABLES"}
    part = part or of_lists.get(" ".join(sql.split()[:2]), "SHOW")
    return Form(sql, "UTILITY", part, rows, first=first)


def query(sql: str, *rows: tuple[str | None, ...]) -> Form:
    return Form(sql, "DML", "SELECT", list(rows))


def refused(sql: str, words: str) -> Form:
    return Form(sql, "", "", refused=words)


def padded(*cells: str) -> tuple[str, ...]:
    return tuple(f"{cell:<20}" for cell in cells)


COLUMNS = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'x' "\
          "ORDER BY ordinal_position"  # fmt: skip
HEAD = [(" ", " ", " "), ("# Partition Information", " ", " "),
        ("# col_name            ", "data_type           ", "comment             "), (" ", " ", " ")]  # fmt: skip
DATABASES = "SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'other'"
EXISTS = "SELECT count(*) FROM information_schema.tables WHERE table_name IN ('x', 'v') AND table_schema = 'statements'"
MISSING = "FAILED: SemanticException [Error 10001]: Table not found statements.nowhere"
NOT_READ = "FAILED: ParseException line 1:14 cannot recognize input near "

DDL = [
    # databases
    ddl("CREATE DATABASE other", "CREATE_DATABASE", then=DATABASES, rows=[("other",)]),
    ddl(f"CREATE SCHEMA IF NOT EXISTS other COMMENT 'c' LOCATION 's3://{LAKE}/o/' WITH DBPROPERTIES ('k' = 'v')",
        "CREATE_DATABASE", then=DATABASES, rows=[("other",)]),
    ddl("CREATE DATABASE IF NOT EXISTS statements", "CREATE_DATABASE"),
    no_ddl("CREATE DATABASE statements", "CREATE_DATABASE", "FAILED: Execution Error, return code 1 from org."),
    ddl("ALTER DATABASE other SET DBPROPERTIES ('k' = 'v')", "ALTER_DATABASE", "CREATE DATABASE other"),
    ddl("ALTER SCHEMA other SET DBPROPERTIES ('k' = 'v', 'l' = 'w')", "ALTER_DATABASE", "CREATE DATABASE other"),
    ddl("DROP DATABASE other", "DROP_DATABASE", "CREATE DATABASE other", then=DATABASES, rows=[]),
    ddl("DROP SCHEMA IF EXISTS nowhere", "DROP_DATABASE"),
    ddl("DROP DATABASE other CASCADE", "DROP_DATABASE", "CREATE DATABASE other",
        f"CREATE EXTERNAL TABLE other.x (a int) {PLACE}", then=DATABASES, rows=[]),
    no_ddl("DROP DATABASE statements RESTRICT", "DROP_DATABASE", "FAILED: Execution Error, return code 1"),
    no_ddl("DROP DATABASE nowhere", "DROP_DATABASE", "FAILED: SemanticException [Error 10072]: Database does not"),
    # tables
    ddl(TABLE, "CREATE_TABLE", then=COLUMNS, rows=[("a", "integer"), ("b", "varchar"), ("p", "varchar")]),
    ddl(f"CREATE EXTERNAL TABLE IF NOT EXISTS `x` (`a` int COMMENT 'c', b struct<y:int>, c decimal(10,2)) COMMENT 'd' "
        f"ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' {PLACE} TBLPROPERTIES ('k' = 'v')", "CREATE_TABLE",
        then=COLUMNS, rows=[("a", "integer"), ("b", "row(y integer)"), ("c", "decimal(10,2)")]),
    ddl(f"CREATE EXTERNAL TABLE IF NOT EXISTS t (other int) {PLACE}", "CREATE_TABLE"),
    no_ddl(f"CREATE EXTERNAL TABLE t (n int) {PLACE}", "CREATE_TABLE", "FAILED: Execution Error, return code 1"),
    no_ddl(f"CREATE EXTERNAL TABLE x (a int, a int) {PLACE}", "CREATE_TABLE", "FAILED: SemanticException [Error 1003"),
    no_ddl("CREATE EXTERNAL TABLE x (a int)", "CREATE_TABLE", "FAILED: Execution Error, return code 1 from org.apache"),
    no_ddl(f"CREATE EXTERNAL TABLE x (a nope) {PLACE}", "CREATE_TABLE",
           "FAILED: ParseException line 1:27 cannot recognize input near 'nope' ')' 'LOCATION'"),
    no_ddl(f"CREATE TABLE x (a int) {PLACE}", "CREATE_TABLE", "line 1:8: CREATE TABLE needs EXTERNAL"),
    no_ddl("CREATE TABLE x LIKE t", "CREATE_TABLE", "FAILED: ParseException line 1:7 cannot recognize input near"),
    ddl("DROP TABLE x", "DROP_TABLE", TABLE, then=EXISTS, rows=[("0",)]),
    ddl("DROP TABLE IF EXISTS nowhere", "DROP_TABLE"),
    no_ddl("DROP TABLE nowhere", "DROP_TABLE", MISSING),
    ddl("ALTER TABLE x ADD COLUMNS (c bigint, d array<int> COMMENT 'e, f')", "ALTER_TABLE", TABLE, then=COLUMNS, rows=[
        ("a", "integer"), ("b", "varchar"), ("c", "bigint"), ("d", "array(integer)"), ("p", "varchar")]),
    no_ddl("ALTER TABLE x ADD COLUMNS (a bigint)", "ALTER_TABLE", "FAILED: SemanticException [Error 10036]", TABLE),
    ddl("ALTER TABLE x CHANGE COLUMN a z bigint COMMENT 'c' AFTER b", "ALTER_TABLE", TABLE, then=COLUMNS, rows=[
        ("b", "varchar"), ("z", "bigint"), ("p", "varchar")]),
    ddl("ALTER TABLE x CHANGE b b string FIRST", "ALTER_TABLE", TABLE, then=COLUMNS, rows=[
        ("b", "varchar"), ("a", "integer"), ("p", "varchar")]),
    no_ddl("ALTER TABLE x CHANGE COLUMN z y int", "ALTER_TABLE", "FAILED: Execution Error, return code 1", TABLE),
    ddl("ALTER TABLE x REPLACE COLUMNS (c double)", "ALTER_TABLE", TABLE, then=COLUMNS, rows=[
        ("c", "double"), ("p", "varchar")]),
    ddl("ALTER TABLE x SET TBLPROPERTIES ('k' = 'it''s')", "ALTER_TABLE", TABLE, then="SHOW TBLPROPERTIES x('k')",
        rows=[("k\tit's",)]),
    ddl(f"ALTER TABLE x SET LOCATION 's3://{LAKE}/moved/'", "ALTER_TABLE", TABLE),
    no_ddl("ALTER TABLE x SET LOCATION '/tmp'", "ALTER_TABLE", "FAILED: Execution Error, return code 1", TABLE),
    # partitions
    ddl("ALTER TABLE x ADD PARTITION (p = '1') PARTITION (p = '2') LOCATION 's3://athena-statements/elsewhere/'",
        "ALTER_TABLE", TABLE, then="SHOW PARTITIONS x", rows=[("p=1",), ("p=2",)]),
    ddl("ALTER TABLE x ADD IF NOT EXISTS PARTITION (p = '1')", "ALTER_TABLE", TABLE, PARTITION),
    no_ddl(PARTITION, "ALTER_TABLE", "FAILED: Execution Error, return code 1", TABLE, PARTITION),
    no_ddl("ALTER TABLE x ADD PARTITION (q = '1')", "ALTER_TABLE", "FAILED: SemanticException Partition spec", TABLE),
    ddl("ALTER TABLE x DROP PARTITION (p = '1')", "ALTER_TABLE", TABLE, PARTITION, then="SHOW PARTITIONS x", rows=[]),
    ddl("ALTER TABLE x DROP PARTITION (p >= '1')", "ALTER_TABLE", TABLE, PARTITION, then="SHOW PARTITIONS x", rows=[]),
    ddl("ALTER TABLE x DROP IF EXISTS PARTITION (p = '7')", "ALTER_TABLE", TABLE),
    no_ddl("ALTER TABLE x DROP PARTITION (p = '7')", "ALTER_TABLE", "FAILED: SemanticException [Error 10006]", TABLE),
    ddl("ALTER TABLE x PARTITION (p = '1') RENAME TO PARTITION (p = '2')", "ALTER_TABLE", TABLE, PARTITION,
        then="SHOW PARTITIONS x", rows=[("p=2",)]),
    no_ddl("ALTER TABLE x PARTITION (p = '1') RENAME TO PARTITION (p = '2')", "ALTER_TABLE",
           "FAILED: SemanticException [Error 10006]: Partition not found", TABLE),
    ddl(f"ALTER TABLE x PARTITION (p = '1') SET LOCATION 's3://{LAKE}/moved/'", "ALTER_TABLE", TABLE, PARTITION),
    ddl("MSCK REPAIR TABLE t", "MSCK_REPAIR_TABLE", then="SHOW PARTITIONS t", rows=[("p=1",), ("p=2",)]),
    no_ddl("MSCK REPAIR TABLE nowhere", "MSCK_REPAIR_TABLE", MISSING),
    # views
    ddl("CREATE VIEW v AS SELECT n * 2 AS m FROM t", "CREATE_VIEW", then="SELECT sum(m) FROM v", rows=[("12",)]),
    ddl("CREATE OR REPLACE VIEW v AS SELECT 1 AS one", "CREATE_VIEW", VIEW, then="SELECT * FROM v", rows=[("1",)]),
    no_ddl(VIEW, "CREATE_VIEW", "TABLE_ALREADY_EXISTS: line 1:1: View already exists: 'statements.v'", VIEW),
    no_ddl("CREATE VIEW v AS SELECT 1 AS a, 2 AS a", "CREATE_VIEW", "DUPLICATE_COLUMN_NAME: line 1:1: Column name"),
    ddl("DROP VIEW v", "DROP_VIEW", VIEW, then=EXISTS, rows=[("0",)]),
    ddl("DROP VIEW IF EXISTS nowhere", "DROP_VIEW"),
    no_ddl("DROP VIEW nowhere", "DROP_VIEW", "TABLE_NOT_FOUND: line 1:1: View 'statements.nowhere' does not exist"),
    # "Unsupported DDL"
    *(no_ddl(f"ALTER TABLE x {words}", "ALTER_TABLE", NOT_READ + near, TABLE) for words, near in (
        ("DROP COLUMN a", "'DROP' 'COLUMN' 'a' in alter table statement"),
        ("RENAME TO y", "'RENAME' 'TO' 'y' in alter table statement"),
        ("SET SERDEPROPERTIES ('a' = 'b')", "'SET' 'SERDEPROPERTIES' '(' in alter table statement"),
        ("TOUCH", "'TOUCH' '<EOF>' '<EOF>' in alter table statement"),
        ("ARCHIVE PARTITION (p = '1')", "'ARCHIVE' 'PARTITION' '(' in alter table statement"),
        ("CLUSTERED BY (a) INTO 2 BUCKETS", "'CLUSTERED' 'BY' '(' in alter table statement"),
        ("NOT SKEWED", "'NOT' 'SKEWED' '<EOF>' in alter table statement"),
    )),
    *(refused(sql, "mismatched input") for sql in (
        "ALTER INDEX i ON t REBUILD", "COMMIT", "CREATE INDEX i ON TABLE t (n)", "CREATE ROLE r",
        "CREATE TEMPORARY MACRO m() 1", "DFS -ls", "DROP INDEX i ON t", "DROP ROLE r", "DROP TEMPORARY MACRO m",
        "EXPORT TABLE t TO 'x'", "GRANT ROLE r TO USER u", "IMPORT TABLE t FROM 'x'", "LOCK TABLE t SHARED",
        "REVOKE ROLE r FROM USER u", "ROLLBACK", "START TRANSACTION", "UNLOCK TABLE t", "USE statements",
        "TRUNCATE TABLE t", "INSERT OVERWRITE TABLE t SELECT 1", "LOAD DATA INPATH 'x' INTO TABLE t",
        "CREATE FUNCTION f AS 'x'", "ANALYZE TABLE t COMPUTE STATISTICS", "SET x = 1",
    )),
]  # fmt: skip

UTILITY = [
    told("SHOW DATABASES LIKE 'statem.*'", [("statements",)]),
    told("SHOW SCHEMAS 'statem*'", [("statements",)]),
    told("SHOW TABLES", [("t",), ("x",)], TABLE),
    told("SHOW TABLES IN statements '*x|nothing'", [("x",)], TABLE),
    Form("SHOW TABLES IN nowhere", "UTILITY", "SHOW_TABLES", fails="FAILED: SemanticException [Error 10072]"),
    told("SHOW VIEWS", [("v",)], VIEW),
    told("SHOW VIEWS IN statements LIKE 'w*'", [], VIEW),
    told("SHOW COLUMNS IN t", [padded("n"), padded("s"), padded("p")]),
    told("SHOW COLUMNS FROM t FROM statements", [padded("n"), padded("s"), padded("p")]),
    told("SHOW COLUMNS IN statements.t", [padded("n"), padded("s"), padded("p")]),
    told("SHOW PARTITIONS t", [("p=1",), ("p=2",)]),
    Form("SHOW PARTITIONS v", "UTILITY", "SHOW", first=(VIEW,), fails="FAILED: SemanticException [Error 10001]: Table "
         "statements.v is not a partitioned table"),
    told("SHOW CREATE TABLE x", [
        ("CREATE EXTERNAL TABLE `x`(",), ("  `a` int, ",), ("  `b` string)",), ("PARTITIONED BY ( ",),
        ("  `p` string)",), ("ROW FORMAT SERDE ",),
        ("  'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' ",), ("STORED AS INPUTFORMAT ",),
        ("  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat' ",), ("OUTPUTFORMAT ",),
        ("  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'",), ("LOCATION",),
        (f"  's3://{LAKE}/new/'",)], TABLE),
    told("SHOW CREATE VIEW v", [("CREATE VIEW statements.v AS",), ("SELECT n FROM t",)], VIEW),
    told("SHOW TBLPROPERTIES x", [("EXTERNAL\tTRUE",), ("k\tv",)], TABLE,
         "ALTER TABLE x SET TBLPROPERTIES ('k' = 'v')"),
    told("SHOW TBLPROPERTIES x('nope')", [("Table statements.x does not have property: nope",)], TABLE),
    *(Form(f"SHOW {words}", "UTILITY", "SHOW", fails="FAILED: ParseException line 1:0 cannot recognize input near")
      for words in ("COMPACTIONS", "CURRENT ROLES", "GRANT", "INDEXES", "LOCKS", "PRINCIPALS", "ROLES",
                    "TRANSACTIONS")),
    told("DESCRIBE x", [padded("a", "int", ""), padded("b", "string", ""), padded("p", "string", ""), *HEAD,
                        padded("p", "string", "")], TABLE, part="DESCRIBE_TABLE"),
    told("DESC statements.t n", [padded("n", "int", "")], part="DESCRIBE_TABLE"),
    told("DESCRIBE y s.a", [padded("a", "array<int>", "from deserializer")],
         f"CREATE EXTERNAL TABLE y (s struct<a:array<int>>) {PLACE}", part="DESCRIBE_TABLE"),
    told("DESCRIBE y s.a.'$elem$'", [padded("$elem$", "int", "from deserializer")],
         f"CREATE EXTERNAL TABLE y (s struct<a:array<int>>) {PLACE}", part="DESCRIBE_TABLE"),
    told("DESCRIBE EXTENDED x", None, TABLE, part="DESCRIBE_TABLE"),
    told("DESCRIBE FORMATTED x PARTITION (p = '1')", None, TABLE, PARTITION, part="DESCRIBE_TABLE"),
    told("DESCRIBE v", [padded("n", "int", "")], VIEW, part="DESCRIBE_TABLE"),
    Form("DESCRIBE nowhere", "UTILITY", "DESCRIBE_TABLE", fails=MISSING),
    Form("DESCRIBE DATABASE statements", "UTILITY", "DESCRIBE_TABLE", fails="FAILED: ParseException line 1:9 cannot"),
    *(told(f"EXPLAIN {words} SELECT n FROM t", None, part="EXPLAIN")
      for words in ("", "ANALYZE", "ANALYZE VERBOSE", "(TYPE LOGICAL)", "(TYPE DISTRIBUTED)", "(FORMAT TEXT)",
                    "(FORMAT JSON)", "(FORMAT GRAPHVIZ)", "(TYPE DISTRIBUTED, FORMAT TEXT)")),
    told("EXPLAIN (TYPE VALIDATE) SELECT n FROM t", [("true",)], part="EXPLAIN"),
    told("EXPLAIN CREATE TABLE nothing AS SELECT n FROM t", None, part="EXPLAIN"),
    Form("EXPLAIN SELECT nope FROM t", "UTILITY", "EXPLAIN", fails="COLUMN_NOT_FOUND: line 1:16: Column 'nope' cannot"),
]  # fmt: skip

DML = [
    # SELECT, clause by clause
    query("SELECT ALL n FROM t WHERE n > 1 ORDER BY n", ("2",), ("3",)),
    query("SELECT DISTINCT s FROM t ORDER BY 1", ("x",), ("y",)),
    query("SELECT t.*, 'one' AS one FROM t ORDER BY n DESC LIMIT 1", ("3", "x", "2", "one")),
    query("WITH a AS (SELECT n FROM t), b (m) AS (SELECT max(n) FROM a) SELECT m FROM b", ("3",)),
    query("SELECT count(*) FROM t TABLESAMPLE BERNOULLI (100)", ("3",)),
    query("SELECT count(*) FROM t TABLESAMPLE SYSTEM (100)", ("3",)),
    query("SELECT n FROM t ORDER BY n OFFSET 1 LIMIT 1", ("2",)),
    query("SELECT n FROM t ORDER BY n OFFSET 2 ROWS LIMIT ALL", ("3",)),
    query("SELECT n FROM t ORDER BY n FETCH FIRST 1 ROW ONLY", ("1",)),
    query("SELECT s, count(*) FROM t GROUP BY s HAVING count(*) > 1", ("x", "2")),
    query("SELECT s, p, count(*) FROM t GROUP BY GROUPING SETS ((s), (p), ()) ORDER BY 1, 2",
          ("x", None, "2"), ("y", None, "1"), (None, "1", "2"), (None, "2", "1"), (None, None, "3")),
    query("SELECT s, grouping(s), count(*) FROM t GROUP BY ROLLUP (s) ORDER BY 1",
          ("x", "0", "2"), ("y", "0", "1"), (None, "1", "3")),
    query("SELECT s, p, count(*) FROM t GROUP BY CUBE (s, p) ORDER BY 1, 2 LIMIT 3",
          ("x", "1", "1"), ("x", "2", "1"), ("x", None, "2")),
    query("SELECT n FROM t UNION SELECT n FROM t ORDER BY 1 DESC", ("3",), ("2",), ("1",)),
    query("SELECT n FROM t WHERE n = 1 UNION ALL SELECT 1", ("1",), ("1",)),
    query("SELECT n FROM t INTERSECT SELECT 1", ("1",)),
    query("SELECT s FROM t EXCEPT SELECT 'x'", ("y",)),
    query("SELECT s FROM t EXCEPT ALL SELECT 'x' ORDER BY 1", ("x",), ("y",)),
    query("SELECT a.n, b.n FROM t a LEFT JOIN t b ON a.n = b.n + 1 ORDER BY 1", ("1", None), ("2", "1"), ("3", "2")),
    query("SELECT a.n, b.n FROM t a RIGHT OUTER JOIN t b ON a.n = b.n + 1 ORDER BY 2",
          ("2", "1"), ("3", "2"), (None, "3")),
    query("SELECT a.n, b.n FROM t a FULL JOIN t b ON a.n = b.n + 1 ORDER BY 1, 2",
          ("1", None), ("2", "1"), ("3", "2"), (None, "3")),
    query("SELECT n, a.p FROM t a JOIN t b USING (n) WHERE n = 3", ("3", "2")),
    query("SELECT count(*) FROM t a CROSS JOIN t b", ("9",)),
    query("SELECT count(*) FROM t, t AS u", ("9",)),
    query("SELECT n, m FROM t CROSS JOIN LATERAL (SELECT n * 2 AS m) AS l WHERE n = 3", ("3", "6")),
    query("SELECT e, i FROM t CROSS JOIN UNNEST(ARRAY['a', 'b']) WITH ORDINALITY AS u (e, i) WHERE n = 1 ORDER BY i",
          ("a", "1"), ("b", "2")),
    query("SELECT * FROM UNNEST(ARRAY[1, 2], ARRAY['a']) AS u (x, y)", ("1", "a"), ("2", None)),
    query("SELECT k, v FROM UNNEST(MAP(ARRAY['a'], ARRAY[1])) AS m (k, v)", ("a", "1")),
    query("SELECT n FROM t WHERE n IN (SELECT max(n) FROM t)", ("3",)),
    query("SELECT n FROM t a WHERE EXISTS (SELECT 1 FROM t b WHERE b.n = a.n + 2)", ("1",)),
    query("SELECT n FROM t WHERE n >= ALL (SELECT n FROM t)", ("3",)),
    query("SELECT n FROM t WHERE n = ANY (VALUES 1, 7)", ("1",)),
    query("SELECT n, sum(n) OVER w FROM t WINDOW w AS (ORDER BY n) ORDER BY n", ("1", "1"), ("2", "3"), ("3", "6")),
    query("SELECT n, row_number() OVER (PARTITION BY s ORDER BY n DESC) FROM t ORDER BY 1",
          ("1", "2"), ("2", "1"), ("3", "1")),
    query("SELECT s FROM t ORDER BY nullif(s, 'x') NULLS FIRST, n LIMIT 1", ("x",)),
    query("SELECT \"$path\" FROM t WHERE n = 3", (f"s3://{LAKE}/t/p=2/a.csv",)),
    query('SELECT * FROM "t$partitions" ORDER BY 1', ("1",), ("2",)),
    query("SELECT sum(n) FROM awsdatacatalog.statements.t", ("6",)),
    query("SELECT n AS \"select\" -- a comment\nFROM t /* another */ WHERE n = 1", ("1",)),
    query("-- first a comment\nSELECT 1;", ("1",)),
    query("VALUES (1, 'a'), (2, 'b')", ("1", "a"), ("2", "b")),
    query("TABLE t", ("1", "x", "1"), ("2", "y", "1"), ("3", "x", "2")),
    query("(SELECT n FROM t WHERE n = 1)", ("1",)),
    Form("SELECT * FROM t FOR VERSION AS OF 1", "DML", "SELECT", fails="NOT_SUPPORTED: line 1:15: This connector"),
    Form("SELECT * FROM t MATCH_RECOGNIZE (ORDER BY n MEASURES A.n AS m PATTERN (A) DEFINE A AS true)", "DML", "SELECT",
         fails="NOT_SUPPORTED: MATCH_RECOGNIZE is not supported by this lab yet"),
    # what writes
    Form("CREATE TABLE made AS SELECT n FROM t", "DDL", "CREATE_TABLE_AS_SELECT", [("6",)],
         then="SELECT sum(n) FROM made"),
    Form("CREATE TABLE made WITH (format = 'ORC') AS SELECT n FROM t WITH NO DATA", "DDL", "CREATE_TABLE_AS_SELECT",
         [("0",)], then="SELECT count(*) FROM made"),
    Form("CREATE TABLE IF NOT EXISTS t AS SELECT 1 AS a", "DDL", "CREATE_TABLE_AS_SELECT"),
    Form("CREATE TABLE t AS SELECT 1 AS a", "DDL", "CREATE_TABLE_AS_SELECT", fails="TABLE_ALREADY_EXISTS"),
    Form("CREATE TABLE made WITH (nope = 'x') AS SELECT 1 AS a", "DDL", "CREATE_TABLE_AS_SELECT",
         fails="INVALID_TABLE_PROPERTY: Table property 'nope' does not exist"),
    Form("INSERT INTO made SELECT 7", "DML", "INSERT", [("13",)], first=("CREATE TABLE made AS SELECT n FROM t",),
         then="SELECT sum(n) FROM made"),
    Form("INSERT INTO made (n) VALUES (1), (2)", "DML", "INSERT", [("9",)],
         first=("CREATE TABLE made AS SELECT n FROM t",), then="SELECT sum(n) FROM made"),
    Form("INSERT INTO made VALUES ('x')", "DML", "INSERT", first=("CREATE TABLE made AS SELECT n FROM t",),
         fails="TYPE_MISMATCH: Insert query has mismatched column types: Table: [integer], Query: [varchar"),
    Form("INSERT INTO v VALUES (1)", "DML", "INSERT", first=(VIEW,), fails="NOT_SUPPORTED: Inserting into views"),
    Form(f"UNLOAD (SELECT n FROM t) TO 's3://{LAKE}/unloaded/' WITH (format = 'JSON')", "DML", "UNLOAD"),
    Form(f"UNLOAD (SELECT n FROM t) TO 's3://{LAKE}/t/' WITH (format = 'JSON')", "DML", "UNLOAD",
         fails="HIVE_PATH_ALREADY_EXISTS"),
    *(Form(sql, kind, part, fails=UNCHANGING) for sql, kind, part in (
        ("UPDATE t SET n = 1", "DML", "UPDATE"), ("DELETE FROM t WHERE n = 1", "DML", "DELETE"),
        ("MERGE INTO t USING t AS u ON t.n = u.n WHEN MATCHED THEN DELETE", "DML", "MERGE"),
    )),
    # prepared statements
    Form("PREPARE form_kept FROM SELECT n FROM t WHERE n = ?", "DDL", "PREPARE", [("2",)],
         then="EXECUTE form_kept USING 2"),
    Form("EXECUTE form_counted USING 3, 'x'", "DML", "EXECUTE", [("1",)],
         first=("PREPARE form_counted FROM SELECT count(*) FROM t WHERE n = ? AND s = ?",)),
    Form("DEALLOCATE PREPARE form_passing", "DDL", "DEALLOCATE", first=("PREPARE form_passing FROM SELECT 1",)),
    Form("EXECUTE nowhere", "DML", "EXECUTE", fails="PreparedStatement nowhere was not found"),
]  # fmt: skip


@pytest.fixture(scope="module")
def athena(lab: RunningLab) -> Athena:
    engine = Athena(lab, LAKE, "statements")
    engine.put("t/p=1/a.csv", "1,x\n2,y\n")
    engine.put("t/p=2/a.csv", "3,x\n")
    engine(
        "CREATE EXTERNAL TABLE t (n int, s string) PARTITIONED BY (p string) ROW FORMAT DELIMITED FIELDS TERMINATED BY "
        f"',' LOCATION 's3://{LAKE}/t/'"
    )
    engine("MSCK REPAIR TABLE t")
    return engine


def clear(athena: Athena) -> None:
    """Nothing of another form is left."""
    glue = athena.lab.client("glue")
    for table in glue.get_tables(DatabaseName="statements")["TableList"]:
        if table["Name"] != "t":
            glue.delete_table(DatabaseName="statements", Name=table["Name"])
    if any(each["Name"] == "other" for each in glue.get_databases()["DatabaseList"]):
        athena("DROP DATABASE other CASCADE")


@pytest.mark.parametrize("form", [*DDL, *UTILITY, *DML], ids=lambda form: form.sql[:60].replace("\n", " "))
def test_statement(athena: Athena, form: Form) -> None:
    clear(athena)
    for sql in form.first:
        athena(sql)
    if form.refused:
        with pytest.raises(ClientError, match=form.refused) as error:
            athena.start(form.sql)
        assert error.value.response["Error"]["Code"] == "InvalidRequestException"
        return
    answer = athena.run(form.sql)
    if form.fails:
        assert (answer.state, answer.reason[: len(form.fails)]) == ("FAILED", form.fails)
        assert answer.execution["Status"]["AthenaError"]["ErrorCategory"] == 2
    else:
        assert answer.state == "SUCCEEDED", answer.reason
    assert (answer.execution["StatementType"], answer.execution["SubstatementType"]) == (form.kind, form.part)
    if form.rows is not None:
        assert (athena(form.then) if form.then else answer).rows == form.rows
    elif not form.fails and form.kind == "UTILITY":
        assert answer.rows
