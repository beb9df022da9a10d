"""COPY from S3.

Source: Redshift database developer guide, "COPY".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.warehouse.catalog import names
from localaws.warehouse.catalog.privileges import require
from localaws.warehouse.loading.loads import Load
from localaws.warehouse.loading.request import read
from localaws.warehouse.loading.target import target_of
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.kinds import Kinds, Silent

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


class _Copy(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        copy = read(statement)
        place, relation = names.existing(session, copy.table)
        require(session, relation, "INSERT")
        target = target_of(place, relation, copy.columns, "EXPLICIT_IDS" in copy.flags)
        outcome = Load(session, copy, target).run()
        done = "would be loaded" if "NOLOAD" in copy.flags else "loaded successfully"
        session.say(f"Load into table '{target.name}' completed, {outcome.rows} record(s) {done}.")
        if outcome.rejects:
            session.say(
                f"Load into table '{target.name}' completed, {len(outcome.rejects)} record(s) could not be loaded.  "
                "Check 'stl_load_errors' system table for details."
            )
        return Result("COPY")


KINDS: Kinds = {("COPY",): _Copy()}
