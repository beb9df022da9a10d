"""Redshift Serverless, of which moto knows nothing: the engine has the backends and answers all by itself.

responses ─▶ backend ─▶ namespace ─▶ engines.redshift.warehouse    namespace: data, and the process that serves them
                └─▶ snapshot                                       workgroup: how much computes, where, by what name
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="redshift-serverless",
    moto="redshiftserverless",
    backends="backend:redshiftserverless_backends",
    backend="backend:ServerlessBackend",
    responses="responses:ServerlessResponse",
    returns=("redshift-serverless",),
    data=("redshift-serverless", "redshift-serverless-snapshots"),
    resume="installing:resume",
    implied="access:implied",
)
