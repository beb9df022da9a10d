"""The statements that change Iceberg tables → who runs them."""

from __future__ import annotations

from localaws.engines.athena.iceberg.changes import delete, update
from localaws.engines.athena.iceberg.merge import merge
from localaws.engines.athena.iceberg.optimize import optimize
from localaws.engines.athena.iceberg.vacuum import vacuum

HANDLERS = {"update": update, "delete": delete, "merge": merge, "optimize": optimize, "vacuum": vacuum}
