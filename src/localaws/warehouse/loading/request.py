"""What a COPY says.

Source: Redshift database developer guide, "COPY" with its pages of parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from localaws.warehouse.errors import SYNTAX, WRONG_VALUE, RedshiftError, not_done
from localaws.warehouse.loading.words import AUTHORIZATION, PACKED, Words, authorization, widths
from localaws.warehouse.sql.splitting import Statement

_FORMATS = ("CSV", "PARQUET", "ORC", "AVRO", "JSON", "FIXEDWIDTH")
#: Options that are only there or not.
_FLAGS = {
    "EMPTYASNULL", "BLANKSASNULL", "TRIMBLANKS", "TRUNCATECOLUMNS", "ROUNDEC", "FILLRECORD", "IGNOREBLANKLINES",
    "ESCAPE", "REMOVEQUOTES", "MANIFEST", "NOLOAD", "EXPLICIT_IDS", "ACCEPTANYDATE", "SERIALIZETOJSON",
}  # fmt: skip
#: Options for columnar formats ("Using COPY with columnar data formats").
_COLUMNAR = {"MANIFEST", "EXPLICIT_IDS", "FILLRECORD", "SERIALIZETOJSON"}


@dataclass
class Copy:
    """A COPY from S3.

    Attributes:
        table: its name, perhaps with schema and database before it.
        columns: those listed; [] for all.
        source: the prefix of the objects, or the object that is a manifest.
        rights: see `words.authorization`.
        paths: of JSON and Avro: "auto", "auto ignorecase", "noshred", or where the file of paths is in S3.
        packed: how objects are compressed: "gzip", "bz2", "zstd" or "".
        flags: the options that are only there or not.
        widths: of FIXEDWIDTH: how many characters each column has; a label that is no column's name only counts.
    """

    table: list[str]
    columns: list[str]
    source: str
    rights: dict[str, str] = field(default_factory=dict)
    format: str = "TEXT"
    paths: str = "auto"
    packed: str = ""
    flags: set[str] = field(default_factory=set)
    delimiter: str = ""
    quote: str = '"'
    null: str = "\\N"
    header: int = 0
    most_errors: int = 0
    dates: str = ""
    times: str = ""
    encoding: str = "UTF8"
    replacement: str | None = None
    widths: list[tuple[str, int]] = field(default_factory=list)
    region: str = ""

    @property
    def is_columnar(self) -> bool:
        return self.format in ("PARQUET", "ORC")


def read(statement: Statement) -> Copy:
    """Raises RedshiftError for what is no COPY of data in S3."""
    words = Words(statement)
    table = words.qualified()
    columns = words.names() if words.next == "(" else []
    words.need("FROM")
    copy = Copy(table, columns, words.text())
    scheme = copy.source.partition("://")[0]
    if scheme in ("dynamodb", "emr", "ssh"):
        raise not_done(f"COPY from {scheme}://, only from s3://")
    if scheme != "s3":
        raise RedshiftError(SYNTAX, "Invalid source: COPY reads from s3://bucket/prefix")
    while words:
        _read_option(copy, words)
    _check(copy)
    return copy


def _read_option(copy: Copy, words: Words) -> None:
    problem = words.wrong()
    word = "" if words.is_text else words.take().text.upper()
    if word in ("FORMAT", "AS", "WITH"):
        return
    if word in AUTHORIZATION:
        authorization(word, words, copy.rights)
    elif word in _FORMATS:
        copy.format = word
        words.skip("AS")
        if word == "FIXEDWIDTH":
            copy.widths = widths(words.text(), "label")
        elif word in ("JSON", "AVRO") and words.is_text:
            copy.paths = words.text()
    elif word == "SHAPEFILE":
        raise not_done("COPY of shapefiles")
    elif word in PACKED:
        copy.packed = PACKED[word]
    elif word == "LZOP":
        raise not_done("LZOP: compress with GZIP, BZIP2 or ZSTD")
    elif word in ("DELIMITER", "QUOTE"):
        setattr(copy, word.lower(), words.character())
    elif word == "NULL":
        copy.null = words.character()
    elif word == "ACCEPTINVCHARS":
        words.skip("AS")
        copy.replacement = words.text() if words.is_text else "?"
    elif word in ("IGNOREHEADER", "MAXERROR", "COMPROWS", "READRATIO"):
        number = words.number()
        if word == "IGNOREHEADER":
            copy.header = number
        elif word == "MAXERROR":
            copy.most_errors = number
    elif word in ("DATEFORMAT", "TIMEFORMAT"):
        setattr(copy, {"D": "dates", "T": "times"}[word[0]], words.text())
    elif word == "ENCODING":
        words.skip("AS")
        copy.encoding = words.take().text.upper()
    elif word in ("COMPUPDATE", "STATUPDATE"):
        words.switch()
    elif word == "REGION":
        copy.region = words.text()
    elif word in _FLAGS:
        copy.flags.add(word)
    elif word == "JOB":
        raise not_done("COPY JOB (auto-copy): say COPY when objects have come")
    elif word in ("ENCRYPTED", "MASTER_SYMMETRIC_KEY"):
        raise not_done("COPY of objects that the client has encrypted itself")
    else:
        raise problem


def _check(copy: Copy) -> None:
    """Raises RedshiftError for options that do not go together."""
    if not copy.rights:
        raise RedshiftError(SYNTAX, "Must specify authorization: IAM_ROLE, CREDENTIALS or ACCESS_KEY_ID")
    if copy.is_columnar:
        wrong = sorted(copy.flags - _COLUMNAR)
        if wrong or copy.header or copy.most_errors or copy.packed or copy.delimiter:
            option = (wrong or [word for word, is_set in (("IGNOREHEADER", copy.header), ("MAXERROR", copy.most_errors),
                                                          (copy.packed.upper(), copy.packed), ("DELIMITER", True))
                                if is_set])[0]  # fmt: skip
            raise RedshiftError("0A000", f"{option} argument is not supported for {copy.format} based COPY")
    if copy.format == "CSV" and (wrong := sorted({"ESCAPE", "REMOVEQUOTES"} & copy.flags)):
        raise RedshiftError(SYNTAX, f"{wrong[0]} is not supported with CSV")
    if copy.format == "FIXEDWIDTH" and (copy.delimiter or {"ESCAPE", "REMOVEQUOTES"} & copy.flags):
        raise RedshiftError(SYNTAX, "DELIMITER, ESCAPE and REMOVEQUOTES are not supported with FIXEDWIDTH")
    if len(copy.delimiter) > 1 and copy.format == "CSV":
        raise RedshiftError(SYNTAX, "COPY delimiter must be a single character for CSV")
    if copy.most_errors > 100_000:
        raise RedshiftError(WRONG_VALUE, "MAXERROR must be between 0 and 100000")
    if copy.replacement is not None and (len(copy.replacement) != 1 or not copy.replacement.isascii()):
        raise RedshiftError(WRONG_VALUE, "ACCEPTINVCHARS must be a single ASCII character")
    if copy.encoding not in ("UTF8", "UTF16", "UTF16LE", "UTF16BE", "ISO88591"):
        raise RedshiftError(WRONG_VALUE, f"invalid ENCODING {copy.encoding}")
