"""What it costs that each call is decided: ``make bench``.

The same calls to one lab, in turns: by its owner, whose one statement allows everything, and by a user of twenty
statements, with conditions and variables, of which the last allows the call.
"""

from __future__ import annotations

import json
from typing import Any

from bench import Task, dynamodb_get, kinesis_put, s3_put
from peers import Peer, ThisLab
from small_calls import take_turns

STATEMENTS = 20
TASKS = [
    Task("S3 put 1 KB", "calls", 0.9, s3_put),
    Task("DynamoDB GetItem", "calls", 0.9, dynamodb_get),
    Task("Kinesis PutRecords, 500 of 100 bytes", "calls", 0.9, kinesis_put, calls=10),
]


class Limited(Peer):
    """The lab as the user sees it; what the owner has made he finds."""

    name = "user"

    def __init__(self, lab: ThisLab) -> None:
        iam = lab.client("iam")
        iam.create_user(UserName="limited")
        document = {"Version": "2012-10-17", "Statement": [*map(_statement, range(STATEMENTS - 1)), _LAST]}
        # a managed policy: twenty statements are too many letters for one of a user's own
        made = iam.create_policy(PolicyName="limited", PolicyDocument=json.dumps(document))
        iam.attach_user_policy(UserName="limited", PolicyArn=made["Policy"]["Arn"])
        key = iam.create_access_key(UserName="limited")["AccessKey"]
        self.process = lab.process
        self.settings = {
            **lab.settings,
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }


def _statement(number: int) -> dict[str, Any]:
    """One about the same services, that does not fit."""
    return {
        "Effect": "Deny" if number % 2 else "Allow",
        "Action": ["s3:Put*", "dynamodb:Get*", "kinesis:Put*"],
        "Resource": [f"arn:aws:s3:::other-{number}/${{aws:username}}/*", f"arn:aws:*:*:*:*/other-{number}*"],
        "Condition": {"StringLike": {"aws:PrincipalTag/team": f"team-{number}-*"}},
    }


_LAST = {"Effect": "Allow", "Action": ["s3:*", "dynamodb:*", "kinesis:*"], "Resource": "*"}


def main() -> None:
    lab = ThisLab()
    try:
        user = Limited(lab)
        print(f"\n{'':40}{'owner':>10}{'user':>10}{'ratio':>8}{'goal':>6}   processor time a call, µs")
        for task in TASKS:
            rates, costs = take_turns(task, lab, user)
            rate = f"{rates[0]:10,.0f}{rates[1]:10,.0f}{rates[1] / rates[0]:8.2f}{task.goal:>6}"
            print(f"{task.name + ', calls/s':40}{rate}   {costs[0]:,.0f} / {costs[1]:,.0f}")
    finally:
        lab.stop()


if __name__ == "__main__":
    main()
