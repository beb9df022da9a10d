"""How the catalog names each storage format: input format, output format, SerDe.

Source: "CREATE TABLE" and "Supported SerDe libraries" (athena/latest/ug/create-table.html).
"""

from __future__ import annotations

from typing import Any

_HADOOP, _IO = "org.apache.hadoop.mapred", "org.apache.hadoop.hive.ql.io"
_TEXT_OUT = f"{_IO}.HiveIgnoreKeyTextOutputFormat"
_TEXT_IN = f"{_HADOOP}.TextInputFormat"
LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPENX_JSON = "org.openx.data.jsonserde.JsonSerDe"

#: format → input format, output format, SerDe
FORMATS = {
    "TEXTFILE": (_TEXT_IN, _TEXT_OUT, LAZY_SIMPLE),
    "JSON": (_TEXT_IN, _TEXT_OUT, OPENX_JSON),
    "PARQUET": (
        f"{_IO}.parquet.MapredParquetInputFormat",
        f"{_IO}.parquet.MapredParquetOutputFormat",
        f"{_IO}.parquet.serde.ParquetHiveSerDe",
    ),
    "ORC": (f"{_IO}.orc.OrcInputFormat", f"{_IO}.orc.OrcOutputFormat", f"{_IO}.orc.OrcSerde"),
    # not written after STORED AS: CREATE TABLE names its input format
    "CloudTrail": (
        "com.amazon.emr.cloudtrail.CloudTrailInputFormat",
        _TEXT_OUT,
        "org.apache.hive.hcatalog.data.JsonSerDe",
    ),
    "AVRO": (
        f"{_IO}.avro.AvroContainerInputFormat",
        f"{_IO}.avro.AvroContainerOutputFormat",
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
    ),
}


def storage(
    format: str, columns: list[dict[str, str]], location: str, serde: str = "", parameters: dict[str, str] | None = None
) -> dict[str, Any]:
    """A Glue StorageDescriptor for a table of *format*; another *serde* than the format's own may read it."""
    reads, writes, usual = FORMATS[format]
    return {
        "Columns": columns,
        "Location": location,
        "InputFormat": reads,
        "OutputFormat": writes,
        "Compressed": False,
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": serde or usual, "Parameters": parameters or {}},
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": {},
        "StoredAsSubDirectories": False,
    }
