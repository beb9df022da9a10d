"""Items and tables: a put that asks no condition does no more than a put.

moto compares every item with the one it replaces, whether or not somebody asked, and weighs an item anew for each
of its attributes, which makes wide items slow.
"""

from __future__ import annotations

import uuid
from typing import Any

from moto.dynamodb.exceptions import InvalidAttributeTypeError, ItemSizeTooLarge, MockValidationException
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table

#: moto's measurement of the limit that the developer guide gives as 400 KB ("Item size").
MAX_ITEM_BYTES = 405_000


class WeighedItem(Item):
    """An item whose size is added up once."""

    def __init__(self, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
        self.hash_key, self.range_key = hash_key, range_key
        self.attrs = LimitedSizeDict()
        size = 0
        for name, value in attrs.items():
            typed = DynamoType(value)
            text = typed.value if typed.type == "S" else None
            size += len(name.encode()) + (len(text.encode()) if text is not None else typed.size())
            dict.__setitem__(self.attrs, name, typed)
        if size > MAX_ITEM_BYTES:
            raise ItemSizeTooLarge


class TableEngine(Table):
    """A table with a short way in for plain puts."""

    #: What the table's stream tells of a change, or told before it was disabled.
    stream_view_type: str | None = None

    def set_stream_specification(self, streams: dict[str, Any] | None) -> None:
        super().set_stream_specification(streams)
        self.stream_view_type = (streams or {}).get("StreamViewType") or self.stream_view_type

    def describe(self, base_key: str = "TableDescription") -> dict[str, Any]:
        """What moto tells, with a table's id and without what AWS leaves out of it."""
        answer = super().describe(base_key)
        told: dict[str, Any] = answer[base_key]
        told["TableId"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.table_arn} {self.created_at}"))
        told["ProvisionedThroughput"] = {"NumberOfDecreasesToday": 0, **told["ProvisionedThroughput"]}
        for name in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            if not told[name]:
                del told[name]
        if self.billing_mode == "PROVISIONED":
            del told["BillingModeSummary"]
        return answer

    def put_item(
        self,
        item_attrs: dict[str, Any],
        expected: dict[str, Any] | None = None,
        condition_expression: str | None = None,
        *arguments: Any,
        **options: Any,
    ) -> Item:
        """Store an item; raises the errors that DynamoDB's PutItem documents, and moto's for conditions."""
        if expected or condition_expression:
            return super().put_item(item_attrs, expected, condition_expression, *arguments, **options)
        return self.store(self.new_item(item_attrs))

    def store(self, item: WeighedItem) -> WeighedItem:
        """Put *item*, one of `new_item`'s, in its place."""
        hash_key, range_key = item.hash_key, item.range_key
        replaced = self.get_item(hash_key, range_key) if self.stream_shard is not None else None
        if range_key is not None:
            self.items[hash_key][range_key] = item
        else:
            self.items[hash_key] = item  # type: ignore[assignment]
        if self.stream_shard is not None:
            self.stream_shard.add(replaced, item)
        return item

    def new_item(self, attrs: dict[str, Any]) -> WeighedItem:
        """An item that could be put into this table; raises the errors that PutItem documents."""
        hash_key = self._key(attrs, self.hash_key_attr, self.hash_key_type)
        range_key = None
        if self.range_key_attr is not None:
            range_key = self._key(attrs, self.range_key_attr, self.range_key_type)
        self._validate_item_types(attrs)
        self._validate_key_sizes(attrs)
        return WeighedItem(hash_key, range_key, attrs)

    def _key(self, attrs: dict[str, Any], name: str, expected_type: str | None) -> DynamoType:
        if name not in attrs:
            raise MockValidationException(
                f"One or more parameter values were invalid: Missing the key {name} in the item"
            )
        value = DynamoType(attrs[name])
        if value.type != expected_type:
            raise InvalidAttributeTypeError(name, expected_type=expected_type, actual_type=value.type)
        return value
