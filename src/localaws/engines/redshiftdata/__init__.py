"""The Redshift Data API: SQL over HTTP that runs while the caller does other things.

responses ─▶ backend ─▶ running ─▶ connecting     responses: what is asked; backend: statements and sessions of a region
   │            └─▶ logins                        logins: where a request's database is, and who works there
   └─▶ catalog                                    catalog: databases, schemas, tables
statement: one of them; results: the rows that are kept of it; values: fields and columns as the API writes them
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="redshift-data",
    moto="redshiftdata",
    backend="backend:RedshiftDataEngine",
    responses="responses:RedshiftDataEngineResponse",
    returns=("redshift-data",),
    data=("redshift-data",),
    resume="installing:resume",
    implied="access:implied",
    request_keys="access:keys_of",
)
