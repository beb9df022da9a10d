"""DMS: replication tasks that move rows from PostgreSQL to S3.

moto's tasks say "running" and copy nothing. Here:

    mappings.py ── which tables and rows, under which names
    source.py ──── COPY in blocks; a replication slot, read by test_decoding (decoding.py)
    load.py ────── the full load, at one moment: the slot's own, so that nothing falls between load and changes
    capture.py ─── changes: files first, then the slot is told
    spool.py ───── a file on disk until it is whole, as files.py says what it is like; values.py types its values
    policies.py ── what an error does: a row is left out, its table suspended, or the task stopped
    task.py ────── start, stop, failure, resume; state.py is what a killed task goes on from
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="dms",
    moto="dms",
    backend="backend:DMSEngine",
    responses="responses:DMSEngineResponse",
    models=("backend:ReplicationInstance",),
    state="own",
)
