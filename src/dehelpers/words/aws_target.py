"""The guard in front of a real AWS account: nothing is created before region, estimate and cap are agreed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import botocore.exceptions

from dehelpers.errors import ConsentError

if TYPE_CHECKING:
    from dehelpers.words.price import Bill

CONSENT_VARIABLE = "DEHELPERS_AWS_CONSENT"


def is_amazon(url: str) -> bool:
    """Whether a URL is one of AWS's own endpoints, which need the same consent as target "aws"."""
    host = urlsplit(url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))


def agree(consent: str | None, estimate: float | Bill | None) -> str:
    """Show region and estimate, and return the region if the reader agreed to both. Nothing is asked of AWS.

    Parameters:
        consent: "REGION:USD", such as "us-east-1:5"; default `$DEHELPERS_AWS_CONSENT`.
        estimate: what the work will cost, in US dollars, or a bill that says so line by line.

    Raises:
        ConsentError: consent or estimate is missing, or the estimate is above the cap.
    """
    text = consent if consent is not None else os.environ.get(CONSENT_VARIABLE, "")
    usd = estimate if estimate is None or isinstance(estimate, int | float) else estimate.total
    price = "not known" if usd is None else f"{usd:.2f} USD"
    how = (
        "To agree, name the region and the most you are ready to spend, in US dollars:\n"
        f'{CONSENT_VARIABLE}="us-east-1:5" in the environment, or de.connect("aws", consent="us-east-1:5").'
    )
    if not text:
        raise ConsentError(
            'target="aws" creates resources in your own AWS account, and AWS bills you for them.\n'
            f"Estimated price: {price}. Region: the one you name.\n{how}"
        )
    match = re.fullmatch(r"([a-z]{2}(?:-[a-z]+)+-\d):(\d+(?:\.\d+)?)", text.strip())
    if not match:
        raise ConsentError(f"consent {text!r} is not of the form REGION:USD. {how}")
    region, cap = match[1], float(match[2])
    print(f"Real AWS. Region: {region}. Estimated price: {price}. Your cap: {cap:.2f} USD.")
    if usd is None:
        raise ConsentError(
            "without an estimate nobody can agree to a price. Say what you plan to use: "
            'de.connect("aws", estimate=de.estimate({"kinesis.shard_hour": 2})).'
        )
    if usd > cap:
        raise ConsentError(f"the estimate of {price} is above your cap of {cap:.2f} USD. {how}")
    return region


def account_id(endpoint: str | None) -> str:
    """The account that the keys in use belong to.

    Raises:
        ConnectionError: there are no keys, they are not valid, or nothing answers.
    """
    try:
        return str(boto3.client("sts").get_caller_identity()["Account"])
    except botocore.exceptions.NoCredentialsError as error:
        raise ConnectionError(
            "no AWS credentials found. Sign in (`aws sso login` or `aws configure`) and name the profile: "
            'os.environ["AWS_PROFILE"] = "…" before de.connect().'
        ) from error
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise ConnectionError(f"{endpoint or 'AWS'} does not accept your credentials: {error}") from error
