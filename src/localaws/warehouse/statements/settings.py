"""SET, RESET and SHOW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.warehouse.errors import SYNTAX, RedshiftError
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.wire.types import Column

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

#: What SHOW tells of a setting that nobody has set ("Configuration reference", Redshift database developer guide).
DEFAULTS = {
    "search_path": '"$user", public',
    "datestyle": "ISO, MDY",
    "timezone": "UTC",
    "client_encoding": "UTF8",
    "server_version": "8.0.2",
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "query_group": "unset",
    "enable_result_cache_for_session": "on",
    "extra_float_digits": "0",
    "transaction_isolation": "serializable",
    "transaction isolation level": "serializable",
    "enable_case_sensitive_identifier": "off",
}


class _Set(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        words = [token.text for token in statement.tokens[1:]]
        if words and words[0].upper() in ("SESSION", "LOCAL"):
            words = words[1:]
        if len(words) < 3 or words[1].upper() not in ("TO", "="):
            raise RedshiftError(SYNTAX, f"syntax error in {statement.text!r}")
        setting, value = words[0].lower(), words[2:]
        if value[0].upper() == "DEFAULT":
            session.settings.pop(setting, None)
        else:
            session.settings[setting] = "".join(f"{each} " if each == "," else each for each in value)
        return Result("SET")


class _Reset(_Set):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        setting = statement.tokens[-1].text.lower()
        if setting == "all":
            session.settings.clear()
        session.settings.pop(setting, None)
        return Result("RESET")


class _Show:
    def describe(
        self, session: Session, statement: Statement, types: Sequence[int]
    ) -> tuple[list[int], list[Column] | None]:
        return [], [Column(_shown(statement))]

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        setting = _shown(statement)
        value = session.settings.get(setting, DEFAULTS.get(setting))
        if value is None:
            raise RedshiftError("42704", f'unrecognized configuration parameter "{setting}"')
        return Result("SHOW", [Column(setting)], iter([(value,)]))


def _shown(statement: Statement) -> str:
    return " ".join(token.text for token in statement.tokens[1:]).lower()


_SET, _RESET, _SHOW = _Set(), _Reset(), _Show()
KINDS: Kinds = {("SET",): _SET, ("RESET",): _RESET, ("SHOW",): _SHOW}
