"""What a stream is told to do with its data, checked as AWS checks it before a stream is made or changed."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moto.firehose.exceptions import InvalidArgumentException, ValidationException

from localaws.engines.firehose.compression import EXTENSIONS
from localaws.engines.firehose.extraction import check
from localaws.engines.firehose.prefix import expressions
from localaws.engines.firehose.values import hive_timestamp
from localaws.hive.javadates import format_time

MIB = 1 << 20
_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+")
_BUCKET = re.compile(r"arn:[\w-]+:s3:::[\w.-]{1,255}")
_EXTENSION = re.compile(r"^$|\.[0-9a-z!\-_.*'()]+")


@dataclass(frozen=True)
class Destination:
    """An S3 destination. ``size`` is in bytes, ``interval`` in seconds; ``conversion`` is AWS's structure."""

    role_arn: str
    bucket: str
    prefix: str = ""
    error_prefix: str = ""
    size: int = 5 * MIB
    interval: float = 300
    compression: str = "UNCOMPRESSED"
    kms_key: str = ""
    extension: str = ""
    zone: tzinfo = UTC
    log_stream: tuple[str, str] | None = None
    deaggregation: str = ""  # JSON, or DELIMITED
    deaggregation_delimiter: bytes = b""
    partition_query: str | None = None  # a jq program
    append_delimiter: bytes = b""
    conversion: dict[str, Any] | None = None
    backup: Destination | None = None


def with_defaults(config: dict[str, Any]) -> dict[str, Any]:
    """*config* (ExtendedS3DestinationConfiguration) with what AWS fills in and DescribeDeliveryStream shows."""
    columnar = _enabled(config, "DataFormatConversionConfiguration")
    large = columnar or _enabled(config, "DynamicPartitioningConfiguration")
    return {
        "BufferingHints": {"SizeInMBs": 128 if large else 5, "IntervalInSeconds": 300},
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
        "ProcessingConfiguration": {"Enabled": False, "Processors": []},
        "S3BackupMode": "Disabled",
        **config,
    }


def parse(config: dict[str, Any]) -> Destination:
    """The destination that *config* describes: ExtendedS3DestinationConfiguration, or the same as it is described.

    Raises InvalidArgumentException where AWS does, and where it asks for what this lab does not do, and
    ValidationException for a value that is out of its shape (API reference, ExtendedS3DestinationConfiguration).
    """
    columnar = _enabled(config, "DataFormatConversionConfiguration")
    partitioned = _enabled(config, "DynamicPartitioningConfiguration")
    logging = config.get("CloudWatchLoggingOptions") or {}
    settings: dict[str, Any] = {
        **_basics(config, columnar, partitioned),
        **_processing(config, partitioned),
        "log_stream": (logging["LogGroupName"], logging["LogStreamName"]) if logging.get("Enabled") else None,
    }
    if columnar:
        _check_conversion(config)
        settings["conversion"] = config["DataFormatConversionConfiguration"]
    if config.get("S3BackupMode") == "Enabled":
        backup = config.get("S3BackupConfiguration") or config.get("S3BackupDescription")
        if not backup:
            raise InvalidArgumentException("S3BackupConfiguration must be given when S3BackupMode is Enabled.")
        settings["backup"] = Destination(**_basics(backup, columnar=False, partitioned=False))
    return Destination(**settings)


def _enabled(config: dict[str, Any], feature: str) -> bool:
    """A feature is on when its structure is there and does not say Enabled=false."""
    return feature in config and bool((config[feature] or {}).get("Enabled", True))


def _basics(config: dict[str, Any], columnar: bool, partitioned: bool) -> dict[str, Any]:
    """What any S3 destination has, the backup's included."""
    for name, pattern in (("RoleARN", _ROLE), ("BucketARN", _BUCKET)):
        _match(name, config.get(name, ""), pattern)
    size, interval = _buffering(config, columnar, partitioned)
    compression = config.get("CompressionFormat", "UNCOMPRESSED")
    if compression not in EXTENSIONS:
        _refuse("compressionFormat", compression, f"Member must satisfy enum value set: {list(EXTENSIONS)}")
    extension = config.get("FileExtension") or ""
    _match("FileExtension", extension, _EXTENSION)
    try:
        zone = ZoneInfo(config.get("CustomTimeZone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidArgumentException(f"CustomTimeZone {config['CustomTimeZone']!r} is not a time zone.") from None
    prefix, error_prefix = config.get("Prefix") or "", config.get("ErrorOutputPrefix") or ""
    _check_prefixes(prefix, error_prefix, partitioned)
    return {
        "role_arn": config["RoleARN"],
        "bucket": config["BucketARN"].split(":::")[1],
        "prefix": prefix,
        "error_prefix": error_prefix,
        "size": size * MIB,
        "interval": interval,
        "compression": compression,
        "kms_key": (config.get("EncryptionConfiguration") or {}).get("KMSEncryptionConfig", {}).get("AWSKMSKeyARN", ""),
        "extension": extension,
        "zone": zone,
    }


def _buffering(config: dict[str, Any], columnar: bool, partitioned: bool) -> tuple[int, int]:
    """Size in MiB and interval in seconds ("Configure buffering hints", API reference BufferingHints)."""
    hints = config.get("BufferingHints") or with_defaults(config)["BufferingHints"]
    if set(hints) != {"SizeInMBs", "IntervalInSeconds"}:
        raise InvalidArgumentException("BufferingHints needs both SizeInMBs and IntervalInSeconds.")
    size, interval = hints["SizeInMBs"], hints["IntervalInSeconds"]
    if not 1 <= size <= 128:
        _refuse("bufferingHints.sizeInMBs", size, "Member must be between 1 and 128")
    if not 0 <= interval <= 900:
        _refuse("bufferingHints.intervalInSeconds", interval, "Member must be between 0 and 900")
    if columnar and size < 64:
        raise InvalidArgumentException(
            "BufferingHints.SizeInMBs must be at least 64 when data format conversion is enabled."
        )
    if partitioned and size < 64:
        raise InvalidArgumentException(
            "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled."
        )
    if partitioned and interval == 0:  # "Zero buffering feature is not available for dynamic partitioning."
        raise InvalidArgumentException("BufferingHints.IntervalInSeconds cannot be 0 with Dynamic Partitioning.")
    return size, interval


def _check_prefixes(prefix: str, error_prefix: str, partitioned: bool) -> None:
    """The semantic rules of "Understand custom prefixes for Amazon S3 objects"."""
    try:
        in_prefix, in_error_prefix = expressions(prefix), expressions(error_prefix)
        for namespace, value in in_prefix + in_error_prefix:
            if namespace == "timestamp":
                format_time(value, datetime(2013, 1, 1, tzinfo=UTC))
    except ValueError as error:
        raise InvalidArgumentException(f"Invalid prefix: {error}.") from None
    error_type = ("firehose", "error-output-type")
    for namespace, value in in_prefix + in_error_prefix:
        if namespace == "firehose" and value not in ("error-output-type", "random-string"):
            raise InvalidArgumentException(f"!{{firehose:{value}}} is not a valid expression.")
    if in_prefix and not error_prefix:
        raise InvalidArgumentException("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions")
    if error_type in in_prefix:
        raise InvalidArgumentException("Prefix cannot contain !{firehose:error-output-type}.")
    if in_error_prefix and error_type not in in_error_prefix:
        raise InvalidArgumentException(
            "ErrorOutputPrefix with expressions must contain at least one !{firehose:error-output-type}."
        )
    by_key = [namespace for namespace, _ in in_prefix if namespace.startswith("partitionKey")]
    if by_key and not partitioned:
        raise InvalidArgumentException(
            "Dynamic Partitioning Namespaces can only be part of a prefix expression "
            "when Dynamic Partitioning is enabled."
        )
    if partitioned and not by_key:
        raise InvalidArgumentException(
            "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled"
        )
    if "partitionKeyFromLambda" in by_key:
        raise InvalidArgumentException(
            "This lab's Firehose runs no Lambda processors, so partitionKeyFromLambda has no value."
        )


def _processing(config: dict[str, Any], partitioned: bool) -> dict[str, Any]:
    """The processors ("Enable dynamic partitioning", API reference Processor)."""
    settings: dict[str, Any] = {}
    processing = config.get("ProcessingConfiguration") or {}
    processors = processing.get("Processors") or [] if processing.get("Enabled") else []
    for processor in processors:
        parameters = {item["ParameterName"]: item["ParameterValue"] for item in processor.get("Parameters") or []}
        match processor["Type"]:
            case "RecordDeAggregation":
                settings["deaggregation"] = parameters.get("SubRecordType", "")
                if settings["deaggregation"] not in ("JSON", "DELIMITED"):
                    raise InvalidArgumentException("RecordDeAggregation needs SubRecordType JSON or DELIMITED.")
                settings["deaggregation_delimiter"] = _delimiter(parameters) if len(parameters) > 1 else b""
                if settings["deaggregation"] == "DELIMITED" and not settings["deaggregation_delimiter"]:
                    raise InvalidArgumentException("SubRecordType DELIMITED needs a base64-encoded Delimiter.")
            case "MetadataExtraction":
                if not partitioned:
                    raise InvalidArgumentException(
                        "MetadataExtractionProcessor can only be present when Dynamic Partitioning is enabled."
                    )
                settings["partition_query"] = _query(parameters)
            case "AppendDelimiterToRecord":
                text = parameters.get("Delimiter", "\\n")
                settings["append_delimiter"] = text.replace("\\n", "\n").replace("\\t", "\t").encode()
            case other:
                raise InvalidArgumentException(
                    f"This lab's Firehose has no {other} processor: it would have to pretend. It runs "
                    "RecordDeAggregation, MetadataExtraction and AppendDelimiterToRecord."
                )
    if partitioned and "partition_query" not in settings:
        raise InvalidArgumentException("Dynamic Partitioning with partitionKeyFromQuery needs MetadataExtraction.")
    return settings


def _delimiter(parameters: dict[str, str]) -> bytes:
    try:
        return base64.b64decode(parameters["Delimiter"], validate=True)
    except (KeyError, binascii.Error):
        raise InvalidArgumentException("The Delimiter of RecordDeAggregation must be base64-encoded.") from None


def _query(parameters: dict[str, str]) -> str:
    if parameters.get("JsonParsingEngine") != "JQ-1.6":
        raise InvalidArgumentException("MetadataExtraction needs JsonParsingEngine JQ-1.6.")
    query = parameters.get("MetadataExtractionQuery", "")
    try:
        check(query)
    except ValueError as error:
        raise InvalidArgumentException(f"MetadataExtractionQuery is not valid jq: {error}") from None
    return query


def _check_conversion(config: dict[str, Any]) -> None:
    """What "Convert input data format" demands of its destination."""
    conversion = config["DataFormatConversionConfiguration"]
    if config.get("CompressionFormat", "UNCOMPRESSED") != "UNCOMPRESSED":
        raise InvalidArgumentException(
            "CompressionFormat must be UNCOMPRESSED when data format conversion is enabled: "
            "Parquet and ORC compress inside the file, as OutputFormatConfiguration says."
        )
    schema = conversion.get("SchemaConfiguration") or {}
    for name in ("RoleARN", "DatabaseName", "TableName"):
        if not schema.get(name):
            raise InvalidArgumentException(f"SchemaConfiguration.{name} is needed for data format conversion.")
    _match("SchemaConfiguration.RoleARN", schema["RoleARN"], _ROLE)
    deserializer = (conversion.get("InputFormatConfiguration") or {}).get("Deserializer") or {}
    serializer = (conversion.get("OutputFormatConfiguration") or {}).get("Serializer") or {}
    if len(_known(deserializer, ("OpenXJsonSerDe", "HiveJsonSerDe"))) != 1:
        raise InvalidArgumentException("Exactly one Deserializer is needed: OpenXJsonSerDe or HiveJsonSerDe.")
    try:
        hive_timestamp((deserializer.get("HiveJsonSerDe") or {}).get("TimestampFormats") or [])
    except ValueError as error:
        raise InvalidArgumentException(f"TimestampFormats: {error}") from None
    if len(_known(serializer, ("ParquetSerDe", "OrcSerDe"))) != 1:
        raise InvalidArgumentException("Exactly one Serializer is needed: ParquetSerDe or OrcSerDe.")


def _known(structure: dict[str, Any], names: Iterable[str]) -> list[str]:
    return [name for name in names if structure.get(name) is not None]


def _match(name: str, value: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(value):
        _refuse(name, value, f"Member must satisfy regular expression pattern: {pattern.pattern}")


def _refuse(name: str, value: Any, constraint: str) -> None:
    raise ValidationException(
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
    )
