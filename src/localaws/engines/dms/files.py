"""What a target endpoint's S3Settings say: names of files, columns, how a value is written.

Source: DMS user guide, "Using Amazon S3 as a target" (CHAP_Target.S3); API reference, S3Settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from localaws.engines.dms.mappings import OutColumn, Target
from localaws.engines.dms.source import CsvFormat
from localaws.gateway.errors import AwsError

_SEQUENCES = {"YYYYMMDD": "%Y %m %d", "YYYYMMDDHH": "%Y %m %d %H", "YYYYMM": "%Y %m", "MMYYYYDD": "%m %Y %d"}
_SEQUENCES |= {"DDMMYYYY": "%d %m %Y"}
_DELIMITERS = {"SLASH": "/", "UNDERSCORE": "_", "DASH": "-", "NONE": ""}
#: Settings whose work this lab does not do; better refused than ignored.
_NOT_DONE = (
    "PreserveTransactions",
    "CdcPath",
    "GlueCatalogGeneration",
    "AddTrailingPaddingCharacter",
    "UseCsvNoSupValue",
)


@dataclass(frozen=True)
class S3Settings:
    """A target endpoint's S3Settings, checked, with AWS's defaults."""

    bucket: str
    folder: str
    role_arn: str
    parquet: bool
    gzip: bool
    form: CsvFormat
    header: bool
    op_in_full_load: bool
    inserts_only: bool
    no_deletes: bool
    timestamp_column: str
    milliseconds: bool
    most_bytes: int  # of a full load's file
    interval: float  # seconds
    enough_bytes: int  # of changes
    partition: str  # strftime's form of the date folder, or nothing
    zone: ZoneInfo

    @property
    def extension(self) -> str:
        if self.parquet:
            return ".parquet"
        return ".csv.gz" if self.gzip else ".csv"

    @property
    def op_in_changes(self) -> bool:
        """Whether changes begin with I, U or D ("Indicating source DB operations in migrated S3 data")."""
        return self.op_in_full_load if self.inserts_only or self.no_deletes else True

    def folder_of(self, target: Target) -> str:
        return "/".join(part for part in (self.folder, target.schema, target.table) if part) + "/"

    def load_key(self, target: Target, number: int) -> str:
        """The *number*-th file of a full load: an eight-digit hexadecimal counter from 1."""
        return f"{self.folder_of(target)}LOAD{number:08X}{self.extension}"

    def change_key(self, target: Target, committed: datetime, stamp: datetime, part: int) -> str:
        """A file of changes, named by the time it was begun, in the folder of the day they were *committed*."""
        folder = self.folder_of(target)
        if self.partition:
            folder += committed.astimezone(self.zone).strftime(self.partition) + "/"
        local = stamp.astimezone(self.zone)
        ticks = min(local.microsecond // 100 + part, 9999)
        return f"{folder}{local:%Y%m%d-%H%M%S}{ticks:04d}{self.extension}"


def parse_settings(settings: Mapping[str, Any]) -> S3Settings:
    """Raises InvalidParameterValueException for S3Settings that AWS, or this lab, does not take."""

    def yes(name: str, default: bool = False) -> bool:
        return str(settings.get(name, default)).lower() in ("true", "y")

    for needed in ("BucketName", "ServiceAccessRoleArn"):
        if not settings.get(needed):
            raise _invalid(f"{needed} is needed.")
    for name in _NOT_DONE:
        if settings.get(name):
            raise _invalid(f"this lab does not do {name}.")
    data_format = str(settings.get("DataFormat", "csv")).lower()
    if data_format not in ("csv", "parquet"):
        raise _invalid(f"DataFormat is csv or parquet, not {data_format}.")
    compression = str(settings.get("CompressionType", "none")).lower()
    if compression not in ("none", "gzip"):
        raise _invalid(f"CompressionType is NONE or GZIP, not {compression}.")
    delimiter = settings.get("CsvDelimiter", ",")
    if len(delimiter) != 1 or delimiter in '"\r\n\\' or settings.get("CsvRowDelimiter", "\n") not in ("\n", "\\n"):
        raise _invalid("this lab separates columns by one character and rows by \\n.")
    if not yes("Rfc4180", True):
        raise _invalid("this lab always quotes as RFC 4180 says.")
    if yes("CdcInsertsOnly") and yes("CdcInsertsAndUpdates"):
        raise _invalid("CdcInsertsOnly and CdcInsertsAndUpdates can't both be set.")
    most = int(settings.get("MaxFileSize", 1_048_576))
    if not 1 <= most <= 1_048_576:
        raise _invalid(f"MaxFileSize is 1 to 1,048,576 KB, not {most}.")
    is_parquet = data_format == "parquet"
    return S3Settings(
        bucket=settings["BucketName"],
        folder=str(settings.get("BucketFolder") or "").strip("/"),
        role_arn=settings["ServiceAccessRoleArn"],
        parquet=is_parquet,
        gzip=compression == "gzip",
        form=CsvFormat(",", "") if is_parquet else CsvFormat(delimiter, settings.get("CsvNullValue", "NULL")),
        header=yes("AddColumnName"),
        op_in_full_load=yes("IncludeOpForFullLoad"),
        inserts_only=yes("CdcInsertsOnly"),
        no_deletes=yes("CdcInsertsAndUpdates"),
        timestamp_column=str(settings.get("TimestampColumnName") or "").strip(),
        milliseconds=yes("ParquetTimestampInMillisecond"),
        most_bytes=most * 1024,
        interval=float(settings.get("CdcMaxBatchInterval", 60)),
        enough_bytes=int(settings.get("CdcMinFileSize", 32_000)) * 1024,
        partition=_partition(settings) if yes("DatePartitionEnabled") else "",
        zone=_zone(settings.get("DatePartitionTimezone") or "UTC"),
    )


def _partition(settings: Mapping[str, Any]) -> str:
    sequence = str(settings.get("DatePartitionSequence", "YYYYMMDD")).upper()
    delimiter = str(settings.get("DatePartitionDelimiter", "SLASH")).upper()
    if sequence not in _SEQUENCES or delimiter not in _DELIMITERS:
        raise _invalid(f"there is no date partition {sequence} with {delimiter}.")
    return _SEQUENCES[sequence].replace(" ", _DELIMITERS[delimiter])


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise _invalid(f"there is no time zone {name}.") from None


def _invalid(reason: str) -> AwsError:
    return AwsError("InvalidParameterValueException", f"Invalid S3Settings: {reason}")


# Rows of changes


def csv_row(values: Sequence[str | None], form: CsvFormat) -> bytes:
    """One row, quoted as PostgreSQL's COPY quotes: a text that looks like NULL is told from NULL by its quotes."""
    special = _special(form.delimiter)
    cells = []
    for value in values:
        if value is None:
            cells.append(form.null)
        elif value == form.null or special.search(value):
            cells.append('"' + value.replace('"', '""') + '"')
        else:
            cells.append(value)
    return (form.delimiter.join(cells) + "\n").encode()


@cache
def _special(delimiter: str) -> re.Pattern[str]:
    """What a text has that needs quotes."""
    return re.compile(f'["\r\n{re.escape(delimiter)}]')


def rewriting(column: OutColumn) -> Callable[[str], str] | None:
    """What makes a changed value's text that of a full load (see `source._expression`); None if it is that already."""
    source = column.source
    if source is None:
        return None
    if source.kind.startswith("timestamp"):
        return _microseconds
    if source.kind == "bytea":
        return lambda value: value.removeprefix("\\x")
    return None


def _microseconds(value: str) -> str:
    if not value[0].isdigit():
        return value  # there is also infinity
    moment = value.removesuffix(" BC")
    seconds, _, fraction = moment.removesuffix("+00").partition(".")
    return f"{seconds}.{fraction:0<6}{value[len(moment) :]}"


def arrow_type(column: OutColumn | None, settings: S3Settings) -> pa.DataType:
    """The Parquet type of a column ("Source data types for PostgreSQL"); what has none of its own is text."""
    source = column.source if column else None
    if source is None:
        return pa.string()
    simple = {"smallint": pa.int16(), "integer": pa.int32(), "bigint": pa.int64(), "real": pa.float32()}
    simple |= {"double precision": pa.float64(), "date": pa.date32()}
    if source.kind in simple:
        return simple[source.kind]
    if source.kind.startswith("timestamp"):
        return pa.timestamp("ms" if settings.milliseconds else "us")
    if source.kind == "numeric":
        precision, scale = (source.precision, source.scale or 0) if source.precision else (28, 6)
        precision = max(precision, scale)  # numeric(2,5) holds 0.00012: Parquet counts its zeros
        return pa.decimal128(precision, scale) if precision <= 38 and scale >= 0 else pa.string()
    return pa.string()
