"""Redshift, provisioned."""

from __future__ import annotations

from functools import partial
from typing import Any

from awsfacts.declaration import TB, Claim, Deletion, Listing, Meter, Resource, Service, Settle, is_refused


def _delete_cluster(aws: Any, cluster: str, settle: Settle) -> None:
    """Delete a cluster without a last snapshot, and wait: its groups are in use until then."""
    aws.delete_cluster(ClusterIdentifier=cluster, SkipFinalClusterSnapshot=True)
    describe = partial(aws.describe_clusters, ClusterIdentifier=cluster)
    settle(partial(is_refused, describe, aws.exceptions.ClusterNotFoundFault), cluster)


SERVICE = Service(
    name="redshift",
    title="Amazon Redshift",
    real=(
        Claim(
            "A cluster is a database that PostgreSQL's clients can use, over TLS.",
            "engines/test_redshift.py::test_a_cluster_answers_queries",
        ),
        Claim(
            "Reserved words are no names of columns and tables unless they are quoted.",
            "engines/test_redshift.py::test_a_reserved_word_is_no_name_unless_quoted",
        ),
        Claim(
            "A rollback undoes, and a transaction that has failed cannot be committed.",
            "engines/test_redshift.py::test_a_rollback_undoes_and_a_failed_transaction_cannot_be_committed",
        ),
        Claim(
            "COPY reads objects of S3 with the rights of the cluster's role, and leaves the records of it.",
            "engines/test_redshift.py::test_copy_reads_what_the_role_may",
        ),
        Claim(
            "redshift_connector and awswrangler connect as they are, over TLS that they trust.",
            "engines/test_redshift_awswrangler.py::test_the_driver_trusts_the_lab_and_refuses_who_is_not_trusted",
        ),
        Claim(
            "awswrangler writes, upserts, reads, copies and unloads frames.",
            "engines/test_redshift_awswrangler.py::test_copy_and_unload_go_over_s3",
        ),
        Claim(
            "psycopg, redshift_connector and sqlalchemy-redshift work on it in all their ways, reflection too.",
            "clients/test_redshift.py::test_sqlalchemy_redshift",
        ),
        Claim(
            "GetClusterCredentials gives passwords for a while, for a user, a database and groups that policies allow.",
            "engines/test_redshift_credentials.py::test_what_policies_allow_is_a_user_a_database_and_a_group",
        ),
        Claim(
            "COPY reads CSV, text, JSON, Parquet, ORC and Avro, compressed or not, as its options say.",
            "engines/test_redshift_copy.py::test_copy_reads_text_as_its_options_say",
        ),
        Claim(
            "A COPY that fails loads nothing; each rejected record is in stl_load_errors, with its reason.",
            "engines/test_redshift_copy_rejects.py::test_a_rejected_record_is_named_with_its_reason",
        ),
        Claim(
            "COPY takes a role, a chain of roles or keys, and reads what lies encrypted by the right to decrypt.",
            "engines/test_redshift_copy.py::test_rights_are_a_role_a_chain_of_roles_or_keys",
        ),
        Claim(
            "UNLOAD writes text, CSV, JSON and Parquet into S3 with the role's rights, and COPY reads them again.",
            "engines/test_redshift_unload.py::test_what_unload_writes_copy_reads",
        ),
        Claim(
            "Clusters are changed, renamed, paused, resumed and rebooted; one that is paused takes nobody.",
            "engines/test_redshift_clusters.py::test_a_paused_cluster_takes_nobody_and_comes_back",
        ),
        Claim(
            "A snapshot has the data of its moment, and is restored as a cluster of its own.",
            "engines/test_redshift_clusters.py::test_a_snapshot_has_the_data_of_its_moment",
        ),
        Claim(
            "Nodes of the types ra3.xlplus and rg.large stand on the bill until their cluster is paused or deleted.",
            "engines/test_redshift_clusters.py::test_nodes_stand_on_the_bill_until_they_are_paused",
        ),
        Claim(
            "Expressions mean what Redshift's documentation says: decimals, dates, texts, patterns, windows, SUPER.",
            "engines/test_redshift_expressions.py::test_expression",
        ),
        Claim(
            "Only functions that Redshift has can be called.",
            "engines/test_redshift_functions.py::test_no_function_of_duckdbs_can_be_called",
        ),
        Claim(
            "External schemas read tables of the Glue catalog in S3, and bill what they scan.",
            "engines/test_redshift_external.py::test_scanned_bytes_are_billed",
        ),
        Claim(
            "awswrangler.redshift's copy and unload bring a frame there and back.",
            "engines/test_redshift_awswrangler_files.py::test_copy_and_unload_bring_a_frame_there_and_back",
        ),
        Claim(
            "Distribution and sort keys, encodings and identity columns are shown; primary keys are not enforced.",
            "engines/test_redshift_tables.py::test_keys_are_declared_and_not_enforced",
        ),
        Claim(
            "Statements for tables, views, schemas, users, groups, roles and privileges answer as documented.",
            "engines/test_redshift_forms.py::test_a_form_is_answered",
        ),
        Claim(
            "Views of the system tell of tables, columns, skew, users and statements that ran, as tools ask for them.",
            "engines/test_redshift_catalog.py::test_svv_table_info_counts_rows_and_skew",
        ),
        Claim(
            "Transactions wait for tables that others change; under SERIALIZABLE a cycle ends in error 1023.",
            "engines/test_redshift_transactions.py::test_a_cycle_of_two_transactions_ends_in_error_1023",
        ),
        Claim(
            "EXPLAIN tells which rows a join moves between slices, by the keys of its tables and their real sizes.",
            "engines/test_redshift_explain.py::test_a_join_moves_what_the_keys_make_it",
        ),
        Claim(
            "Stored procedures in PL/pgSQL and functions in SQL run with the rights of who calls or defines them.",
            "engines/test_redshift_routines.py::test_a_definer_s_rights_are_the_procedure_s",
        ),
        Claim(
            "Data survives a stop and a crash of the lab.",
            "engines/test_redshift.py::test_data_survives_a_kill_of_the_lab",
        ),
    ),
    differs=(
        Claim(
            "Rows lie together in one file; on which slice each would be is computed from the distribution style.",
            "engines/test_redshift_catalog.py::test_svv_table_info_counts_rows_and_skew",
        ),
        Claim(
            "Row-level security, masking, data sharing, Redshift ML, and functions in Python or Lambda are refused.",
            "engines/test_redshift_forms.py::test_a_form_is_answered",
        ),
        Claim(
            "The KMS key of a cluster has to be one that can be used, but its files are not encrypted with it.",
            "engines/test_redshift_clusters.py::test_a_key_that_cannot_be_used_encrypts_nothing",
        ),
        Claim(
            "A cluster is one process on this machine, whatever nodes it has, and listens on 127.0.0.1.",
            "engines/test_redshift_clusters.py::test_a_cluster_is_described_whole",
        ),
    ),
    resources=(
        Resource(
            type="cluster",
            title="Redshift cluster",
            create=("CreateCluster", "RestoreFromClusterSnapshot"),
            name="ClusterIdentifier",
            list=Listing("DescribeClusters", "Clusters.ClusterIdentifier"),
            delete=_delete_cluster,
            uses=(
                "redshift:parametergroup",
                "redshift:securitygroup",
                "redshift:subnetgroup",
                "ec2:security-group",
                "iam:role",
                "kms:key",
                "s3:bucket",
            ),
        ),
        Resource(
            type="snapshot",
            title="Redshift snapshot",
            create=("CreateClusterSnapshot",),
            name="SnapshotIdentifier",
            list=Listing("DescribeClusterSnapshots", "Snapshots.SnapshotIdentifier", more={"SnapshotType": "manual"}),
            delete=Deletion("DeleteClusterSnapshot", "SnapshotIdentifier"),
        ),
        Resource(
            type="parametergroup",
            title="Redshift parameter group",
            create=("CreateClusterParameterGroup",),
            name="ParameterGroupName",
            list=Listing("DescribeClusterParameterGroups", "ParameterGroups.ParameterGroupName"),
            delete=Deletion("DeleteClusterParameterGroup", "ParameterGroupName"),
        ),
        Resource(
            type="securitygroup",
            title="Redshift security group",
            create=("CreateClusterSecurityGroup",),
            name="ClusterSecurityGroupName",
            list=Listing("DescribeClusterSecurityGroups", "ClusterSecurityGroups.ClusterSecurityGroupName"),
            delete=Deletion("DeleteClusterSecurityGroup", "ClusterSecurityGroupName"),
        ),
        Resource(
            type="subnetgroup",
            title="Redshift subnet group",
            create=("CreateClusterSubnetGroup",),
            name="ClusterSubnetGroupName",
            list=Listing("DescribeClusterSubnetGroups", "ClusterSubnetGroups.ClusterSubnetGroupName"),
            delete=Deletion("DeleteClusterSubnetGroup", "ClusterSubnetGroupName"),
            uses=("ec2:subnet",),
        ),
        Resource(
            type="snapshotcopygrant",
            title="snapshot copy grant",
            create=("CreateSnapshotCopyGrant",),
            name="SnapshotCopyGrantName",
            list=Listing("DescribeSnapshotCopyGrants", "SnapshotCopyGrants.SnapshotCopyGrantName"),
            delete=Deletion("DeleteSnapshotCopyGrant", "SnapshotCopyGrantName"),
            uses=("kms:key",),
        ),
    ),
    meters=(
        Meter("redshift:billed_bytes", "redshift.spectrum", TB),
        Meter("redshift:ra3_xlplus_nodes", "redshift.ra3_xlplus_hour", standing=True),
        Meter("redshift:rg_large_nodes", "redshift.rg_large_hour", standing=True),
    ),
    leaves_nothing={"CreateTags": "what is tagged exists already"},
    unsupported=(
        (".*", "The lab runs clusters and describes their groups and snapshots; it does not do this with them yet."),
    ),
)
