"""COPY from S3: which objects, with whose rights, and how their rows come into the table.

Sources: Redshift database developer guide, "COPY", "Data format parameters", "Authorization parameters".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlglot.tokenizer_core import Token, TokenType

from localaws.lake.quoting import literal, name, texts
from localaws.warehouse.catalog import names
from localaws.warehouse.catalog.privileges import require
from localaws.warehouse.errors import INTERNAL, SYNTAX, RedshiftError, not_done
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.transactions import using

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

#: Options whose value is the next text or number.
_VALUED = {
    "DELIMITER", "IGNOREHEADER", "MAXERROR", "NULL", "REGION", "QUOTE", "DATEFORMAT", "TIMEFORMAT", "ENCODING",
    "COMPROWS", "MANIFEST_",
}  # fmt: skip


@dataclass
class Copy:
    """What a COPY says."""

    table: list[str]
    columns: list[str]
    source: str
    role: str = ""
    format: str = "TEXT"
    options: dict[str, Any] = field(default_factory=dict)


def read(statement: Statement) -> Copy:
    """Raises RedshiftError for what is no COPY of data in S3."""
    tokens = list(statement.tokens[1:])
    table = [tokens.pop(0).text]
    while tokens and tokens[0].token_type == TokenType.DOT:
        table.append(tokens[1].text)
        del tokens[:2]
    columns = []
    if tokens and tokens[0].token_type == TokenType.L_PAREN:
        end = next(place for place, token in enumerate(tokens) if token.token_type == TokenType.R_PAREN)
        columns = [token.text for token in tokens[1:end] if token.token_type != TokenType.COMMA]
        del tokens[: end + 1]
    if len(tokens) < 2 or tokens[0].text.upper() != "FROM" or tokens[1].token_type != TokenType.STRING:
        raise RedshiftError(SYNTAX, "syntax error in COPY: FROM and the place of the data in S3 are expected")
    copy = Copy([each.lower() for each in table], [each.lower() for each in columns], tokens[1].text)
    _read_options(copy, tokens[2:])
    if not copy.source.startswith("s3://"):
        raise not_done(f"COPY from {copy.source.partition('://')[0]}://, only from s3://")
    return copy


def _read_options(copy: Copy, tokens: list[Token]) -> None:
    while tokens:
        word = tokens.pop(0).text.upper()
        if word in ("FORMAT", "AS", "WITH"):
            continue
        if word == "IAM_ROLE":
            copy.role = tokens.pop(0).text
        elif word in ("CSV", "PARQUET", "ORC", "AVRO", "JSON", "FIXEDWIDTH", "SHAPEFILE"):
            copy.format = word
            if word in ("JSON", "AVRO") and tokens and tokens[0].token_type == TokenType.STRING:
                copy.options["PATHS"] = tokens.pop(0).text
        elif word in _VALUED:
            if tokens and tokens[0].text.upper() == "AS":
                tokens.pop(0)
            copy.options[word] = tokens.pop(0).text
        else:
            copy.options[word] = True


class _Copy(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        copy = read(statement)
        place, relation = names.existing(session, copy.table)
        require(session, relation, "INSERT")
        table = place.sql
        columns = copy.columns or [row[0] for row in session.execute(f"DESCRIBE {table}")]
        found = session.node.lab.ask("read", role=copy.role, uri=copy.source, user=session.user)
        if not found:
            prefix = copy.source.removeprefix("s3://").partition("/")[2]
            raise RedshiftError(INTERNAL, f"The specified S3 prefix '{prefix}' does not exist")
        paths = texts(each["path"] for each in found)
        if copy.format == "PARQUET":
            source = f"read_parquet({paths})"
            picked = "*"
        elif copy.format in ("CSV", "TEXT"):
            shape = ", ".join(f"{literal(each)}: 'VARCHAR'" for each in columns)
            delimiter = copy.options.get("DELIMITER", "," if copy.format == "CSV" else "|")
            quote = "'\"'" if copy.format == "CSV" else "''"
            source = (
                f"read_csv({paths}, columns = {{{shape}}}, header = false, auto_detect = false, delim = "
                f"{literal(delimiter)}, quote = {quote}, escape = {quote}, "
                f"skip = {int(copy.options.get('IGNOREHEADER', 0))})"
            )
            picked = ", ".join(map(name, columns))
        else:
            raise not_done(f"COPY of {copy.format}")
        targets = ", ".join(map(name, columns))
        with using(session, writes=[relation]):
            told = session.execute(f"INSERT INTO {table} ({targets}) SELECT {picked} FROM {source}")
        session.say(f"Load into table '{copy.table[-1]}' completed, {told[0][0]} record(s) loaded successfully.")
        return Result("COPY")


KINDS: Kinds = {("COPY",): _Copy()}
