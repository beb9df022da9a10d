"""Statistics of columns, and user-defined functions, in Glue's Data Catalog.

Held to the Glue web API reference, "Column statistics API" and "User-defined Function API".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.test_glue import partition, table

ANALYSED = datetime(2013, 7, 4, 12, tzinfo=UTC)


def longs(column: str, least: int, most: int) -> dict[str, Any]:
    """Statistics of a column of whole numbers."""
    data = {"MinimumValue": least, "MaximumValue": most, "NumberOfNulls": 1, "NumberOfDistinctValues": 7}
    statistics = {"Type": "LONG", "LongColumnStatisticsData": data}
    return {"ColumnName": column, "ColumnType": "int", "AnalyzedTime": ANALYSED, "StatisticsData": statistics}


@pytest.fixture(scope="module")
def glue(lab: RunningLab) -> Any:
    client = lab.client("glue")
    client.create_database(DatabaseInput={"Name": "analysed"})
    client.create_table(DatabaseName="analysed", TableInput=table("flights"))
    client.create_partition(DatabaseName="analysed", TableName="flights", PartitionInput=partition("2013-01-01"))
    return client


def test_a_table_and_each_partition_keep_statistics_of_their_own(glue: Any) -> None:
    of_table = {"DatabaseName": "analysed", "TableName": "flights"}
    of_partition = {**of_table, "PartitionValues": ["2013-01-01"]}
    answer = glue.update_column_statistics_for_table(**of_table, ColumnStatisticsList=[longs("N", -5, 900)])
    assert answer["Errors"] == []
    glue.update_column_statistics_for_partition(**of_partition, ColumnStatisticsList=[longs("n", 0, 10)])
    told = glue.get_column_statistics_for_table(**of_table, ColumnNames=["n", "m"])
    assert told["ColumnStatisticsList"] == [longs("n", -5, 900)]
    assert [(each["ColumnName"], each["Error"]["ErrorCode"]) for each in told["Errors"]] == [
        ("m", "EntityNotFoundException")
    ]
    told = glue.get_column_statistics_for_partition(**of_partition, ColumnNames=["n"])
    assert told["ColumnStatisticsList"][0]["StatisticsData"]["LongColumnStatisticsData"]["MaximumValue"] == 10
    glue.delete_column_statistics_for_partition(**of_partition, ColumnName="n")
    assert glue.get_column_statistics_for_partition(**of_partition, ColumnNames=["n"])["ColumnStatisticsList"] == []
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.delete_column_statistics_for_partition(**of_partition, ColumnName="n")


def test_values_of_every_type_come_back_as_they_were(glue: Any) -> None:
    """Decimals are bytes with a scale, days are moments."""
    day, decimal = datetime(2013, 1, 1, tzinfo=UTC), {"UnscaledValue": b"\x01\xff", "Scale": 2}
    counts = {"NumberOfNulls": 0, "NumberOfDistinctValues": 2}
    kinds: dict[str, dict[str, Any]] = {
        "DATE": {"DateColumnStatisticsData": {"MinimumValue": day, "MaximumValue": day, **counts}},
        "DECIMAL": {"DecimalColumnStatisticsData": {"MinimumValue": decimal, "MaximumValue": decimal, **counts}},
        "DOUBLE": {"DoubleColumnStatisticsData": {"MinimumValue": -0.5, "MaximumValue": 1e9, **counts}},
        "STRING": {"StringColumnStatisticsData": {"MaximumLength": 3, "AverageLength": 2.5, **counts}},
        "BOOLEAN": {"BooleanColumnStatisticsData": {"NumberOfTrues": 1, "NumberOfFalses": 2, "NumberOfNulls": 0}},
    }
    named = {"DatabaseName": "analysed", "TableName": "typed"}
    columns = [{"Name": kind.lower(), "Type": "string"} for kind in kinds]
    glue.create_table(DatabaseName="analysed", TableInput={"Name": "typed", "StorageDescriptor": {"Columns": columns}})
    given = [{**longs(kind.lower(), 0, 0), "StatisticsData": {"Type": kind, **data}} for kind, data in kinds.items()]
    glue.update_column_statistics_for_table(**named, ColumnStatisticsList=given)
    told = glue.get_column_statistics_for_table(**named, ColumnNames=[kind.lower() for kind in kinds])
    assert told["ColumnStatisticsList"] == given


def test_what_is_not_there_has_no_statistics(glue: Any) -> None:
    named = {"DatabaseName": "analysed", "TableName": "flights"}
    answer = glue.update_column_statistics_for_table(**named, ColumnStatisticsList=[longs("other", 0, 1)])
    assert [each["ColumnStatistics"]["ColumnName"] for each in answer["Errors"]] == ["other"]
    for missing in ({**named, "TableName": "nowhere"}, {**named, "DatabaseName": "nowhere"}):
        with pytest.raises(glue.exceptions.EntityNotFoundException):
            glue.get_column_statistics_for_table(**missing, ColumnNames=["n"])
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_column_statistics_for_partition(**named, PartitionValues=["1999-01-01"], ColumnNames=["n"])


def test_a_database_tells_of_functions(glue: Any) -> None:
    given = {
        "FunctionName": "Delay",
        "ClassName": "org.example.Delay",
        "OwnerName": "ops",
        "OwnerType": "USER",
        "FunctionType": "REGULAR_FUNCTION",
        "ResourceUris": [{"ResourceType": "JAR", "Uri": "s3://code/delay.jar"}],
    }
    glue.create_user_defined_function(DatabaseName="analysed", FunctionInput=given)
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_user_defined_function(DatabaseName="analysed", FunctionInput=given)
    told = glue.get_user_defined_function(DatabaseName="analysed", FunctionName="DELAY")["UserDefinedFunction"]
    assert {name: told[name] for name in given} == {**given, "FunctionName": "delay"}
    assert (told["DatabaseName"], told["CatalogId"]) == ("analysed", "123456789012")
    glue.update_user_defined_function(
        DatabaseName="analysed", FunctionName="delay", FunctionInput={**given, "ClassName": "org.example.Later"}
    )
    found = glue.get_user_defined_functions(DatabaseName="analysed", Pattern="de*|x")["UserDefinedFunctions"]
    assert [each["ClassName"] for each in found] == ["org.example.Later"]
    assert glue.get_user_defined_functions(DatabaseName="analysed", Pattern="x*")["UserDefinedFunctions"] == []
    glue.delete_user_defined_function(DatabaseName="analysed", FunctionName="delay")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_user_defined_function(DatabaseName="analysed", FunctionName="delay")


def test_both_survive_a_crash(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    glue = lab.client("glue")
    glue.create_database(DatabaseInput={"Name": "kept"})
    glue.create_table(DatabaseName="kept", TableInput=table("flights"))
    glue.create_partition(DatabaseName="kept", TableName="flights", PartitionInput=partition("2013-01-01"))
    of_partition = {"DatabaseName": "kept", "TableName": "flights", "PartitionValues": ["2013-01-01"]}
    glue.update_column_statistics_for_partition(**of_partition, ColumnStatisticsList=[longs("n", 0, 10)])
    function = {"FunctionName": "f", "ClassName": "C"}
    glue.create_user_defined_function(DatabaseName="kept", FunctionInput=function)
    lab.kill()
    lab.start()
    glue = lab.client("glue")
    told = glue.get_column_statistics_for_partition(**of_partition, ColumnNames=["n"])
    assert told["ColumnStatisticsList"] == [longs("n", 0, 10)]
    assert glue.get_user_defined_function(DatabaseName="kept", FunctionName="f")
