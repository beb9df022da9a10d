"""What the tests of DMS share: a real PostgreSQL on RDS, a bucket, and tasks between them."""

from __future__ import annotations

import json
import uuid
from typing import Any

import psycopg

from tests.conftest import RunningLab, eventually
from tests.roles import role

ROLE = "arn:aws:iam::123456789012:role/dms-s3"
PASSWORD = "correct-horse-7"
#: Changes are written as soon as they are seen; AWS's default waits for a minute or 32 MB.
AT_ONCE = {"CdcMaxBatchInterval": 0}
EVERYTHING = [{"schema-name": "public", "table-name": "%"}]


def including(*locators: dict[str, str], rules: list[dict[str, Any]] | None = None, **more: Any) -> str:
    """Table mappings that include *locators*, and then *rules*."""
    all_rules: list[dict[str, Any]] = [
        {"rule-type": "selection", "rule-action": "include", "object-locator": locator, **more} for locator in locators
    ]
    all_rules += rules or []
    for number, rule in enumerate(all_rules, 1):
        rule |= {"rule-id": str(number), "rule-name": f"r{number}"}
    return json.dumps({"rules": all_rules})


def only(table: str) -> str:
    """Table mappings that include the tables of the public schema whose names are like *table*."""
    return including({"schema-name": "public", "table-name": table})


class Migration:
    """One instance of RDS with logical replication on, and DMS around it."""

    def __init__(self, lab: RunningLab, name: str = "") -> None:
        self.lab = lab
        self.name = name or f"src-{uuid.uuid4().hex[:8]}"
        self.connect_clients()
        role(lab, "dms-s3")
        family = self.rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"][0][
            "DBParameterGroupFamily"
        ]
        group = f"cdc-{self.name}"
        self.rds.create_db_parameter_group(DBParameterGroupName=group, DBParameterGroupFamily=family, Description="CDC")
        logical = {"ParameterName": "rds.logical_replication", "ParameterValue": "1", "ApplyMethod": "pending-reboot"}
        self.rds.modify_db_parameter_group(DBParameterGroupName=group, Parameters=[logical])
        self.rds.create_db_instance(
            DBInstanceIdentifier=self.name,
            DBInstanceClass="db.t4g.micro",
            AllocatedStorage=20,
            Engine="postgres",
            DBName="ops",
            DBParameterGroupName=group,
            MasterUsername="master",
            MasterUserPassword=PASSWORD,
        )
        self.wait_for_source()
        self.instance = self.dms.create_replication_instance(
            ReplicationInstanceIdentifier=f"ri-{self.name}", ReplicationInstanceClass="dms.t3.micro"
        )["ReplicationInstance"]["ReplicationInstanceArn"]
        self.source = self.endpoint("source", "postgres", **self.login())

    def connect_clients(self) -> None:
        self.rds, self.dms, self.s3 = (self.lab.client(name) for name in ("rds", "dms", "s3"))

    def wait_for_source(self, status: str = "available") -> None:
        def is_so() -> bool:
            return self.describe_source()["DBInstanceStatus"] == status

        eventually(is_so, 40)

    def describe_source(self) -> dict[str, Any]:
        return self.rds.describe_db_instances(DBInstanceIdentifier=self.name)["DBInstances"][0]

    def login(self) -> dict[str, Any]:
        endpoint = self.describe_source()["Endpoint"]
        return {"ServerName": endpoint["Address"], "Port": endpoint["Port"], "DatabaseName": "ops"} | {
            "Username": "master",
            "Password": PASSWORD,
        }

    def sql(self, *statements: str) -> None:
        """Run *statements*, each in a transaction of its own."""
        endpoint = self.describe_source()["Endpoint"]
        with psycopg.connect(
            host="127.0.0.1", port=endpoint["Port"], user="master", password=PASSWORD, dbname="ops", autocommit=True
        ) as connection:
            for statement in statements:
                connection.execute(statement)

    def endpoint(self, kind: str, engine: str, **settings: Any) -> str:
        name = f"{kind}-{uuid.uuid4().hex[:8]}"
        made = self.dms.create_endpoint(EndpointIdentifier=name, EndpointType=kind, EngineName=engine, **settings)
        return made["Endpoint"]["EndpointArn"]

    def bucket(self) -> str:
        name = f"dms-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=name)
        return name

    def target(self, bucket: str, **settings: Any) -> str:
        return self.endpoint(
            "target", "s3", S3Settings={"BucketName": bucket, "ServiceAccessRoleArn": ROLE, **settings}
        )

    def tested(self, endpoint: str) -> dict[str, Any]:
        """What testing the connection to *endpoint* has found."""
        self.dms.test_connection(ReplicationInstanceArn=self.instance, EndpointArn=endpoint)
        only = [{"Name": "endpoint-arn", "Values": [endpoint]}]

        def outcome() -> dict[str, Any] | None:
            connection = self.dms.describe_connections(Filters=only)["Connections"][0]
            return None if connection["Status"] == "testing" else connection

        return eventually(outcome, 20)

    def task(self, kind: str, target: str, mappings: str | None = None, settings: Any = None, source: str = "") -> str:
        """A task that is ready to start."""
        source = source or self.source
        for endpoint in (source, target):
            tested = self.tested(endpoint)
            assert tested["Status"] == "successful", tested
        more = {"ReplicationTaskSettings": json.dumps(settings)} if settings else {}
        return self.dms.create_replication_task(
            ReplicationTaskIdentifier=f"task-{uuid.uuid4().hex[:8]}",
            SourceEndpointArn=source,
            TargetEndpointArn=target,
            ReplicationInstanceArn=self.instance,
            MigrationType=kind,
            TableMappings=mappings or including(*EVERYTHING),
            **more,
        )["ReplicationTask"]["ReplicationTaskArn"]

    def begin(self, task: str, how: str = "start-replication") -> None:
        self.dms.start_replication_task(ReplicationTaskArn=task, StartReplicationTaskType=how)

    def describe(self, task: str) -> dict[str, Any]:
        only = [{"Name": "replication-task-arn", "Values": [task]}]
        return self.dms.describe_replication_tasks(Filters=only)["ReplicationTasks"][0]

    def wait(self, task: str, *statuses: str, seconds: float = 30) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            described = self.describe(task)
            assert described["Status"] in (*statuses, "starting", "running", "stopping"), described
            return described if described["Status"] in statuses else None

        return eventually(reached, seconds)

    def run(self, task: str) -> dict[str, Any]:
        """Start a full load and wait for its end."""
        self.begin(task)
        return self.wait(task, "stopped")

    def end(self, task: str) -> None:
        self.dms.stop_replication_task(ReplicationTaskArn=task)
        self.wait(task, "stopped")

    def discard(self, task: str) -> None:
        self.end(task)
        self.dms.delete_replication_task(ReplicationTaskArn=task)

    def statistics(self, task: str) -> dict[str, dict[str, Any]]:
        tables = self.dms.describe_table_statistics(ReplicationTaskArn=task)["TableStatistics"]
        return {table["TableName"]: table for table in tables}

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {item["Key"]: self.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in listed}

    def lines(self, bucket: str, prefix: str) -> list[str]:
        """The lines of all files below *prefix*, in the order of their names."""
        return b"".join(self.objects(bucket, prefix).values()).decode().splitlines()

    def changes(self, bucket: str, table: str) -> list[str]:
        """The lines of the files of changes alone, in order."""
        files = self.objects(bucket, f"public/{table}/")
        return b"".join(body for key, body in files.items() if "/LOAD" not in key).decode().splitlines()

    def slots(self) -> int:
        """How many replication slots the source has."""
        port = self.describe_source()["Endpoint"]["Port"]
        with psycopg.connect(host="127.0.0.1", port=port, user="master", password=PASSWORD, dbname="ops") as connection:
            row = connection.execute("SELECT count(*) FROM pg_replication_slots").fetchone()
            return row[0] if row else 0
