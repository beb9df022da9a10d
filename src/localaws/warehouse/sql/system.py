"""Functions that tell of the session; those of the catalog are bound before (`catalog.system.functions`).

Source: Redshift database developer guide, "System information functions".
"""

from __future__ import annotations

from localaws.warehouse.sql import column_types as of
from localaws.warehouse.sql.building import Function, Functions, same

#: Of the session's last COPY and UNLOAD: macros that `loading.history` makes.
_LAST = ("copy_count", "copy_id", "unload_count", "unload_id")

FUNCTIONS: Functions = {f"pg_last_{what}": Function(same, of.BIGINT) for what in _LAST}
