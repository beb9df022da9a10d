"""The drawings of part 2."""

from __future__ import annotations

from dehelpers.words.boxes import Arrow, Box, Sketch

STORAGE = {
    "stores": Sketch(
        "Six questions and the store for each",
        "The gate display asks DynamoDB, by key. The dispatcher works in RDS, with transactions. The analyst asks "
        "files of Parquet in S3. The dashboard asks Redshift. Corrections change an Iceberg table. The archive is "
        "S3 again, in a cheaper storage class.",
        [
            Box(0, 0, "gate display", "a few rows by key"),
            Box(0, 1, "dispatcher", "rules over several rows"),
            Box(0, 2, "analyst", "all rows, now and then"),
            Box(0, 3, "dashboard", "all rows, all day"),
            Box(0, 4, "corrections", "rows change, history stays"),
            Box(0, 5, "archive", "kept, hardly ever read"),
            Box(1.4, 0, "DynamoDB", "items by key"),
            Box(1.4, 1, "RDS PostgreSQL", "rows, transactions"),
            Box(1.4, 2, "S3, Parquet", "columns in files"),
            Box(1.4, 3, "Redshift", "columns, always awake"),
            Box(1.4, 4, "S3, Iceberg", "files with snapshots"),
            Box(1.4, 5, "S3, colder class", "cheap, slow to fetch"),
        ],
        [Arrow(0, 6), Arrow(1, 7), Arrow(2, 8), Arrow(3, 9), Arrow(4, 10), Arrow(5, 11)],
    ),
    "upsert": Sketch(
        "MERGE: update or insert",
        "Each correction is looked up in the table by its id. If there is a row of that id, it is updated. If there is "
        "none, the correction is inserted. A second run finds all of them and changes nothing.",
        [
            Box(0, 0.5, "correction", "id and new values"),
            Box(1, 0.5, "a row of this id?"),
            Box(2, 0, "update", "the row that is there"),
            Box(2, 1, "insert", "a new row"),
        ],
        [Arrow(0, 1), Arrow(1, 2, "yes"), Arrow(1, 3, "no")],
    ),
    "rules": Sketch(
        "Rules that stand in the tables",
        "The table of flights has a key, and lets in only the three airports. The table of gates refers to flights: a "
        "gate is given only to a flight that exists, each flight has one gate, and each gate one flight in an hour.",
        [
            Box(0, 0, "gates", "gate, hour, flight_id", True),
            Box(1.4, 0, "flights", "id, origin, dest, …"),
            Box(0, 1, "PRIMARY KEY", "one flight in an hour"),
            Box(1.4, 1, "CHECK", "EWR, JFK or LGA"),
        ],
        [Arrow(0, 1, "REFERENCES"), Arrow(2, 0), Arrow(3, 1)],
    ),
    "row_versions": Sketch(
        "An update writes a new version of the row",
        "A row has version 1. An update adds version 2 and leaves version 1 there, for sessions that still see it. "
        "VACUUM frees the place of version 1 once no session can see it any more. A report that has been open since "
        "before the update still sees version 1, so VACUUM may not free it.",
        [
            Box(0, 0, "version 1", "before the update"),
            Box(1, 0, "version 2", "what others see now", True),
            Box(0, 1, "open report", "still sees version 1"),
            Box(1, 1, "VACUUM", "frees what nobody sees"),
        ],
        [Arrow(0, 1, "update"), Arrow(2, 0, "holds"), Arrow(3, 0)],
    ),
    "write_skew": Sketch(
        "Two right decisions that are wrong together",
        "Two crews are on duty, and one must stay. Session A counts two and sends its crew home. Session B, at "
        "the same time, counts two as well and sends the other one home. Each has kept the rule as it saw "
        "it; nobody is left.",
        [
            Box(0, 0.5, "2 crews on duty", "one must stay"),
            Box(1, 0, "session A", "counts 2, sends 1 home"),
            Box(1, 1, "session B", "counts 2, sends 1 home"),
            Box(2, 0.5, "0 on duty", "the rule is broken", True),
        ],
        [Arrow(0, 1), Arrow(0, 2), Arrow(1, 3), Arrow(2, 3)],
    ),
    "collection": Sketch(
        "One table: items by gate, in the order of time",
        "The partition key is the gate. Under it lie the item of the screen, whose sort key begins with #, and the "
        "flights, whose sort keys begin with their time. One query reads the screen and its next flights. The index by "
        "plane holds the same flights under another key.",
        [
            Box(0, 0.5, "GATE#JFK#07", "partition key"),
            Box(1, 0, "#SCREEN", "how many lines"),
            Box(1, 1, "2013-02-01T08:10#…", "a flight"),
            Box(1, 2, "2013-02-01T09:30#…", "a flight"),
            Box(2.3, 1.5, "index by plane", "N328AA, in order of time", True),
        ],
        [Arrow(0, 1), Arrow(0, 2), Arrow(0, 3), Arrow(2, 4), Arrow(3, 4)],
    ),
    "scan": Sketch(
        "A query reads what it returns, a scan reads everything",
        "A query goes to one partition key and reads the items from one sort key on, until it has enough. A scan reads "
        "all items of all partition keys; its filter throws away what does not fit, after it has been read and billed.",
        [
            Box(0, 0, "Query", "key and sort key"),
            Box(1, 0, "4 items read"),
            Box(2, 0, "4 returned", "", True),
            Box(0, 1, "Scan", "with a filter"),
            Box(1, 1, "all items read", "and billed"),
            Box(2, 1, "a few returned"),
        ],
        [Arrow(0, 1), Arrow(1, 2), Arrow(3, 4), Arrow(4, 5, "filter")],
    ),
    "slices": Sketch(
        "A cluster of Redshift: rows lie on slices",
        "A client sends SQL to the leader node. It plans, and the slices of the nodes work, each on the rows that "
        "lie on it. The distribution key decides on which slice a row lies.",
        [
            Box(0, 1, "client", "SQL"),
            Box(1, 1, "leader node", "plans, collects"),
            Box(2.2, 0, "slice 0", "its part of the rows"),
            Box(2.2, 1, "slice 1", "its part of the rows"),
            Box(2.2, 2, "slice …", "its part of the rows"),
        ],
        [Arrow(0, 1), Arrow(1, 2), Arrow(1, 3), Arrow(1, 4)],
    ),
    "ages": Sketch(
        "What a life cycle does with a file as it grows old",
        "A file that came begins in Standard. After 30 days it moves to Standard-IA, after 90 to Glacier Flexible "
        "Retrieval, where it has to be restored before it can be read. A result is deleted after 7 days.",
        [
            Box(0, 0, "raw/", "Standard"),
            Box(1.2, 0, "Standard-IA", "cheaper to keep"),
            Box(2.4, 0, "Glacier Flexible", "restore before reading"),
            Box(0, 1, "results/", "Standard"),
            Box(1.2, 1, "deleted", "made again if needed", True),
        ],
        [Arrow(0, 1, "30 days"), Arrow(1, 2, "90 days"), Arrow(3, 4, "7 days")],
    ),
    "versions_of_an_item": Sketch(
        "Optimistic locking: write only what has not changed",
        "Both agents read version 1 of an item. The first writes version 2, on condition that the item still has "
        "version 1. The second writes under the same condition and is refused. It reads again, and writes version 3.",
        [
            Box(0, 0.5, "item, version 1"),
            Box(1, 0, "agent 1", "if version = 1"),
            Box(1, 1, "agent 2", "if version = 1"),
            Box(2, 0, "version 2", "written", True),
            Box(2, 1, "refused", "read again"),
        ],
        [Arrow(0, 1, "read"), Arrow(0, 2, "read"), Arrow(1, 3), Arrow(2, 4)],
    ),
}
