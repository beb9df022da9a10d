"""What moto's own backends reach, of services that have no folder here: see `Engine.reaches`."""

from __future__ import annotations

REACHED_BY_MOTO: dict[str, frozenset[str]] = {
    service: frozenset(reached.split())
    for service, reached in {
        "account": "sts",
        "applicationautoscaling": "cloudwatch",
        "appmesh": "sts",
        "autoscaling": "ec2",
        "batch": "ec2 iam logs",
        "codepipeline": "iam",
        "ds": "ec2",
        "ebs": "ec2",
        "ecs": "ec2",
        "efs": "ec2",
        "eks": "ec2",
        "elasticache": "ec2",
        "elb": "ec2",
        "elbv2": "ec2 iam",
        "es": "opensearch",
        "memorydb": "ec2",
        "osis": "ec2",
        "redshift": "ec2",
        "route53": "logs",
        "route53resolver": "ec2",
        "s3control": "s3",
        "s3tables": "s3",
        "sagemaker": "s3",
        "sagemakerruntime": "s3",
        "securityhub": "organizations",
        "servicecatalogappregistry": "cloudformation",
        "ses": "awslambda iam kms s3 sns",
        "textract": "sns",
        "workspaces": "ec2",
    }.items()
}
