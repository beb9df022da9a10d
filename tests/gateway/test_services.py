"""Who serves a call is who was signed for, decided and recorded: one resolution, exact.

IAM user guide, "Create a signed AWS API request": the credential scope names the service; AWS refuses a signature that
is "not scoped to the correct service". An IAM policy on ``events:*`` would miss a call served under another name.
"""

from __future__ import annotations

import botocore.session
import pytest

from localaws.gateway import services
from localaws.gateway.services import service_of
from tests.conftest import RunningLab
from tests.gateway.test_operations import SERVICES, minimal, on_the_wire
from tests.gateway.wire import recorded, send, signer

SESSION = botocore.session.get_session()
SIGNING_NAMES = {name: SESSION.get_service_model(name).signing_name for name in SERVICES}

#: An operation of each protocol that needs nothing, and what else its request has.
LISTS = {
    "sqs": ({"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": "application/x-amz-json-1.0"}, b"{}"),
    "events": ({"X-Amz-Target": "AWSEvents.ListRules", "Content-Type": "application/x-amz-json-1.1"}, b"{}"),
    "iam": ({"Content-Type": "application/x-www-form-urlencoded"}, b"Action=ListUsers&Version=2010-05-08"),
    "monitoring": ({"Content-Type": "application/x-www-form-urlencoded"}, b"Action=ListMetrics&Version=2010-08-01"),
}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_found_by_its_signing_name_and_by_no_other_spelling(name: str) -> None:
    model = SESSION.get_service_model(name)
    operation = model.operation_model(model.operation_names[0])
    environ, _ = on_the_wire(operation, model.metadata["protocol"], minimal(operation.input_shape))
    signing_name = model.signing_name
    found = service_of(signing_name, environ)
    assert found.name == name
    for spelling in {signing_name.upper(), signing_name.title(), f"{signing_name} ", f".{signing_name}", name.upper()}:
        if spelling != signing_name:
            odd = service_of(spelling, environ)
            assert (odd.backend, odd.name) == ("", spelling)
    if name not in SIGNING_NAMES.values():
        assert service_of(name, environ).backend == ""  # "stepfunctions" is signed as "states"


def test_the_services_that_sign_with_an_elders_name_really_do() -> None:
    for elder, younger in services._YOUNGER.items():
        signing_names = {SESSION.get_service_model(name).signing_name for name in (elder, *younger)}
        assert len(signing_names) == 1, (elder, signing_names)
    for signing_name, name in services._SIGNED_AS.items():
        assert services._signed_as(signing_name) == name


def test_requests_of_services_that_sign_alike_are_told_apart_by_botocores_models() -> None:
    for younger in ("sesv2", "bedrock-runtime", "sagemaker-runtime", "mediastore-data", "s3control", "dynamodbstreams"):
        model = SESSION.get_service_model(younger)
        wrong = []
        for name in model.operation_names:
            operation = model.operation_model(name)
            environ, _ = on_the_wire(operation, model.metadata["protocol"], minimal(operation.input_shape))
            if service_of(model.signing_name, environ).name != younger:
                wrong.append(name)
        assert not wrong, younger


@pytest.mark.parametrize("alias", ["eventbridge", "moto_api", "instance_metadata", "awslambda"])
def test_motos_aliases_are_no_names(alias: str) -> None:
    assert service_of(alias, {"PATH_INFO": "/", "HTTP_HOST": "127.0.0.1"}).backend == ""


@pytest.mark.parametrize("signing_name", LISTS)
def test_a_call_is_served_and_recorded_under_one_name(lab: RunningLab, signing_name: str) -> None:
    headers, body = LISTS[signing_name]
    answer = send(lab, "POST", "/", signer(lab, signing_name).headers("POST", "/", body, headers), body)
    assert answer.status == 200
    service = {"monitoring": "cloudwatch"}.get(signing_name, signing_name)
    assert recorded(lab, answer.headers["x-amzn-requestid"])["service"] == service
    aliases = {"events": ["eventbridge"], "monitoring": ["cloudwatch"]}.get(signing_name, [])
    for odd in [signing_name.upper(), signing_name.title(), *aliases]:
        refused = send(lab, "POST", "/", signer(lab, odd).headers("POST", "/", body, headers), body)
        assert refused.status == 404, (odd, refused)
        assert recorded(lab, refused.headers["x-amzn-requestid"])["status"] == 404


def test_neither_host_nor_path_nor_body_choose_the_service(lab: RunningLab) -> None:
    """A request signed for SQS is SQS's, whatever else it looks like."""
    headers, body = LISTS["sqs"]
    port = lab.facts["port"]
    for host in (f"iam.us-east-1.localhost:{port}", f"s3-control.localhost:{port}", f"events.localhost:{port}"):
        signed = signer(lab, "sqs", host=host).headers("POST", "/v20180820/", body, headers)
        answer = send(lab, "POST", "/v20180820/", signed, body)
        record = recorded(lab, answer.headers["x-amzn-requestid"])
        assert (record["service"], record["operation"]) == ("sqs", "ListQueues")
        assert b"iam" not in answer.body.lower()


def test_two_apis_that_sign_alike_are_told_apart(lab: RunningLab) -> None:
    """By the version of the API, in the path or the form (references of OpenSearch, API Gateway, load balancing)."""
    domain = {"DomainName": "flights"}
    lab.client("opensearch").create_domain(**domain)
    assert "AdvancedSecurityOptions" in lab.client("opensearch").describe_domain(**domain)["DomainStatus"]
    assert [each["DomainName"] for each in lab.client("es").list_domain_names()["DomainNames"]] == ["flights"]
    lab.client("opensearch").delete_domain(**domain)
    assert lab.client("apigatewayv2").get_apis()["Items"] == lab.client("apigateway").get_rest_apis()["items"] == []
    assert lab.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert lab.client("elb").describe_load_balancers()["LoadBalancerDescriptions"] == []
    subnets = [each["SubnetId"] for each in lab.client("ec2").describe_subnets()["Subnets"][:2]]
    calls = [call["service"] for call in lab.calls() if call["operation"] == "DescribeLoadBalancers"]
    assert calls[-2:] == ["elbv2", "elb"]
    made = lab.client("elbv2").create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"]
    lab.client("elbv2").delete_load_balancer(LoadBalancerArn=made[0]["LoadBalancerArn"])
