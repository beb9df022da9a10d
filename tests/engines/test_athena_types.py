"""Every type of Athena's, there and back through awswrangler, and as GetQueryResults tells it.

Sources: "Data types in Amazon Athena" and ColumnInfo of the API reference; the three ways of
awswrangler.athena.read_sql_query (a CSV result, a temporary table, UNLOAD), each of which reads types differently.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import awswrangler as wr
import numpy as np
import pandas as pd
import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena, athena_in, awswrangler_at

WAYS = {"direct": (False, False), "ctas": (True, False), "unload": (False, True)}
AWKWARD = [
    "plain", 'say "hi", ok', "two\nlines", "back\\slash",
    "ünïcödé 漢字 😀", "", " blanks ", "tab\tbell\x07", None,
]  # fmt: skip
#: Column → its type in the catalog, the least value and the greatest.
EXTREMES: dict[str, tuple[str, Any, Any]] = {
    "tiny": ("tinyint", -128, 127),
    "small": ("smallint", -32768, 32767),
    "whole": ("int", -(2**31), 2**31 - 1),
    "big": ("bigint", -(2**63), 2**63 - 1),
    "money": ("decimal(38,2)", Decimal("-" + "9" * 36 + ".99"), Decimal("9" * 36 + ".99")),
    "flag": ("boolean", False, True),
    "day": ("date", date(1, 1, 1), date(9999, 12, 31)),
}

athena = athena_in("athena-types", "types")


@pytest.fixture
def options(athena: Athena, lab: RunningLab) -> Iterator[dict[str, Any]]:
    """awswrangler talking to the lab: what each of its calls takes."""
    with awswrangler_at(lab) as session:
        yield {"database": "types", "boto3_session": session}


def read(sql: str, way: str, options: dict[str, Any], **more: Any) -> Any:
    ctas, unload = WAYS[way]
    return wr.athena.read_sql_query(
        sql,
        ctas_approach=ctas,
        unload_approach=unload,
        s3_output=f"s3://athena-types/out-{way}/{uuid.uuid4()}/",  # UNLOAD wants an empty place
        athena_query_wait_polling_delay=0.02,
        **options,
        **more,
    )


def write(frame: pd.DataFrame, table: str, options: dict[str, Any], **more: Any) -> None:
    path = f"s3://athena-types/{table}/"
    wr.s3.to_parquet(frame, path=path, dataset=True, table=table, mode="overwrite", **options, **more)


@pytest.mark.parametrize("way", WAYS)
def test_the_least_and_the_greatest_values_come_back(way: str, options: dict[str, Any]) -> None:
    frame = pd.DataFrame({"row": [1, 2, 3]} | {
        name: pd.Series([least, greatest, None], dtype="object") for name, (_, least, greatest) in EXTREMES.items()
    })  # fmt: skip
    for name in ("tiny", "small", "whole", "big"):
        frame[name] = frame[name].astype("Int64")
    frame["flag"] = frame["flag"].astype("boolean")
    write(frame, f"extremes_{way}", options, dtype={name: kind for name, (kind, _, _) in EXTREMES.items()})
    found = read(f"SELECT * FROM extremes_{way} ORDER BY row", way, options)
    for name, (_, least, greatest) in EXTREMES.items():
        assert list(found[name][:2]) == [least, greatest], name
        assert pd.isna(found[name][2]), name
    kinds = {str(found[name].dtype) for name in ("tiny", "small", "whole", "big")}
    assert kinds == {"Int8", "Int16", "Int32", "Int64"}


@pytest.mark.parametrize("way", WAYS)
def test_texts_of_every_kind_come_back(way: str, options: dict[str, Any]) -> None:
    """Quotes, commas, line ends, blanks, control characters, other scripts; the empty text is not NULL."""
    write(pd.DataFrame({"n": range(len(AWKWARD)), "s": AWKWARD}), f"texts_{way}", options)
    found = read(f"SELECT s FROM texts_{way} ORDER BY n", way, options)
    expected = AWKWARD
    if way == "direct":  # a limit of awswrangler's reading of CSV (pandas), on AWS too: "" is NULL
        expected = [value or None for value in AWKWARD]
    assert [None if pd.isna(value) else value for value in found["s"]] == expected


@pytest.mark.parametrize("way", WAYS)
def test_floating_point_numbers_come_back_to_the_last_bit(way: str, options: dict[str, Any]) -> None:
    values = [0.1, -1.5e-300, 1.7976931348623157e308, 2.2250738585072014e-308, 123456789.123, math.inf, -math.inf]
    frame = pd.DataFrame({"n": range(8), "d": [*values, math.nan]})
    frame["f"] = frame["d"].clip(-3e38, 3e38).astype("float32")
    write(frame, f"floats_{way}", options)
    found = read(f"SELECT d, f FROM floats_{way} ORDER BY n", way, options)
    assert np.array_equal(found["d"].to_numpy("float64", na_value=math.nan), frame["d"], equal_nan=True)
    assert np.array_equal(
        found["f"].to_numpy("float32", na_value=math.nan), frame["f"].to_numpy(), equal_nan=True
    )  # a real prints with as few digits as tell it from its neighbours


@pytest.mark.parametrize("way", WAYS)
def test_moments_come_back_in_milliseconds(way: str, options: dict[str, Any]) -> None:
    """Hive's timestamp has milliseconds in Athena: what a Parquet file keeps beyond them is not told."""
    texts = ["1969-12-31 23:59:59.999", "2024-02-29 12:34:56.789", None, "2262-01-01"]
    moments = pd.to_datetime(texts, format="ISO8601")
    write(pd.DataFrame({"n": range(4), "t": moments}), f"moments_{way}", options)
    found = read(f"SELECT t FROM moments_{way} ORDER BY n", way, options)
    assert str(found["t"].dtype).startswith("datetime64")
    assert list(found["t"][[0, 1, 3]]) == list(moments[[0, 1, 3]]) and pd.isna(found["t"][2])


@pytest.mark.parametrize("way", ["ctas", "unload"])
def test_nested_values_come_back(way: str, options: dict[str, Any]) -> None:
    frame = pd.DataFrame({
        "n": [1, 2],
        "a": [["x", None, "z"], None],
        "s": [{"p": 1, "q": "é"}, None],
        "m": [[("k", 1.5), ("l", None)], None],
        "b": [b"\x00\xff", None],
    })  # fmt: skip
    kinds = {"a": "array<string>", "s": "struct<p:bigint,q:string>", "m": "map<string,double>"}
    write(frame, f"nested_{way}", options, dtype=kinds)
    first, second = read(f"SELECT * FROM nested_{way} ORDER BY n", way, options).to_dict("records")
    assert list(first["a"]) == ["x", None, "z"] and first["s"] == {"p": 1, "q": "é"} and first["b"] == b"\x00\xff"
    assert [tuple(pair) for pair in first["m"]] == [("k", 1.5), ("l", None)]
    assert all(second[name] is None or pd.isna(second[name]) for name in "asmb")


@pytest.mark.parametrize("way", WAYS)
def test_an_empty_answer_keeps_its_columns(way: str, options: dict[str, Any]) -> None:
    write(pd.DataFrame({"n": [1], "s": ["x"]}), f"few_{way}", options)
    sql = f"SELECT n, s FROM few_{way} WHERE n > 1"
    if way == "unload":  # leaves no file that could tell them
        with pytest.raises(wr.exceptions.EmptyDataFrame):
            read(sql, way, options)
        return
    found = read(sql, way, options)
    assert len(found) == 0 and list(found.columns) == ["n", "s"]


def test_answers_in_chunks_tables_whole_and_parameters_of_both_styles(athena: Athena, options: dict[str, Any]) -> None:
    """chunksize; read_sql_table; paramstyle "qmark" (Athena's execution parameters) and "named" (filled in before)."""
    write(pd.DataFrame({"n": range(5), "s": list("aabbb")}), "chunked", options)
    for way in WAYS:
        chunks = list(read("SELECT * FROM chunked", way, options, chunksize=2))
        assert sum(map(len, chunks)) == 5 and all(len(chunk) <= 2 for chunk in chunks), way
    whole = wr.athena.read_sql_table("chunked", s3_output="s3://athena-types/out/", **options)
    assert sorted(whole["n"]) == [0, 1, 2, 3, 4]
    named = read("SELECT n FROM chunked WHERE s = :letter AND n > :least ORDER BY n", "direct", options,
                 params={"letter": "b", "least": 2}, paramstyle="named")  # fmt: skip
    assert list(named["n"]) == [3, 4]
    marked = read("SELECT n FROM chunked WHERE s = ? AND n > ? ORDER BY n", "direct", options,
                  params=["b", "2"], paramstyle="qmark")  # fmt: skip
    assert list(marked["n"]) == [3, 4]


def test_start_wait_and_fetch_apart_and_results_reused(athena: Athena, options: dict[str, Any]) -> None:
    """start_query_execution, wait_query, get_query_results; athena_cache_settings takes an earlier run's answer."""
    sql = "SELECT 1 AS one, 'x' AS letter"
    session = options["boto3_session"]
    query_id = wr.athena.start_query_execution(sql, s3_output="s3://athena-types/apart/", **options)
    done = wr.athena.wait_query(query_id, boto3_session=session, athena_query_wait_polling_delay=0.02)
    assert done["Status"]["State"] == "SUCCEEDED"
    found = wr.athena.get_query_results(query_id, boto3_session=session)
    assert found.to_dict("records") == [{"one": 1, "letter": "x"}]
    before = len(athena.client.list_query_executions()["QueryExecutionIds"])
    again = read(sql, "direct", options, athena_cache_settings={"max_cache_seconds": 900})
    assert again.to_dict("records") == [{"one": 1, "letter": "x"}]
    assert len(athena.client.list_query_executions()["QueryExecutionIds"]) == before


UUID = "12151fd2-7586-11e9-8f9e-2a86e4085a59"
#: An expression of each type, its text in a result, and its ColumnInfo: Type, Precision, Scale, CaseSensitive.
TOLD = [
    ("true", "true", "boolean", 0, 0, False),
    ("tinyint '-128'", "-128", "tinyint", 3, 0, False),
    ("smallint '32767'", "32767", "smallint", 5, 0, False),
    ("7", "7", "integer", 10, 0, False),
    ("bigint '9223372036854775807'", "9223372036854775807", "bigint", 19, 0, False),
    ("real '0.1'", "0.1", "float", 17, 0, False),
    ("1e100", "1.0E100", "double", 17, 0, False),
    ("CAST(1.5 AS decimal(38, 4))", "1.5000", "decimal", 38, 4, False),
    ("CAST('x' AS varchar)", "x", "varchar", 2147483647, 0, True),
    ("CAST('x' AS varchar(9))", "x", "varchar", 9, 0, True),
    ("CAST('x' AS char(3))", "x  ", "char", 3, 0, True),
    ("X'00ff'", "00 ff", "varbinary", 1073741824, 0, False),
    ("DATE '2024-02-29'", "2024-02-29", "date", 0, 0, False),
    ("CAST('01:02:03' AS time)", "01:02:03.000", "time", 3, 0, False),
    ("TIMESTAMP '2024-02-29 01:02:03'", "2024-02-29 01:02:03.000", "timestamp", 3, 0, False),
    ("TIMESTAMP '2024-02-29 01:02:03 Asia/Tokyo'", "2024-02-29 01:02:03.000 Asia/Tokyo", "timestamp with time zone",
     3, 0, False),
    ("INTERVAL '3' DAY", "3 00:00:00.000", "interval day to second", 0, 0, False),
    ("INTERVAL '14' MONTH", "1-2", "interval year to month", 0, 0, False),
    ("ARRAY['a', NULL]", "[a, null]", "array", 0, 0, False),
    ("MAP(ARRAY['k'], ARRAY[1e0])", "{k=1.0}", "map", 0, 0, False),
    ("CAST(ROW(1, 'x') AS ROW(n integer, s varchar))", "{n=1, s=x}", "row", 0, 0, False),
    ("JSON '{\"b\": 1, \"a\": [2]}'", '{"a":[2],"b":1}', "json", 0, 0, False),
    (f"CAST('{UUID}' AS uuid)", UUID, "uuid", 0, 0, False),
]  # fmt: skip


def test_each_type_is_told_beside_its_values(athena: Athena) -> None:
    """GetQueryResults: VarCharValue, and ResultSetMetadata; NULL has no VarCharValue whatever its type."""
    columns = ", ".join(f"{expression} AS c{number}" for number, (expression, *_) in enumerate(TOLD))
    query_id = athena.start(f"SELECT {columns}")
    athena.wait(query_id)
    answer = athena.client.get_query_results(QueryExecutionId=query_id)["ResultSet"]
    texts = [cell["VarCharValue"] for cell in answer["Rows"][1]["Data"]]
    assert texts == [text for _, text, *_ in TOLD]
    told = [(each["Type"], each["Precision"], each["Scale"], each["CaseSensitive"])
            for each in answer["ResultSetMetadata"]["ColumnInfo"]]  # fmt: skip
    assert told == [tuple(rest) for _, _, *rest in TOLD]
    info = answer["ResultSetMetadata"]["ColumnInfo"][0]
    assert (info["CatalogName"], info["Nullable"], info["Name"], info["Label"]) == ("hive", "UNKNOWN", "c0", "c0")
    nothing = athena("SELECT " + ", ".join(f"nullif({expression}, {expression})" for expression, *_ in TOLD[:9]))
    assert nothing.rows == [(None,) * 9]
