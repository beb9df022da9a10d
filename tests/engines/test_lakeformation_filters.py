"""Data cells filters: what an expression may say, and what becomes of several grants.

Sources: "PartiQL support in row filter expressions", "Data filters in Lake Formation" (Lake Formation developer guide);
API reference, CreateDataCellsFilter.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import pytest

from tests.conftest import RunningLab
from tests.engines.lake_tools import Lake, be_administrator, refused

ROWS = "UA,5,N1,true\nAA,-3,N2,false\nUA,40,,true\nO'Hare,7,x_y,false\n"


@pytest.fixture(scope="module")
def lake(lab: RunningLab) -> Lake:
    be_administrator(lab)
    made = Lake(lab, "filtered")
    made.table("flights", ROWS, carrier="string", delay="int", tail="string", late="boolean")
    made.athena(
        f"CREATE EXTERNAL TABLE parted (delay int) PARTITIONED BY (month int) LOCATION 's3://{made.bucket}/parted/'"
    )
    for month in (1, 2, 3):
        made.athena.put(f"parted/month={month}/1.csv", f"{month}0\n")
    made.athena("MSCK REPAIR TABLE parted")
    return made


@pytest.mark.parametrize(
    ("rows", "delays"),
    [
        ("carrier = 'UA'", ["5", "40"]),
        ("carrier <> 'UA' AND delay > 0", ["7"]),
        ("delay BETWEEN 5 AND 7", ["5", "7"]),
        ("carrier IN ('AA', 'O''Hare')", ["-3", "7"]),
        ("tail LIKE 'N%'", ["5", "-3"]),
        ("NOT (tail LIKE 'N%')", ["40", "7"]),
        ("late", ["5", "40"]),
        ("late = false OR delay >= 40", ["-3", "40", "7"]),
        ("delay = -3", ["-3"]),
        ("10 < delay", ["40"]),
        ("true", ["5", "-3", "40", "7"]),
    ],
)
def test_an_expression_says_which_rows(lake: Lake, rows: str, delays: list[str]) -> None:
    number = crc32(rows.encode())
    role = lake.as_role(f"r{number}")
    lake.grant(role, lake.filter("flights", f"f{number}", rows), "SELECT")
    assert [row[0] for row in lake.queries(role)("SELECT delay FROM flights").rows] == delays


@pytest.mark.parametrize(
    "rows",
    [
        "upper(carrier) = 'UA'",
        "carrier = tail",
        "delay + 1 > 2",
        "carrier IN (SELECT carrier FROM other)",
        "EXISTS (SELECT 1)",
        "carrier = 'UA' UNION SELECT 1",
        "carrier = 'UA' GROUP BY 1",
        "carrier = 'UA') OR (1 = 1",
        "1 = 1; DROP TABLE flights",
        "gate = 'A'",
        "carrier =",
        "1 = 1",
        "(SELECT true)",
        "carrier = (SELECT 'UA')",
        "carrier LIKE upper('ua')",
        "'UA'",
        "current_user = 'x'",
        "(" * 900 + "late" + ")" * 900,
    ],
)
def test_what_is_no_such_expression_is_refused(lake: Lake, rows: str) -> None:
    assert refused(lambda: lake.filter("flights", "bad", rows))[0] == "InvalidInputException"


def test_partition_keys_filter_rows_but_not_by_null(lake: Lake) -> None:
    role = lake.as_role("keys")
    lake.grant(role, lake.filter("parted", "two", "month >= 2"), "SELECT")
    athena = lake.queries(role)
    assert sorted(athena("SELECT delay FROM parted").rows) == [("20",), ("30",)]
    assert athena("SELECT delay FROM parted WHERE month = 3").rows == [("30",)]
    assert athena("SELECT delay FROM parted WHERE month = 1").rows == []
    assert refused(lambda: lake.filter("parted", "null", "month IS NULL"))[0] == "InvalidInputException"


def test_fields_of_a_struct_filter_rows(lake: Lake) -> None:
    """ "The struct data type is supported"."""
    lake.athena.put("nested/1.json", '{"who": {"country": "US"}, "n": 1}\n{"who": {"country": "UK"}, "n": 2}\n')
    lake.athena(
        "CREATE EXTERNAL TABLE nested (who struct<country:string>, n int) "
        f"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{lake.bucket}/nested/'"
    )
    role = lake.as_role("nested")
    lake.grant(role, lake.filter("nested", "britons", "who.country = 'UK'", "n"), "SELECT")
    assert lake.queries(role)("SELECT * FROM nested").rows == [("2",)]


def test_several_grants_are_a_union(lake: Lake) -> None:
    role = lake.as_role("union")
    lake.grant(role, lake.filter("flights", "american", "carrier = 'AA'", "carrier", "delay"), "SELECT")
    lake.grant(role, lake.filter("flights", "late_ones", "delay >= 40", "delay", "tail"), "SELECT")
    athena = lake.queries(role)
    answer = athena("SELECT * FROM flights ORDER BY delay")
    assert answer.columns == ["carrier", "delay", "tail"]
    assert answer.rows == [("AA", "-3", None), (None, "40", "")]
    lake.grant(role, lake.of("flights"), "SELECT")
    assert len(athena("SELECT * FROM flights").rows) == 4


def test_a_filter_that_is_deleted_grants_nothing(lake: Lake) -> None:
    role = lake.as_role("deleted")
    place = lake.filter("flights", "short_lived", "carrier = 'UA'")["DataCellsFilter"]
    lake.grant(role, {"DataCellsFilter": place}, "SELECT")
    lake.lake.delete_data_cells_filter(**place)
    assert "Insufficient Lake Formation" in lake.queries(role).fails("SELECT * FROM flights")
    lake.filter("flights", "short_lived", "carrier = 'AA'")  # the grant was of the other one
    assert "Insufficient Lake Formation" in lake.queries(role).fails("SELECT * FROM flights")


def test_filters_are_told_and_changed_by_version(lake: Lake) -> None:
    place = lake.filter("flights", "changing", "carrier = 'UA'", "carrier")["DataCellsFilter"]
    told: dict[str, Any] = lake.lake.get_data_cells_filter(**place)["DataCellsFilter"]
    assert (told["RowFilter"], told["ColumnNames"]) == ({"FilterExpression": "carrier = 'UA'"}, ["carrier"])
    changed = {**place, "RowFilter": {"AllRowsWildcard": {}}, "ColumnWildcard": {"ExcludedColumnNames": ["tail"]}}
    lake.lake.update_data_cells_filter(TableData={**changed, "VersionId": told["VersionId"]})
    code, _ = refused(lambda: lake.lake.update_data_cells_filter(TableData={**changed, "VersionId": told["VersionId"]}))
    assert code == "ConcurrentModificationException"
    listed = lake.lake.list_data_cells_filter(Table={k: place[v] for k, v in (
        ("CatalogId", "TableCatalogId"), ("DatabaseName", "DatabaseName"), ("Name", "TableName"))})  # fmt: skip
    found = {each["Name"]: each for each in listed["DataCellsFilters"]}["changing"]
    assert found["ColumnWildcard"] == {"ExcludedColumnNames": ["tail"]}
    assert refused(lambda: lake.filter("flights", "changing", "true"))[0] == "AlreadyExistsException"


def test_a_filter_names_columns_that_there_are(lake: Lake) -> None:
    code, message = refused(lambda: lake.filter("flights", "unknown", "true", "gate"))
    assert (code, message) == ("InvalidInputException", "Column(s) gate not found in the table.")
