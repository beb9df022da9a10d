"""Redshift: a cluster is a process of its own that speaks PostgreSQL's protocol on 127.0.0.1 (`localaws.warehouse`).

backend ──▶ cluster ──▶ localaws.warehouse.cluster     backend: what is asked of AWS's API; cluster: one of them
               └──▶ questions                          what its statements may ask of the lab
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="redshift",
    moto="redshift",
    backend="backend:RedshiftEngine",
    responses="responses:RedshiftEngineResponse",
    models=("cluster:RedshiftCluster", "snapshots:RedshiftSnapshot"),
    reaches=frozenset({"ec2"}),
    returns=("redshift",),
    data=("redshift", "redshift-snapshots"),
    resume="installing:resume",
)
