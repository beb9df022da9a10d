"""Glue's catalog, jobs and crawlers.

Source: CloudFormation template reference, AWS::Glue::Database, AWS::Glue::Table, AWS::Glue::Job and AWS::Glue::Crawler.
"""

from __future__ import annotations

from typing import Any

from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.made import Maker, deleted
from localaws.engines.cloudformation.updates import Changes, Properties, Target, unchangeable

#: What Glue's operations silently drop of a job.
_DROPPED = ("JobMode", "JobRunQueuingEnabled", "MaintenanceWindow")
_JOB = (
    "AllocatedCapacity Command Connections DefaultArguments Description ExecutionClass ExecutionProperty GlueVersion "
    "LogUri MaxCapacity MaxRetries NonOverridableArguments NotificationProperty NumberOfWorkers Role "
    "SecurityConfiguration Timeout WorkerType"
).split()
_CRAWLER = (
    "Classifiers Configuration CrawlerSecurityConfiguration DatabaseName Description RecrawlPolicy Role Schedule "
    "SchemaChangePolicy TablePrefix Targets"
).split()


def _database(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    wanted = {"Name": name.lower(), **properties["DatabaseInput"]}
    api("CreateDatabase", DatabaseInput=wanted)
    return wanted["Name"], {}


def _change_database(database: Target) -> None:
    wanted = {"Name": database.id, **database.new["DatabaseInput"]}
    _same_name(database.id, wanted["Name"], "DatabaseInput.Name")
    database.api("UpdateDatabase", Name=database.id, DatabaseInput=wanted)


def _table(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    wanted = {"Name": name.lower(), **properties["TableInput"]}
    api("CreateTable", DatabaseName=properties["DatabaseName"], TableInput=wanted)
    return wanted["Name"], {}


def _change_table(table: Target) -> None:
    wanted = {"Name": table.id, **table.new["TableInput"]}
    _same_name(table.id, wanted["Name"], "TableInput.Name")
    table.api("UpdateTable", DatabaseName=table.new["DatabaseName"], TableInput=wanted)


def _delete_table(api: Api, name: str, properties: Properties) -> None:
    api("DeleteTable", DatabaseName=properties["DatabaseName"], Name=name)


def _same_name(former: str, new: str, property_name: str) -> None:
    if former != new:
        raise unchangeable([property_name])


def _job(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    api("CreateJob", **{**api.taken("CreateJob", properties, _DROPPED), "Name": name})
    return name, {}


def _change_job(job: Target) -> None:
    """UpdateJob takes the whole of a job."""
    job.api("UpdateJob", JobName=job.id, JobUpdate={name: job.new[name] for name in _JOB if name in job.new})


def _crawler(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    wanted = {**api.taken("CreateCrawler", properties), "Name": name}
    api("CreateCrawler", **{**wanted, **_schedule(properties)})
    return name, {}


def _change_crawler(crawler: Target) -> None:
    wanted = crawler.api.taken("UpdateCrawler", crawler.new)
    crawler.api("UpdateCrawler", **{**wanted, "Name": crawler.id, **_schedule(crawler.new)})


def _schedule(properties: Properties) -> dict[str, Any]:
    """An object in a template, and a text in Glue's API."""
    return {"Schedule": properties.get("Schedule", {}).get("ScheduleExpression")}


GLUE = {
    "AWS::Glue::Database": Maker(
        _database,
        deleted("DeleteDatabase", "Name"),
        Changes("glue", [(["DatabaseInput"], _change_database)]),
    ),
    "AWS::Glue::Table": Maker(
        _table,
        _delete_table,
        Changes("glue", [(["TableInput"], _change_table)], frozenset({"DatabaseName"})),
    ),
    "AWS::Glue::Job": Maker(
        _job,
        deleted("DeleteJob", "JobName"),
        Changes("glue", [(_JOB, _change_job)], frozenset({"Name"})),
        "Name",
    ),
    "AWS::Glue::Crawler": Maker(
        _crawler,
        deleted("DeleteCrawler", "Name"),
        Changes("glue", [(_CRAWLER, _change_crawler)], frozenset({"Name"})),
        "Name",
    ),
}
