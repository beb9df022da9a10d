"""DynamoDB: conditions as DynamoDB asks them, PartiQL, and puts that do no more than a put.

`conditions` are asked of items; `expressions` and `partiql` are the two languages that spell them. `items` stores,
`backend` writes one at a time, `responses` checks what arrives. The rest is moto's.
"""

from __future__ import annotations

import moto.dynamodb.models as moto_models
import moto.dynamodb.models.table as moto_table
import moto.dynamodb.responses as moto_responses
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.responses import DynamoHandler

from localaws.engines import replace_backend, replace_responses
from localaws.engines.dynamodb.backend import DynamoDBEngine
from localaws.engines.dynamodb.expressions import ExpressionParser, filter_of, parse_key_condition
from localaws.engines.dynamodb.items import TableEngine
from localaws.engines.dynamodb.responses import DynamoEngineResponse
from localaws.lab import Lab


def install(lab: Lab) -> None:
    moto_models.Table = TableEngine  # type: ignore[attr-defined]
    for module in (moto_models, moto_table, moto_responses):
        for name, own in (
            ("create_condition_expression_parser", _parser),
            ("get_filter_expression", filter_of),
            ("parse_expression", parse_key_condition),
        ):
            if hasattr(module, name):
                setattr(module, name, own)
    moto_responses.TRANSACTION_MAX_ITEMS = 100  # which moto knows of writes alone
    replace_backend(dynamodb_backends, DynamoDBEngine)
    replace_responses(DynamoHandler, DynamoEngineResponse)


def _parser(*arguments: object) -> ExpressionParser:
    return ExpressionParser(arguments[0] or None, *arguments[1:])  # type: ignore[arg-type]
