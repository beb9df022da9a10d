"""Each operation on items, with what it takes: told if it is asked for, billed, and refused where there is too little.

Source: API reference, ReturnConsumedCapacity; DynamoDB developer guide, "DynamoDB capacity unit consumption".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.dynamodb.responses import DynamoResult

from localaws.engines.dynamodb.consumption import Consumption, consuming
from localaws.engines.dynamodb.items import TableEngine
from localaws.engines.dynamodb.responses import DynamoEngineResponse
from localaws.engines.dynamodb.sizes import size_of
from localaws.gateway.records import current_call

_TRANSACTIONS = {"TransactGetItems", "TransactWriteItems", "ExecuteTransaction"}
#: Operations whose answer has what they took of several tables.
_OF_MANY = _TRANSACTIONS | {"BatchGetItem", "BatchWriteItem", "BatchExecuteStatement"}


_READS, _WRITES = "dynamodb:provisioned_reads", "dynamodb:provisioned_writes"


class MeteredResponse(DynamoEngineResponse):
    """The operations that take capacity, and those that provision it."""

    def create_table(self) -> ActionResult:
        return self._provisioned(super().create_table())

    def update_table(self) -> ActionResult:
        return self._provisioned(super().update_table())

    def delete_table(self) -> ActionResult:
        answer = super().delete_table()
        current_call.get().units |= {_READS: 0.0, _WRITES: 0.0}
        return answer

    def _provisioned(self, answer: ActionResult) -> ActionResult:
        """What the table and its indexes have from now on is billed by the hour."""
        table = self.dynamodb_backend.table(self.body["TableName"].rpartition("/")[2])
        stand = [] if table.billing_mode == "PAY_PER_REQUEST" else [table.throughput, *_of_indexes(table)]
        for unit, name in ((_READS, "ReadCapacityUnits"), (_WRITES, "WriteCapacityUnits")):
            current_call.get().units[unit] = float(sum((each or {}).get(name, 0) for each in stand))
        return answer

    def get_item(self) -> ActionResult:
        return self._metered(super().get_item, lambda: self._read(self.body, self.body["Key"]))

    def put_item(self) -> ActionResult:
        return self._metered(super().put_item)

    def update_item(self) -> ActionResult:
        return self._metered(super().update_item)

    def delete_item(self) -> ActionResult:
        return self._metered(super().delete_item)

    def query(self) -> ActionResult:
        return self._metered(super().query)

    def scan(self) -> ActionResult:
        return self._metered(super().scan)

    def batch_get_item(self) -> ActionResult:
        def read() -> None:
            for name, asked in self.body["RequestItems"].items():
                for key in asked["Keys"]:
                    self._read({**asked, "TableName": name}, key)

        return self._metered(super().batch_get_item, read)

    def batch_write_item(self) -> ActionResult:
        return self._metered(super().batch_write_item)

    def transact_get_items(self) -> ActionResult:
        def read() -> None:
            for each in self.body["TransactItems"]:
                self._read(each["Get"], each["Get"]["Key"])

        return self._metered(super().transact_get_items, read)

    def transact_write_items(self) -> ActionResult:
        return self._metered(super().transact_write_items)

    def execute_statement(self) -> ActionResult:
        return self._metered(super().execute_statement)

    def execute_transaction(self) -> ActionResult:
        return self._metered(super().execute_transaction)

    def batch_execute_statement(self) -> ActionResult:
        return self._metered(super().batch_execute_statement)

    def _metered(self, work: Callable[[], ActionResult], read: Callable[[], None] | None = None) -> ActionResult:
        """*work*'s answer; *read* notes what it reads by key. Writes take what they need as they are done."""
        operation = self._get_action()
        consumption = Consumption(bool(self.body.get("ConsistentRead")), operation in _TRANSACTIONS)
        token = consuming.set(consumption)
        try:
            answer = work()
            if read:
                read()
            self.dynamodb_backend.throughput.take(consumption.only(writes=False))
        finally:
            consuming.reset(token)
        self._bill(consumption)
        result = dict(cast(dict[str, Any], answer.result))
        wanted = self.body.get("ReturnConsumedCapacity", "NONE")
        result.pop("ConsumedCapacity", None)
        result.pop("ConsumedCapacityUnits", None)
        if wanted in ("TOTAL", "INDEXES"):
            told = [
                each.described(wanted == "INDEXES", operation in _TRANSACTIONS) for each in consumption.tables.values()
            ]
            result["ConsumedCapacity"] = told if operation in _OF_MANY else next(iter(told), None)
        return DynamoResult(result)

    def _read(self, asked: dict[str, Any], key: dict[str, Any]) -> None:
        """An item is read by its key, whether or not it is there."""
        backend = self.dynamodb_backend
        table = backend.table(asked["TableName"].rpartition("/")[2])
        hash_key, range_key = backend.get_keys_value(table, key)
        found = table.at(hash_key, range_key)
        consumption = consuming.get()
        assert consumption is not None
        size = size_of(found.attrs) if found else 0
        consumption.read(table, size, str(hash_key.to_json()), consistent=bool(asked.get("ConsistentRead")))

    @staticmethod
    def _bill(consumption: Consumption) -> None:
        """On-demand tables are billed by the unit."""
        units = current_call.get().units
        for taken in consumption.tables.values():
            if taken.table.billing_mode == "PAY_PER_REQUEST":
                for name, used in (("dynamodb:read_units", taken.reads), ("dynamodb:write_units", taken.writes)):
                    if used:
                        units[name] = units.get(name, 0.0) + sum(used.values())


def _of_indexes(table: TableEngine) -> list[dict[str, Any]]:
    return [index.throughput for index in table.global_indexes]
