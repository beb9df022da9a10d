"""Statements that public clients and tutorials send: names twice, parameters everywhere, words that are no keywords.

Sources: "Use parameterized queries" and "Escape reserved keywords in queries" of the Athena user guide,
StartQueryExecution of its API reference; Trino's "SELECT".
"""

from __future__ import annotations

import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Answer, Athena

BUCKET = "athena-sent"


@pytest.fixture(scope="module")
def athena(lab: RunningLab) -> Athena:
    made = Athena(lab, BUCKET, "sent")
    made(f"CREATE EXTERNAL TABLE t (`partition` int, a string) LOCATION 's3://{BUCKET}/t/'")
    made.put("t/a.txt", "1\x01x\n2\x01y\n")
    return made


def file_of(athena: Athena, answer: Answer) -> str:
    key = answer.execution["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{BUCKET}/")
    return str(athena.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode())


def test_columns_of_one_name_keep_it(athena: Athena) -> None:
    answer = athena("SELECT 1 AS foo, 2 AS foo, 3 AS FOO")
    assert (answer.columns, answer.rows) == (["foo", "foo", "FOO"], [("1", "2", "3")])
    assert file_of(athena, answer) == '"foo","foo","FOO"\n"1","2","3"\n'
    both = athena("SELECT * FROM (SELECT 1 AS id) a JOIN (SELECT 1 AS id) b ON a.id = b.id")
    assert file_of(athena, both).startswith('"id","id"\n')


def test_column_without_a_name_has_its_place_for_one(athena: Athena) -> None:
    assert athena("SELECT * FROM (SELECT 1, 2 AS a, 3)").columns == ["_col0", "a", "_col2"]
    assert athena("VALUES (1, 2)").columns == ["_col0", "_col1"]
    assert athena("SELECT 1, 2 UNION SELECT 3, 4").columns == ["_col0", "_col1"]
    athena("CREATE TABLE named AS SELECT 1 AS _col0, 2 AS _col7")
    assert athena("SELECT * FROM named").columns == ["_col0", "_col7"]
    for made in ("CREATE TABLE unnamed AS SELECT 1", "CREATE VIEW unnamed AS SELECT 1"):
        assert "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 1" in athena.fails(made)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT partition FROM t WHERE partition = 1",
        "SELECT max(partition) FROM t WHERE t.partition < 2 GROUP BY partition",
        "SELECT x FROM (SELECT 1 AS x) AS partition",
        "SELECT t.partition AS window FROM t WHERE partition < 2 ORDER BY window",
        "SELECT qualify FROM (SELECT 1 AS qualify, 2 AS offset, 3 AS desc) ORDER BY qualify",
    ],
)
def test_word_that_trino_does_not_reserve_is_a_name(athena: Athena, sql: str) -> None:
    assert athena(sql).rows == [("1",)]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT 1 AS end", "line 1:13: mismatched input 'end'"),
        ("SELECT a FROM t WHERE end = 1", "line 1:23: mismatched input 'end'"),
        ("SELECT * FROM t FOR SYSTEM_TIME AS OF now()", "line 1:21: mismatched input 'SYSTEM_TIME'"),
        ("CREATE TABLE x AS DELETE FROM t", "line 1:19: mismatched input 'DELETE'. Expecting: '(', 'SELECT',"),
        ("CREATE TABLE x WITH (format = 'ORC') AS SHOW TABLES", "line 1:41: mismatched input 'SHOW'"),
        ("CREATE VIEW x AS DROP TABLE t", "line 1:18: mismatched input 'DROP'. Expecting: '(', 'SELECT',"),
        ("CREATE OR REPLACE VIEW x AS (SHOW TABLES)", "line 1:30: mismatched input 'SHOW'"),
        ("CREATE VIEW x AS", "line 1:17: mismatched input '<EOF>'"),
        ("UNLOAD (SHOW TABLES) TO 's3://b/x/' WITH (format = 'JSON')", "line 1:9: mismatched input 'SHOW'. Expecting"),
        ("UNLOAD (INSERT INTO t VALUES 1) TO 's3://b/' WITH (format = 'ORC')", "line 1:9: mismatched input 'INSERT'"),
        ("EXPLAIN DROP TABLE t", "line 1:9: mismatched input 'DROP'"),
        ("PREPARE asked FROM SHOW TABLES", "line 1:20: mismatched input 'SHOW'"),
    ],
)  # fmt: skip
def test_what_trino_does_not_parse_is_refused_at_the_start(athena: Athena, sql: str, words: str) -> None:
    with pytest.raises(athena.client.exceptions.InvalidRequestException) as refused:
        athena(sql)
    assert str(refused.value).partition("operation: ")[2].startswith(words)


def test_quoted_keyword_is_a_name(athena: Athena) -> None:
    assert athena('SELECT "end" FROM (SELECT 1 AS "end")').rows == [("1",)]


def test_prepared_statement_by_a_quoted_name_and_with_parameters_of_its_own(athena: Athena) -> None:
    athena('PREPARE "asked" FROM SELECT a FROM t WHERE "partition" = ? AND a <> ?')
    assert athena("EXECUTE \"asked\" USING 1, '?'").rows == [("x",)]
    assert athena("EXECUTE asked USING ?, ?", ExecutionParameters=["2", "'n'"]).rows == [("y",)]
    assert athena("EXECUTE asked USING ?, 'x'", ExecutionParameters=["2"]).rows == [("y",)]
    assert "INVALID_PARAMETER_USAGE" in athena.fails("EXECUTE asked USING ?, ?", ExecutionParameters=["2"])
    athena('DEALLOCATE PREPARE "asked"')


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "VALUES 1",
        "INSERT INTO t VALUES ('z', 3)",
        "UNLOAD (SELECT 1 AS a) TO 's3://b/x/' WITH (format = 'ORC')",
    ],
)
def test_explain_tells_a_plan_and_no_name_of_our_own(athena: Athena, statement: str) -> None:
    """ "Using EXPLAIN": of the statement's query; only what is printed can be read."""
    lines = [str(row[0]) for row in athena(f"EXPLAIN {statement}").rows]
    assert lines
    assert all(line.isprintable() for line in lines)


def test_unload_is_prepared(athena: Athena) -> None:
    athena(f"PREPARE kept FROM UNLOAD (SELECT ? AS a) TO 's3://{BUCKET}/kept/' WITH (format = 'PARQUET')")
    athena("EXECUTE kept USING 5")
    athena(f"CREATE EXTERNAL TABLE kept (a int) STORED AS PARQUET LOCATION 's3://{BUCKET}/kept/'")
    assert athena("SELECT a FROM kept").rows == [("5",)]


def test_unload_takes_parameters(athena: Athena) -> None:
    place = f"s3://{BUCKET}/unloaded/"
    athena(f"UNLOAD (SELECT a FROM t WHERE partition = ?) TO '{place}' WITH (format = 'PARQUET')",
           ExecutionParameters=["2"])  # fmt: skip
    athena(f"CREATE EXTERNAL TABLE unloaded (a string) STORED AS PARQUET LOCATION '{place}'")
    assert athena("SELECT a FROM unloaded").rows == [("y",)]


def test_unnest_of_an_empty_map_beside_others(athena: Athena) -> None:
    maps = "SELECT map() AS m, map(ARRAY['a'], ARRAY[1]) AS o"
    query = f"SELECT k, v, n, w FROM ({maps}) CROSS JOIN UNNEST(m, o) AS u (k, v, n, w)"
    assert athena(query).rows == [(None, None, "a", "1")]


def test_iceberg_data_files_have_the_size_that_the_table_asks_for(athena: Athena) -> None:
    """ "Create Iceberg tables": write_target_data_file_size_bytes."""
    place = f"LOCATION 's3://{BUCKET}/sized/'"
    size = "'write_target_data_file_size_bytes' = '500000'"
    athena(f"CREATE TABLE sized (n bigint) {place} TBLPROPERTIES ('table_type' = 'ICEBERG', {size})")
    assert ("write_target_data_file_size_bytes\t500000",) in athena("SHOW TBLPROPERTIES sized").rows


def test_field_of_a_struct_may_stand_between_backticks(athena: Athena) -> None:
    kind = "struct<`end`:integer,`b`:array<struct<`integer`:int>>>"
    athena(f"CREATE EXTERNAL TABLE ticked (s {kind}) STORED AS PARQUET LOCATION 's3://{BUCKET}/ticked/'")
    athena("INSERT INTO ticked SELECT ROW(1, ARRAY[ROW(2)])")
    assert athena('SELECT s."end", s.b[1].integer FROM ticked').rows == [("1", "2")]
    assert ("  `s` struct<end:int,b:array<struct<integer:int>>>)",) in athena("SHOW CREATE TABLE ticked").rows
