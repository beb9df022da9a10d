"""RDS: every DB instance is a PostgreSQL server of its own on 127.0.0.1.

moto describes instances that nobody can connect to. Here:

    backend.py ── checks what is asked
    work.py ───── does it in the background; statuses tell how far it is
    instance.py ─ moto's description and the server behind it
    server.py ─── initdb, start, stop, backup of one server
    postgres_supervisor.py ─ the small process between lab and server, which ends the server when the lab is gone
    ../../state/state_file.py  what outlives the lab: after a stop or a crash instances come back with their data
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="rds",
    moto="rds",
    backend="backend:RDSEngine",
    responses="responses:RDSEngineResponse",
    reaches=frozenset({"ec2", "kms"}),
    returns=("rds/state.json",),
)
