"""Athena under attack: names that are paths, patterns that do not end, sizes that take all memory.

Sources: "Use partition projection with Amazon Athena", "Regex SerDe", Trino's functions.
"""

from __future__ import annotations

import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena


@pytest.fixture(scope="module")
def athena(lab: RunningLab) -> Athena:
    return Athena(lab, "athena-bounded", "bounded")


@pytest.mark.parametrize(
    "number, key", list(enumerate(["../../../escaped", "ABSOLUTE/escaped", "a=b/../../../escaped", "..", "k%2fx"]))
)
def test_a_partition_key_is_no_path(athena: Athena, number: int, key: str) -> None:
    """Glue takes any name for a column (CreateTable); it is data, and makes no folder outside of the lab's own."""
    key = key.replace("ABSOLUTE", str(athena.lab.directory))
    glue, place = athena.lab.client("glue"), f"s3://{athena.bucket}/keys{number}/"
    storage = {
        "Columns": [{"Name": "v", "Type": "int"}],
        "Location": place,
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"},
    }
    name = f"keys{number}"
    glue.create_table(
        DatabaseName=athena.database,
        TableInput={"Name": name, "StorageDescriptor": storage, "PartitionKeys": [{"Name": key, "Type": "string"}]},
    )
    glue.create_partition(
        DatabaseName=athena.database,
        TableName=name,
        PartitionInput={"Values": ["../../x"], "StorageDescriptor": {**storage, "Location": f"{place}p/"}},
    )
    athena.put(f"keys{number}/p/data", "1\n")
    before = {path for path in athena.lab.directory.rglob("*") if "escaped" in path.name}
    assert athena(f'SELECT v, "{key}" FROM {name}').rows == [("1", "../../x")]
    assert {path for path in athena.lab.directory.rglob("*") if "escaped" in path.name} == before == set()
    assert not (athena.lab.directory.parent / "escaped").exists()
