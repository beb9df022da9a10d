"""Puts the engine's conditions and expressions in the place of moto's."""

from __future__ import annotations

import moto.dynamodb.models as moto_models
import moto.dynamodb.models.table as moto_table
import moto.dynamodb.responses as moto_responses

from localaws.engines.dynamodb.expressions import ExpressionParser, filter_of, parse_key_condition
from localaws.lab import Lab


def install(lab: Lab) -> None:
    for module in (moto_models, moto_table, moto_responses):
        for name, own in (
            ("create_condition_expression_parser", _parser),
            ("get_filter_expression", filter_of),
            ("parse_expression", parse_key_condition),
        ):
            if hasattr(module, name):
                setattr(module, name, own)
    moto_responses.TRANSACTION_MAX_ITEMS = 100  # which moto knows of writes alone


def _parser(*arguments: object) -> ExpressionParser:
    return ExpressionParser(arguments[0] or None, *arguments[1:])  # type: ignore[arg-type]
