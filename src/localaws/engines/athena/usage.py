"""What a query costs: a record of its own once it has ended, for the meter.

Source: "Amazon Athena pricing": scanned bytes are rounded up to the next megabyte, 10 MB at least; DDL and failed
queries are free; of a cancelled query counts what it scanned. "Using EXPLAIN and EXPLAIN ANALYZE in Athena": EXPLAIN
scans nothing and is free, EXPLAIN ANALYZE is not. A reused result scans nothing ("Reuse query results in Athena").
"""

from __future__ import annotations

from collections import defaultdict

from localaws.credentials import Credential
from localaws.engines.athena import PRINCIPAL
from localaws.engines.athena.execution import Execution
from localaws.engines.athena.statements import Kind
from localaws.gateway.records import Call
from localaws.lab import Lab
from localaws.lake.access import record_reading

MB = 1 << 20
LEAST = 10 * MB


def billed_bytes(kind: Kind, state: str, scanned: int, reused: bool = False) -> int:
    """The bytes that AWS bills for a query.

    Parameters:
        kind: what statement it is; CREATE TABLE AS is a query, though its type is DDL.
        state: how it ended.
        scanned: bytes.
        reused: whether its result is that of an earlier query.
    """
    if state == "FAILED" or (kind.type == "DDL" and kind.name != "create_table_as") or reused:
        return 0
    if not scanned and (state == "CANCELLED" or kind.type == "UTILITY"):
        return 0
    return max(LEAST, -(-scanned // MB) * MB)


def record(lab: Lab, region: str, caller: Credential | None, execution: Execution, state: str) -> None:
    """Note what *execution*, of *caller*, used and read, now that it ends in *state*.

    Nobody's call is being served at that moment.
    """
    if execution.session and execution.scanned:
        read: dict[str, list[str]] = defaultdict(list)  # by the registered location, "" for none
        for uri in execution.session.uris.values():
            read[next((place for place in execution.readers if uri.startswith(place)), "")].append(uri)
        for place, uris in read.items():
            record_reading(lab, region, PRINCIPAL, execution.readers.get(place, caller), uris)
    billed = billed_bytes(execution.kind, state, execution.scanned, execution.reused is not None)
    # EventBridge's name for it: "Athena Query State Change"
    call = Call.done_by(PRINCIPAL, lab.clock, "athena", "QueryStateChange", region)
    call.request_id, call.account_id = execution.id, lab.account_id
    call.resources = [f"arn:aws:athena:{region}:{lab.account_id}:workgroup/{execution.workgroup}"]
    call.ms = execution.milliseconds.get("TotalExecutionTime", 0)
    call.units = {"athena:scanned_bytes": float(execution.scanned), "athena:billed_bytes": float(billed)}
    lab.record(call)
