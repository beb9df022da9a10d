"""What moto cannot be compared with, beside the machine's own limit: Lambda's overhead, and DMS against COPY.

Run by ``make bench`` after bench.py.
"""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from typing import Any

import psycopg
from peers import ThisLab

ROWS = 1_000_000
RECORDS = 20_000
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
POLICIES = ["service-role/AWSLambdaKinesisExecutionRole", "AmazonS3FullAccess"]
ECHO = "def handler(event, context):\n    return event"
COUNT = "def handler(event, context):\n    print('TOOK', len(event['Records']))"


def main() -> None:
    lab = ThisLab()
    try:
        iam = lab.client("iam")
        role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        for policy in POLICIES:
            iam.attach_role_policy(RoleName="bench", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        functions = Functions(lab, role)
        functions.overhead()
        functions.stream()
        migrate(lab, role)
    finally:
        lab.stop()


class Functions:
    """Lambda, measured from outside."""

    def __init__(self, lab: ThisLab, role: str) -> None:
        self.lab, self.role = lab, role
        self.client = lab.client("lambda")

    def create(self, name: str, code: str) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as target:
            target.writestr("app.py", code)
        self.client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=self.role,
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
            MemorySize=256,
        )

    def invoke(self, name: str) -> object:
        return self.client.invoke(FunctionName=name, Payload=b"{}")["Payload"].read()

    def overhead(self) -> None:
        """A warm call beside a call that runs nothing; a cold one beside Python's own start."""
        self.create("warm", ECHO)
        self.invoke("warm")
        plain = _median(lambda: self.client.get_function_concurrency(FunctionName="warm"), 200)
        warm = _median(lambda: self.invoke("warm"), 200)
        names = [f"cold-{number}" for number in range(15)]
        for name in names:
            self.create(name, ECHO)
        rest = iter(names)
        cold = _median(lambda: self.invoke(next(rest)), len(names))
        python = _median(lambda: subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True), 15)
        print(f"Lambda, warm invoke, ms    {warm:8.1f}   a call that runs nothing {plain:6.1f}   goal: 10 more")
        print(f"Lambda, cold invoke, ms    {cold:8.1f}   Python's own start       {python:6.1f}   goal: 300 more")

    def stream(self) -> None:
        """Kinesis to Lambda in batches of 1,000, from the mapping's creation to the last record's log line."""
        kinesis = self.lab.client("kinesis")
        kinesis.create_stream(StreamName="lambda", StreamModeDetails={"StreamMode": "ON_DEMAND"})
        kinesis.get_waiter("stream_exists").wait(StreamName="lambda", WaiterConfig={"Delay": 1})
        arn = kinesis.describe_stream_summary(StreamName="lambda")["StreamDescriptionSummary"]["StreamARN"]
        for start in range(0, RECORDS, 500):
            records = [{"Data": b"x" * 100, "PartitionKey": str(n)} for n in range(start, start + 500)]
            kinesis.put_records(StreamName="lambda", Records=records)
        self.create("count", COUNT)
        started = time.perf_counter()
        self.client.create_event_source_mapping(
            FunctionName="count", EventSourceArn=arn, StartingPosition="TRIM_HORIZON", BatchSize=1000
        )
        while self._counted() < RECORDS:
            if time.perf_counter() - started > 60:
                raise RuntimeError("the records did not arrive within a minute")
            time.sleep(0.05)
        print(f"Kinesis → Lambda, records/s {RECORDS / (time.perf_counter() - started):7,.0f}")

    def _counted(self) -> int:
        logs = self.lab.client("logs")
        try:
            events = logs.filter_log_events(logGroupName="/aws/lambda/count", filterPattern="TOOK")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return 0
        return sum(int(event["message"].split()[1]) for event in events)


def migrate(lab: ThisLab, role: str) -> None:
    """A full load of a million rows to CSV in S3, beside COPY of the same table into nothing."""
    rds, dms = lab.client("rds"), lab.client("dms")
    rds.create_db_instance(
        DBInstanceIdentifier="bench",
        Engine="postgres",
        DBInstanceClass="db.t3.micro",
        AllocatedStorage=20,
        MasterUsername="bench",
        MasterUserPassword="correct-horse",
        DBName="bench",
    )
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="bench", WaiterConfig={"Delay": 1})
    place = rds.describe_db_instances(DBInstanceIdentifier="bench")["DBInstances"][0]["Endpoint"]
    login = {"host": place["Address"], "port": place["Port"], "user": "bench", "password": "correct-horse"}
    with psycopg.connect(**login, dbname="bench") as connection:
        connection.execute(
            "CREATE TABLE flights AS SELECT n AS id, 'UA' AS carrier, 'N' || n AS tailnum, mod(n, 60) AS delay, "
            "timestamp '2013-01-01' + n * interval '1 minute' AS departed FROM generate_series(1, %s) n",
            [ROWS],
        )
        connection.commit()
        copy = _median(lambda: _copy(connection), 3)
    lab.client("s3").create_bucket(Bucket="bench-dms")
    instance = dms.create_replication_instance(
        ReplicationInstanceIdentifier="bench", ReplicationInstanceClass="dms.t3.micro"
    )["ReplicationInstance"]["ReplicationInstanceArn"]
    source = dms.create_endpoint(
        EndpointIdentifier="source",
        EndpointType="source",
        EngineName="postgres",
        ServerName=place["Address"],
        Port=place["Port"],
        Username="bench",
        Password="correct-horse",
        DatabaseName="bench",
    )["Endpoint"]["EndpointArn"]
    target = dms.create_endpoint(
        EndpointIdentifier="target",
        EndpointType="target",
        EngineName="s3",
        S3Settings={"BucketName": "bench-dms", "ServiceAccessRoleArn": role},
    )["Endpoint"]["EndpointArn"]
    for endpoint in (source, target):
        dms.test_connection(ReplicationInstanceArn=instance, EndpointArn=endpoint)
        tested = dms.get_waiter("test_connection_succeeds")
        filters = [{"Name": "endpoint-arn", "Values": [endpoint]}]
        tested.wait(Filters=filters, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    rule = {
        "rule-type": "selection",
        "rule-id": "1",
        "rule-name": "all",
        "object-locator": {"schema-name": "public", "table-name": "%"},
        "rule-action": "include",
    }
    task = dms.create_replication_task(
        ReplicationTaskIdentifier="bench",
        SourceEndpointArn=source,
        TargetEndpointArn=target,
        ReplicationInstanceArn=instance,
        MigrationType="full-load",
        TableMappings=json.dumps({"rules": [rule]}),
    )["ReplicationTask"]["ReplicationTaskArn"]
    _until(dms, task, "ready")
    started = time.perf_counter()
    dms.start_replication_task(ReplicationTaskArn=task, StartReplicationTaskType="start-replication")
    _until(dms, task, "stopped")
    load = time.perf_counter() - started
    print(
        f"DMS full load, rows/s      {ROWS / load:8,.0f}   COPY alone {ROWS / copy * 1000:12,.0f}"
        f"   {load / copy * 1000:.1f} times COPY's time"
    )
    rds.delete_db_instance(DBInstanceIdentifier="bench", SkipFinalSnapshot=True)


def _copy(connection: Any) -> None:
    with connection.cursor().copy("COPY flights TO STDOUT (FORMAT csv)") as rows:
        for _ in rows:
            pass


def _until(dms: Any, task: str, status: str) -> None:
    deadline = time.perf_counter() + 120
    filters = [{"Name": "replication-task-arn", "Values": [task]}]
    while (now := dms.describe_replication_tasks(Filters=filters)["ReplicationTasks"][0])["Status"] != status:
        if now["Status"] == "failed" or time.perf_counter() > deadline:
            raise RuntimeError(f"the task is {now['Status']}: {now.get('LastFailureMessage')}")
        time.sleep(0.02)


def _median(action: Callable[[], object], times: int) -> float:
    """Milliseconds of *action*, the median of several *times*."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
