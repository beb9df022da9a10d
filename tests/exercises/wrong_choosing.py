"""Wrong answers to the exercises of 02_storage on choosing and on prices."""

from __future__ import annotations

from typing import Any

from tests.exercises.right_choosing import CHOICE, USD


def chosen(usd: Any = USD, **other: str) -> tuple[Any, Any]:
    return CHOICE | other, usd


def kept(standard: float = 4.6, ia: float = 16.0, instant: float = 15.36) -> tuple[Any]:
    return ({"STANDARD": standard, "STANDARD_IA": ia, "GLACIER_IR": instant},)


WRONG: dict[str, list[tuple[Any, str]]] = {
    "choose_stores": [
        (chosen(a="rds"), "server that is large all day"),
        (chosen(b="dynamodb"), "foreign keys, it has not"),
        (chosen(c="s3"), "what is asked all day?"),
        (chosen(e="s3"), "changed in one row"),
        (chosen(f="s3"), "1,000 PUTs a second"),
        (chosen(d="redshift"), "adds up columns"),
        (chosen(a="efs"), "no store `efs`"),
        (chosen({store: price / 730 for store, price in USD.items()}), "price of an hour"),
        (chosen({store: price * 12 for store, price in USD.items()}), "price of a year"),
        (chosen(USD | {"rds": 500}), "do not cost 500.00 USD"),
    ],
    "break_even": [
        ((27.3,), "strongly consistent"),
        ((71.1,), "charge for the 20 GB"),
        ((218.7,), "rounded up"),
        ((143_680_000,), "in a month, perhaps"),
        ((40,), "DynamoDB is still cheaper"),
        ((True,), "should be a number"),
    ],
    "small_and_short": [
        (kept(ia=2.5, instant=0.8), "price of their bytes"),
        (kept(instant=5.12), "the size is right"),
        (kept(instant=2.4), "the time is right"),
        (kept(standard=29.4), "do not cost 29.40 USD"),
        (([4.6, 16, 15.36],), "a dict with a price for each"),
    ],
}
