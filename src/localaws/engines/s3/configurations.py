"""A bucket's configurations of metrics, analytics, inventory and storage tiers, each under an id; and who pays.

They are kept and given back as the documents that were sent, checked against the schema. The lab writes inventories
(`inventory`); it moves nothing between tiers, and its account pays for every request.

Sources: S3 API reference, PutBucketMetricsConfiguration and its siblings, "Errors"; PutBucketRequestPayment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from moto.core.request import Request

from localaws.engines.s3.backend import S3Engine
from localaws.engines.s3.documents import parse_document
from localaws.engines.s3.rules import text
from localaws.gateway.errors import AwsError

#: At most this many configurations of a kind on a page, and in a bucket.
_PAGE, _MOST = 100, 1000
_DECLARATION = re.compile(rb"^\s*<\?xml.*?\?>\s*", re.DOTALL)
_XML = {"Content-Type": "application/xml"}
_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_PAYER = f"<RequestPaymentConfiguration {_NAMESPACE}><Payer>BucketOwner</Payer></RequestPaymentConfiguration>"


@dataclass(frozen=True)
class Kind:
    """A kind of configuration by its query parameter; *listed* is the root element of a list."""

    listed: str
    most: int = _MOST


KINDS = {
    "analytics": Kind("ListBucketAnalyticsConfigurationResult"),
    "intelligent-tiering": Kind("ListBucketIntelligentTieringConfigurationsOutput"),
    "inventory": Kind("ListInventoryConfigurationsResult"),
    "metrics": Kind("ListMetricsConfigurationsResult"),
}
_PAYMENT = "requestPayment"
#: What is kept here, and not by moto.
KEPT = KINDS.keys() | {_PAYMENT}

Answer = tuple[int, dict[str, Any], Any]


def respond(engine: S3Engine, operation: str, bucket_name: str, region: str, request: Request) -> Answer:
    """Answer one of the operations on what is `KEPT`. Raises NoSuchBucket, NoSuchConfiguration, MalformedXML."""
    query = dict(parse_qsl(request.query_string.decode(), keep_blank_values=True))
    name = next(name for name in query if name in KEPT)
    engine.get_bucket(bucket_name)
    kept = engine.configurations.get(bucket_name, {})
    if request.method == "PUT":
        return _put(engine, operation, bucket_name, name, query, region, request)
    if name == _PAYMENT:
        return 200, _XML, kept[_PAYMENT]["body"] if _PAYMENT in kept else _PAYER
    if operation.startswith("List"):
        return 200, _XML, _list(kept, name, query.get("continuation-token"))
    place = f"{name}/{query['id']}"
    if place not in kept:
        raise AwsError("NoSuchConfiguration", "The specified configuration does not exist.", 404)
    if request.method == "DELETE":
        engine.remember_configuration(bucket_name, place, None)
        return 204, {}, ""
    return 200, _XML, kept[place]["body"]


def _put(
    engine: S3Engine,
    operation: str,
    bucket_name: str,
    name: str,
    query: Mapping[str, str],
    region: str,
    request: Request,
) -> Answer:
    body = request.get_data()
    document = parse_document(operation, body)
    place = name
    if name != _PAYMENT:
        identity = query["id"]
        if text(document, "Id") != identity:
            raise AwsError("InvalidConfigurationId", "The ID in the URL and that in the document are not the same.")
        place = f"{name}/{identity}"
        others = [each for each in engine.configurations.get(bucket_name, {}) if each.startswith(f"{name}/")]
        if place not in others and len(others) >= KINDS[name].most:
            raise AwsError("TooManyConfigurations", "You have reached the limit for configurations of this kind.")
    kept_body = _DECLARATION.sub(b"", body).decode()
    kept = {"query": request.query_string.decode(), "region": region, "headers": {}, "body": kept_body}
    engine.remember_configuration(bucket_name, place, kept)
    return 200, {}, ""


def _list(kept: Mapping[str, Mapping[str, Any]], name: str, token: str | None) -> str:
    """A page of the configurations of the kind *name*, by id; *token* is the last id of the page before."""
    places = sorted(place for place in kept if place.startswith(f"{name}/") and place > f"{name}/{token or ''}")
    page = places[:_PAGE]
    root = KINDS[name].listed
    head = f"<ContinuationToken>{token}</ContinuationToken>" if token else ""
    if len(places) > _PAGE:
        head += f"<NextContinuationToken>{page[-1].partition('/')[2]}</NextContinuationToken>"
    head += f"<IsTruncated>{str(len(places) > _PAGE).lower()}</IsTruncated>"
    return f"<{root} {_NAMESPACE}>{head}{''.join(kept[place]['body'] for place in page)}</{root}>"
