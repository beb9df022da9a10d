"""Lambda: functions that run, in child processes, with the limits, logs and errors that AWS gives them.

From the wire inwards: `wire` is what all operations share, `responses` reads Invoke, and the other ``…_responses`` and
`event_invoke` the rest as far as AWS answers otherwise than moto. `backend` finds the function, `execution` runs it in
a `worker` of the `pool` and writes its log (`transcript`, `logs`). What runs in the child is `launcher`, which shuts it
in as far as `isolation` says that this system can (with `kernel`), and `bootstrap`, which calls the handler.
`processes` and `process_reaper` end what a handler leaves behind; `archives` keeps code, `packages` unzips it, and
`unused_code` removes it. What moto does right (layers, policies, tags) stays moto's.
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="lambda",
    moto="awslambda",
    backend="backend:LambdaEngine",
    responses="responses:LambdaEngineResponse",
    models=("function:FunctionEngine", "archives:LayerEngine"),
    reaches=frozenset({"dynamodb", "dynamodbstreams", "iam", "kinesis", "logs", "s3", "sqs"}),
    unkept=frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"}),
    resume="installing:resume",
    data=("lambda/archives", "lambda/checkpoints.log", "lambda/events.log"),
    resource_policy="access:policy_of",
)
