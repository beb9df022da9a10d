"""Right answers to the exercises of 02_storage on choosing and on prices, written in another way than the solution."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

CHOICE = {"a": "dynamodb", "b": "rds", "c": "redshift", "d": "s3", "e": "iceberg", "f": "dynamodb"}
USD = {"s3": 920, "rds": 4600, "dynamodb": 10_000, "redshift": 960}

RIGHT: dict[str, list[Any]] = {
    "choose_stores": [
        ({letter: store.upper() for letter, store in CHOICE.items()}, USD),
        (CHOICE, {store: Decimal(price) for store, price in USD.items()} | {"iceberg": 920}),
    ],
    "break_even": [(55,), (Decimal("54.68"),), (np.float64(54.0),)],
    "small_and_short": [
        ({"STANDARD": 4.6, "STANDARD_IA": 16, "GLACIER_IR": 15.36},),
        ({"STANDARD": 4.39, "STANDARD_IA": 15.26, "GLACIER_IR": Decimal("14.65")},),
    ],
}
