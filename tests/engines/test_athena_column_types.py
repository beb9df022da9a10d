"""Column types as the Glue Data Catalog has them, of tables that no engine made: what Athena takes them for.

Sources: "Data types in Amazon Athena" (athena/latest/ug/data-types.html) and Hive's "Hive Data Types".
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena, athena_in

athena = athena_in("column-types", "column_types")


@pytest.fixture(scope="module")
def glue(lab: RunningLab) -> Any:
    return lab.client("glue")


def _table(athena: Athena, glue: Any, column_type: str) -> str:
    """A table of one row with one column, of the type that the catalog is told."""
    name = f"t{uuid.uuid4().hex[:8]}"
    athena.put(f"{name}/a.json", '{"v": null}\n')
    storage = {
        "Columns": [{"Name": "v", "Type": column_type}],
        "Location": f"s3://{athena.bucket}/{name}/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
    }
    glue.create_table(DatabaseName="column_types", TableInput={"Name": name, "StorageDescriptor": storage})
    return name


@pytest.mark.parametrize(
    ("hive", "trino"),
    [
        ("integer", "integer"),
        ("decimal", "decimal(10,0)"),
        ("decimal(5)", "decimal(5,0)"),
        ("VARCHAR(20)", "varchar(20)"),
        ("array< struct< a : int > >", "array(row(a integer))"),
        ("struct<A:int,b:array<map<string,decimal(10,2)>>>", "row(a integer, b array(map(varchar, decimal(10,2))))"),
        ("struct<a b:int,c.d:string>", "row(a b integer, c.d varchar)"),
    ],
)
def test_a_type_of_the_catalog(athena: Athena, glue: Any, hive: str, trino: str) -> None:
    assert athena(f"SELECT typeof(v) FROM {_table(athena, glue, hive)}").rows == [(trino,)]


@pytest.mark.parametrize(
    ("hive", "words"),
    [
        ("decimal(39,2)", "decimal(39,2) needs 1 to 38 digits"),
        ("decimal(5,6)", "decimal(5,6) needs 1 to 38 digits"),
        ("int(3)", "int(3) is not a type"),
        ("char(256)", "char(256) is not a type: its length is 255 at most"),
        ("map<int>", "map takes another number of types than 1"),
        ("struct<a>", "a struct's field needs a name and a type"),
        ("array<int", "array<…> is not closed"),
        ("array<int>>", "'>' is behind its end"),
        ("uniontype<int,string>", "'uniontype' takes no types in brackets"),
        ("array<" * 500 + "int" + ">" * 500, "types within types are more than 100 deep"),
    ],
)
def test_what_is_no_type_fails_the_query(athena: Athena, glue: Any, hive: str, words: str) -> None:
    reason = athena.fails(f"SELECT v FROM {_table(athena, glue, hive)}")
    assert reason.startswith("HIVE_INVALID_METADATA: Column v: ")
    assert words in reason


def test_one_bad_entry_of_the_catalog_hides_no_other(athena: Athena, glue: Any) -> None:
    """Trino leaves out of information_schema what it cannot read; a view of another engine's is listed all the same."""
    athena("CREATE TABLE good AS SELECT 1 AS a")
    _table(athena, glue, "nonsense")
    views = {"Name": "of_spark", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": "SELECT 1",
             "StorageDescriptor": {"Columns": [{"Name": "v", "Type": "int"}]}}  # fmt: skip
    glue.create_table(DatabaseName="column_types", TableInput=views)
    listed = "FROM information_schema.columns WHERE table_schema = 'column_types'"
    assert ("good", "a") in athena(f"SELECT table_name, column_name {listed}").rows
    assert {("good",), ("of_spark",)} <= set(athena("SHOW TABLES").rows)
    names = athena.client.list_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="column_types")
    assert {"good", "of_spark"} <= {each["Name"] for each in names["TableMetadataList"]}
    assert athena.fails("SELECT * FROM of_spark").startswith("INVALID_VIEW")
    athena("DROP VIEW of_spark")
