"""Clusters live as AWS's do: made, changed, paused, resumed, rebooted, copied into snapshots, restored and deleted.

Held to the Redshift API reference and to the management guide, "Amazon Redshift clusters" and "Amazon Redshift
snapshots and backups".
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import psycopg
import pytest
from botocore.exceptions import ClientError

from awsfacts.meter import used
from tests.conftest import RunningLab, eventually
from tests.engines.redshift_tools import PASSWORD, USER, Cluster, await_available, create

NEW = {"NodeType": "ra3.large", "MasterUsername": USER, "MasterUserPassword": PASSWORD}


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "living")
    with made.connect() as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1), (2)")
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="living", SkipFinalClusterSnapshot=True)


@pytest.fixture
def redshift(lab: RunningLab) -> Any:
    return lab.client("redshift")


def described(redshift: Any, name: str) -> dict[str, Any]:
    return dict(redshift.describe_clusters(ClusterIdentifier=name)["Clusters"][0])


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def rows(cluster: Cluster, **login: Any) -> list[tuple[int]]:
    with cluster.connect(**login) as connection:
        return list(connection.execute("SELECT n FROM kept ORDER BY n").fetchall())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ClusterIdentifier": "Big"}, "ClusterIdentifier is not a valid identifier"),
        ({"ClusterIdentifier": "a--b"}, "ClusterIdentifier is not a valid identifier"),
        ({"ClusterIdentifier": "a-"}, "ClusterIdentifier is not a valid identifier"),
        ({"MasterUsername": "public"}, "MasterUsername is not valid"),
        ({"MasterUserPassword": "short1A"}, "8 to 64 characters"),
        ({"MasterUserPassword": "nocapital1"}, "at least one uppercase letter"),
        ({"MasterUserPassword": "NOSMALL11"}, "at least one lowercase letter"),
        ({"MasterUserPassword": "NoNumbers"}, "at least one number"),
        ({"MasterUserPassword": "With/slash1"}, "not a valid password"),
        ({"NodeType": "ra3.tiny"}, "Invalid node type: ra3.tiny"),
        ({"ClusterType": "multi-node"}, "greater than or equal to 2"),
        ({"DBName": "Capital"}, "DBName is not valid"),
        ({"Port": 80}, "Port 80 is not valid"),
        ({"Encrypted": False}, "new clusters are encrypted"),
        ({"ManageMasterPassword": True}, "MasterUserPassword cannot be given"),
    ],
)
def test_what_a_cluster_cannot_have_is_refused(redshift: Any, wrong: dict[str, Any], said: str) -> None:
    code, message = refused(redshift.create_cluster, **{"ClusterIdentifier": "refused", **NEW, **wrong})
    assert code in ("InvalidParameterValue", "InvalidParameterCombination") and said in message


def test_a_cluster_is_described_whole(redshift: Any, cluster: Cluster) -> None:
    told = described(redshift, "living")
    assert (told["ClusterStatus"], told["ClusterAvailabilityStatus"]) == ("available", "Available")
    assert told["Endpoint"] == {"Address": "127.0.0.1", "Port": cluster.port} and told["Encrypted"] is True
    assert told["ClusterNodes"] == [{"NodeRole": "SHARED", "PrivateIPAddress": "127.0.0.1"}]
    assert told["IamRoles"] == [{"IamRoleArn": cluster.role, "ApplyStatus": "in-sync"}]
    assert told["ClusterNamespaceArn"].startswith("arn:aws:redshift:us-east-1:123456789012:namespace:")
    assert refused(redshift.create_cluster, ClusterIdentifier="living", **NEW)[0] == "ClusterAlreadyExists"


def test_a_cluster_being_made_has_no_endpoint_yet(redshift: Any, lab: RunningLab) -> None:
    told = redshift.create_cluster(ClusterIdentifier="begun", **NEW)["Cluster"]
    assert told["ClusterStatus"] == "creating" and "Endpoint" not in told
    await_available(lab, "begun")
    redshift.delete_cluster(ClusterIdentifier="begun", SkipFinalClusterSnapshot=True)
    redshift.get_waiter("cluster_deleted").wait(ClusterIdentifier="begun", WaiterConfig={"Delay": 1})


def test_a_paused_cluster_takes_nobody_and_comes_back(lab: RunningLab, redshift: Any, cluster: Cluster) -> None:
    port = cluster.port
    with cluster.connect() as connection:
        assert redshift.pause_cluster(ClusterIdentifier="living")["Cluster"]["ClusterStatus"] == "pausing"
        eventually(lambda: described(redshift, "living")["ClusterStatus"] == "paused")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        cluster.connect()
    assert refused(redshift.pause_cluster, ClusterIdentifier="living")[0] == "InvalidClusterState"
    given = refused(redshift.get_cluster_credentials, ClusterIdentifier="living", DbUser=USER)
    assert given[0] == "InvalidClusterState"
    assert redshift.resume_cluster(ClusterIdentifier="living")["Cluster"]["ClusterStatus"] == "resuming"
    await_available(lab, "living")
    assert cluster.port == port and rows(cluster) == [(1,), (2,)]
    redshift.reboot_cluster(ClusterIdentifier="living")
    await_available(lab, "living")
    assert rows(cluster) == [(1,), (2,)]


def test_changes_are_pending_until_they_are_made(lab: RunningLab, redshift: Any, cluster: Cluster) -> None:
    redshift.modify_cluster(ClusterIdentifier="living", MasterUserPassword="Another-horse2")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        cluster.connect()
    assert rows(cluster, password="Another-horse2") == [(1,), (2,)]
    redshift.modify_cluster(ClusterIdentifier="living", MasterUserPassword=PASSWORD)
    told = redshift.resize_cluster(ClusterIdentifier="living", ClusterType="multi-node", NumberOfNodes=2)["Cluster"]
    assert told["ClusterStatus"] == "resizing" and told["PendingModifiedValues"]["NumberOfNodes"] == 2
    await_available(lab, "living")
    told = described(redshift, "living")
    assert told["NumberOfNodes"] == 2 and not told.get("PendingModifiedValues")
    assert [node["NodeRole"] for node in told["ClusterNodes"]] == ["LEADER", "COMPUTE-0", "COMPUTE-1"]
    told = redshift.modify_cluster(ClusterIdentifier="living", NewClusterIdentifier="renamed")["Cluster"]
    assert told["ClusterIdentifier"] == "renamed"
    assert refused(redshift.describe_clusters, ClusterIdentifier="living")[0] == "ClusterNotFound"
    redshift.modify_cluster(ClusterIdentifier="renamed", NewClusterIdentifier="living")
    assert rows(cluster) == [(1,), (2,)]
    assert refused(redshift.modify_cluster, ClusterIdentifier="living", NodeType="x")[0] == "InvalidParameterValue"


def test_a_snapshot_has_the_data_of_its_moment(lab: RunningLab, redshift: Any, cluster: Cluster) -> None:
    """Somebody's open transaction is not in it; users and their passwords are."""
    with cluster.connect(autocommit=False) as open_one:
        open_one.execute("INSERT INTO kept VALUES (99)")
        told = redshift.create_cluster_snapshot(
            ClusterIdentifier="living", SnapshotIdentifier="moment", ManualSnapshotRetentionPeriod=7
        )["Snapshot"]
        assert told["Status"] in ("creating", "available")
        redshift.get_waiter("snapshot_available").wait(SnapshotIdentifier="moment", WaiterConfig={"Delay": 1})
        open_one.rollback()
    with cluster.connect() as connection:
        connection.execute("INSERT INTO kept VALUES (3)")
    [told] = redshift.describe_cluster_snapshots(SnapshotIdentifier="moment")["Snapshots"]
    assert told["TotalBackupSizeInMegaBytes"] > 0 and told["ManualSnapshotRetentionPeriod"] == 7
    redshift.restore_from_cluster_snapshot(ClusterIdentifier="restored", SnapshotIdentifier="moment")
    await_available(lab, "restored")
    assert rows(Cluster(lab, "restored", "")) == [(1,), (2,)]
    assert rows(cluster) == [(1,), (2,), (3,)]
    redshift.delete_cluster(
        ClusterIdentifier="restored", SkipFinalClusterSnapshot=False, FinalClusterSnapshotIdentifier="final"
    )
    redshift.get_waiter("cluster_deleted").wait(ClusterIdentifier="restored", WaiterConfig={"Delay": 1})
    [final] = redshift.describe_cluster_snapshots(SnapshotIdentifier="final")["Snapshots"]
    assert final["Status"] == "available"
    for name in ("moment", "final"):
        redshift.delete_cluster_snapshot(SnapshotIdentifier=name)
    with cluster.connect() as connection:
        connection.execute("DELETE FROM kept WHERE n = 3")
    missing = refused(redshift.delete_cluster, ClusterIdentifier="living")
    assert missing[0] == "InvalidParameterCombination"


def test_secrets_manager_can_have_the_password(lab: RunningLab, redshift: Any) -> None:
    """Management guide, "Managing Amazon Redshift admin passwords using AWS Secrets Manager"."""
    asked = {"NodeType": "ra3.large", "MasterUsername": USER, "ManageMasterPassword": True}
    redshift.create_cluster(ClusterIdentifier="managed", **asked)
    await_available(lab, "managed")
    arn = described(redshift, "managed")["MasterPasswordSecretArn"]
    assert ":secret:redshift!managed-awsuser" in arn
    secret = json.loads(lab.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    Cluster(lab, "managed", "").connect(secret["username"], secret["password"]).close()
    redshift.delete_cluster(ClusterIdentifier="managed", SkipFinalClusterSnapshot=True)
    redshift.get_waiter("cluster_deleted").wait(ClusterIdentifier="managed", WaiterConfig={"Delay": 1})
    with pytest.raises(ClientError, match="can't find the specified secret"):
        lab.client("secretsmanager").describe_secret(SecretId=arn)


def test_a_key_that_cannot_be_used_encrypts_nothing(lab: RunningLab, redshift: Any) -> None:
    kms = lab.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.disable_key(KeyId=key["KeyId"])
    code, said = refused(redshift.create_cluster, ClusterIdentifier="locked", KmsKeyId=key["KeyId"], **NEW)
    assert code == "InvalidParameterValue" and "Disabled" in said
    assert refused(redshift.create_cluster, ClusterIdentifier="locked", KmsKeyId="none", **NEW)[0] == (
        "DependentServiceAccessDenied"
    )
    assert refused(redshift.describe_clusters, ClusterIdentifier="locked")[0] == "ClusterNotFound"


def test_roles_are_passed_and_taken_away(lab: RunningLab, redshift: Any, cluster: Cluster) -> None:
    told = redshift.modify_cluster_iam_roles(ClusterIdentifier="living", DefaultIamRoleArn=cluster.role)["Cluster"]
    assert told["DefaultIamRoleArn"] == cluster.role
    told = redshift.modify_cluster_iam_roles(ClusterIdentifier="living", RemoveIamRoles=[cluster.role])["Cluster"]
    assert told["IamRoles"] == [] and not told.get("DefaultIamRoleArn")
    iam = lab.client("iam")
    iam.create_user(UserName="without-pass-role")
    allow = {"Effect": "Allow", "Action": "redshift:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName="without-pass-role", PolicyName="own", PolicyDocument=policy)
    key = iam.create_access_key(UserName="without-pass-role")["AccessKey"]
    own = lab.fresh_client(
        "redshift", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )
    asked = {"ClusterIdentifier": "living", "AddIamRoles": [cluster.role]}
    assert "iam:PassRole" in refused(own.modify_cluster_iam_roles, **asked)[1]
    redshift.modify_cluster_iam_roles(**asked)
    own.modify_cluster_iam_roles(ClusterIdentifier="living", RemoveIamRoles=[cluster.role])
    redshift.modify_cluster_iam_roles(**asked)


def test_nodes_stand_on_the_bill_until_they_are_paused(lab: RunningLab, redshift: Any) -> None:
    """By the node and the hour ("Amazon Redshift pricing"); a paused cluster costs no nodes ("Pausing clusters")."""
    asked = {**NEW, "NodeType": "ra3.xlplus", "ClusterType": "multi-node", "NumberOfNodes": 2}
    redshift.create_cluster(ClusterIdentifier="billed", **asked)
    await_available(lab, "billed")
    redshift.resize_cluster(ClusterIdentifier="billed", NumberOfNodes=4)
    await_available(lab, "billed")
    redshift.pause_cluster(ClusterIdentifier="billed")
    eventually(lambda: described(redshift, "billed")["ClusterStatus"] == "paused")
    redshift.delete_cluster(ClusterIdentifier="billed", SkipFinalClusterSnapshot=True)
    arn = "arn:aws:redshift:us-east-1:123456789012:cluster:billed"
    records = [each for each in lab.calls() if each["units"] and each["resources"][:1] == [arn]]
    nodes = [(each["operation"], each["units"]["redshift:ra3_xlplus_nodes"]) for each in records]
    assert nodes == [("CreateCluster", 2), ("ResizeCluster", 4), ("PauseCluster", 0), ("DeleteCluster", 0)]
    late = {**records[0], "operation": "Late", "units": {}, "time": "2100-01-01T00:00:00+00:00"}
    assert used(records[:1])["redshift.ra3_xlplus_hour"] == 2  # a begun hour is whole
    assert used([*records, late])["redshift.ra3_xlplus_hour"] < used([records[0], late])["redshift.ra3_xlplus_hour"]


def test_a_process_that_dies_is_started_again(lab: RunningLab, redshift: Any, cluster: Cluster) -> None:
    port = cluster.port
    [process] = [
        each
        for each in psutil.Process(lab.facts["pid"]).children(recursive=True)
        if "localaws.warehouse.node" in each.cmdline() and any(c.laddr.port == port for c in each.net_connections())
    ]
    os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: process.pid not in psutil.pids() or process.status() == psutil.STATUS_ZOMBIE)
    await_available(lab, "living")
    assert eventually(lambda: _try(cluster)) == [(1,), (2,)] and cluster.port == port


def _try(cluster: Cluster) -> list[tuple[int]] | None:
    try:
        return rows(cluster)
    except psycopg.OperationalError:
        return None


def test_cloudformation_waits_for_a_cluster(lab: RunningLab, redshift: Any) -> None:
    """AWS::Redshift::Cluster, and its attributes Endpoint.Address and Endpoint.Port."""
    properties = {"ClusterType": "single-node", "DBName": "flights", "ClusterIdentifier": "stacked", **NEW}
    template = {
        "Resources": {"Cluster": {"Type": "AWS::Redshift::Cluster", "Properties": properties}},
        "Outputs": {"Port": {"Value": {"Fn::GetAtt": ["Cluster", "Endpoint.Port"]}}},
    }
    cloudformation = lab.client("cloudformation")
    cloudformation.create_stack(StackName="with-cluster", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="with-cluster", WaiterConfig={"Delay": 1})
    [stack] = cloudformation.describe_stacks(StackName="with-cluster")["Stacks"]
    assert int(stack["Outputs"][0]["OutputValue"]) == described(redshift, "stacked")["Endpoint"]["Port"]
    Cluster(lab, "stacked", "").connect(dbname="flights").close()
    cloudformation.delete_stack(StackName="with-cluster")
    redshift.get_waiter("cluster_deleted").wait(ClusterIdentifier="stacked", WaiterConfig={"Delay": 1})
