"""The statements that change Iceberg tables → who runs them."""

from __future__ import annotations

from localaws.engines.athena.iceberg.changes import delete, update
from localaws.engines.athena.iceberg.merge import merge

HANDLERS = {"update": update, "delete": delete, "merge": merge}
