"""The RDS Data API: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="rds-data",
    moto="rdsdata",
    backend="backend:RDSDataEngine",
    responses="backend:RDSDataEngineResponse",
    state="own",  # nothing: a transaction ends with its connection
)
