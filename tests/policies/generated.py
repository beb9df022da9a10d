"""Policies made up at random, from a seed: they are about few things, so that they often fit."""

from __future__ import annotations

import random
from typing import Any

Statement = dict[str, Any]

_ACTIONS = [
    "*",
    "s3:*",
    "s3:Get*",
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "s3:*Object",
    "sqs:*",
    "S3:getobject",
]
_RESOURCES = [
    "*",
    "{bucket}",
    "{bucket}*",
    "{bucket}/*",
    "{bucket}/home/*",
    "{bucket}/h?me/x",
    "{bucket}/${{aws:username}}/*",
    "arn:aws:s3:::elsewhere/*",
]
_CONDITIONS: list[dict[str, Any]] = [
    {"StringEquals": {"aws:username": "{user}"}},
    {"StringNotEquals": {"aws:username": "{user}"}},
    {"StringLike": {"s3:prefix": ["home/*", "ops/*"]}},
    {"StringNotLikeIfExists": {"s3:prefix": "home/*"}},
    {"Null": {"s3:prefix": "true"}},
    {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
    {"Bool": {"aws:SecureTransport": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}},
    {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}},
]


class Generator:
    """Makes statements about *bucket*, an ARN, and *user*, a name."""

    def __init__(self, seed: int, bucket: str, user: str) -> None:
        self.random = random.Random(seed)
        self._names = {"bucket": bucket, "user": user}

    def policy(self, principals: list[Any] | None = None, resources: list[str] | None = None) -> list[Statement]:
        """One to four statements; with *principals* those of a resource's policy."""
        return [self.statement(principals, resources) for _ in range(self.random.randint(1, 4))]

    def statement(self, principals: list[Any] | None = None, resources: list[str] | None = None) -> Statement:
        choose = self.random.choice
        made: Statement = {"Effect": choose(["Allow", "Allow", "Deny"])}
        if principals:
            made["Principal"] = choose(principals)
        actions = self.random.sample(_ACTIONS, self.random.randint(1, 2))
        if principals:  # a bucket's policy is about S3
            actions = [each if each[:2].lower() == "s3" else "s3:*" for each in actions]
        made[choose(["Action"] * 5 + ["NotAction"])] = actions
        named = [self._filled(each) for each in self.random.sample(resources or _RESOURCES, self.random.randint(1, 2))]
        made["Resource" if principals else choose(["Resource"] * 5 + ["NotResource"])] = named
        if self.random.random() < 0.35:
            made["Condition"] = self._filled(choose(_CONDITIONS))
        return made

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return value.format(**self._names) if "{" in value else value
        if isinstance(value, dict):
            return {key: self._filled(each) for key, each in value.items()}
        return [self._filled(each) for each in value]
