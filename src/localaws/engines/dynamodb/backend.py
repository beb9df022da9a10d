"""The backend: one write at a time, so that a condition still holds when its write is done; and PartiQL."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, cast

from moto.dynamodb.exceptions import (
    AttributeDoesNotExist,
    ConditionalCheckFailed,
    DynamodbException,
    IncorrectDataType,
    InvalidUpdateExpressionInvalidDocumentPath,
    ResourceNotFoundException,
    TransactionCanceledException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Backup, RestoredPITTable, RestoredTable, Table

from localaws.engines.dynamodb.batches import Write, check_distinct, check_parts, key_of_item
from localaws.engines.dynamodb.changes import Changes, under_way
from localaws.engines.dynamodb.consumption import Consumption, consuming
from localaws.engines.dynamodb.expiry import await_expiry
from localaws.engines.dynamodb.history import History, Items, is_enabled, seconds, window
from localaws.engines.dynamodb.items import TableEngine, WeighedItem
from localaws.engines.dynamodb.kept import KeptItems
from localaws.engines.dynamodb.partiql.execution import Result, batch_error, execute, key_of, key_of_token
from localaws.engines.dynamodb.partiql.parser import ExistsCheck, Insert, Select, Statement, parse
from localaws.engines.dynamodb.throughput import EXCEEDED, Throughput
from localaws.engines.dynamodb.transactions import Transactions, named
from localaws.engines.dynamodb.transfers import ExportEngine
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

AttributeMap = dict[str, Any]
_TABLE_ARN = re.compile(r"arn:aws[\w-]*:dynamodb:[\w-]+:\d{12}:table/[\w.-]+")
_NO_KEY = "Select statements within BatchExecuteStatement must specify the primary key in the where clause."


#: What a backend has anew after a start.
_NOT_KEPT = {"transactions", "throughput", "_history", "_writing", "_transacting", "_kept", "awaits_expiry"}
#: What is wrong with an update only once there is an item to do it to.
_OF_THE_ITEM = (AttributeDoesNotExist, IncorrectDataType, InvalidUpdateExpressionInvalidDocumentPath)


class ValidationError(Exception):
    """Why a part of a transaction cannot be done; its name is what moto tells as the reason's code."""


class DynamoDBEngine(DynamoDBBackend):
    """moto asks a condition and writes in two steps; between them another thread may have written.

    A write is in the log (`KeptItems`) before it is answered; what the disk does not take is undone.
    """

    lab: ClassVar[Lab]
    #: Where backends have their logs.
    directory: ClassVar[Path]
    awaits_expiry = False

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._writing = threading.RLock()
        self._transacting = False
        self.transactions = Transactions()
        self.throughput = Throughput(self.lab, region_name)
        owner = account_id, region_name
        self._kept = KeptItems(self.directory / f"{'-'.join(owner)}.log", owner, self._all_tables)
        self._history = History(self.directory / "history" / f"{'-'.join(owner)}.log")

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in _NOT_KEPT}

    def _all_tables(self) -> list[TableEngine]:
        """The tables, and the copies of some that are backups."""
        found = [*self.tables.values(), *(backup.table for backup in self.backups.values())]
        return [table for table in found if isinstance(table, TableEngine)]

    def take_back(self) -> None:
        """Have the items again that there were before the lab's start; once, before anything else."""
        young, dead = self._kept.read()
        for table in self._all_tables():
            if table.id in dead:
                self.tables = {name: each for name, each in self.tables.items() if each is not table}
                self.backups = {arn: each for arn, each in self.backups.items() if each.table is not table}
        self.tables |= {table.name: table for table in young}
        self._history.read(self._all_tables())
        self._kept.tidy()

    def update_table_streams(self, table: Table, stream_specification: dict[str, Any]) -> None:
        """A stream that was disabled is enabled as another one (developer guide, "Enabling a stream")."""
        if table.stream_specification is None or table.stream_specification.get("StreamEnabled"):
            super().update_table_streams(table, stream_specification)
        else:
            table.set_stream_specification(stream_specification)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The body is one write: all of it is done and kept, or nothing. A write within it is a part of it."""
        with self._writing:
            if under_way.get() is not None:
                yield
                return
            changes = Changes()
            token = under_way.set(changes)
            try:
                yield
                self._take(changes)
                self._history.note(changes, self.lab.clock.time())
                self._kept.keep(changes)
            except BaseException as error:
                changes.undo()
                if isinstance(error, ConditionalCheckFailed):  # which takes what the write would have taken
                    self._take(changes)
                raise
            finally:
                under_way.reset(token)
            self._kept.tidy()

    def _take(self, changes: Changes) -> None:
        """Use the capacity that a call's write needs; expiry and imports need none."""
        consumption = consuming.get()
        if consumption is None:
            return
        written = Consumption(transactional=consumption.transactional)
        changes.consumed(written)
        self.throughput.take(written)
        consumption.add(written)

    def put_item(self, table_name: str, item_attrs: dict[str, Any], *args: Any, **kwargs: Any) -> Item:
        self._check_free(table_name, key_of_item(self.table(table_name), item_attrs))
        with self.writing():
            return super().put_item(table_name, item_attrs, *args, **kwargs)

    def _check_free(self, table_name: str, key: AttributeMap) -> None:
        """Raises TransactionConflictException for a write that is no transaction's, to an item that one has."""
        if under_way.get() is None:
            self.transactions.check_free(named(table_name, key))

    def update_item(self, table_name: str, key: dict[str, Any], *args: Any, **kwargs: Any) -> Item:
        self._check_free(table_name, key)
        with self.writing():
            table = self.table(table_name)
            table.prepare_update(*self.get_keys_value(table, key))
            try:
                return super().update_item(table_name, key, *args, **kwargs)
            except _OF_THE_ITEM as error:
                if self._transacting:
                    raise ValidationError(error.message) from None
                raise

    def delete_item(self, table_name: str, key: dict[str, Any], *args: Any, **kwargs: Any) -> Item | None:
        self._check_free(table_name, key)
        with self.writing():
            return super().delete_item(table_name, key, *args, **kwargs)

    def transact_write_items(self, transact_items: list[dict[str, Any]]) -> None:
        """Raises TransactionCanceledException with a reason for each part that does not fit its table, and moto's."""
        parts = [part for item in transact_items for part in item.values()]
        names = [named(part["TableName"], self._key_of_part(part)) for part in parts]
        with self.transactions.under_way(names), self.writing():
            check_parts((self.get_table(part["TableName"]), part) for part in parts)
            self._transacting = True
            try:
                super().transact_write_items(transact_items)
            finally:
                self._transacting = False

    def _key_of_part(self, part: dict[str, Any]) -> AttributeMap:
        """The key of the item that a part of a transaction is of."""
        key: AttributeMap = part["Key"] if "Key" in part else key_of_item(self.table(part["TableName"]), part["Item"])
        return key

    def write(self, writes: Mapping[str, Iterable[Write]]) -> None:
        """Put or delete items of tables, by the tables' names."""
        with self.writing():
            for name, of_table in writes.items():
                table = self.table(name)
                for write in of_table:
                    if isinstance(write, WeighedItem):
                        table.store(write)
                    else:
                        super().delete_item(name, write)

    def write_some(self, writes: Mapping[str, Sequence[Write]]) -> dict[str, list[int]]:
        """The same as far as there is capacity: the positions of what was not written, by table.

        Raises ProvisionedThroughputExceededException where there is none for any of them.
        """
        try:
            self.write(writes)
        except AwsError as exceeded:
            if exceeded.code != EXCEEDED:
                raise
            left = {name: list(self._unwritten(name, of_table)) for name, of_table in writes.items()}
            if sum(map(len, left.values())) == sum(map(len, writes.values())):
                raise
            return {name: positions for name, positions in left.items() if positions}
        return {}

    def _unwritten(self, name: str, writes: Sequence[Write]) -> Iterator[int]:
        for position, write in enumerate(writes):
            try:
                self.write({name: [write]})
            except AwsError as exceeded:
                if exceeded.code != EXCEEDED:
                    raise
                yield position

    def table(self, name: str) -> TableEngine:
        """Raises ResourceNotFoundException."""
        table = self.get_table(name)
        assert isinstance(table, TableEngine)
        return table

    def delete_table(self, name: str) -> Table:
        """Raises ResourceNotFoundException, which names the table."""
        if name.rpartition("/")[2] not in self.tables:
            raise ResourceNotFoundException(table_name=name)
        with self._writing:
            table = self.table(name)
            if not table.deletion_protection_enabled:
                self._kept.forget(table)
                self._history.forget(table)
            return super().delete_table(name)

    def create_backup(self, table_name: str, backup_name: str) -> Backup:
        with self._writing:
            backup = super().create_backup(table_name, backup_name)
            self._keep_all(backup.table, self.backups, backup.arn)
            return backup

    def delete_backup(self, backup_arn: str) -> Backup:
        with self._writing:
            self._kept.forget(cast(TableEngine, self.get_backup(backup_arn).table))
            return super().delete_backup(backup_arn)

    def restore_table_from_backup(self, target_table_name: str, backup_arn: str) -> RestoredTable:
        with self._writing:
            table = super().restore_table_from_backup(target_table_name, backup_arn)
            self._keep_all(table, self.tables, target_table_name)
            return table

    def restore_table_to_point_in_time(
        self, target_table_name: str, source_table_name: str, moment: float | None = None
    ) -> RestoredPITTable:
        """As the source was at a *moment* in seconds since the epoch, or is.

        Raises PointInTimeRecoveryUnavailableException, InvalidRestoreTimeException.
        """
        with self._writing:
            source = self.table(source_table_name)
            items = self.past(source, moment, "InvalidRestoreTimeException", "restore").values()
            table = super().restore_table_to_point_in_time(target_table_name, source_table_name)
            assert isinstance(table, TableEngine)
            table.fill(items)
            if moment is not None:
                table.restore_date_time = datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)
            table.billing_mode = source.billing_mode
            self._keep_all(table, self.tables, target_table_name)
            return table

    def past(self, table: TableEngine, moment: float | None, refused: str, what: str) -> Items:
        """The items of *table* at a *moment*, or now; *refused* is the error for one that is not known any more."""
        if not is_enabled(table):
            message = f"Point in time recovery is not enabled for table '{table.name}'"
            raise AwsError("PointInTimeRecoveryUnavailableException", message)
        now = self.lab.clock.time()
        first, last = window(table, now)
        if moment is not None and not first - 1 <= moment <= last:
            raise AwsError(refused, f"The specified {what} time is outside of the point in time recovery window")
        with self._writing:
            return self._history.at(table, now if moment is None else moment)

    def describe_continuous_backups(self, table_name: str) -> dict[str, Any]:
        """Until now a table can be restored, as long as it is enabled."""
        found = super().describe_continuous_backups(table_name)
        described = found["PointInTimeRecoveryDescription"]
        if described["PointInTimeRecoveryStatus"] == "ENABLED":
            first, last = window(self.table(table_name), self.lab.clock.time())
            described |= {"EarliestRestorableDateTime": first, "LatestRestorableDateTime": last}
        return found

    def update_continuous_backups(self, table_name: str, point_in_time_spec: dict[str, Any]) -> dict[str, Any]:
        found = super().update_continuous_backups(table_name, point_in_time_spec)
        if not point_in_time_spec["PointInTimeRecoveryEnabled"]:
            self._history.forget(self.table(table_name))
        return found

    def export(self, request: dict[str, Any]) -> ExportEngine:
        """Begin an export, of what the table is at this moment or was at another one.

        Raises TableNotFoundException, PointInTimeRecoveryUnavailableException, InvalidExportTimeException.
        """
        arn, token = request["TableArn"], request.get("ClientToken")
        table = next((each for each in self.tables.values() if each.table_arn == arn), None)
        if not isinstance(table, TableEngine):
            raise AwsError("TableNotFoundException", f"Table not found: {arn}")
        for known in self.table_exports.values():
            if token and isinstance(known, ExportEngine) and known.request.get("ClientToken") == token:
                return known
        at = seconds(request["ExportTime"]) if "ExportTime" in request else None
        items = self.past(table, at, "InvalidExportTimeException", "export")
        export = ExportEngine(table, list(items.values()), request, self.account_id, self.region_name)
        self.table_exports[export.arn] = export
        export.start()
        return export

    def _keep_all(self, table: Table, place: dict[str, Any], name: str) -> None:
        """Keep a table that was made with items; where the disk does not take them, it is not in its *place* either."""
        assert isinstance(table, TableEngine)
        try:
            self._kept.keep_all(table)
        except OSError:
            del place[name]
            raise

    def update_time_to_live(self, table_name: str, ttl_spec: dict[str, Any]) -> None:
        self.get_table(table_name)  # raises ResourceNotFoundException
        super().update_time_to_live(table_name, ttl_spec)
        if not self.awaits_expiry:
            await_expiry(self.lab, self)

    def describe_time_to_live(self, table_name: str) -> dict[str, Any]:
        self.get_table(table_name)
        return super().describe_time_to_live(table_name)

    def list_tags_of_resource(self, table_arn: str) -> list[dict[str, str]]:
        return self._table_of(table_arn).tags

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """A key that the table has gets the new value (API reference, TagResource)."""
        table = self._table_of(arn)
        merged = {tag["Key"]: tag["Value"] for tag in table.tags} | tags
        table.tags = [{"Key": key, "Value": value} for key, value in merged.items()]

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        self._table_of(arn)
        super().untag_resource(arn, tag_keys)

    def _table_of(self, arn: str) -> Table:
        """Raises ValidationException for what is no table's ARN, ResourceNotFoundException for no table's."""
        if not _TABLE_ARN.fullmatch(arn):
            raise AwsError("ValidationException", f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
        table = next((each for each in self.tables.values() if each.table_arn == arn), None)
        if table is None:
            raise ResourceNotFoundException(f"Requested resource not found: ResourcArn: {arn} not found")
        return table

    def run_statement(
        self, text: str, parameters: list[AttributeMap], limit: int | None = None, token: str | None = None
    ) -> Result:
        """One PartiQL statement; *token* is the NextToken of the page before."""
        statement = parse(text, parameters)
        start = key_of_token(token)
        with self.writing():
            return execute(self, statement, limit, start)

    def run_transaction(self, statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """All of *statements* or none of them; raises TransactionCanceledException with each one's reason."""
        parsed = [parse(each["Statement"], each.get("Parameters", [])) for each in statements]
        _check_alike("transaction", parsed)
        keys = [key for statement in parsed for key in self._key_named(statement)]
        check_distinct(keys)
        with self.transactions.under_way([named(*key) for key in keys]), self.writing():
            responses, reasons = [], []
            for statement in parsed:
                try:
                    items = execute(self, statement).items
                    responses.append({"Item": items[0]} if items else {})
                    reasons.append((None, None, None))
                except (AwsError, DynamodbException) as error:
                    reason = batch_error(error_of(error))
                    reasons.append((reason["Code"], reason["Message"], None))  # type: ignore[arg-type]
            if any(code for code, _, _ in reasons):
                raise TransactionCanceledException(reasons)
        return responses

    def _key_named(self, statement: Statement) -> Iterator[tuple[str, AttributeMap]]:
        """The table and the key of the one item that *statement* is of, if it is of one."""
        if isinstance(statement, Insert):
            yield statement.table, key_of_item(self.get_table(statement.table), statement.item)
        elif not isinstance(statement, ExistsCheck):
            with suppress(AwsError):
                yield statement.table, key_of(self.get_table(statement.table), statement.where)

    def run_batch(self, statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each of *statements* by itself; what fails says so in its place."""
        parsed = [_parsed(each) for each in statements]
        _check_alike("batch", parsed)
        return [self._run_of_batch(each) for each in parsed]

    def _run_of_batch(self, statement: Statement | AwsError) -> dict[str, Any]:
        try:
            if isinstance(statement, AwsError):
                raise statement
            if isinstance(statement, Select):
                try:
                    key_of(self.get_table(statement.table), statement.where)
                except AwsError:
                    raise AwsError("ValidationException", _NO_KEY) from None
            with self.writing():
                items = execute(self, statement).items
        except Exception as error:
            return {"Error": batch_error(error_of(error))}
        name = getattr(statement, "table", None)
        return {"TableName": name} | ({"Item": items[0]} if items else {})


def _parsed(request: dict[str, Any]) -> Statement | AwsError:
    try:
        return parse(request["Statement"], request.get("Parameters", []))
    except AwsError as error:
        return error


def _check_alike(whole: str, statements: Iterable[Statement | AwsError]) -> None:
    """Raises ValidationException for statements that read and statements that write; the words are the API reference's
    (BatchExecuteStatement, ExecuteTransaction), where EXISTS is an exception."""
    kinds = {isinstance(each, Select) for each in statements if not isinstance(each, ExistsCheck | AwsError)}
    if len(kinds) > 1:
        said = "must consist of either read statements or write statements, you cannot mix both in one"
        raise AwsError("ValidationException", f"The entire {whole} {said} {whole}.")


def error_of(error: Exception) -> AwsError:
    """AWS's error of whatever a statement failed with; raises what is none."""
    if isinstance(error, AwsError):
        return error
    code = getattr(error, "error_type", None)
    if code is None:
        raise error
    return AwsError(code, str(getattr(error, "message", error)))
