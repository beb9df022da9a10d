"""Items and tables: a put that asks no condition does no more than a put.

moto compares every item with the one it replaces, whether or not somebody asked, and weighs an item anew for each
of its attributes, which makes wide items slow.
"""

from __future__ import annotations

import copy
import sys
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from moto.dynamodb.exceptions import InvalidAttributeTypeError, ItemSizeTooLarge, MockValidationException
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import (
    GlobalSecondaryIndex,
    LocalSecondaryIndex,
    RestoredPITTable,
    RestoredTable,
    SecondaryIndex,
    Table,
)

from localaws.engines.dynamodb.changes import under_way
from localaws.engines.dynamodb.consumption import consuming
from localaws.engines.dynamodb.encryption import described as described_key
from localaws.engines.dynamodb.sizes import size_of
from localaws.engines.dynamodb.stream import ShardEngine, described, shard_of

Index = TypeVar("Index", bound=SecondaryIndex)

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


class CountingFilter:
    """A filter that adds up the sizes of the items that it is asked of, whether or not they pass."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.size = 0

    def expr(self, item: Item) -> bool:
        self.size += size_of(item.attrs)
        return True if self._inner is None else bool(self._inner.expr(item))


class TableEngine(Table):
    """A table with a short way in for plain puts; it notes what changes (`localaws.engines.dynamodb.changes`).

    Its items and the records of its stream are kept by the backend's log, and all else by snapshots.
    """

    #: What the table's stream tells of a change, or told before it was disabled.
    stream_view_type: str | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.id = str(uuid.uuid4())
        super().__init__(*arguments, **options)

    def __getstate__(self) -> dict[str, Any]:
        """All but items and records, in plain values."""
        state = {name: value for name, value in vars(self).items() if name != "items"}
        state["indexes"] = [vars(index) for index in self.indexes]
        state["global_indexes"] = [vars(index) for index in self.global_indexes]
        state["stream_shard"] = described(self.stream_shard) if self.stream_shard else None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.items = defaultdict(dict)
        self.indexes = [_index(LocalSecondaryIndex, each) for each in state["indexes"]]
        self.global_indexes = [_index(GlobalSecondaryIndex, each) for each in state["global_indexes"]]
        self.stream_shard = shard_of(self, state["stream_shard"]) if state["stream_shard"] else None

    def __deepcopy__(self, memo: dict[int, Any]) -> TableEngine:
        """For a backup a table of its own; for a transaction, which moto undoes by copies, itself: `Changes` do."""
        if under_way.get() is not None:
            return self
        twin: TableEngine = object.__new__(type(self))
        memo[id(self)] = twin
        vars(twin).update(copy.deepcopy(vars(self), memo), id=str(uuid.uuid4()))
        return twin

    @property
    def shard(self) -> ShardEngine | None:
        """The stream's, as long as it is enabled."""
        enabled = (self.stream_specification or {}).get("StreamEnabled")
        return self.stream_shard if enabled and isinstance(self.stream_shard, ShardEngine) else None

    def set_stream_specification(self, streams: dict[str, Any] | None) -> None:
        super().set_stream_specification(streams)
        self.stream_view_type = (streams or {}).get("StreamViewType") or self.stream_view_type
        if self.stream_shard is not None and not isinstance(self.stream_shard, ShardEngine):
            self.stream_shard = shard_of(self, described(self.stream_shard))

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
        told |= described_key(dynamodb_backends[self.account_id][self.region_name].lab, self)  # type: ignore[attr-defined]
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
        if under_way.get() is None:  # moto's import of files asks the table itself
            with dynamodb_backends[self.account_id][self.region_name].writing():  # type: ignore[attr-defined]
                return self.put_item(item_attrs, expected, condition_expression, *arguments, **options)
        if expected or condition_expression:
            self._note(*self._keys(item_attrs))
            return super().put_item(item_attrs, expected, condition_expression, *arguments, **options)
        return self.store(self.new_item(item_attrs))

    def store(self, item: WeighedItem) -> WeighedItem:
        """Put *item*, one of `new_item`'s, in its place."""
        self._note(item.hash_key, item.range_key)
        self.place(item.hash_key, item.range_key, item)
        return item

    def query(
        self,
        hash_key: DynamoType | None,
        range_comparison: str | None,
        range_objs: list[DynamoType],
        limit: int,
        exclusive_start_key: dict[str, Any],
        scan_index_forward: bool,
        projection_expressions: list[list[str]] | None,
        index_name: str | None = None,
        consistent_read: bool = False,
        filter_expression: Any = None,
        hash_key_conditions: list[tuple[str, DynamoType]] | None = None,
        range_key_conditions: list[tuple[str, str, list[DynamoType]]] | None = None,
        **filter_kwargs: Any,
    ) -> tuple[list[Item], int, dict[str, Any] | None]:
        """moto's, with what it looks at counted before it filters."""
        with self._looked_at(filter_expression, index_name, str(hash_key.to_json()) if hash_key else "") as counter:
            return super().query(
                hash_key,
                range_comparison,
                range_objs,
                limit,
                exclusive_start_key,
                scan_index_forward,
                projection_expressions,
                index_name,
                consistent_read,
                counter,
                hash_key_conditions,
                range_key_conditions,
                **filter_kwargs,
            )

    def scan(
        self,
        filters: dict[str, Any],
        limit: int,
        exclusive_start_key: dict[str, Any],
        filter_expression: Any = None,
        index_name: str | None = None,
        *arguments: Any,
        **options: Any,
    ) -> tuple[list[Item], int, dict[str, Any] | None]:
        """The same of a scan, which uses no one partition."""
        with self._looked_at(filter_expression, index_name, "") as counter:
            return super().scan(filters, limit, exclusive_start_key, counter, index_name, *arguments, **options)

    @contextmanager
    def _looked_at(self, inner: Any, index: str | None, partition: str) -> Iterator[Any]:
        """The filter *inner*, made to count the items that the body looks at, if a call takes capacity for them."""
        consumption = consuming.get()
        counter = CountingFilter(inner)
        yield inner if consumption is None else counter
        if consumption is not None:
            consumption.read(self, counter.size, partition, index)

    def delete_item(self, hash_key: DynamoType, range_key: DynamoType | None) -> Item | None:
        self._note(hash_key, range_key)
        return super().delete_item(hash_key, range_key)

    def prepare_update(self, hash_key: DynamoType, range_key: DynamoType | None) -> None:
        """Have an item changed in place, as moto does, without a change to what `Changes` note."""
        self._note(hash_key, range_key)
        self.place(hash_key, range_key, copy.deepcopy(self.at(hash_key, range_key)))

    def _note(self, hash_key: DynamoType, range_key: DynamoType | None) -> None:
        changes = under_way.get()
        assert changes is not None, "items change within `DynamoDBEngine.writing`"
        changes.note(self, hash_key, range_key, self.at(hash_key, range_key))

    def at(self, hash_key: DynamoType, range_key: DynamoType | None) -> Item | None:
        """The item with these keys."""
        found: Any = self.items.get(hash_key)
        return found if range_key is None or found is None else found.get(range_key)

    def place(self, hash_key: DynamoType, range_key: DynamoType | None, item: Item | None) -> None:
        """Have *item* under its keys, or none."""
        items: dict[DynamoType, Any] = self.items
        if range_key is not None:
            items, hash_key = items[hash_key], range_key
        if item is None:
            items.pop(hash_key, None)
        else:
            items[hash_key] = item

    def each_item(self) -> Iterator[Item]:
        """The items in no order."""
        for found in list(self.items.values()):
            if self.range_key_attr:
                yield from list(found.values())
            else:
                yield cast(Item, found)

    def fill(self, items: Iterable[dict[str, Any]]) -> None:
        """Have these items, given by their attributes, and no others."""
        self.items = defaultdict(dict)
        for attributes in items:
            range_key = attributes[self.range_key_attr] if self.range_key_attr else None
            self.take_back(attributes[self.hash_key_attr], range_key, attributes)

    def take_back(
        self, hash_key: dict[str, Any], range_key: dict[str, Any] | None, written: dict[str, Any] | None
    ) -> None:
        """Have an item again as the lab had *written* it before its start, unchecked; or, for None, have it no more."""
        if written is None:
            self.place(DynamoType(hash_key), DynamoType(range_key) if range_key else None, None)
            return
        item: WeighedItem = object.__new__(WeighedItem)
        item.attrs = LimitedSizeDict()
        for name, value in written.items():
            dict.__setitem__(item.attrs, sys.intern(name), DynamoType(value))
        item.hash_key = item.attrs[self.hash_key_attr]
        item.range_key = item.attrs[self.range_key_attr] if self.range_key_attr else None
        self.place(item.hash_key, item.range_key, item)

    def new_item(self, attrs: dict[str, Any]) -> WeighedItem:
        """An item that could be put into this table; raises the errors that PutItem documents."""
        hash_key, range_key = self._keys(attrs)
        self._validate_item_types(attrs)
        self._validate_key_sizes(attrs)
        return WeighedItem(hash_key, range_key, attrs)

    def _keys(self, attrs: dict[str, Any]) -> tuple[DynamoType, DynamoType | None]:
        hash_key = self._key(attrs, self.hash_key_attr, self.hash_key_type)
        if self.range_key_attr is None:
            return hash_key, None
        return hash_key, self._key(attrs, self.range_key_attr, self.range_key_type)

    def _key(self, attrs: dict[str, Any], name: str, expected_type: str | None) -> DynamoType:
        if name not in attrs:
            raise MockValidationException(
                f"One or more parameter values were invalid: Missing the key {name} in the item"
            )
        value = DynamoType(attrs[name])
        if value.type != expected_type:
            raise InvalidAttributeTypeError(name, expected_type=expected_type, actual_type=value.type)
        return value


class RestoredTableEngine(TableEngine, RestoredTable):
    """A table of a backup."""


class RestoredPITTableEngine(TableEngine, RestoredPITTable):
    """A table as another one was."""


def _index(kind: type[Index], state: dict[str, Any]) -> Index:
    index: Index = object.__new__(kind)
    vars(index).update(state)
    return index
