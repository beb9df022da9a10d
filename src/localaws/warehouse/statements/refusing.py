"""Statements of Redshift's that this lab does not do: told clearly, and never half done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.warehouse.errors import not_done
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.kinds import Kinds, Silent

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


class _Refused(Silent):
    def __init__(self, what: str) -> None:
        self._what = what

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        raise not_done(self._what)


_SHARING, _ROWS = _Refused("data sharing"), _Refused("row-level security")
_MASKING, _LEARNING = _Refused("dynamic data masking"), _Refused("Redshift ML")
_CHANGES = ("CREATE", "ALTER", "DROP", "DESC", "SHOW")
KINDS: Kinds = {
    **{(word, "DATASHARE"): _SHARING for word in _CHANGES},
    **{(word, "DATASHARES"): _SHARING for word in _CHANGES},
    **{(word, "RLS"): _ROWS for word in (*_CHANGES, "ATTACH", "DETACH")},
    **{(word, "MASKING"): _MASKING for word in (*_CHANGES, "ATTACH", "DETACH")},
    **{(word, "MODEL"): _LEARNING for word in _CHANGES},
    ("CREATE", "EXTERNAL", "FUNCTION"): _Refused("functions in Lambda"),
    ("CREATE", "OR", "REPLACE", "EXTERNAL", "FUNCTION"): _Refused("functions in Lambda"),
    **{(word, "LIBRARY"): _Refused("libraries of Python") for word in ("CREATE", "DROP")},
    **{(word, "IDENTITY", "PROVIDER"): _Refused("identity providers") for word in _CHANGES},
    ("ALTER", "DEFAULT", "PRIVILEGES"): _Refused("default privileges"),
    ("ALTER", "SYSTEM"): _Refused("ALTER SYSTEM"),
    ("SET", "SESSION", "AUTHORIZATION"): _Refused("SET SESSION AUTHORIZATION: connect as that user"),
}
