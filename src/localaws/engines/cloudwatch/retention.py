"""How long data points can be had, by the period that is asked for.

CloudWatch rolls them up as they age: those of a minute ago can be had by the second, those of a year ago by the hour.
Source: CloudWatch API reference, GetMetricStatistics (on periods and retention); ListMetrics (on the past two weeks).
"""

from __future__ import annotations

_HOUR, _DAY = 3600, 86_400
#: Of what resolution, in seconds, there are data points for how long.
_KEPT = {1: 3 * _HOUR, 60: 15 * _DAY, 300: 63 * _DAY, 3600: 455 * _DAY}
#: Seconds after which nothing is left of a data point.
LONGEST = max(_KEPT.values())
#: Seconds without a data point after which a metric is not listed.
LISTED = 14 * _DAY


def age_seen(period: int) -> int:
    """The greatest age, in seconds, of what is seen by *period* seconds."""
    return max(age for resolution, age in _KEPT.items() if period % resolution == 0)
