"""Keys of JSON records are compared with columns record by record, without regard to case.

Sources: "Hive JSON SerDe", "OpenX JSON SerDe" (athena/latest/ug/hive-json-serde.html, openx-json-serde.html), with the
properties case.insensitive, dots.in.keys and mapping, and its answer to `JSONException: Duplicate key`.
"""

from __future__ import annotations

import gzip
import json

import pytest

from tests.engines.athena_tools import Athena, athena_in

OPENX, HIVE = "org.openx.data.jsonserde.JsonSerDe", "org.apache.hive.hcatalog.data.JsonSerDe"

athena = athena_in("json-keys", "json_keys")


def table(athena: Athena, name: str, columns: str, serde: str = OPENX, properties: str = "", more: str = "") -> None:
    given = f"WITH SERDEPROPERTIES ({properties})" if properties else ""
    athena(f"CREATE EXTERNAL TABLE {name} ({columns}) {more} ROW FORMAT SERDE '{serde}' {given} "
           f"LOCATION 's3://{athena.bucket}/{name}/'")  # fmt: skip


@pytest.mark.parametrize("serde", [OPENX, HIVE])
def test_every_record_may_spell_its_keys_its_own_way(athena: Athena, serde: str) -> None:
    name = f"each_{serde.split('.')[1]}"
    table(athena, name, "userid int, who struct<firstname:string,age:int>, `at` array<struct<x:int>>", serde)
    athena.put(
        f"{name}/a.json",
        '{"UserId": 1, "Who": {"FirstName": "A", "age": 3}, "AT": [{"X": 1}, {"x": 2}]}\n'
        '{"userid": 2, "who": {"firstname": "B", "AGE": 4}, "At": [{"x": 3}]}\n'
        '{"USERID": 3, "WHO": {"FIRSTNAME": "C", "Age": 5}}\n',
    )
    assert athena(f"SELECT userid, who.firstname, who.age, \"at\"[1].x FROM {name} WHERE userid < 3").rows == [
        ("1", "A", "3", "1"), ("2", "B", "4", "3")]  # fmt: skip
    assert athena(f"SELECT userid, who FROM {name} WHERE userid = 3").rows == [("3", "{firstname=C, age=5}")]


def test_files_may_differ_packed_and_partitioned_too(athena: Athena) -> None:
    table(athena, "files", "userid bigint, price decimal(20,10)", more="PARTITIONED BY (day string)")
    athena.put("files/day=a/1.json", '{"userId": 1, "Price": 0.1000000001}\n')
    packed = b'{"USERID": 9007199254740993, "price": 123.0123456789}\n{"userId": 3}\n'
    athena.put("files/day=a/2.json.gz", gzip.compress(packed))
    athena.put("files/day=b/3.json", '{"userid": 4}\n')
    athena("MSCK REPAIR TABLE files")
    assert athena('SELECT userid, price, day, substr("$path", -6) FROM files ORDER BY userid').rows == [
        ("1", "0.1000000001", "a", "1.json"),
        ("3", None, "a", "son.gz"),
        ("4", None, "b", "3.json"),
        ("9007199254740993", "123.0123456789", "a", "son.gz"),
    ]


def test_key_that_comes_late_is_found(athena: Athena) -> None:
    table(athena, "late", "n int, errorcode string")
    lines = [json.dumps({"n": number}) for number in range(5000)] + ['{"n": 5000, "errorCode": "Late"}']
    athena.put("late/a.json", "\n".join(lines))
    assert athena("SELECT n, errorcode FROM late WHERE errorcode IS NOT NULL").rows == [("5000", "Late")]
    assert athena("SELECT count(*) FROM late").rows == [("5001",)]


def test_keys_of_maps_and_texts_stay_as_they_are(athena: Athena) -> None:
    table(athena, "kept", "id int, m map<string,string>, raw string")
    athena.put("kept/a.json", '{"ID": 1, "m": {"Id": "x", "iD": "y"}, "raw": {"ID": 1.5}}\n{"id": 2}\n')
    assert athena("SELECT id, m['Id'], m['iD'], raw FROM kept WHERE id = 1").rows == [("1", "x", "y", '{"ID":1.5}')]


def test_keys_that_differ_in_case_are_two_columns_by_mapping(athena: Athena) -> None:
    properties = "'case.insensitive' = 'false', 'mapping.url1' = 'URL', 'mapping.url2' = 'Url'"
    table(athena, "mapped", "url1 string, url2 string, n int", properties=properties)
    athena.put("mapped/a.json", '{"URL": "a", "Url": "b", "url": "c", "n": 1}\n{"Url": "d", "N": 2}\n')
    assert athena("SELECT url1, url2, n FROM mapped ORDER BY url2").rows == [("a", "b", "1"), (None, "d", None)]


@pytest.mark.parametrize("serde", [OPENX, HIVE])
def test_one_record_with_a_key_twice_ends_the_query(athena: Athena, serde: str) -> None:
    name = f"twice_{serde.split('.')[1]}"
    table(athena, name, "url string", serde)
    athena.put(f"{name}/a.json", '{"URL": "a", "Url": "b"}\n')
    reason = athena.fails(f"SELECT * FROM {name}")
    assert reason.startswith('HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: Duplicate key "url"')


def test_malformed_record_is_null_if_that_is_asked_for(athena: Athena) -> None:
    table(athena, "lenient", "url string, n int", properties="'ignore.malformed.json' = 'true'")
    athena.put("lenient/a.json", '{"URL": "a", "Url": "b", "n": 1}\nno json\n{"url": "c", "n": 2}\n')
    assert athena("SELECT url, n FROM lenient ORDER BY n").rows == [("c", "2"), (None, None), (None, None)]


def test_dots_in_keys(athena: Athena) -> None:
    table(athena, "dotted", "a_b int, c struct<d_e:int>", properties="'dots.in.keys' = 'true'")
    athena.put("dotted/a.json", '{"a.b": 1, "c": {"d.e": 2}}\n{"A.B": 3}\n{"a_b": 4}\n')
    assert athena("SELECT a_b, c.d_e FROM dotted ORDER BY a_b").rows == [("1", "2"), ("3", None), ("4", None)]


def test_error_tells_the_line_and_the_object(athena: Athena) -> None:
    table(athena, "broken", "userid int")
    athena.put("broken/a.json", '{"UserId": 1}\n{"userid": "x"}\n')
    assert f"line 2 of s3://{athena.bucket}/broken/a.json" in athena.fails("SELECT userid FROM broken")
