"""What the tests of Redshift share: a cluster, and clients of it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import psycopg

from tests.conftest import RunningLab

USER, PASSWORD = "awsuser", "Correct-horse1"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


@dataclass
class Cluster:
    """A cluster of *lab* that takes connections."""

    lab: RunningLab
    name: str
    role: str

    @property
    def port(self) -> int:
        described = self.lab.client("redshift").describe_clusters(ClusterIdentifier=self.name)["Clusters"][0]
        return int(described["Endpoint"]["Port"])

    def connect(self, user: str = USER, password: str = PASSWORD, **options: Any) -> psycopg.Connection[Any]:
        """A connection of psycopg's; each statement is a transaction of its own unless *options* say otherwise."""
        settings = {"dbname": "dev", "autocommit": True, "sslmode": "require", **options}
        return psycopg.connect(host="127.0.0.1", port=self.port, user=user, password=password, **settings)


def port_of(name: str) -> int:
    """One that no other worker's lab takes, which runs beside this one, when a cluster gives it back."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return 8191 + 8 * (worker % 3) + crc32(name.encode()) % 8


def create(lab: RunningLab, name: str, *policies: str) -> Cluster:
    """A cluster with a role of its own, which has AWS's managed *policies*."""
    iam, redshift = lab.client("iam"), lab.client("redshift")
    role = iam.create_role(RoleName=f"redshift-{name}", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    for policy in policies:
        iam.attach_role_policy(RoleName=f"redshift-{name}", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    redshift.create_cluster(
        ClusterIdentifier=name,
        NodeType="ra3.large",
        ClusterType="single-node",
        MasterUsername=USER,
        MasterUserPassword=PASSWORD,
        Port=port_of(name),
        IamRoles=[role],
    )
    await_available(lab, name)
    return Cluster(lab, name, role)


def await_available(lab: RunningLab, name: str) -> None:
    waiter = lab.client("redshift").get_waiter("cluster_available")
    waiter.wait(ClusterIdentifier=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
