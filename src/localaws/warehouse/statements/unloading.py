"""UNLOAD to S3.

Source: Redshift database developer guide, "UNLOAD".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.binding import bound_query
from localaws.warehouse.errors import NOT_DONE, RedshiftError
from localaws.warehouse.loading.unload_request import read
from localaws.warehouse.loading.unloads import UnloadRun
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.sql.translating import parse
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.transactions import using

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


class _Unload(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        unload = read(statement)
        tree = parse(unload.query)
        if isinstance(tree, exp.Query) and tree.args.get("limit"):
            raise RedshiftError(NOT_DONE, "Limit clause is not supported: put it into a nested SELECT")
        bound = bound_query(session, unload.query)
        with using(session, bound.reads):
            rows = UnloadRun(session, unload, bound.sql).run()
        session.say(f"UNLOAD completed, {rows} record(s) unloaded successfully.")
        return Result("UNLOAD")


KINDS: Kinds = {("UNLOAD",): _Unload()}
