"""What trails deliver: log files soon after the calls, and digests of these each hour.

Sources: CloudTrail user guide, "Get and view your CloudTrail log files", "CloudTrail log file name format",
"Configuring Amazon SNS notifications for CloudTrail", "Sending events to CloudWatch Logs", "Validating CloudTrail log
file integrity".
"""

from __future__ import annotations

import gzip
import json
import logging
import math
import secrets
import string
import threading
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudtrail.models import CloudTrailBackend, cloudtrail_backends

from localaws.client import working_for
from localaws.engines.cloudtrail.digests import ALGORITHM, Chain, SigningKeys, log_file
from localaws.engines.cloudtrail.events import events_of, record_of
from localaws.engines.cloudtrail.progress import Plan, Progress
from localaws.engines.cloudtrail.trail import PRINCIPAL, TrailEngine
from localaws.gateway.records import Call
from localaws.gateway.reference import is_data_event
from localaws.lab import Lab
from localaws.state.state_file import StateFile

log = logging.getLogger(__name__)

#: Seconds from a call to its delivery. AWS: "on average within about 5 minutes of an API call".
INTERVAL = 5.0
#: "CloudTrail … delivers a digest file each hour."
HOUR = 3600.0
_LONGEST_PAUSE = 300.0
_MOST_RECORDS = 10_000  # that one log file is made of
_MANAGEMENT = b'"event_category":"Management"}'
_LETTERS = string.ascii_letters + string.digits
#: Of PutLogEvents: entries, bytes of one and of all (with 26 for each).
_MOST_ENTRIES, _MOST_OF_ENTRY, _MOST_OF_ENTRIES = 10_000, 256 << 10, 1 << 20

_Content = dict[str, Any]


class Deliverer:
    """Delivers for all trails of a lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._state = StateFile(lab.directory / "cloudtrail", self._collect)
        self._progress = {
            arn: Progress.from_json(written) for arn, written in self._state.loaded.get("trails", {}).items()
        }
        self._lock = threading.RLock()
        self._keys: dict[str, SigningKeys] = {}
        self._due = math.inf  # when the next delivery is
        self._with_data = False  # whether a trail wants any data event
        self._failures: defaultdict[str, int] = defaultdict(int)
        self._awaited: set[tuple[str, str]] = set()  # digests: of a trail in a region
        lab.records.listener = self._hear

    def _collect(self) -> dict[str, Any]:
        return {"trails": {arn: progress.as_json() for arn, progress in self._progress.items()}}

    def signing_keys(self, region: str) -> SigningKeys:
        """By which the digests of *region* are signed."""
        with self._lock:
            if region not in self._keys:
                self._keys[region] = SigningKeys(self._lab.directory / "cloudtrail" / f"keys-{region}.json")
            return self._keys[region]

    # Trails

    def go_on(self) -> None:
        """Go on after a start."""
        with self._lock:
            trails = _trails()
            for arn in [arn for arn in self._progress if arn not in trails]:
                del self._progress[arn]  # it was deleted just before the lab ended
            for arn, trail in trails.items():
                if trail.status.is_logging and arn not in self._progress:
                    self._progress[arn] = Progress(self._lab.records.newest)
                for region, chain in self._progress[arn].chains.items() if arn in self._progress else ():
                    if chain.files:
                        self._await_digest(arn, region, chain)
        self.look()
        if self._is_needed():
            self._arm(0)

    def look(self) -> None:
        """See anew what trails want."""
        self._with_data = any(trail.wants_data for trail in _trails().values())

    def start(self, trail: TrailEngine) -> None:
        """Deliver from now on."""
        with self._lock:
            progress = self._progress.get(trail.arn)
            if progress and progress.is_open:
                if progress.logging:
                    return
                self._finish(trail)
            told = progress.told if progress else {}
            self._progress[trail.arn] = Progress(self._lab.records.newest, told=told)
            self._state.save()

    def stop(self, trail: TrailEngine) -> None:
        """Deliver only what was until now: the last event is that of this call."""
        with self._lock:
            progress = self._progress.get(trail.arn)
            if progress and progress.logging:
                progress.logging, progress.closing = False, self._lab.clock.time()
                self._state.save()

    def remove(self, trail: TrailEngine) -> None:
        """Deliver what is left, and forget the trail."""
        with self._lock:
            if trail.arn in self._progress:
                self._finish(trail)
                del self._progress[trail.arn]
                self._state.save()

    def told(self, trail: TrailEngine) -> dict[str, Any]:
        """What GetTrailStatus tells of deliveries."""
        progress = self._progress.get(trail.arn)
        return dict(progress.told) if progress else {}

    def _finish(self, trail: TrailEngine) -> None:
        """Deliver all that there is, and the last digest: "when you stop logging or delete a trail" """
        progress = self._progress[trail.arn]
        self._deliver(trail, progress)
        for region, chain in list(progress.chains.items()):
            if chain.files:
                self._put_digest(trail, progress, region)
        progress.closing, progress.logging, progress.plan = None, False, None
        progress.chains.clear()

    # Log files

    def _is_needed(self) -> bool:
        return any(progress.is_open for progress in list(self._progress.values()))

    def _hear(self, call: Call) -> None:
        """A call has been made: its event is to be delivered, unless it is CloudTrail's own, which go with others."""
        if PRINCIPAL in (call.principal, call.via) or not self._is_needed():
            return
        if self._with_data or not is_data_event(call.service, call.operation):
            self._arm(INTERVAL)

    def _arm(self, seconds: float) -> None:
        moment = self._lab.clock.time() + seconds
        if moment < self._due:
            self._due = moment
            self._lab.timer.at(moment, "delivery of CloudTrail's log files", self.deliver)

    def deliver(self) -> None:
        """Deliver for all trails what is there."""
        self._due = math.inf
        with self._lock:
            for arn, trail in _trails().items():
                progress = self._progress.get(arn)
                if progress and progress.is_open:
                    self._deliver(trail, progress)
                    if progress.closing is not None:
                        self._finish(trail)
                        self._state.save()

    def _deliver(self, trail: TrailEngine, progress: Progress) -> None:
        try:
            while self._deliver_batch(trail, progress):
                pass
            self._failures.pop(trail.arn, None)
        except (ClientError, BotoCoreError) as error:
            log.warning("trail %s cannot deliver to %s: %s", trail.trail_name, trail.bucket_name, error)
            progress.told["LatestDeliveryError"] = _code(error)
            self._failures[trail.arn] += 1
            if progress.closing is None:
                self._arm(min(INTERVAL * 2 ** self._failures[trail.arn], _LONGEST_PAUSE))

    def _deliver_batch(self, trail: TrailEngine, progress: Progress) -> bool:
        """Deliver some of what is there; whether there may be more."""
        last = progress.plan.to if progress.plan else None
        to, more, events = self._collected(trail, progress, last)
        plan = progress.plan = progress.plan or Plan(to, {})
        if events.keys() - plan.keys.keys():  # also where the trail wants more than when the plan was made
            now = self._lab.clock.now()
            plan.keys |= {region: _log_key(trail, region, now) for region in events if region not in plan.keys}
            self._state.save()
        for region, contents in events.items():
            self._put_log(trail, progress, region, plan.keys[region], contents)
        progress.position, progress.plan = to, None
        if plan.keys:
            self._state.save()
        return more

    def _collected(
        self, trail: TrailEngine, progress: Progress, last: int | None
    ) -> tuple[int, bool, dict[str, list[_Content]]]:
        """Events that the trail wants, by region, of the next records (up to the number *last*).

        With the number of the last of these records, and whether others follow.
        """
        number, found = progress.position, defaultdict[str, list[_Content]](list)
        for count, line in enumerate(_lines(self._lab.records.since(progress.position))):
            if count == _MOST_RECORDS or (last is not None and number >= last):
                return number, True, found
            number = int(line[7 : line.index(b",")])  # {"seq":1,
            if not line.endswith(_MANAGEMENT) and not trail.wants_data:
                continue
            record = record_of(line)
            if progress.closing and datetime.fromisoformat(record["time"]).timestamp() > progress.closing:
                continue
            for event in events_of(record):
                if trail.wants(event):
                    found[event.content["awsRegion"]].append(event.content)
        return number, last is not None, found

    def _put_log(self, trail: TrailEngine, progress: Progress, region: str, key: str, contents: list[_Content]) -> None:
        text = json.dumps({"Records": contents}, separators=(",", ":")).encode()
        self._put(trail, key, gzip.compress(text))
        now = self._lab.clock.time()
        progress.told["LatestDeliveryTime"] = int(now)
        progress.told.pop("LatestDeliveryError", None)
        if trail.log_validation:
            chain = progress.chains.setdefault(region, Chain(_started(trail)))
            chain.files.append(log_file(trail.bucket_name, key, text, [each["eventTime"] for each in contents]))
            self._await_digest(trail.arn, region, chain)
        if trail.topic_arn:
            told = {"s3Bucket": trail.bucket_name, "s3ObjectKey": [key]}
            with self._telling(progress, "LatestNotification"):
                sns = self._lab.client("sns", region=trail.topic_arn.split(":")[3], by="cloudtrail")
                with working_for(trail.arn, trail.account_id):
                    sns.publish(TopicArn=trail.topic_arn, Message=json.dumps(told))
        if trail.log_group:
            with self._telling(progress, "LatestCloudWatchLogsDelivery"):
                self._put_events(trail, region, contents)

    def _telling(self, progress: Progress, what: str) -> _Telling:
        return _Telling(progress, what, self._lab.clock.time())

    def _put(self, trail: TrailEngine, key: str, body: bytes, **more: Any) -> None:
        s3 = self._lab.client("s3", region=trail.region_name, by="cloudtrail")
        with working_for(trail.arn, trail.account_id):
            s3.put_object(
                Bucket=trail.bucket_name,
                Key=key,
                Body=body,
                ACL="bucket-owner-full-control",
                ContentType="application/json",
                ContentEncoding="gzip",
                **trail.encryption,
                **more,
            )

    def _put_events(self, trail: TrailEngine, region: str, contents: list[_Content]) -> None:
        """Write the events to the trail's log group too; what is larger than an entry may be is left out."""
        logs = trail.logs()
        place = {"logGroupName": trail.log_group, "logStreamName": trail.log_stream(region)}

        def put(entries: list[dict[str, Any]]) -> None:
            try:
                logs.put_log_events(**place, logEvents=entries)
            except logs.exceptions.ResourceNotFoundException:
                logs.create_log_stream(**place)
                logs.put_log_events(**place, logEvents=entries)

        entries: list[dict[str, Any]] = []
        size = 0
        for content in sorted(contents, key=lambda each: str(each["eventTime"])):
            message = json.dumps(content, separators=(",", ":"))
            length = len(message.encode()) + 26
            if length > _MOST_OF_ENTRY:
                continue
            if entries and (len(entries) == _MOST_ENTRIES or size + length > _MOST_OF_ENTRIES):
                put(entries)
                entries, size = [], 0
            moment = datetime.fromisoformat(content["eventTime"]).timestamp()
            entries.append({"timestamp": int(moment * 1000), "message": message})
            size += length
        if entries:
            put(entries)

    # Digests

    def _await_digest(self, arn: str, region: str, chain: Chain) -> None:
        """Have what *chain* has in a digest at the end of its hour."""
        if (arn, region) in self._awaited:
            return
        self._awaited.add((arn, region))
        hours = max(self._lab.clock.time() - chain.start, 0) // HOUR + 1
        self._lab.timer.at(chain.start + hours * HOUR, "digest of CloudTrail", partial(self._digest, arn, region))

    def _digest(self, arn: str, region: str) -> None:
        with self._lock:
            self._awaited.discard((arn, region))
            trail, progress = _trails().get(arn), self._progress.get(arn)
            chain = progress.chains.get(region) if progress else None
            if trail and progress and chain and chain.files and not self._put_digest(trail, progress, region):
                self._await_digest(arn, region, chain)

    def _put_digest(self, trail: TrailEngine, progress: Progress, region: str) -> bool:
        """Deliver a digest of what the chain has; whether that could be done."""
        chain, account = progress.chains[region], trail.account_id
        end = max(float(int(self._lab.clock.time())), chain.start + 1)
        moment = datetime.fromtimestamp(end, UTC)
        key = (
            f"{trail.folder}CloudTrail-Digest/{region}/{moment:%Y/%m/%d}/{account}_CloudTrail-Digest_{region}_"
            f"{trail.trail_name}_{trail.region_name}_{moment:%Y%m%dT%H%M%SZ}.json.gz"
        )
        signing = self.signing_keys(region).at(self._lab.clock.time())
        following, body = chain.next(end, account, trail.bucket_name, key, signing)
        try:
            signed = {"signature": str(following.signature), "signature-algorithm": ALGORITHM}
            self._put(trail, key, body, Metadata=signed)
        except (ClientError, BotoCoreError) as error:
            log.warning("trail %s cannot deliver a digest to %s: %s", trail.trail_name, trail.bucket_name, error)
            progress.told["LatestDigestDeliveryError"] = _code(error)
            return False
        progress.chains[region] = following
        progress.told["LatestDigestDeliveryTime"] = int(self._lab.clock.time())
        progress.told.pop("LatestDigestDeliveryError", None)
        self._state.save()
        return True


class _Telling:
    """Notes in a trail's status whether what is done within could be; a failure there holds nothing else up."""

    def __init__(self, progress: Progress, what: str, now: float) -> None:
        self._told, self._what, self._now = progress.told, what, int(now)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is None:
            self._told[f"{self._what}Time"] = self._now
            self._told.pop(f"{self._what}Error", None)
        elif isinstance(error, ClientError | BotoCoreError):
            self._told[f"{self._what}Error"] = _code(error)
            return True
        return False


def _trails() -> dict[str, TrailEngine]:
    """All trails, by ARN."""
    return {
        trail.arn: trail
        for _, _, backend in cloudtrail_backends.iter_backends()
        if isinstance(backend, CloudTrailBackend)
        for trail in list(backend.trails.values())
        if isinstance(trail, TrailEngine)
    }


def _log_key(trail: TrailEngine, region: str, moment: datetime) -> str:
    unique = "".join(secrets.choice(_LETTERS) for _ in range(16))
    name = f"{trail.account_id}_CloudTrail_{region}_{moment:%Y%m%dT%H%MZ}_{unique}.json.gz"
    return f"{trail.folder}CloudTrail/{region}/{moment:%Y/%m/%d}/{name}"


def _started(trail: TrailEngine) -> float:
    started = trail.status.started
    return float(int(started.replace(tzinfo=UTC).timestamp())) if started else 0.0


def _code(error: Exception) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of *blocks*, none of which need end with a line."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
