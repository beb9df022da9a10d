"""What an UNLOAD says.

Source: Redshift database developer guide, "UNLOAD".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from localaws.warehouse.errors import SYNTAX, WRONG_VALUE, RedshiftError, not_done
from localaws.warehouse.loading.words import AUTHORIZATION, PACKED, Words, authorization, widths
from localaws.warehouse.sql.splitting import Statement

_SUFFIXES = {"gzip": "gz", "bz2": "bz2", "zstd": "zst"}
_FLAGS = {"ADDQUOTES", "ESCAPE", "ALLOWOVERWRITE", "CLEANPATH", "HEADER"}
#: Bytes of a file at most; a file of Parquet or text is begun anew after that ("MAXFILESIZE").
_MOST_BYTES, _LEAST_BYTES = int(6.2 * (1 << 30)), 5 << 20


@dataclass
class Unload:
    """An UNLOAD to S3.

    Attributes:
        query: in Redshift's SQL.
        target: the prefix of the objects.
        rights: see `words.authorization`.
        format: "TEXT", "CSV", "JSON", "PARQUET" or "FIXEDWIDTH".
        partitions: columns by whose values the objects lie in folders.
        include: whether these columns are in the files too.
        manifest: "", "plain" or "verbose".
        kms_key: the key of SSE-KMS, if ENCRYPTED names one.
    """

    query: str
    target: str
    rights: dict[str, str] = field(default_factory=dict)
    format: str = "TEXT"
    partitions: list[str] = field(default_factory=list)
    include: bool = False
    manifest: str = ""
    delimiter: str = ""
    null: str = ""
    packed: str = ""
    flags: set[str] = field(default_factory=set)
    widths: list[tuple[str, int]] = field(default_factory=list)
    parallel: bool = True
    most_bytes: int = _MOST_BYTES
    region: str = ""
    extension: str = ""
    encrypted: bool = False
    kms_key: str = ""

    @property
    def suffix(self) -> str:
        """How the objects' keys end."""
        if self.extension:
            return f".{self.extension}"
        if self.format == "PARQUET":
            return ".parquet"
        return f".{_SUFFIXES[self.packed]}" if self.packed else ""


def read(statement: Statement) -> Unload:
    """Raises RedshiftError for what is no UNLOAD to S3."""
    words = Words(statement)
    words.need("(")
    query = words.text()
    words.need(")")
    words.need("TO")
    unload = Unload(query, words.text())
    if not unload.target.startswith("s3://"):
        raise RedshiftError(SYNTAX, "Invalid target: UNLOAD writes to s3://bucket/prefix")
    while words:
        _read_option(unload, words)
    _check(unload)
    return unload


def _read_option(unload: Unload, words: Words) -> None:
    problem = words.wrong()
    word = "" if words.is_text else words.take().text.upper()
    if word in ("FORMAT", "AS", "WITH"):
        return
    if word in AUTHORIZATION:
        authorization(word, words, unload.rights)
    elif word in ("CSV", "PARQUET", "JSON"):
        unload.format = word
    elif word == "FIXEDWIDTH":
        unload.format, unload.widths = "FIXEDWIDTH", widths(words.text(), "column")
    elif word == "PARTITION BY":  # one word to the tokenizer
        unload.partitions, unload.include = words.names(), words.skip("INCLUDE")
    elif word == "MANIFEST":
        unload.manifest = "verbose" if words.skip("VERBOSE") else "plain"
    elif word == "DELIMITER":
        unload.delimiter = words.character()
    elif word == "NULL":
        unload.null = words.character()
    elif word in PACKED:
        unload.packed = PACKED[word]
    elif word == "PARALLEL":
        unload.parallel = words.switch()
    elif word == "MAXFILESIZE":
        unload.most_bytes = _bytes(words)
    elif word == "ROWGROUPSIZE":
        _bytes(words)
    elif word in ("REGION", "EXTENSION"):
        setattr(unload, word.lower(), words.text().removeprefix("."))
    elif word == "ENCRYPTED":
        unload.encrypted = True
        words.skip("AUTO")
    elif word == "KMS_KEY_ID":
        unload.kms_key = words.text()
    elif word == "MASTER_SYMMETRIC_KEY":
        raise not_done("UNLOAD of objects that the client encrypts itself")
    elif word in _FLAGS:
        unload.flags.add(word)
    else:
        raise problem


def _bytes(words: Words) -> int:
    """``100 MB`` or ``1.5 gb``; without a unit it is MB."""
    words.skip("AS")
    try:
        number = float(words.take().text)
    except ValueError:
        raise RedshiftError(SYNTAX, "a size must be a number of MB or GB") from None
    unit = 1 << 30 if words.skip("GB") else 1 << 20
    words.skip("MB")
    return int(number * unit)


def _check(unload: Unload) -> None:
    """Raises RedshiftError for options that do not go together."""
    flags = unload.flags
    if not unload.rights:
        raise RedshiftError(SYNTAX, "Must specify authorization: IAM_ROLE, CREDENTIALS or ACCESS_KEY_ID")
    if {"ALLOWOVERWRITE", "CLEANPATH"} <= flags:
        raise RedshiftError(SYNTAX, "ALLOWOVERWRITE and CLEANPATH cannot be specified together")
    if unload.format in ("PARQUET", "JSON"):
        said = sorted({"HEADER", "ADDQUOTES", "ESCAPE"} & flags) + ["DELIMITER"] * bool(unload.delimiter)
        said += ["NULL AS"] * bool(unload.null)
        said += [unload.packed.upper()] * bool(unload.packed and unload.format == "PARQUET")
        if said:
            raise RedshiftError(SYNTAX, f"{said[0]} is not supported for UNLOAD to {unload.format}")
    if unload.format == "CSV" and (wrong := sorted({"ADDQUOTES", "ESCAPE"} & flags)):
        raise RedshiftError(SYNTAX, f"{wrong[0]} is not supported with CSV")
    if unload.format == "FIXEDWIDTH" and (unload.delimiter or {"ADDQUOTES", "ESCAPE", "HEADER"} & flags):
        raise RedshiftError(SYNTAX, "DELIMITER, ADDQUOTES, ESCAPE and HEADER are not supported with FIXEDWIDTH")
    if unload.kms_key and not unload.encrypted:
        raise RedshiftError(SYNTAX, "KMS_KEY_ID requires ENCRYPTED")
    if not _LEAST_BYTES <= unload.most_bytes <= _MOST_BYTES:
        raise RedshiftError(WRONG_VALUE, "MAXFILESIZE must be between 5 MB and 6.2 GB")
    if len(unload.delimiter) > 1:
        raise RedshiftError(SYNTAX, "UNLOAD delimiter must be a single character")
