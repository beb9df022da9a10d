"""Brings back the objects that an earlier process of this lab stored."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from moto.core.request import Request
from moto.iam.access_control import PermissionResult
from moto.s3 import models as moto_models
from moto.s3 import notifications as moto_notifications
from moto.s3.models import s3_backends
from moto.s3.responses import S3Response

from localaws.engines.s3 import restoring
from localaws.engines.s3.backend import S3Engine
from localaws.engines.s3.configurations import KEPT
from localaws.engines.s3.data_keys import DataKeys
from localaws.engines.s3.inventory import Inventories
from localaws.engines.s3.journal import Journal
from localaws.engines.s3.keeper import Keeper
from localaws.engines.s3.lifecycle_requests import NAME as LIFECYCLE
from localaws.engines.s3.notifications import Notifier
from localaws.engines.s3.objects import StoredObject
from localaws.engines.s3.private_buckets import restore
from localaws.engines.s3.recovery import apply, history
from localaws.engines.s3.replication import Replicator
from localaws.engines.s3.replication_rules import NAME as REPLICATION
from localaws.engines.s3.responses import S3EngineResponse
from localaws.engines.s3.store import ObjectStore
from localaws.gateway.records import Call, current_call
from localaws.lab import Lab

log = logging.getLogger(__name__)


def install(lab: Lab) -> None:
    """Put the engine in moto's place and bring back what an earlier process of this lab stored."""
    directory = lab.directory / "objects"
    S3Engine.store = ObjectStore(directory / "data")
    S3Engine.data_keys = DataKeys(lab)
    StoredObject.open = S3Engine.data_keys.open
    S3Engine.journal = Journal(directory / "journal")
    S3Engine.notifier = notifier = Notifier(lab)
    S3Engine.keeper = keeper = Keeper(lab)
    S3Engine.replicator = replicator = Replicator(lab)
    S3Engine.inventories = inventories = Inventories(lab)
    # `access` reads policies; moto's reading takes a condition that does not hold for a denial
    moto_models.FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL  # type: ignore[method-assign]
    # what a template gives a bucket comes through the API, for the journal keeps requests
    moto_models.FakeBucket.create_from_cloudformation_json = _create_for_stack  # type: ignore[method-assign]
    # moto announces tagging, ACL and restore events through these two functions of its module
    moto_notifications.send_event = lambda account_id, event_name, bucket, key: notifier.publish(
        bucket, event_name, key
    )
    moto_notifications.send_test_event = lambda account_id, bucket: None
    # and hands functions of rules a made-up event of a new bucket, which on AWS comes from CloudTrail
    moto_models.events_send_notification = lambda **event: None  # type: ignore[attr-defined]
    _recover()
    notifier.outbox.go_on()
    replicator.outbox.go_on()
    keeper.look()
    for engine in _engines():
        for bucket_name, settings in engine.configurations.items():
            for place in settings:
                if place.startswith("inventory/"):
                    inventories.expect(engine, bucket_name, place)
        for key in _objects(engine):
            restoring.wait(engine, key)
    lab.on_stop(S3Engine.journal.close)


def _create_for_stack(
    resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
) -> moto_models.FakeBucket:
    return _engine(account_id).create_bucket(resource_name, region_name)


def _recover() -> None:
    journal, store = S3Engine.journal, S3Engine.store
    for change in journal.replay():
        apply(_engine(change["account"]), change)
    engines = _engines()
    for engine in engines:
        for bucket_name, settings in engine.configurations.items():
            for name, request in settings.items():
                if name.partition("/")[0] not in {*KEPT, LIFECYCLE, REPLICATION} and not restore(
                    engine.buckets[bucket_name], name, request
                ):
                    _configure(engine, bucket_name, request)
    journal.rewrite(change for engine in engines for change in history(engine))
    store.sweep({key.file for engine in engines for key in _objects(engine)})


def _configure(engine: S3Engine, bucket_name: str, kept: dict[str, Any]) -> None:
    """Give moto a bucket's configuration again, as the request that first made it."""
    headers = {**kept["headers"], "x-moto-account-id": engine.account_id, "Host": "localhost"}
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential=replay/20000101/{kept['region']}/s3/aws4_request, "
    headers["x-amz-skip-destination-validation"] = "true"
    query = kept["query"]
    request = Request.from_primitives(
        "PUT", f"http://localhost/{quote(bucket_name)}?{query}", headers, kept["body"].encode()
    )
    call = Call("recovery", engine.lab.clock.now().isoformat(), "", "", "s3", account_id=engine.account_id)
    token = current_call.set(call)
    try:
        status, _, body = S3Response.bucket_response(S3EngineResponse(), request, request.raw_url, headers)
        if int(status) >= 300:
            raise ValueError(f"{status}: {body!r}")
    except Exception:  # the objects matter more: let the lab start
        log.exception("configuration %r of bucket %s could not be brought back", query, bucket_name)
    finally:
        current_call.reset(token)


def _engine(account_id: str) -> S3Engine:
    engine = s3_backends[account_id]["aws"]
    assert isinstance(engine, S3Engine)
    return engine


def _engines() -> list[S3Engine]:
    return [backend for _, _, backend in s3_backends.iter_backends() if isinstance(backend, S3Engine)]


def _objects(engine: S3Engine) -> list[StoredObject]:
    return [
        version
        for bucket in engine.buckets.values()
        for _, versions in bucket.keys.lists()
        for version in versions
        if isinstance(version, StoredObject)
    ]
