"""A cluster of the lab for the benchmarks of Redshift, and a connection to it."""

from __future__ import annotations

import json
import time
from typing import Any

import psycopg
from peers import ThisLab

USER, PASSWORD = "bench", "Bench-password1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def start(lab: ThisLab, policy: str) -> tuple[int, str]:
    """Make a cluster; returns its port, and the ARN of its role, which has AWS's managed *policy*."""
    iam, redshift = lab.client("iam"), lab.client("redshift")
    role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="bench", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    redshift.create_cluster(
        ClusterIdentifier="bench", NodeType="ra3.large", ClusterType="single-node", MasterUsername=USER,
        MasterUserPassword=PASSWORD, IamRoles=[role],
    )  # fmt: skip
    while (told := redshift.describe_clusters()["Clusters"][0])["ClusterStatus"] != "available":
        time.sleep(0.02)
    return int(told["Endpoint"]["Port"]), role


def connect(port: int) -> psycopg.Connection[Any]:
    """Each statement is a transaction of its own."""
    return psycopg.connect(
        host="127.0.0.1", port=port, user=USER, password=PASSWORD, dbname="dev", sslmode="require", autocommit=True
    )
