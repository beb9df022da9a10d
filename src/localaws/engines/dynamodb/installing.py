"""Puts the engine's conditions and expressions in the place of moto's, and items back into tables at a start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import moto.dynamodb.models as moto_models
import moto.dynamodb.models.table as moto_table
import moto.dynamodb.responses as moto_responses
from moto.dynamodb.models.dynamo_type import DynamoType

from localaws.engines.dynamodb.backend import DynamoDBEngine
from localaws.engines.dynamodb.expiry import await_expiry
from localaws.engines.dynamodb.expressions import ExpressionParser, filter_of, parse_key_condition
from localaws.lab import Lab
from localaws.state.data_file import strays


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
    DynamoType.__hash__, DynamoType.__eq__ = _hash, _equal  # type: ignore[method-assign, assignment]
    DynamoDBEngine.directory = lab.directory / "dynamodb"


def resume(lab: Lab) -> None:
    """Have all items again, of backends too that no snapshot had yet."""
    made: Iterator[tuple[str, str, Any]] = moto_models.dynamodb_backends.iter_backends()
    backends = {f"{account}-{region}": backend for account, region, backend in made}
    for account, region in strays(DynamoDBEngine.directory, backends):
        backends[f"{account}-{region}"] = moto_models.dynamodb_backends[account][region]
    for backend in backends.values():
        backend.take_back()
        await_expiry(lab, backend)


# Most keys are texts, and each call compares some: moto would ask of each whether it is a number, a set, a list …


def _hash(value: DynamoType) -> int:
    return hash((value.type, value.value if value.type == "S" else value.cast_value))


def _equal(value: DynamoType, other: DynamoType) -> bool:
    if value.type != other.type:
        return False
    return bool(value.value == other.value if value.type == "S" else value.cast_value == other.cast_value)


def _parser(*arguments: object) -> ExpressionParser:
    return ExpressionParser(arguments[0] or None, *arguments[1:])  # type: ignore[arg-type]
