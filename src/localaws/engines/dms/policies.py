"""What a task does about errors: leave a row out, suspend its table, or stop (ErrorBehavior of the task settings).

Source: DMS user guide, "Error handling task settings". Nothing that the lab does is truncated or in conflict with
what the target has (S3 gets new files), so DataTruncationErrorPolicy, ApplyError*Policy and FullLoadIgnoreConflicts
have no occasion to act. A task whose source or target cannot be reached fails at once: RecoverableError* settings, by
which AWS would try again, are taken as a count of 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg

from localaws.engines.dms.state import TableProgress
from localaws.gateway.errors import AwsError

#: Rows left out of one file that are told one by one.
_TOLD = 20
_TABLE = ("SUSPEND_TABLE", "STOP_TASK")
_RECORD = ("IGNORE_RECORD", "LOG_ERROR", *_TABLE)
#: setting → the values that it takes, AWS's default first
_POLICIES = {
    "DataErrorPolicy": ("LOG_ERROR", *_RECORD),
    "DataErrorEscalationPolicy": _TABLE,
    "DataTruncationErrorPolicy": ("LOG_ERROR", *_RECORD),
    "TableErrorPolicy": _TABLE,
    "TableErrorEscalationPolicy": ("STOP_TASK", *_TABLE),
    "ApplyErrorDeletePolicy": ("IGNORE_RECORD", *_RECORD),
    "ApplyErrorInsertPolicy": ("LOG_ERROR", "INSERT_RECORD", "UPDATE_RECORD", *_RECORD),
    "ApplyErrorUpdatePolicy": ("LOG_ERROR", "INSERT_RECORD", *_RECORD),
    "ApplyErrorEscalationPolicy": ("LOG_ERROR", *_RECORD),
    "EventErrorPolicy": ("IGNORE", "STOP_TASK"),
}
_COUNTS = ("DataErrorEscalationCount", "TableErrorEscalationCount")
_NOT_DONE = ("ApplyErrorFailOnTruncationDdl", "FailOnTransactionConsistencyBreached")
#: Errors of one table; others are of the connection, and so of all tables.
TABLE_ERRORS = (
    psycopg.ProgrammingError,
    psycopg.DataError,
    psycopg.InternalError,
    psycopg.NotSupportedError,
    LookupError,
    ValueError,
)


class TableSuspended(Exception):
    """The table is given up until ReloadTables; the task goes on."""


class TaskStopped(Exception):
    """The policy is to stop the task."""


class ErrorBehavior:
    """The ErrorBehavior of *settings* (ReplicationTaskSettings), and the errors counted by it.

    *say* writes to the task's log. Raises InvalidParameterValueException for settings that AWS or this lab has not.
    """

    def __init__(self, settings: Mapping[str, Any], say: Callable[[str], None]) -> None:
        own: Mapping[str, Any] = settings.get("ErrorBehavior") or {}
        self._policy = {name: own.get(name) or values[0] for name, values in _POLICIES.items()}
        for name, values in _POLICIES.items():
            if self._policy[name] not in values:
                raise _invalid(f"{name} is one of {', '.join(dict.fromkeys(values))}, not {self._policy[name]}.")
        self._most = {name: own.get(name) or 0 for name in _COUNTS}
        for name, count in self._most.items():
            if not isinstance(count, int) or not 0 <= count <= 10_000:
                raise _invalid(f"{name} is a number up to 10,000, not {count}.")
        for name in _NOT_DONE:
            if own.get(name):
                raise _invalid(f"this lab does not do {name}.")
        self.fail_on_no_tables = bool(own.get("FailOnNoTablesCaptured", True))
        self._say = say
        self._ignored: Counter[str] = Counter()
        self._table_errors: Counter[str] = Counter()

    def rows_left_out(self, table: TableProgress, faults: Sequence[str]) -> None:
        """Deal with rows that have no form in the target; returns if the work goes on without them.

        Raises TableSuspended or TaskStopped.
        """
        if not faults:
            return
        policy, name = self._policy["DataErrorPolicy"], table.name
        if policy in _TABLE:
            self._give_up(table, f"{faults[0]} (DataErrorPolicy is {policy}).", policy)
        if policy == "LOG_ERROR":
            for fault in faults[:_TOLD]:
                self._say(f"Table {name}: a row was left out: {fault}")
            if len(faults) > _TOLD:
                self._say(f"Table {name}: {len(faults) - _TOLD} more rows were left out.")
            return
        self._ignored[name] += len(faults)
        most, escalation = self._most["DataErrorEscalationCount"], self._policy["DataErrorEscalationPolicy"]
        if 0 < most <= self._ignored[name]:
            reason = f"{self._ignored[name]} rows were ignored (DataErrorEscalationPolicy is {escalation})."
            self._give_up(table, reason, escalation)

    def table_failed(self, table: TableProgress, error: Exception) -> None:
        """Deal with an *error* of the table as a whole. Raises TableSuspended or TaskStopped."""
        self._table_errors[table.name] += 1
        policy, most = self._policy["TableErrorPolicy"], self._most["TableErrorEscalationCount"]
        if 0 < most <= self._table_errors[table.name]:
            policy = self._policy["TableErrorEscalationPolicy"]
        self._give_up(table, f"{str(error).strip()} (TableErrorPolicy is {policy}).", policy)

    def _give_up(self, table: TableProgress, reason: str, policy: str) -> None:
        if policy == "STOP_TASK":
            raise TaskStopped(f"Table {table.name}: {reason}")
        table.suspended = True
        self._say(f"Table {table.name} was suspended: {reason} ReloadTables takes it up again.")
        raise TableSuspended(reason)


def _invalid(reason: str) -> AwsError:
    return AwsError("InvalidParameterValueException", f"Invalid task settings: ErrorBehavior: {reason}")
