"""AWS X-Ray: traces outlive a kill of the lab; what is asked of them is moto's."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(package=__name__, service="xray", moto="xray", models=("traces:TracesEngine",))
