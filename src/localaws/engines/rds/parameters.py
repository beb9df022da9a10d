"""DB parameter groups: which parameters there are, which values they take, and when these take effect.

The table is the server's own (``postgres --describe-config``), so it is right for the version that runs.
Source of the rules: RDS user guide, "Working with DB parameter groups" and "Working with parameters on your RDS for
PostgreSQL DB instance".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from moto.rds.exceptions import InvalidParameterCombination, InvalidParameterValue

from localaws.engines.rds.binaries import Binaries

#: What RDS, and with it the lab, sets itself: files, commands, sockets, durability.
_NOT_MODIFIABLE = re.compile(
    r".*(command|_file|_directory|directories|_library|_libraries|conninfo)$|^(unix|ssl|krb|gss|syslog|event_source"
    r"|archive|debug|recovery|primary|zero_damaged|ignore|allow_in_place|allow_system|lc_|log_destination"
    r"|logging_collector|cluster_name|dynamic_library_path|extension_control_path|listen_addresses|port$|bonjour|wal_level|fsync|full_page_writes"
    r"|password_encryption|data_|external|restart_after|exit_on|jit_provider|reserved|superuser_reserved|io_method)"
)
#: Libraries of the server's own distribution that RDS lists for shared_preload_libraries.
_PRELOADABLE = {"pg_stat_statements", "auto_explain", "pg_prewarm"}
_TRUTH = {"0", "1", "on", "off", "true", "false"}
#: RDS's own parameter for logical decoding.
LOGICAL = "rds.logical_replication"


@dataclass(frozen=True)
class Parameter:
    """One line of the table; *kind* is PostgreSQL's type name, *default*, *low* and *high* are its texts."""

    name: str
    static: bool
    modifiable: bool
    kind: str
    default: str
    low: str
    high: str
    description: str

    @property
    def described(self) -> dict[str, Any]:
        """As DescribeDBParameters has it."""
        allowed = {"BOOL": "0,1"}.get(self.kind, f"{self.low}-{self.high}" if self.low else None)
        return {
            "ParameterName": self.name,
            "Description": self.description,
            "Source": "engine-default",
            "ApplyType": "static" if self.static else "dynamic",
            "DataType": {"BOOL": "boolean", "INTEGER": "integer", "REAL": "float"}.get(self.kind, "string"),
            "IsModifiable": self.modifiable,
            "ApplyMethod": "pending-reboot",
            **({"ParameterValue": self.default} if self.default else {}),
            **({"AllowedValues": allowed} if allowed else {}),
        }

    def check(self, value: str) -> None:
        """Raise InvalidParameterValue for a *value* that the server would refuse."""
        if self.kind == "BOOL":
            fits = value.lower() in _TRUTH
        elif self.kind in ("INTEGER", "REAL"):
            fits = bool(re.fullmatch(r"-?\d+(\.\d+)?", value)) and float(self.low) <= float(value) <= float(self.high)
        elif self.name == "shared_preload_libraries":
            fits = {name.strip() for name in value.split(",")} - {""} <= _PRELOADABLE
        else:
            fits = "\n" not in value and "\r" not in value
        if not fits:
            span = f" It takes {self.low} to {self.high}." if self.low else ""
            raise InvalidParameterValue(f"Value: {value} not supported for parameter: {self.name}.{span}")


@cache
def parameter_table(binaries: Binaries) -> dict[str, Parameter]:
    """Every parameter by name."""
    table = {
        LOGICAL: Parameter(LOGICAL, True, True, "BOOL", "0", "0", "1", "Enables logical decoding."),
    }
    for line in binaries.configuration.splitlines():
        name, context, _, kind, default, low, high, short = line.split("\t")[:8]
        modifiable = name == "shared_preload_libraries" or not _NOT_MODIFIABLE.match(name)
        table[name] = Parameter(name, context == "postmaster", modifiable, kind, default, low, high, short)
    return table


def check_changes(table: Mapping[str, Parameter], changes: Iterable[Mapping[str, Any]]) -> None:
    """Raise what ModifyDBParameterGroup answers to *changes* that name no parameter, or one wrongly."""
    for change in changes:
        name, method = change.get("ParameterName", ""), change.get("ApplyMethod")
        parameter = table.get(name)
        if parameter is None:
            raise InvalidParameterValue(f"Could not find parameter with name: {name}")
        if not parameter.modifiable:
            raise InvalidParameterValue(f"The parameter {name} cannot be modified.")
        if "ParameterValue" in change:
            parameter.check(str(change["ParameterValue"]))
        if parameter.static and method == "immediate":
            raise InvalidParameterCombination(
                f"cannot use immediate apply method for static parameter {name}; use pending-reboot"
            )


def settings_of(parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What a group's *parameters* mean in postgresql.conf."""
    settings = {name: str(each["ParameterValue"]) for name, each in parameters.items() if "ParameterValue" in each}
    logical = settings.pop(LOGICAL, "0").lower() in ("1", "on", "true")
    return settings | {"wal_level": "logical" if logical else "replica"}


def for_now(
    table: Mapping[str, Parameter], running: Mapping[str, str], wanted: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """The settings of a server that has not been rebooted: what *wanted* changes at once, over what it runs with."""
    settings = dict(running)
    for name, parameter in wanted.items():
        if not table[name].static and parameter.get("ApplyMethod") == "immediate" and "ParameterValue" in parameter:
            settings[name] = str(parameter["ParameterValue"])
    for name in running.keys() - wanted.keys() - {"wal_level"}:
        if not table[name].static:
            del settings[name]
    return settings
