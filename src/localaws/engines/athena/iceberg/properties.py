"""The table properties that Athena takes for an Iceberg table, and what Iceberg's metadata calls them.

Source: "Create Iceberg tables", "Supported table properties" (querying-iceberg-creating-tables.html).
"""

from __future__ import annotations

from collections.abc import Mapping

from localaws.lake.errors import QueryFailure, not_supported

FORMAT, CODEC = "write.format.default", "write.parquet.compression-codec"
#: Athena's compressions of Parquet → Iceberg's.
_CODECS = {"ZSTD": "zstd", "GZIP": "gzip", "SNAPPY": "snappy", "LZ4": "lz4", "NONE": "uncompressed"}
#: Properties whose values are whole numbers, kept as they are: OPTIMIZE and VACUUM go by them.
_NUMBERS = {
    "optimize_rewrite_min_data_file_size_bytes",
    "optimize_rewrite_max_data_file_size_bytes",
    "optimize_rewrite_data_file_threshold",
    "optimize_rewrite_delete_file_threshold",
    "vacuum_min_snapshots_to_keep",
    "vacuum_max_snapshot_age_seconds",
    "vacuum_max_metadata_files_to_keep",
}
#: "write_target_data_file_size_bytes" is Iceberg's own property.
_FILE_SIZE, FILE_SIZE = "write_target_data_file_size_bytes", "write.target-file-size-bytes"


#: Every property that Athena takes.
KNOWN = _NUMBERS | {
    _FILE_SIZE, "table_type", "format", "write_compression", "compression_level", "write_data_path_enabled"
}  # fmt: skip


def to_iceberg(given: Mapping[str, str]) -> dict[str, str]:
    """Properties as Athena's statements give them → as the table's metadata keeps them.

    Raises QueryFailure for a property that Athena does not take, and for a value that it cannot be.
    """
    found = {}
    for key, value in given.items():
        match key.lower():
            case "table_type":
                continue
            case "format":
                found[FORMAT] = _format(value)
            case "write_compression":
                if value.upper() not in _CODECS:
                    raise QueryFailure("", f"Unsupported compression codec {value} for write_compression")
                found[CODEC] = _CODECS[value.upper()]
            case "compression_level":
                found["write.parquet.compression-level"] = _number(key, value)
            case "write_data_path_enabled":
                continue  # it only says how the place of the data is spelled in the metadata
            case key_ if key_ == _FILE_SIZE:
                found[FILE_SIZE] = _number(key, value)
            case number if number in _NUMBERS:
                found[number] = _number(key, value)
            case _:
                raise QueryFailure("", f"Unsupported table property key: {key}")
    return found


def to_athena(kept: Mapping[str, str]) -> dict[str, str]:
    """What SHOW CREATE TABLE and SHOW TBLPROPERTIES tell of the properties that a table's metadata keeps."""
    codecs = {iceberg: athena for athena, iceberg in _CODECS.items()}
    found = {"table_type": "iceberg", "format": kept.get(FORMAT, "parquet")}
    found["write_compression"] = codecs.get(kept.get(CODEC, "zstd").lower(), "ZSTD")
    if FILE_SIZE in kept:
        found[_FILE_SIZE] = kept[FILE_SIZE]
    return found | {key: value for key, value in kept.items() if key in _NUMBERS}


def _format(value: str) -> str:
    match value.lower():
        case "parquet":
            return "parquet"
        case "orc" | "avro":
            raise not_supported(f"Iceberg tables of {value.upper()} files")
    raise QueryFailure("", f"Unsupported file format {value} for table type ICEBERG")


def _number(key: str, value: str) -> str:
    if not value.isdigit():
        raise QueryFailure("", f"Invalid value for table property {key}: {value}")
    return value
