"""Lines of text taken apart by a pattern: the Regex and the Grok SerDe.

Sources: "Regex SerDe" and "Grok SerDe" (athena/latest/ug/regex-serde.html, grok-serde.html).
"""

from __future__ import annotations

import gzip

from tests.engines.athena_tools import Athena, athena_in

REGEX = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'"
GROK = "ROW FORMAT SERDE 'com.amazonaws.glue.serde.GrokSerDe'"

athena = athena_in("athena-patterns", "patterns")


def table(athena: Athena, name: str, columns: str, layout: str, properties: str = "") -> None:
    """An external table over the objects under its name."""
    athena(f"CREATE EXTERNAL TABLE {name} ({columns}) {layout} LOCATION 's3://{athena.bucket}/{name}/' {properties}")


def test_a_regular_expression_takes_lines_apart(athena: Athena) -> None:
    """ "Regex SerDe": a group a column, a line that does not match is all NULL; groups that are not there are NULL."""
    athena.put("logs/a.log.gz", gzip.compress(b"10.0.0.1 - [x] 200\n10.0.0.2 - [y z]\n# comment\n"))
    pattern = r'WITH SERDEPROPERTIES ("input.regex" = "^(?!#)([^ ]+)\\s-\\s\\[([^\\]]*)\\](?: (\\d+))?")'
    table(athena, "logs", "ip string, tag string, code int", f"{REGEX} {pattern}")
    answer = athena("SELECT * FROM logs")
    assert answer.rows == [("10.0.0.1", "x", "200"), ("10.0.0.2", "y z", None), (None, None, None)]
    athena.put("logs_headed/a.log", "10.0.0.1 - [header]\n10.0.0.2 - [row]\n")  # whatever takes the lines apart
    header = "TBLPROPERTIES ('skip.header.line.count' = '1')"
    table(athena, "logs_headed", "ip string, tag string, code int", f"{REGEX} {pattern}", header)
    assert athena("SELECT tag FROM logs_headed").rows == [("row",)]
    table(athena, "logs_less", "ip string, tag string, code int, rest string", f"{REGEX} {pattern}")
    athena.put("logs_less/a.log", "x\n")
    assert "Number of matching groups doesn't match" in athena.fails("SELECT * FROM logs_less")


def test_grok_names_the_pieces(athena: Athena) -> None:
    """ "Grok SerDe": the usual patterns, and input.grokCustomPatterns."""
    text = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326\nnothing of the kind\n'
    athena.put("apache/a.log", text)
    columns = "ip string, ident string, auth string, ts string, verb string, request string, v string, raw string, " \
              "status int, bytes bigint"  # fmt: skip
    table(athena, "apache", columns, f"{GROK} WITH SERDEPROPERTIES ('input.format'='%{{COMMONAPACHELOG}}')")
    first, second = athena("SELECT ip, auth, ts, request, raw, status, bytes FROM apache").rows
    assert first == ("127.0.0.1", "frank", "10/Oct/2000:13:55:36 -0700", "/a.gif", None, "200", "2326")
    assert set(second) == {None}
    athena.put("flights_log/a.log", "UA1545 EWR->IAH late 11\n")
    custom = "'input.grokCustomPatterns'='FLIGHT [A-Z0-9]{2}\\\\d+\\nAIRPORT [A-Z]{3}'"
    format = "'input.format'='%{FLIGHT:flight} %{AIRPORT:origin}->%{AIRPORT:dest} late %{INT:minutes}'"
    columns = "flight string, origin string, dest string, minutes int"
    table(athena, "flights_log", columns, f"{GROK} WITH SERDEPROPERTIES ({format}, {custom})")
    assert athena("SELECT * FROM flights_log").rows == [("UA1545", "EWR", "IAH", "11")]
