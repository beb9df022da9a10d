"""Around the queries: workgroups and what they enforce, reuse, history, kept queries, metadata, many at once.

Sources, in the Athena user guide: "Use workgroups", "Configure data usage controls", "Reuse query results",
"Use parameterized queries"; the API reference for limits and codes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import awswrangler as wr
import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tests.conftest import RunningLab, eventually
from tests.engines.athena_tools import Athena, as_role, awswrangler_at
from tests.gateway.wire import advance


@pytest.fixture(scope="module")
def athena(lab: RunningLab) -> Athena:
    engine = Athena(lab, "athena-groups", "groups")
    engine.put("big/a.csv", "0123456789,abcdefghijklmnopqrstuvwxyz\n" * 300_000)  # 11.4 MB
    engine(
        "CREATE EXTERNAL TABLE big (n bigint, s string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        "LOCATION 's3://athena-groups/big/'"
    )
    return engine


def test_an_enforced_workgroup_decides_where_results_go(athena: Athena) -> None:
    """ "Override client-side settings": the query's own location does not count; external_location is refused."""
    location = "s3://athena-groups/enforced/"
    athena.client.create_work_group(
        Name="enforced", Configuration={"ResultConfiguration": {"OutputLocation": location}}
    )
    execution = athena("SELECT 1", WorkGroup="enforced").execution
    assert execution["ResultConfiguration"]["OutputLocation"].startswith(location)
    sql = "CREATE TABLE groups.x WITH (external_location = 's3://athena-groups/x/') AS SELECT 1 AS a"
    assert "enforces a centralized output location" in athena.fails(sql, WorkGroup="enforced")
    athena.client.update_work_group(
        WorkGroup="enforced", ConfigurationUpdates={"EnforceWorkGroupConfiguration": False}, Description="free"
    )
    execution = athena("SELECT 1", WorkGroup="enforced").execution
    assert execution["ResultConfiguration"]["OutputLocation"].startswith("s3://athena-groups/results/")
    assert athena.client.get_work_group(WorkGroup="enforced")["WorkGroup"]["Description"] == "free"


def test_a_workgroup_keeps_results_by_itself(athena: Athena) -> None:
    """ "Managed query results": no bucket is needed or taken, results are read by the API and last 24 hours."""
    managed = {"ManagedQueryResultsConfiguration": {"Enabled": True}}
    location = {"ResultConfiguration": {"OutputLocation": "s3://athena-groups/x/"}}
    with pytest.raises(ClientError, match="not both"):
        athena.client.create_work_group(Name="both", Configuration=managed | location)
    athena.client.create_work_group(Name="managed", Configuration=managed)
    with pytest.raises(ClientError, match="InvalidRequestException"):
        athena.start("SELECT 1", WorkGroup="managed")
    with awswrangler_at(athena.lab) as session:
        frame = wr.athena.read_sql_query(
            "SELECT n, s FROM big LIMIT 1500",
            "groups",
            ctas_approach=False,
            workgroup="managed",
            boto3_session=session,
        )
    assert (len(frame), frame["n"].iloc[1499]) == (1500, 123456789)
    query_id = frame.query_metadata["QueryExecutionId"]
    execution = athena.client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    assert execution["ManagedQueryResultsConfiguration"]["Enabled"]
    assert "OutputLocation" not in execution.get("ResultConfiguration", {})
    told = athena.wait(athena.start("SHOW TABLES IN groups", WorkGroup="managed", ResultConfiguration={}))
    rows = athena.client.get_query_results(QueryExecutionId=told["QueryExecutionId"])["ResultSet"]["Rows"]
    assert {"Data": [{"VarCharValue": "big"}]} in rows
    made = "CREATE TABLE groups.kept WITH (external_location = 's3://athena-groups/kept/') AS SELECT 1 AS a"
    assert (
        athena.wait(athena.start(made, WorkGroup="managed", ResultConfiguration={}))["Status"]["State"] == "SUCCEEDED"
    )
    assert athena("SELECT a FROM groups.kept").rows == [("1",)]


def test_managed_results_are_gone_after_a_day(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    client = lab.client("athena")
    client.create_work_group(Name="managed", Configuration={"ManagedQueryResultsConfiguration": {"Enabled": True}})
    query_id = client.start_query_execution(QueryString="SELECT 1", WorkGroup="managed")["QueryExecutionId"]
    eventually(lambda: client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]["State"]
               == "SUCCEEDED")  # fmt: skip
    advance(lab, 23 * 3600)
    assert client.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"][1] == {
        "Data": [{"VarCharValue": "1"}]
    }
    advance(lab, 2 * 3600)
    with pytest.raises(ClientError, match="24 hours"):
        client.get_query_results(QueryExecutionId=query_id)


def test_a_cutoff_fires(athena: Athena) -> None:
    """ "Configure data usage controls": the query is cancelled; at least 10 MB may be allowed."""
    with pytest.raises(ParamValidationError, match="10000000"):
        athena.client.create_work_group(Name="stingy", Configuration={"BytesScannedCutoffPerQuery": 9_999_999})
    settings = {"BytesScannedCutoffPerQuery": 10_000_000, "EnforceWorkGroupConfiguration": False}
    athena.client.create_work_group(Name="stingy", Configuration=settings)
    answer = athena.run("SELECT count(*) FROM big", WorkGroup="stingy")
    assert (answer.state, answer.reason) == ("CANCELLED", "Query cancelled! : Bytes scanned limit was exceeded")
    athena.client.update_work_group(WorkGroup="stingy", ConfigurationUpdates={"RemoveBytesScannedCutoffPerQuery": True})
    assert athena("SELECT count(*) FROM big", WorkGroup="stingy").rows == [("300000",)]


def test_a_disabled_or_unknown_workgroup_takes_no_query(athena: Athena) -> None:
    athena.client.create_work_group(Name="closed")
    athena.client.update_work_group(WorkGroup="closed", State="DISABLED")
    with pytest.raises(ClientError, match="is disabled"):
        athena.start("SELECT 1", WorkGroup="closed")
    with pytest.raises(ClientError, match="not found"):
        athena.start("SELECT 1", WorkGroup="nowhere")
    with pytest.raises(ClientError, match="cannot be deleted"):
        athena.client.delete_work_group(WorkGroup="primary")
    athena.client.delete_work_group(WorkGroup="closed")


def test_a_workgroup_takes_its_prepared_statements_with_it(athena: Athena) -> None:
    """DeleteWorkGroup, RecursiveDeleteOption: the workgroup and its contents."""
    one = {"WorkGroup": "passing"}
    for _ in range(2):  # nothing comes back with a workgroup of the same name
        athena.client.create_work_group(Name="passing")
        assert athena.client.list_prepared_statements(**one)["PreparedStatements"] == []
        athena.client.create_prepared_statement(StatementName="nth", QueryStatement="SELECT ?", **one)
        athena.client.delete_work_group(**one, RecursiveDeleteOption=True)


def test_a_query_needs_a_place_for_its_result(athena: Athena) -> None:
    """StartQueryExecution: an output location, from the workgroup or the call, in a bucket that exists."""
    with pytest.raises(ClientError, match="No output location provided"):
        athena.client.start_query_execution(QueryString="SELECT 1")
    with pytest.raises(ClientError, match="Unable to verify/create output bucket athena-no-such-bucket"):
        athena.start("SELECT 1", ResultConfiguration={"OutputLocation": "s3://athena-no-such-bucket/"})


def test_a_result_is_reused_while_it_is_young(athena: Athena, lab: RunningLab) -> None:
    """ "Reuse query results": the earlier file is the result, nothing is scanned; not for another query."""
    reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}
    first = athena("SELECT min(s) FROM big", ResultReuseConfiguration=reuse)
    again = athena("SELECT min(s) FROM big", ResultReuseConfiguration=reuse)
    assert again.rows == first.rows and again.scanned == 0 < first.scanned
    assert again.execution["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]
    place = again.execution["ResultConfiguration"]["OutputLocation"]
    assert place == first.execution["ResultConfiguration"]["OutputLocation"]
    assert athena("SELECT min(s) FROM big").scanned == first.scanned
    assert athena("SELECT max(s) FROM big", ResultReuseConfiguration=reuse).scanned == first.scanned


def test_the_same_token_starts_one_query(athena: Athena) -> None:
    """ClientRequestToken: the same request again is the same query; another request is refused."""
    token = "t" * 32
    first = athena.start("SELECT 1", ClientRequestToken=token)
    assert athena.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        athena.start("SELECT 2", ClientRequestToken=token)


def test_history_newest_first_in_pages(athena: Athena) -> None:
    """ListQueryExecutions and BatchGetQueryExecution."""
    athena.client.create_work_group(Name="history", Configuration={"EnforceWorkGroupConfiguration": False})
    ids = [athena(f"SELECT {n}", WorkGroup="history").execution["QueryExecutionId"] for n in range(3)]
    first = athena.client.list_query_executions(WorkGroup="history", MaxResults=2)
    assert first["QueryExecutionIds"] == ids[:0:-1]
    rest = athena.client.list_query_executions(WorkGroup="history", NextToken=first["NextToken"])
    assert rest["QueryExecutionIds"] == ids[:1] and "NextToken" not in rest
    batch = athena.client.batch_get_query_execution(QueryExecutionIds=[*ids, "unknown"])
    assert [each["Query"] for each in batch["QueryExecutions"]] == ["SELECT 0", "SELECT 1", "SELECT 2"]
    assert batch["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "unknown"
    with pytest.raises(ClientError, match="was not found"):
        athena.client.get_query_execution(QueryExecutionId="unknown")


def test_named_queries_and_prepared_statements_are_kept(athena: Athena) -> None:
    query = {"Name": "top", "Database": "groups", "QueryString": "SELECT 1"}
    query_id = athena.client.create_named_query(**query)["NamedQueryId"]
    athena.client.update_named_query(NamedQueryId=query_id, Name="top", QueryString="SELECT 2")
    assert athena.client.get_named_query(NamedQueryId=query_id)["NamedQuery"]["QueryString"] == "SELECT 2"
    assert query_id in athena.client.list_named_queries()["NamedQueryIds"]
    athena.client.delete_named_query(NamedQueryId=query_id)
    with pytest.raises(ClientError, match="was not found"):
        athena.client.get_named_query(NamedQueryId=query_id)
    key = {"StatementName": "of_groups", "WorkGroup": "primary"}
    athena.client.create_prepared_statement(**key, QueryStatement="SELECT ? + 1")
    assert athena("EXECUTE of_groups USING 41").rows == [("42",)]
    names = ["missing", "of_groups"]
    batch = athena.client.batch_get_prepared_statement(PreparedStatementNames=names, WorkGroup="primary")
    assert [each["QueryStatement"] for each in batch["PreparedStatements"]] == ["SELECT ? + 1"]
    assert [each["StatementName"] for each in batch["UnprocessedPreparedStatementNames"]] == ["missing"]
    athena("DEALLOCATE PREPARE of_groups")
    with pytest.raises(ClientError) as error:
        athena.client.get_prepared_statement(**key)
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_metadata_is_the_catalogs(athena: Athena) -> None:
    """ListDatabases, ListTableMetadata, GetTableMetadata: what Glue holds, whoever put it there."""
    home = {"CatalogName": "AwsDataCatalog"}
    assert "groups" in [each["Name"] for each in athena.client.list_databases(**home)["DatabaseList"]]
    listed = athena.client.list_table_metadata(**home, DatabaseName="groups", Expression="bi.*")["TableMetadataList"]
    assert [each["Name"] for each in listed] == ["big"]
    table = athena.client.get_table_metadata(**home, DatabaseName="groups", TableName="big")["TableMetadata"]
    assert table["Columns"] == [{"Name": "n", "Type": "bigint"}, {"Name": "s", "Type": "string"}]
    catalogs = athena.client.list_data_catalogs()["DataCatalogsSummary"]
    assert {"CatalogName": "AwsDataCatalog", "Type": "GLUE"} in catalogs


def test_eight_queries_at_once_all_come_to_their_end(athena: Athena) -> None:
    """They share the machine: a small query is not held up until the large ones are done."""
    with ThreadPoolExecutor(8) as pool:
        large = [
            pool.submit(athena, f"SELECT count(DISTINCT s || CAST(n + {n} AS varchar)) FROM big") for n in range(7)
        ]
        started = time.monotonic()
        assert athena("SELECT 1").rows == [("1",)]
        small = time.monotonic() - started
        assert [each.result().rows for each in large] == [[("1",)]] * 7
    assert small < time.monotonic() - started


def test_a_query_acts_as_its_caller(lab: RunningLab, athena: Athena) -> None:
    """ "Forward access sessions": what Athena asks of S3 and Glue, it asks with the caller's permissions."""
    analyst = as_role(lab, "analyst", "ana")
    place = {"OutputLocation": f"s3://{athena.bucket}/analyst/"}
    query = analyst.start_query_execution(QueryString="SELECT 1", ResultConfiguration=place)["QueryExecutionId"]
    assert athena.wait(query)["Status"]["State"] == "SUCCEEDED"
    analyst.get_query_results(QueryExecutionId=query)
    made = [call for call in lab.calls() if call["service"] == "s3" and any(query in r for r in call["resources"])]
    assert {call["operation"] for call in made} >= {"PutObject", "GetObject"}
    assert {call["principal"].rsplit(":", 1)[1] for call in made} == {"assumed-role/analyst/ana"}


def test_a_region_has_its_own_tables(lab: RunningLab, athena: Athena) -> None:
    """A query sees the Glue catalog of its own region."""
    athena("CREATE EXTERNAL TABLE here_only (n int) LOCATION 's3://anywhere/here/'")
    client = lab.client("athena", region_name="eu-west-1")
    query = client.start_query_execution(
        QueryString=f"SELECT * FROM {athena.database}.here_only",
        ResultConfiguration={"OutputLocation": f"s3://{athena.bucket}/elsewhere/"},
    )["QueryExecutionId"]
    execution = eventually(
        lambda: (
            (found := client.get_query_execution(QueryExecutionId=query)["QueryExecution"])["Status"]["State"]
            == "FAILED"
            and found
        )
    )
    assert "SCHEMA_NOT_FOUND" in execution["Status"]["StateChangeReason"]
