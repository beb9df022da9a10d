"""Lambda's policies, function URLs, layers and event invoke settings answer as AWS answered LocalStack's suite.

The recordings are those of test_lambda_api.
"""

from __future__ import annotations

from typing import Any

from tests.conftest import RunningLab
from tests.recorded.lambdas import (
    ECHO,
    archive,
    constraint,
    function_of,
    invalid,
    missing,
    no_function,
)
from tests.recorded.replay import Json, Replay, assert_agreement

DERIVED = "The derived qualifier from the function name does not match the specified qualifier."
GONE = "The resource you requested does not exist."


def permissions(replay: Replay) -> None:
    client, name = function_of(replay)
    function = {"FunctionName": name}
    arn = f"arn:aws:lambda:<region>:<account>:function:{name}"
    invoke = {**function, "Action": "lambda:InvokeFunction"}
    replay.call("none", client.get_policy, function, missing(GONE))
    ask = {**function, "StatementId": "s3"}
    said = "No policy is associated with the given resource."
    replay.call("remove from none", client.remove_permission, ask, missing(said))

    def statement(sid: str, **more: Any) -> dict[str, Any]:
        service = {"Service": f"{sid}.amazonaws.com"}
        allowed = {"Sid": sid, "Effect": "Allow", "Principal": service, "Action": "lambda:InvokeFunction"}
        return {**allowed, "Resource": arn, **more}

    first = statement("s3")
    ask = {**invoke, "StatementId": "s3", "Principal": "s3.amazonaws.com"}
    added = {"HTTPStatusCode": 201, "Statement": Json(first)}
    replay.call("add", client.add_permission, ask, added)
    second = statement("sqs", Condition={"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"}})
    more = {**invoke, "StatementId": "sqs", "Principal": "sqs.amazonaws.com", "SourceArn": "arn:aws:s3:::bucket"}
    replay.call("add another", client.add_permission, more, {"HTTPStatusCode": 201, "Statement": Json(second)})

    def policy(*statements: Any) -> dict[str, Any]:
        document = {"Version": "2012-10-17", "Id": "default", "Statement": list(statements)}
        return {"Policy": Json(document), "RevisionId": str}

    replay.call("get", client.get_policy, function, policy(first, second))
    said = "Statement non-existent is not found in resource policy."
    unknown = {**function, "StatementId": "non-existent"}
    replay.call("remove unknown", client.remove_permission, unknown, missing(said))
    done = {"HTTPStatusCode": 204}
    replay.call("remove", client.remove_permission, {**function, "StatementId": "sqs"}, done)
    replay.call("rest", client.get_policy, function, policy(first))
    said = (
        "The statement id (s3) provided already exists. Please provide a new statement id, or remove the existing "
        "statement."
    )
    replay.call("add again", client.add_permission, ask, invalid(said, "ResourceConflictException", 409))
    said = "The provided principal was invalid. Please check the principal and try again."
    wrong = {**invoke, "StatementId": "s4", "Principal": "invalid"}
    replay.call("principal", client.add_permission, wrong, invalid(said))
    pattern = r"Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)"
    wrong = {**ask, "StatementId": "example.com"}
    replay.call("statement id", client.add_permission, wrong, constraint("statementId", "example.com", pattern))
    latest = {**ask, "StatementId": "l", "Qualifier": "$LATEST"}
    said = "We currently do not support adding policies for $LATEST."
    replay.call("latest", client.add_permission, latest, invalid(said))
    mismatch = {**ask, "FunctionName": f"{name}:alias-not-42", "Qualifier": "42"}
    replay.call("mismatch", client.add_permission, mismatch, invalid(DERIVED))
    no_version = {**ask, "StatementId": "v", "Qualifier": "42"}
    replay.call("no version", client.add_permission, no_version, no_function(f"{name}:42"))
    nowhere = {**ask, "FunctionName": "doesnotexist"}
    replay.call("no function", client.add_permission, nowhere, no_function("doesnotexist"))
    said = "No policy found for: arn:aws:lambda:<region>:<account>:function:doesnotexist"
    nowhere = {"FunctionName": "doesnotexist", "StatementId": "s3"}
    replay.call("remove from nowhere", client.remove_permission, nowhere, missing(said))
    replay.call("remove last", client.remove_permission, {**function, "StatementId": "s3"}, done)
    replay.call("none left", client.get_policy, function, missing(GONE))


def function_urls(replay: Replay) -> None:
    client, name = function_of(replay)
    function = {"FunctionName": name}
    arn = f"arn:aws:lambda:<region>:<account>:function:{name}"
    made = {"AuthType": "NONE", "CreationTime": str, "FunctionArn": arn, "FunctionUrl": "<url>"}
    ask = {**function, "AuthType": "NONE"}
    replay.call("create", client.create_function_url_config, ask, {"HTTPStatusCode": 201, **made})
    said = (
        f"Failed to create function url config for [functionArn = {arn}]. Error message:  "
        "FunctionUrlConfig exists for this Lambda function"
    )
    twice = invalid(said, "ResourceConflictException", 409)
    replay.call("create again", client.create_function_url_config, ask, twice)
    told = {**made, "InvokeMode": "BUFFERED", "LastModifiedTime": str}
    replay.call("get", client.get_function_url_config, function, told)
    changed = {**made, "AuthType": "AWS_IAM", "LastModifiedTime": str}
    ask = {**function, "AuthType": "AWS_IAM"}
    replay.call("update", client.update_function_url_config, ask, changed)
    client.delete_function_url_config(**function)
    replay.call("get none", client.get_function_url_config, function, missing(GONE))
    nowhere = {"FunctionName": "doesnotexist", "AuthType": "NONE"}
    said = "Function does not exist"
    replay.call("no function", client.create_function_url_config, nowhere, missing(said))


def layers(replay: Replay) -> None:
    client, name = function_of(replay)
    layer = replay.unique("layer")
    arn = f"arn:aws:lambda:<region>:<account>:layer:{layer}"
    named = {"LayerName": layer}

    def told(number: int, listed: bool = False) -> dict[str, Any]:
        content = {"Content": {"CodeSha256": str, "CodeSize": int, "Location": str}, "LayerArn": arn}
        return {
            "CompatibleArchitectures": ["x86_64"],
            "CompatibleRuntimes": ["python3.12"],
            "CreatedDate": str,
            "Description": "a layer",
            "LayerVersionArn": f"{arn}:{number}",
            "LicenseInfo": "MIT",
            "Version": number,
            **({} if listed else content),
        }

    ask = {
        **named,
        "CompatibleRuntimes": ["python3.12"],
        "CompatibleArchitectures": ["x86_64"],
        "Content": {"ZipFile": archive(ECHO)},
        "Description": "a layer",
        "LicenseInfo": "MIT",
    }
    for number in (1, 2):
        answer = {"HTTPStatusCode": 201, **told(number)}
        replay.call(f"publish {number}", client.publish_layer_version, ask, answer)
    replay.call("get", client.get_layer_version, {**named, "VersionNumber": 1}, told(1))
    full = f"arn:aws:lambda:{replay.lab.facts['region']}:{replay.lab.facts['account_id']}:layer:{layer}"
    replay.call("get by ARN", client.get_layer_version_by_arn, {"Arn": f"{full}:1"}, told(1))
    versions = {"LayerVersions": [told(2, listed=True), told(1, listed=True)]}
    replay.call("list", client.list_layer_versions, named, versions)
    client.update_function_configuration(FunctionName=name, Layers=[f"{full}:1"])
    used = client.get_function_configuration(FunctionName=name).get("Layers")
    replay.compare("layers of a function", used, [{"Arn": f"{arn}:1", "CodeSize": int}])
    done = {"HTTPStatusCode": 204}
    statement = {
        "Sid": "s1",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:GetLayerVersion",
        "Resource": f"{arn}:1",
    }
    allow = {**named, "VersionNumber": 1, "StatementId": "s1", "Action": "lambda:GetLayerVersion", "Principal": "*"}
    answer = {"HTTPStatusCode": 201, "RevisionId": "<revision>", "Statement": Json(statement)}
    replay.call("add permission", client.add_layer_version_permission, allow, answer)
    policy = Json({"Version": "2012-10-17", "Id": "default", "Statement": [statement]})
    one = {**named, "VersionNumber": 1}
    replay.call("policy", client.get_layer_version_policy, one, {"Policy": policy, "RevisionId": "<revision>"})
    replay.call("remove", client.remove_layer_version_permission, {**one, "StatementId": "s1"}, done)
    for step in ("delete", "delete again"):
        replay.call(step, client.delete_layer_version, {**named, "VersionNumber": 2}, done)
    replay.call("delete unknown", client.delete_layer_version, {"LayerName": "none", "VersionNumber": 1}, done)
    replay.call("get deleted", client.get_layer_version, {**named, "VersionNumber": 2}, missing(GONE))
    replay.call("get unknown", client.get_layer_version, {"LayerName": "none", "VersionNumber": 1}, missing(GONE))
    replay.call("list unknown", client.list_layer_versions, {"LayerName": "none"}, {"LayerVersions": []})
    said = "Layer Version Cannot be less than 1"
    replay.call("get zero", client.get_layer_version, {**named, "VersionNumber": 0}, invalid(said))
    replay.call("delete negative", client.delete_layer_version, {**named, "VersionNumber": -1}, invalid(said))
    replay.call("no such version", client.get_layer_version_by_arn, {"Arn": f"{full}:9"}, missing(GONE))


def event_invoke_settings(replay: Replay) -> None:
    client, name = function_of(replay, Publish=True)
    _, other = function_of(replay)
    client.create_alias(FunctionName=name, Name="custom", FunctionVersion="1")
    function = {"FunctionName": name}
    arn = f"arn:aws:lambda:<region>:<account>:function:{name}"
    full = client.get_function_configuration(**function)["FunctionArn"]

    def told(qualifier: str = "$LATEST", success: Any = None, **more: Any) -> dict[str, Any]:
        destinations = {"OnFailure": {}, "OnSuccess": success or {}}
        return {"DestinationConfig": destinations, "FunctionArn": f"{arn}:{qualifier}", "LastModified": ..., **more}

    put, update = client.put_function_event_invoke_config, client.update_function_event_invoke_config
    replay.call("put", put, {**function, "MaximumRetryAttempts": 0}, told(MaximumRetryAttempts=0))
    age: dict[str, Any] = {"MaximumEventAgeInSeconds": 60}
    replay.call("put over", put, {**function, **age}, told(**age))
    replay.call("update nothing", update, {**function, **age}, told(**age))
    both = told(**age, MaximumRetryAttempts=1)
    replay.call("update", update, {**function, "MaximumRetryAttempts": 1}, both)
    replay.call("get", client.get_function_event_invoke_config, function, both)
    latest = {**function, "Qualifier": "$LATEST"}
    replay.call("get latest", client.get_function_event_invoke_config, latest, both)
    listed = client.list_function_event_invoke_configs
    replay.call("list", listed, function, {"FunctionEventInvokeConfigs": [both]})
    said = f"The function {arn}:1 doesn't have an EventInvokeConfig"
    replay.call("get version", client.get_function_event_invoke_config, {**function, "Qualifier": "1"}, missing(said))
    version = told("1", MaximumEventAgeInSeconds=120)
    replay.call("put version", put, {**function, "Qualifier": "1", "MaximumEventAgeInSeconds": 120}, version)
    alias = told("custom", MaximumRetryAttempts=1)
    replay.call("put alias", put, {"FunctionName": f"{full}:custom", "MaximumRetryAttempts": 1}, alias)
    everything = {"FunctionEventInvokeConfigs": [both, version, alias]}
    replay.call("list all", listed, function, everything)
    success = {"Destination": f"arn:aws:lambda:<region>:<account>:function:{other}"}
    to = {"DestinationConfig": {"OnSuccess": {"Destination": full.replace(name, other)}}}
    replay.call("destination", put, {**function, **to}, told(success=success))
    own = {"DestinationConfig": {"OnSuccess": {"Destination": full}}}
    said = "You can't specify the function as a destination for itself."
    replay.call("itself", put, {**function, **own}, invalid(said))
    nowhere = full.replace(name, "doesnotexist")
    to = {"DestinationConfig": {"OnSuccess": {"Destination": nowhere}}}
    said = "The destination ARN arn:aws:lambda:<region>:<account>:function:doesnotexist is invalid."
    replay.call("no destination", put, {**function, **to}, invalid(said))
    wrong = full.replace(":lambda:", ":iam:")
    to = {"DestinationConfig": {"OnSuccess": {"Destination": wrong}}}
    said = (
        f"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination={wrong}), onFailure=null) "
        "is invalid."
    )
    replay.call("wrong service", put, {**function, **to}, invalid(said))
    said = "You must specify at least one of error handling or destination setting."
    replay.call("nothing", put, function, invalid(said))
    replay.call("no function", put, {"FunctionName": "none", **age}, missing("The function doesn't exist."))
    replay.call("list of none", listed, {"FunctionName": "none"}, missing("The function doesn't exist."))
    delete, done = client.delete_function_event_invoke_config, {"HTTPStatusCode": 204}
    for qualifier in ("$LATEST", "1", "custom"):
        replay.call(f"delete {qualifier}", delete, {**function, "Qualifier": qualifier}, done)
    replay.call("list none", listed, function, {"FunctionEventInvokeConfigs": []})
    said = f"The function {arn}:$LATEST doesn't have an EventInvokeConfig"
    replay.call("delete none", delete, function, missing(said))


def test_policies_and_urls_answer_as_aws(lab: RunningLab) -> None:
    assert_agreement(lab, [permissions, function_urls], {})


def test_layers_and_event_invoke_settings_answer_as_aws(lab: RunningLab) -> None:
    assert_agreement(lab, [layers, event_invoke_settings], {})
