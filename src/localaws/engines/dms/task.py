"""A replication task: its description, and the thread that does its work."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from moto.dms.models import FakeReplicationTask

from localaws.engines.dms.capture import Capture
from localaws.engines.dms.files import S3Settings, parse_settings
from localaws.engines.dms.load import FullLoad, spool_directory
from localaws.engines.dms.mappings import TableMappings, parse_mappings
from localaws.engines.dms.policies import ErrorBehavior, TaskStopped
from localaws.engines.dms.source import PostgresSource
from localaws.engines.dms.state import CANCELLED, FAILED, RELOADING, Progress, Stopped
from localaws.gateway.errors import AwsError

if TYPE_CHECKING:
    from localaws.engines.dms.backend import DMSEngine

log = logging.getLogger(__name__)

#: What ends a task with an error that its reader can do something about.
_FAILURES = (psycopg.Error, ClientError, BotoCoreError, LookupError, AwsError, ValueError, OSError, TaskStopped)
#: Seconds that a task which is to stop has for the query that it is at.
_PATIENCE = 0.5
RUNNING = {"starting", "running", "stopping"}


class ReplicationTask(FakeReplicationTask):
    """``settings`` are CreateReplicationTask's parameters; ``progress`` is what has been done."""

    def __init__(self, engine: DMSEngine, settings: dict[str, Any], created: datetime) -> None:
        super().__init__(account_id=engine.account_id, region_name=engine.region_name, **settings)
        self.settings = settings
        self.creation_date = created
        self.progress = Progress()
        self.stop_reason = ""
        self.failure = ""
        self._engine = engine
        self._lab = engine.lab
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._working_on: PostgresSource | None = None

    @property
    def full_load(self) -> bool:
        return self.migration_type.startswith("full-load")

    @property
    def cdc(self) -> bool:
        return self.migration_type.endswith("cdc")

    @property
    def own_settings(self) -> Mapping[str, Any]:
        """ReplicationTaskSettings."""
        return json.loads(self.replication_task_settings or "{}") or {}

    # What operations ask for

    def begin(self, kind: str) -> None:
        """Start as *kind* (start-replication, resume-processing, reload-target) says, in the background."""

        def work() -> None:
            self._run(fresh=kind != "resume-processing")

        def spawn() -> None:
            self._stop.clear()
            self._thread = self._lab.spawn(f"dms-{self.id}", work)

        with self._engine.state_file.changing(vars(self)):
            self.status, self.stop_reason, self.failure = "starting", "", ""
            self.start_date, self.stop_date = self._lab.clock.now(), None
            self._engine.state_file.then(spawn)

    def end(self) -> None:
        """Tell the work to stop; it is ``stopped`` when it has."""
        self.status = "stopping"
        self._stop.set()
        self._lab.spawn(f"dms-stop-{self.id}", self._cut_off)

    def _cut_off(self) -> None:
        """Have the source end what the work waits for, which may be a lock that somebody keeps for ever."""
        while self._thread and self._thread.is_alive():
            self._thread.join(_PATIENCE)
            if self._working_on:
                self._working_on.cancel()

    def wait(self) -> None:
        """Until the work has ended."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=10)

    def reload(self, name: str) -> None:
        """Load the table *name* again while the task runs; a task that has ended does so when it is resumed."""
        table = self.progress.tables[name]
        table.TableState, table.FullLoadReloaded = RELOADING, True
        table.suspended = False

    def drop_slot(self) -> None:
        """Leave nothing behind at the source, as far as it can be reached."""
        if self.progress.slot:
            try:
                self._source().drop_slot(self.progress.slot)
            except (psycopg.Error, ClientError) as error:
                log.warning("task %s leaves slot %s behind: %s", self.id, self.progress.slot, error)
            self.progress.slot = ""

    # The work

    def _run(self, fresh: bool) -> None:
        try:
            self._work(fresh)
            self._finished("stopped", "Stop Reason FULL_LOAD_ONLY_FINISHED")
        except Stopped:
            self._finished("stopped", "Stop Reason NORMAL")
        except _FAILURES as error:
            if self._stop.is_set():  # what was cut off by the stop itself is no failure
                self._finished("stopped", "Stop Reason NORMAL")
            else:
                self.say(f"Task failed: {error}")
                self._finished(
                    "failed", "Stop Reason FATAL_ERROR", f"Last Error {str(error).strip()} Stop Reason FATAL_ERROR"
                )
        except Exception as error:
            log.exception("task %s failed", self.id)
            self._finished("failed", "Stop Reason FATAL_ERROR", f"Last Error {error!r} Stop Reason FATAL_ERROR")

    def _finished(self, status: str, reason: str, failure: str = "") -> None:
        if self._lab.stopping.is_set():
            return  # the state file says "running": the next start tells the reader what has become of it
        self.stop_reason, self.failure, self.stop_date = reason, failure, self._lab.clock.now()
        self.status = status
        try:
            self._engine.state_file.save()
        except OSError as error:  # the next start finds "running", and tells the reader so
            log.error("the state of task %s cannot be written: %s", self.id, error)

    def _source(self) -> PostgresSource:
        endpoint = self._engine.endpoint(self.source_endpoint_arn)
        return PostgresSource(self._lab, self.region, endpoint.settings)

    def _work(self, fresh: bool) -> None:
        source, mappings = self._source(), parse_mappings(self.table_mappings)
        self._working_on = source
        settings = parse_settings(self._engine.endpoint(self.target_endpoint_arn).settings["S3Settings"])
        s3 = self._lab.client(
            "s3",
            region=self.region,
            role_arn=settings.role_arn,
            session_name="dms-session-for-s3",
            by="dms",
        )
        s3.head_bucket(Bucket=settings.bucket)
        spool_directory(self._lab)
        if fresh:
            self.drop_slot()
            self.progress = Progress(fresh_start=self._lab.clock.time())
        progress, save = self.progress, self._engine.state_file.save
        keep = (self.own_settings.get("FullLoadSettings") or {}).get("TargetTablePrepMode") == "DO_NOTHING"
        errors = ErrorBehavior(self.own_settings, self.say)
        load = FullLoad(self._lab, s3, source, settings, mappings, progress, self._stop, save, keep, errors)
        self.status = "running"
        if self.full_load and not progress.loaded:
            self._load(source, load)
        elif self.cdc and not progress.slot:
            self._new_slot(source)[0].close()
        if self.cdc:
            if not self.full_load:
                with source.connect() as connection:
                    for schema, table, _ in load.selected(connection):
                        if not progress.table(schema, table).suspended:
                            progress.table(schema, table).TableState = "Table completed"
            self.say(f"Change capture from slot {progress.slot}.")
            self._capture(source, load, settings, mappings, s3, errors)
            raise Stopped

    def _load(self, source: PostgresSource, load: FullLoad) -> None:
        progress = self.progress
        self._tell_repeats()
        progress.load_start = self._lab.clock.time()
        snapshot, keeper = "", None
        if self.cdc and progress.slot and not any(table.loaded for table in progress.tables.values()):
            self.drop_slot()  # nothing depends on it yet: with a new one, no change is delivered twice
        if self.cdc and not progress.slot:
            keeper, snapshot = self._new_slot(source)
        try:
            with source.connect() as connection:
                load.run(connection, snapshot)
        finally:
            if keeper:
                keeper.close()
        progress.loaded, progress.load_finish = True, self._lab.clock.time()
        rows = sum(table.FullLoadRows for table in progress.tables.values())
        self.say(f"Full load complete: {len(progress.tables)} tables, {rows} rows.")
        self._engine.state_file.save()

    def _new_slot(self, source: PostgresSource) -> tuple[psycopg.Connection[Any], str]:
        name = f"dms_{self.id.lower().replace('-', '_')}"
        try:
            made = source.create_slot(name)
        except psycopg.Error as error:
            raise ValueError(
                f"No replication slot could be made at the source: {str(error).strip()}. Change capture needs the "
                "parameter rds.logical_replication=1, a reboot, and a user who may replicate."
            ) from error
        self.progress.slot = name
        self._engine.state_file.save()
        return made

    def _tell_repeats(self) -> None:
        """Say what a resumed load does again: whole tables, for a snapshot that has gone cannot be continued."""
        for table in self.progress.tables.values():
            if not table.loaded and table.FullLoadStartTime is not None:
                table.FullLoadReloaded = True
                changes = " Its changes since the task's start may be delivered twice." if self.progress.slot else ""
                self.say(
                    f"Table {table.SchemaName}.{table.TableName} had been loaded in part ({table.FullLoadRows} rows "
                    f"counted): it is loaded again from its beginning, over the files of the first attempt.{changes}"
                )

    def _capture(
        self,
        source: PostgresSource,
        load: FullLoad,
        settings: S3Settings,
        mappings: TableMappings,
        s3: Any,
        errors: ErrorBehavior,
    ) -> None:
        for table in self.progress.tables.values():
            if table.TableState == CANCELLED:  # by the stop of an earlier run
                table.TableState = RELOADING

        def reload_tables(connection: psycopg.Connection[Any]) -> None:
            for table in [each for each in self.progress.tables.values() if each.TableState == RELOADING]:
                selection = mappings.select(table.SchemaName, table.TableName)
                assert selection is not None
                load.load(connection, table, selection)

        save = self._engine.state_file.save
        capture = Capture(self._lab, s3, source, settings, mappings, self.progress, save, errors, self._stop)
        capture.run(reload_tables)

    def say(self, message: str) -> None:
        """Write a line to the task's log, which AWS keeps in CloudWatch Logs."""
        log.info("task %s: %s", self.id, message)
        instance = self.replication_instance_arn.rsplit(":", 1)[-1]
        group, stream = f"dms-tasks-{instance}", f"dms-task-{self.id}"
        client = self._lab.client("logs", region=self.region, by="dms")
        event = {"timestamp": int(self._lab.clock.time() * 1000), "message": message}
        try:
            for create, names in (
                (client.create_log_group, {"logGroupName": group}),
                (client.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
            ):
                with suppress(client.exceptions.ResourceAlreadyExistsException):
                    create(**names)
            client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
        except (ClientError, BotoCoreError):
            log.exception("task %s cannot write its log", self.id)

    # Descriptions

    def to_dict(self) -> dict[str, Any]:
        progress = self.progress
        tables = list(progress.tables.values())
        states = [table.TableState for table in tables]
        loaded = sum(table.loaded for table in tables) if self.full_load else 0
        percent = 100 if progress.loaded else (100 * loaded // len(tables) if tables and self.full_load else 0)
        until = self.stop_date or self._lab.clock.now()
        elapsed = int((until - self.start_date).total_seconds() * 1000) if self.start_date else 0
        stats: dict[str, Any] = {
            "FullLoadProgressPercent": percent,
            "ElapsedTimeMillis": elapsed,
            "TablesLoaded": loaded,
            "TablesLoading": states.count("Full load") + states.count(RELOADING),
            "TablesQueued": states.count("Before load"),
            "TablesErrored": states.count(FAILED),
            "FreshStartDate": progress.fresh_start,
            "StartDate": _epoch(self.start_date),
            "StopDate": _epoch(self.stop_date),
            "FullLoadStartDate": progress.load_start,
            "FullLoadFinishDate": progress.load_finish,
        }
        described = {
            "ReplicationTaskIdentifier": self.id,
            "SourceEndpointArn": self.source_endpoint_arn,
            "TargetEndpointArn": self.target_endpoint_arn,
            "ReplicationInstanceArn": self.replication_instance_arn,
            "MigrationType": self.migration_type,
            "TableMappings": self.table_mappings,
            "ReplicationTaskSettings": self.replication_task_settings or "{}",
            "Status": self.status,
            "StopReason": self.stop_reason or None,
            "LastFailureMessage": self.failure or None,
            "RecoveryCheckpoint": progress.checkpoint or None,
            "ReplicationTaskCreationDate": _epoch(self.creation_date),
            "ReplicationTaskStartDate": _epoch(self.start_date),
            "ReplicationTaskArn": self.arn,
            "ReplicationTaskStats": {name: value for name, value in stats.items() if value is not None},
        }
        return {name: value for name, value in described.items() if value is not None}

    def record(self) -> dict[str, Any]:
        """What the state file keeps."""
        return {
            "settings": self.settings,
            "tags": self._engine.tagger.list_tags_for_resource(self.arn)["Tags"],
            "created": self.creation_date.isoformat(),
            "started": self.start_date and self.start_date.isoformat(),
            "ended": self.stop_date and self.stop_date.isoformat(),
            "status": self.status,
            "stop_reason": self.stop_reason,
            "failure": self.failure,
            "progress": self.progress.record(),
        }

    def bring_back(self, record: dict[str, Any]) -> None:
        """Be again what the state file tells."""
        self.progress = Progress.of_record(record["progress"])
        self.status, self.stop_reason, self.failure = record["status"], record["stop_reason"], record["failure"]
        self.start_date, self.stop_date = _moment(record.get("started")), _moment(record.get("ended"))
        if self.status in RUNNING:
            self.status, self.stop_reason = "stopped", "Stop Reason RECOVERABLE_ERROR"
            self.failure = "The lab ended while the task ran. Start it with resume-processing."
            self.stop_date = self._lab.clock.now()  # nobody noted when the lab ended


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _epoch(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None
