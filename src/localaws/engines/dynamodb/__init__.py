"""DynamoDB: conditions as DynamoDB asks them, PartiQL, and puts that do no more than a put.

`conditions` are asked of items; `expressions` and `partiql` are the two languages that spell them. `items` stores,
`backend` writes one at a time, `responses` checks what arrives. What a write does is `changes`, which `kept` writes
down and `stream` tells. What a call takes of a table's capacity is `consumption`, by `sizes`; `throughput` runs out of
it, `metered_responses` tell and bill it. `transactions` knows those under way, `history` is what tables were,
`transfers` are exports and imports. The rest is moto's.
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="dynamodb",
    moto="dynamodb",
    backend="backend:DynamoDBEngine",
    responses="metered_responses:MeteredResponse",
    models=(
        "items:TableEngine",
        "items:RestoredTableEngine",
        "items:RestoredPITTableEngine",
        "transfers:ExportEngine",
        "transfers:ImportEngine",
    ),
    reaches=frozenset({"kms", "s3"}),
    returns=("dynamodb",),
    data=("dynamodb",),
    unkept=frozenset(
        {
            "PutItem",
            "UpdateItem",
            "DeleteItem",
            "BatchWriteItem",
            "TransactWriteItems",
            "ExecuteStatement",
            "ExecuteTransaction",
            "BatchExecuteStatement",
        }
    ),
    resume="installing:resume",
    request_keys="access:keys_of",
)
