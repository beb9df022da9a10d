"""What a query costs: a record of its own once it has ended, for the meter.

Source: "Amazon Athena pricing": scanned bytes are rounded up to the next megabyte, 10 MB at least; DDL and failed
queries are free; of a cancelled query counts what it scanned. "Using EXPLAIN and EXPLAIN ANALYZE in Athena": EXPLAIN
scans nothing and is free, EXPLAIN ANALYZE is not. A reused result scans nothing ("Reuse query results in Athena").
"""

from __future__ import annotations

from localaws.engines.athena.execution import Execution
from localaws.engines.athena.statements import Kind
from localaws.gateway.records import Call
from localaws.lab import Lab

MB = 1 << 20
LEAST = 10 * MB
SERVICE = "athena.amazonaws.com"


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


def record(lab: Lab, region: str, execution: Execution, state: str) -> None:
    """Note what *execution* used, now that it ends in *state*: nobody's call is being served at that moment.

    Objects are read in place, without S3's requests; on AWS each is at least one GET, which the account pays.
    """
    billed = billed_bytes(execution.kind, state, execution.scanned, execution.reused is not None)
    objects = len(execution.session.uris) if execution.session and execution.scanned else 0
    units = {"athena:scanned_bytes": execution.scanned, "athena:billed_bytes": billed, "s3:objects_read": objects}
    lab.records.append(
        Call(
            request_id=execution.id,
            time=lab.clock.now().isoformat(timespec="milliseconds"),
            source_ip=SERVICE,
            user_agent=SERVICE,
            service="athena",
            operation="QueryStateChange",  # EventBridge's name for it: "Athena Query State Change"
            region=region,
            principal=SERVICE,
            account_id=lab.account_id,
            resources=[f"arn:aws:athena:{region}:{lab.account_id}:workgroup/{execution.workgroup}"],
            status=200,
            ms=execution.milliseconds.get("TotalExecutionTime", 0),
            units={name: float(amount) for name, amount in units.items()},
        )
    )
