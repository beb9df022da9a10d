"""Lambda's functions answer as AWS answered LocalStack's suite (test_lambda_api)."""

from __future__ import annotations

from typing import Any

from tests.conftest import RunningLab
from tests.recorded.lambdas import (
    ECHO,
    archive,
    configuration,
    constraint,
    function_of,
    invalid,
    missing,
    no_function,
    request,
    role_of,
)
from tests.recorded.replay import Replay, assert_agreement, refusal

DERIVED = "The derived qualifier from the function name does not match the specified qualifier."


def function_lifecycle(replay: Replay) -> None:
    client = replay.client("lambda")
    asked = request(replay, Timeout=5, MemorySize=256, Environment={"Variables": {}})
    name = {"FunctionName": asked["FunctionName"]}
    pending = configuration(asked, "Pending")
    replay.call("create", client.create_function, asked, {"HTTPStatusCode": 201, **pending})
    client.get_waiter("function_active_v2").wait(**name)
    code = {"Location": str, "RepositoryType": "S3"}
    replay.call("get", client.get_function, name, {"Code": code, "Configuration": configuration(asked)})
    changes = {
        "Description": "Changed-Description",
        "Environment": {"Variables": {"ENV_A": "a"}},
        "MemorySize": 512,
        "Runtime": "python3.11",
        "Timeout": 10,
    }
    asked |= changes
    other: dict[str, Any] = {"RuntimeVersionConfig": {"RuntimeVersionArn": "arn:aws:lambda:<region>::runtime:<other>"}}
    updating = configuration(asked, "InProgress", **other)
    replay.call("update", client.update_function_configuration, {**name, **changes}, updating)
    client.get_waiter("function_updated_v2").wait(**name)
    updated = configuration(asked, **other)
    replay.call("updated", client.get_function, name, {"Code": code, "Configuration": updated})
    new = {**name, "ZipFile": archive("def handler(event, context): return 2")}
    replay.call("update code", client.update_function_code, new, updating)
    client.get_waiter("function_updated_v2").wait(**name)
    replay.call("updated code", client.get_function, name, {"Code": code, "Configuration": updated})
    replay.call("delete", client.delete_function, name, {"HTTPStatusCode": 204, "StatusCode": 204})
    replay.call("delete again", client.delete_function, name, no_function(asked["FunctionName"]))


def missing_functions(replay: Replay) -> None:
    client, name = replay.client("lambda"), replay.unique("none")
    ask = {"FunctionName": name}
    not_found = no_function(name)
    for method in (
        client.delete_function,
        client.get_function,
        client.get_function_configuration,
        client.get_function_concurrency,
        client.get_function_code_signing_config,
    ):
        replay.call(method.__name__, method, ask, not_found)
    no_resource = missing("The resource you requested does not exist.")
    replay.call("url", client.get_function_url_config, ask, no_resource)
    replay.call("policy", client.get_policy, ask, no_resource)
    said = f"The function arn:aws:lambda:<region>:<account>:function:{name}:$LATEST doesn't have an EventInvokeConfig"
    replay.call("event invoke", client.get_function_event_invoke_config, ask, missing(said))
    replay.call("invoke", client.invoke, ask, no_function(f"{name}:$LATEST"))


def missing_versions(replay: Replay) -> None:
    client, name = function_of(replay)
    ask = {"FunctionName": name, "Qualifier": "1221"}
    replay.call("get", client.get_function, ask, no_function(f"{name}:1221"))
    replay.call("configuration", client.get_function_configuration, ask, no_function(f"{name}:1221"))
    said = f"The function arn:aws:lambda:<region>:<account>:function:{name}:1221 doesn't have an EventInvokeConfig"
    replay.call("event invoke", client.get_function_event_invoke_config, ask, missing(said))
    arn = client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    other = {"FunctionName": f"{arn}:$LATEST", "Qualifier": "1"}
    for method in (client.get_function, client.get_function_configuration, client.delete_function):
        replay.call(f"{method.__name__} mismatch", method, other, invalid(DERIVED))
    said = "$LATEST version cannot be deleted without deleting the function."
    latest = {"FunctionName": f"{arn}:$LATEST", "Qualifier": "$LATEST"}
    replay.call("delete latest", client.delete_function, latest, invalid(said))
    elsewhere = replay.client("lambda", region_name="eu-west-1")
    said = "Functions from '<region>' are not reachable in this region ('eu-west-1')"
    replay.call("wrong region", elsewhere.get_function, {"FunctionName": arn}, missing(said))
    client.delete_function(FunctionName=name)


def functions_refused(replay: Replay) -> None:
    client, role = replay.client("lambda"), role_of(replay)

    def ask(step: str, answer: dict[str, Any], **wrong: Any) -> None:
        replay.call(step, client.create_function, {**request(replay, Role=role), **wrong}, answer)

    pattern = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
    ask("role", constraint("role", "r1", f"Member must satisfy regular expression pattern: {pattern}"), Role="r1")
    two = "Member must have length less than or equal to 1"
    ask("two", constraint("architectures", "[x86_64, arm64]", two), Architectures=["x86_64", "arm64"])
    enum = (
        "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
    )
    ask("architecture", constraint("architectures", "[X86_64]", enum), Architectures=["X86_64"])
    said = "Could not unzip uploaded file. Please check your file, then try to upload again."
    ask("zip", invalid(said), Code={"ZipFile": b"this is not a zipfile, just a random string"})
    for step, runtime in (("runtime", "non-existent-runtime"), ("upper case", "PYTHON3.9")):
        said = (
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            "[nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, "
            "python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, "
            "dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2] or be a valid ARN"
        )
        ask(step, invalid(said), Runtime=runtime)
    variables = {"SMALL_VAR": "ok", "LARGE_VAR": "x" * 4064}
    said = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        "exceeded the 4KB limit. String measured: "
    )
    measured = '{"SMALL_VAR":"ok","LARGE_VAR":"' + variables["LARGE_VAR"] + '"}'
    ask("environment", invalid(said + measured), Environment={"Variables": variables})
    invalid_version = constraint("functionVersion", "invalid", "Member must satisfy enum value set: [ALL]")
    replay.call("list", client.list_functions, {"FunctionVersion": "invalid"}, invalid_version)
    existing = request(replay, Role=role)
    client.create_function(**existing)
    said = f"Function already exist: {existing['FunctionName']}"
    replay.call("again", client.create_function, existing, invalid(said, "ResourceConflictException", 409))


def versions(replay: Replay) -> None:
    client, asked = replay.client("lambda"), request(replay, Publish=True)
    name = {"FunctionName": asked["FunctionName"]}
    arn = f"arn:aws:lambda:<region>:<account>:function:{asked['FunctionName']}"
    pending = configuration(asked, "Pending", Version="1")
    replay.call("create", client.create_function, asked, {"HTTPStatusCode": 201, **pending})
    client.get_waiter("function_active_v2").wait(**name)
    code = {"Location": str, "RepositoryType": "S3"}
    for step, more, told in (
        ("get", {}, {}),
        ("get version", {"Qualifier": "1"}, {"FunctionArn": f"{arn}:1", "Version": "1"}),
        ("get latest", {"Qualifier": "$LATEST"}, {"FunctionArn": f"{arn}:$LATEST"}),
    ):
        answer = {"Code": code, "Configuration": configuration(asked, **told)}
        replay.call(step, client.get_function, {**name, **more}, answer)
    both = [
        configuration(asked, "Listed", FunctionArn=f"{arn}:$LATEST"),
        configuration(asked, "Listed", FunctionArn=f"{arn}:1", Version="1"),
    ]
    replay.call("list", client.list_versions_by_function, name, {"Versions": both})
    published = {"HTTPStatusCode": 201, **configuration(asked, FunctionArn=f"{arn}:1", Version="1")}
    replay.call("publish the same", client.publish_version, name, published)
    replay.call("list after", client.list_versions_by_function, name, {"Versions": both})
    said = (
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
    )
    wrong = {**name, "RevisionId": "doesntexist"}
    stale = invalid(said, "PreconditionFailedException", 412)
    replay.call("publish wrong revision", client.publish_version, wrong, stale)
    update = {**name, "ZipFile": archive(ECHO), "RevisionId": "wrong"}
    replay.call("update wrong revision", client.update_function_code, update, stale)
    said = (
        "CodeSHA256 (somenonexistentsha256) is different from current CodeSHA256 in $LATEST (<sha>). "
        "Please try again with the CodeSHA256 in $LATEST."
    )
    wrong = {**name, "CodeSha256": "somenonexistentsha256"}
    replay.call("publish wrong code", client.publish_version, wrong, invalid(said))
    listed = configuration(asked, "Listed", FunctionArn=f"{arn}:$LATEST")
    page = {"Versions": [listed], "NextMarker": str}
    first = replay.call("first page", client.list_versions_by_function, {**name, "MaxItems": 1}, page)
    second = {**name, "MaxItems": 1, "Marker": first.get("NextMarker", "")}
    listed = configuration(asked, "Listed", FunctionArn=f"{arn}:1", Version="1")
    replay.call("second page", client.list_versions_by_function, second, {"Versions": [listed]})


def aliases(replay: Replay) -> None:
    client, name = function_of(replay, Publish=True)
    function = {"FunctionName": name}
    arn = f"arn:aws:lambda:<region>:<account>:function:{name}"
    client.update_function_configuration(**function, Environment={"Variables": {"testenv": "prod"}})
    client.get_waiter("function_updated_v2").wait(**function)
    client.publish_version(**function)

    def told(alias: str, version: str = "1", description: str = "custom-alias", **more: Any) -> dict[str, Any]:
        kept = {"Description": description, "FunctionVersion": version, "Name": alias, "RevisionId": str}
        return {"AliasArn": f"{arn}:{alias}", **kept, **more}

    def create(step: str, answer: dict[str, Any], **more: Any) -> None:
        ask = {**function, "Name": "custom", "FunctionVersion": "1", **more}
        replay.call(step, client.create_alias, ask, answer)

    def weights(**shares: float) -> dict[str, Any]:
        return {"AdditionalVersionWeights": {version.strip("v"): share for version, share in shares.items()}}

    routed: dict[str, Any] = {"RoutingConfig": weights(v2=0.2)}
    first, second = told("first", **routed), told("second", "2", "")
    ask = {"Name": "first", "Description": "custom-alias", **routed}
    create("first", {"HTTPStatusCode": 201, **first}, **ask)
    create("second", {"HTTPStatusCode": 201, **second}, Name="second", FunctionVersion="2")
    replay.call("get", client.get_alias, {**function, "Name": "first"}, first)
    replay.call("list", client.list_aliases, function, {"Aliases": [first, second]})
    replay.call("list of version", client.list_aliases, {**function, "FunctionVersion": "2"}, {"Aliases": [second]})
    none: dict[str, Any] = {"RoutingConfig": {"AdditionalVersionWeights": {}}}
    replay.call("update", client.update_alias, {**function, "Name": "first", **none}, told("first"))
    replay.call("updated", client.get_alias, {**function, "Name": "first"}, told("first"))
    replay.call("delete", client.delete_alias, {**function, "Name": "first"}, {"HTTPStatusCode": 204})
    replay.call("list after", client.list_aliases, function, {"Aliases": [second]})
    latest = told("latest", "$LATEST", "")
    create("latest", {"HTTPStatusCode": 201, **latest}, Name="latest", FunctionVersion="$LATEST")
    create("date", {"HTTPStatusCode": 201, **told("2024-01-02", description="")}, Name="2024-01-02")
    create("empty routing", {"HTTPStatusCode": 201, **told("empty", description="")}, Name="empty", **none)
    said = "Number of items in AdditionalVersionWeights cannot be greater than 1"
    create("two weights", invalid(said), RoutingConfig=weights(v1=0.8, v2=0.2))
    said = "Invalid function version 1. Function version 1 is already included in routing configuration."
    create("same version", invalid(said), RoutingConfig=weights(v1=0.5))
    bounds = (
        "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
        "Member must have value greater than or equal to 0.0, Member must not be null]"
    )
    for step, share in (("too high", 2.0), ("below zero", -1.0)):
        answer = constraint("routingConfig.additionalVersionWeights", f"{{2={share}}}", bounds)
        create(step, answer, RoutingConfig=weights(v2=share))
    create("no version", no_function(f"{name}:10"), FunctionVersion="10")
    create("no version in routing", no_function(f"{name}:10"), RoutingConfig=weights(v10=0.5))
    said = "$LATEST is not supported for an alias pointing to more than 1 version"
    several = refusal("InvalidParameterValueException", said, message=said)
    create("latest and more", several, FunctionVersion="$LATEST", RoutingConfig=weights(v1=0.5))
    create("no function", no_function(f"{name}-unknown:1"), FunctionName=f"{name}-unknown")
    said = f"Alias already exists: {arn}:second"
    create("again", invalid(said, "ResourceConflictException", 409), Name="second")
    number = r"Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
    create("number", constraint("name", "2024", number), Name="2024")
    no_alias = missing(f"Cannot find alias arn: {arn}:non-existent")
    replay.call("missing", client.get_alias, {**function, "Name": "non-existent"}, no_alias)
    ask = {**function, "Qualifier": "non-existent"}
    replay.call("function of missing", client.get_function, ask, no_function(f"{name}:non-existent"))


def tags(replay: Replay) -> None:
    client, name = function_of(replay, Tags={"testtag": "custom"})
    arn = client.get_function_configuration(FunctionName=name)["FunctionArn"]
    resource = {"Resource": arn}
    replay.call("made with", client.list_tags, resource, {"Tags": {"testtag": "custom"}})
    done = {"HTTPStatusCode": 204}
    replay.call("tag", client.tag_resource, {**resource, "Tags": {"A": "a", "B": "b"}}, done)
    replay.call("tagged", client.list_tags, resource, {"Tags": {"testtag": "custom", "A": "a", "B": "b"}})
    replay.call("untag", client.untag_resource, {**resource, "TagKeys": ["A", "B", "none"]}, done)
    replay.call("untag last", client.untag_resource, {**resource, "TagKeys": ["testtag"]}, done)
    replay.call("none", client.list_tags, resource, {"Tags": {}})
    said = "Tags on function aliases and versions are not supported. Please specify a function ARN."
    qualified = {"Resource": f"{arn}:alias"}
    replay.call("of an alias", client.list_tags, qualified, invalid(said))
    said = "An error occurred and the request cannot be processed."
    replay.call("tag nothing", client.tag_resource, {**resource, "Tags": {}}, invalid(said))
    gone = {"Resource": f"{arn}x"}
    replay.call("missing", client.list_tags, gone, no_function(f"{name}x"))
    replay.call("tag missing", client.tag_resource, {**gone, "Tags": {"a": "b"}}, no_function(f"{name}x"))
    replay.call("untag missing", client.untag_resource, {**gone, "TagKeys": ["a"]}, no_function(f"{name}x"))


def concurrency(replay: Replay) -> None:
    client, name = function_of(replay)
    function = {"FunctionName": name}
    for reserved in (0, 1):
        kept = {"ReservedConcurrentExecutions": reserved}
        replay.call(f"put {reserved}", client.put_function_concurrency, {**function, **kept}, kept)
    replay.call("get", client.get_function_concurrency, function, {"ReservedConcurrentExecutions": 1})
    replay.call("delete", client.delete_function_concurrency, function, {"HTTPStatusCode": 204})
    replay.call("get none", client.get_function_concurrency, function, {})
    none: dict[str, Any] = {"FunctionName": f"{name}x", "ReservedConcurrentExecutions": 1}
    replay.call("missing", client.put_function_concurrency, none, no_function(f"{name}x:$LATEST"))
    arn = client.get_function_configuration(**function)["FunctionArn"]
    said = (
        "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
        "Please specify either a function name or an unqualified function ARN."
    )
    ask = {"FunctionName": f"{arn}:$LATEST", "ReservedConcurrentExecutions": 0}
    replay.call("qualified", client.put_function_concurrency, ask, invalid(said))
    limits = {
        "CodeSizeUnzipped": int,
        "CodeSizeZipped": int,
        "ConcurrentExecutions": int,
        "TotalCodeSize": int,
        "UnreservedConcurrentExecutions": int,
    }
    usage = {"FunctionCount": int, "TotalCodeSize": int}
    replay.call("account", client.get_account_settings, {}, {"AccountLimit": limits, "AccountUsage": usage})


def test_functions_answer_as_aws(lab: RunningLab) -> None:
    scenarios = [function_lifecycle, missing_functions, missing_versions, functions_refused, versions]
    assert_agreement(lab, scenarios, {})


def test_aliases_tags_and_concurrency_answer_as_aws(lab: RunningLab) -> None:
    known = {"AWS names nobody to blame in this one answer": ["aliases.latest and more: Type"]}
    assert_agreement(lab, [aliases, tags, concurrency], known)
