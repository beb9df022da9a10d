"""Engines: one module for one service, holding only what moto answers without doing the work.

To add one:

1. Write ``engines/<service>.py`` with subclasses of moto's backend and, where the wire needs it, of its response
   class. Override only the operations that moto pretends to do; leave the rest to moto.
2. Give the module ``install(lab)``. It sets the classes' ``lab`` and calls `replace_backend` and
   `replace_responses`. It may `lab.spawn` background work, which must end soon after ``lab.stopping`` is set.
3. Add a line to ``ENGINES`` below, under moto's name of the service.

An engine reaches other services with ``lab.client(service, role_arn=…)``, never by importing their backends: so the
IAM decision, CloudTrail and the meter see the call. It takes the time from ``lab.clock``, writes only below
``lab.directory``, and runs other people's code only in child processes. Errors it raises are AWS's own, as subclasses
of moto's exceptions or `localaws.gateway.errors.AwsError`.
"""

from __future__ import annotations

import logging
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # not at run time: a child (localaws.children) loads pure functions of an engine, and no moto
    from moto.core.base_backend import BackendDict, BaseBackend

    from localaws.lab import Lab

log = logging.getLogger(__name__)

#: moto's service name → the module that does its work. Installed when the service is first called.
ENGINES = {
    "athena": "localaws.engines.athena",
    "awslambda": "localaws.engines.lambda_",
    "cloudformation": "localaws.engines.cloudformation",
    "cloudwatch": "localaws.engines.cloudwatch",
    "dms": "localaws.engines.dms",
    "events": "localaws.engines.events",
    "dynamodb": "localaws.engines.dynamodb",
    "dynamodbstreams": "localaws.engines.dynamodbstreams",
    "ec2": "localaws.engines.ec2",
    "emr": "localaws.engines.emr",
    "firehose": "localaws.engines.firehose",
    "glue": "localaws.engines.glue",
    "iam": "localaws.engines.iam",
    "kinesis": "localaws.engines.kinesis",
    "kms": "localaws.engines.kms",
    "lakeformation": "localaws.engines.lakeformation",
    "logs": "localaws.engines.logs",
    "organizations": "localaws.engines.organizations",
    "rds": "localaws.engines.rds",
    "rdsdata": "localaws.engines.rdsdata",
    "s3": "localaws.engines.s3",
    "secretsmanager": "localaws.engines.secretsmanager",
    "sns": "localaws.engines.sns",
    "sqs": "localaws.engines.sqs",
    "ssm": "localaws.engines.ssm",
    "stepfunctions": "localaws.engines.stepfunctions",
    "sts": "localaws.engines.sts",
}

#: Services in which moto makes or looks up what belongs to others without calling them: these must be installed too.
REACHES = {
    "account": {"sts"},
    "applicationautoscaling": {"cloudwatch"},
    "appmesh": {"sts"},
    "athena": {"s3"},
    "autoscaling": {"ec2"},
    "awslambda": {"dynamodb", "dynamodbstreams", "iam", "kinesis", "logs", "s3", "sqs"},
    "batch": {"ec2", "iam", "logs"},
    "cloudformation": {"organizations", "s3", "sns", "ssm"},  # and of each resource, when it is made
    "cloudtrail": {"s3", "sns"},
    "codepipeline": {"iam"},
    "ds": {"ec2"},
    "dynamodb": {"kms", "s3"},
    "dynamodbstreams": {"dynamodb"},
    "ebs": {"ec2"},
    "ec2": {"iam", "kms", "logs", "s3"},
    "ecs": {"ec2"},
    "efs": {"ec2"},
    "eks": {"ec2"},
    "elasticache": {"ec2"},
    "elb": {"ec2"},
    "elbv2": {"ec2", "iam"},
    "emr": {"ec2", "sts"},
    "events": {"logs", "secretsmanager", "sqs"},
    "firehose": {"s3"},
    "iam": {"sts"},
    "kinesis": {"cloudwatch"},
    "logs": {"awslambda", "firehose", "kinesis", "s3"},
    "memorydb": {"ec2"},
    "organizations": {"iam"},
    "osis": {"ec2"},
    "rds": {"ec2", "kms"},
    "redshift": {"ec2"},
    "route53": {"logs"},
    "route53resolver": {"ec2"},
    "s3": {"events", "sns", "sqs"},
    "s3control": {"s3"},
    "s3tables": {"s3"},
    "sagemaker": {"s3"},
    "sagemakerruntime": {"s3"},
    "secretsmanager": {"awslambda"},
    "securityhub": {"organizations"},
    "servicecatalogappregistry": {"cloudformation"},
    "ses": {"awslambda", "iam", "kms", "s3", "sns"},
    "sns": {"sqs"},
    "ssm": {"ec2", "secretsmanager"},
    "stepfunctions": {"logs"},
    "sts": {"iam"},
    "textract": {"sns"},
    "workspaces": {"ec2"},
}

#: Services that work unasked after a start, if any of these is there to tell of something to go on with or to remove.
RETURNING = {"athena": ("athena/unfinished", "athena/scratch"), "rds": ("rds/state.json",)}

#: moto's response class → the engine's, for the dispatcher.
REPLACED_RESPONSES: dict[type, type] = {}


class Installer:
    """Installs each service's engine once, however many threads ask."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._lock = threading.RLock()
        self._installed: set[str] = set()
        # jsonschema, by which moto checks OpenAPI, would compile a grammar of IRIs on import: seconds, for nobody here
        sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

    def __call__(self, service: str) -> None:
        with self._lock:
            for each in in_order(service):
                if each not in self._installed:
                    import_module(ENGINES[each]).install(self._lab)
                    self._installed.add(each)
                    log.info("engine %s installed", each)


def in_order(service: str) -> list[str]:
    """The engines that *service* needs, each after those it reaches: RDS brings its instances back as it is installed,
    and with them moto's networks of EC2, whose engine would then come too late."""
    wanted = REACHES.get(service, set()) - {service}
    ordered: list[str] = []
    entered = {service}  # last, whatever circle it is in

    def enter(each: str) -> None:
        if each in entered:
            return
        entered.add(each)
        for reached in sorted(REACHES.get(each, set()) & wanted):
            enter(reached)
        ordered.append(each)

    for each in sorted(wanted):
        enter(each)
    return [each for each in [*ordered, service] if each in ENGINES]


def replace_backend(backends: BackendDict[Any], engine: type[BaseBackend]) -> None:
    """Have moto make *engine* wherever it would make its own backend, in every account and region.

    Raises RuntimeError if moto has already made one: what it holds would be lost.
    """
    for account_id, region, existing in backends.iter_backends():
        if not isinstance(existing, engine):
            raise RuntimeError(f"{engine.__name__} came too late: {account_id}/{region} already has moto's backend")
    moto_class = next(each for each in engine.__mro__ if each.__module__.startswith("moto."))
    # moto finds a backend's URLs by its module's name, which a subclass elsewhere does not share.
    urls = import_module(moto_class.__module__.rpartition(".")[0] + ".urls")
    engine._url_module = property(lambda self: urls)  # type: ignore[assignment, method-assign]
    backends.backend = engine
    for by_region in backends.values():
        by_region.backend = engine


def replace_responses(moto_class: type, engine: type) -> None:
    """Have requests answered by *engine*, a subclass of *moto_class*."""
    REPLACED_RESPONSES[moto_class] = engine
