"""The drawings of the notebooks, by name: `de.show.sketch("checkpoint")`."""

from __future__ import annotations

from dehelpers.words.boxes import Arrow, Box, Sketch
from dehelpers.words.security_sketches import SECURITY
from dehelpers.words.storage_sketches import STORAGE

SKETCHES = {
    # 00 · Introduction
    "call": Sketch(
        "What happens to one call",
        "A call goes from boto3, which signs it with the secret key, over the endpoint to the lab's door. The "
        "door checks the signature, records the call, and hands it to the service asked for.",
        [
            Box(0, 0, "boto3 or aws", "signs the request"),
            Box(1, 0, "the door", "checks the signature", True),
            Box(2, 0, "service", "S3, Kinesis, …"),
            Box(1, 1, "call record", "who, what, bytes"),
        ],
        [Arrow(0, 1, "HTTP"), Arrow(1, 2), Arrow(1, 3)],
    ),
    "formats": Sketch(
        "Two ways to store the same table",
        "CSV stores a table row by row, as text: a reader of one column reads all of it. Parquet stores it column by "
        "column, with types, and a footer that says where each column is: a reader of one column reads the "
        "footer and that column.",
        [
            Box(0, 0, "CSV", "row after row, text"),
            Box(1, 0, "one column?", "read every row"),
            Box(0, 1, "Parquet", "column after column"),
            Box(1, 1, "footer", "where each column is", True),
            Box(2, 1, "one column", "read only that"),
        ],
        [Arrow(0, 1), Arrow(2, 3), Arrow(3, 4)],
    ),
    "consent": Sketch(
        "Two questions before anything is created on AWS",
        "With target aws, connect first asks for consent to a region, then compares the estimate with the cap, "
        "and only then makes the first call. If one of the two is missing, it raises an error and calls nothing.",
        [
            Box(0, 0, "consent?", "region and cap"),
            Box(1, 0, "estimate ≤ cap?"),
            Box(2, 0, "your account", "tagged, on the ledger"),
            Box(1, 1, "an error", "no call was made", True),
        ],
        [Arrow(0, 1, "yes"), Arrow(1, 2, "yes"), Arrow(0, 3, "no"), Arrow(1, 3, "no")],
    ),
    # 01 · Ingestion
    "multipart": Sketch(
        "A multipart upload",
        "An upload begins with an id. Parts 1, 2 and 3 are sent, in any order. Only after the call "
        "CompleteMultipartUpload does the object exist; after AbortMultipartUpload the parts are gone. Until "
        "one of the two, S3 keeps the parts and bills them.",
        [
            Box(0, 1, "create", "gives an upload id"),
            Box(1, 0, "part 1"),
            Box(1, 1, "part 2"),
            Box(1, 2, "part 3"),
            Box(2, 1, "complete", "the object appears", True),
            Box(2, 2, "or abort", "the parts are gone"),
        ],
        [Arrow(0, 1), Arrow(0, 2), Arrow(0, 3), Arrow(1, 4), Arrow(2, 4), Arrow(3, 4)],
    ),
    "events": Sketch(
        "From a new object to a loaded row",
        "A new object makes S3 send an event to an SQS queue. The loader receives it, reads the object, does "
        "its work, and deletes the message only after that. A message that is not deleted comes again.",
        [
            Box(0, 0, "S3", "a new object"),
            Box(1, 0, "SQS queue", "keeps the event"),
            Box(2, 0, "loader", "reads, works"),
            Box(2, 1, "delete message", "after the work", True),
        ],
        [Arrow(0, 1, "event"), Arrow(1, 2, "receive"), Arrow(2, 3)],
    ),
    "checkpoint": Sketch(
        "A crash between the work and the checkpoint",
        "A consumer reads a batch of 100 records, and works on the first 60. Then it crashes. The checkpoint "
        "still stands before the batch, so the next consumer reads all 100 again: 60 are done twice, and "
        "none is lost.",
        [
            Box(0, 0, "checkpoint", "before the batch", True),
            Box(1, 0, "batch read", "100 records"),
            Box(2, 0, "crash", "60 are done"),
            Box(1, 1, "new consumer", "reads 100 again"),
            Box(2, 1, "result", "60 twice, 0 lost"),
        ],
        [Arrow(0, 1), Arrow(1, 2), Arrow(0, 3, "starts here"), Arrow(3, 4)],
    ),
    "split": Sketch(
        "A split: parent and children",
        "Before the split one shard has the whole hash range. It is closed and takes no more records; two "
        "children take the lower and the upper half. A consumer reads the parent to its end, then both children.",
        [
            Box(0, 0.5, "parent", "closed, still readable"),
            Box(1, 0, "child", "lower half of the range", True),
            Box(1, 1, "child", "upper half of the range", True),
        ],
        [Arrow(0, 1, "then"), Arrow(0, 2, "then")],
    ),
    "hashing": Sketch(
        "From a key to a shard",
        "The partition key JFK is hashed with MD5 to a number of 128 bits. Each shard owns a range of these numbers; "
        "the record goes to the shard whose range has the number. The same key always gives the same shard.",
        [
            Box(0, 1, "partition key", "JFK"),
            Box(1, 1, "MD5", "a number of 128 bits"),
            Box(2, 0, "shard 0", "the lowest numbers"),
            Box(2, 1, "shard 1", "its range has it", True),
            Box(2, 2, "shard 2", "the highest numbers"),
        ],
        [Arrow(0, 1), Arrow(1, 3)],
    ),
    "pushed": Sketch(
        "Polled together, or pushed to each",
        "Consumers that poll share the 2 MiB and the five reads a second of a shard. With enhanced fan-out each "
        "consumer has 2 MiB a second of its own, and Kinesis pushes records to it.",
        [
            Box(0, 0, "shard"),
            Box(1, 0, "shared: 2 MiB/s", "five reads a second"),
            Box(2, 0, "pollers A, B, C"),
            Box(0, 1, "shard"),
            Box(1, 1, "2 MiB/s for each", "pushed at once", True),
            Box(2, 1, "consumers A, B, C"),
        ],
        [Arrow(0, 1), Arrow(1, 2), Arrow(3, 4), Arrow(4, 5)],
    ),
    "role": Sketch(
        "A role and its two policies",
        "The trust policy says who may take the role: here the service Lambda. The second policy says what may be done "
        "with it: read a stream, write below one prefix, send to one queue, write a log.",
        [
            Box(0, 0, "trust policy", "who may take it"),
            Box(0, 1, "permissions", "what it may do"),
            Box(1, 0.5, "role", "has no password", True),
            Box(2, 0.5, "your function", "works in its name"),
        ],
        [Arrow(0, 2), Arrow(1, 2), Arrow(2, 3)],
    ),
    "twice": Sketch(
        "The same event twice, and the work once",
        "The first event of an object has a greater sequencer than the one kept, so the object is loaded and the "
        "sequencer kept. The same event again has an equal sequencer, and a late one a smaller: both are skipped.",
        [
            Box(0, 0.5, "event", "key and sequencer"),
            Box(1, 0.5, "compare", "with the one kept", True),
            Box(2, 0, "greater", "load, and keep it"),
            Box(2, 1, "equal or smaller", "skip"),
        ],
        [Arrow(0, 1), Arrow(1, 2), Arrow(1, 3)],
    ),
    "envelope": Sketch(
        "What a function gets from Kinesis",
        "The event has a list Records. Each of them has, under kinesis, the partition key, the sequence number and "
        "data: what was sent, in base64.",
        [
            Box(0, 0.5, "event", "one batch"),
            Box(1, 0.5, "Records", "up to 100"),
            Box(2, 0, "kinesis", "key, sequence number", True),
            Box(2, 1, "eventID", "shard and number"),
            Box(3, 0, "data", "in base64"),
        ],
        [Arrow(0, 1), Arrow(1, 2), Arrow(1, 3), Arrow(2, 4)],
    ),
    "load_and_changes": Sketch(
        "Nothing falls between the load and the changes",
        "The task first notes its place in the database's log. Then it copies all rows into LOAD files. Then it "
        "delivers every change that was committed after the noted place, as files with date and time in their names.",
        [
            Box(0, 0, "note the place", "in the log", True),
            Box(1, 0, "copy all rows", "LOAD00000001.csv"),
            Box(2, 0, "deliver changes", "20260101-….csv"),
        ],
        [Arrow(0, 1, "first"), Arrow(1, 2, "then")],
    ),
    "mapping": Sketch(
        "An event source mapping is Lambda's consumer",
        "The mapping polls each shard of the stream once a second, gives batches to the function, and moves the "
        "checkpoint. What fails too often goes to the queue for failures.",
        [
            Box(0, 0, "Kinesis shard"),
            Box(1, 0, "mapping", "polls, checkpoints", True),
            Box(2, 0, "your function"),
            Box(1, 1, "SQS queue", "what was given up"),
        ],
        [Arrow(0, 1, "records"), Arrow(1, 2, "a batch"), Arrow(1, 3, "failed")],
    ),
    "bisection": Sketch(
        "How a batch of eight is halved until the bad record is alone",
        "A batch of eight records fails because of record 6. It is halved: records 1 to 4 succeed, 5 to 8 "
        "fail. That is halved again: 7 and 8 wait, 5 and 6 fail. Halved once more, 5 succeeds and 6 is alone: "
        "after its last retry it goes to the queue, and 7 and 8 go on.",
        [
            Box(0, 0.5, "1 2 3 4 5 6 7 8", "fails"),
            Box(1, 0, "1 2 3 4", "succeeds"),
            Box(1, 1, "5 6 7 8", "fails"),
            Box(2, 0.5, "5 6", "fails"),
            Box(2, 1.5, "7 8", "succeeds"),
            Box(3, 0, "5", "succeeds"),
            Box(3, 1, "6", "alone: to the queue", True),
        ],
        [Arrow(0, 1), Arrow(0, 2), Arrow(2, 3), Arrow(2, 4), Arrow(3, 5), Arrow(3, 6)],
    ),
    "buffer": Sketch(
        "A Firehose buffer: whichever comes first",
        "Records collect in a buffer. A file is written as soon as the buffer has its size in MiB, or as soon "
        "as its first record has waited for the interval in seconds, whichever comes first.",
        [
            Box(0, 0.5, "records"),
            Box(1, 0.5, "buffer", "collects them", True),
            Box(2, 0, "size reached?", "1 to 128 MiB"),
            Box(2, 1, "interval over?", "0 to 900 seconds"),
            Box(3, 0.5, "one file in S3"),
        ],
        [Arrow(0, 1), Arrow(1, 2), Arrow(1, 3), Arrow(2, 4, "yes"), Arrow(3, 4, "yes")],
    ),
    "partitioning": Sketch(
        "Dynamic partitioning: the record names its own folder",
        "A record passes jq, which takes year, month and airport from it. Then it is converted to Parquet by the "
        "schema of a Glue table, and written under the folder with those values. A record that jq or the conversion "
        "cannot read goes to the folder of errors.",
        [
            Box(0, 0, "record", "JSON"),
            Box(1, 0, "jq", "year, month, origin"),
            Box(2, 0, "to Parquet", "by the Glue table"),
            Box(3, 0, "year=…/month=…/", "origin=…/"),
            Box(2, 1, "errors/", "what was refused", True),
        ],
        [Arrow(0, 1), Arrow(1, 2), Arrow(2, 3), Arrow(1, 4), Arrow(2, 4)],
    ),
    "dms": Sketch(
        "The parts of DMS",
        "The replication instance is a machine. On it runs a task, which reads from the source endpoint, here "
        "PostgreSQL, through a replication slot, and writes to the target endpoint, here a folder in S3.",
        [
            Box(0, 0, "PostgreSQL", "source endpoint"),
            Box(1, 0, "task", "load, then changes", True),
            Box(2, 0, "S3 folder", "target endpoint"),
            Box(0, 1, "replication slot", "a place in the log"),
            Box(1, 1, "replication instance", "the machine it runs on"),
        ],
        [Arrow(0, 1, "rows"), Arrow(1, 2, "files"), Arrow(3, 1, "changes"), Arrow(4, 1)],
    ),
    "rebuild": Sketch(
        "From load and changes to the table of now",
        "The LOAD files and the change files are put together in their order. Of every key the last line is "
        "kept. A last line with the operation D means that the row is gone; all others are the table as it is now.",
        [
            Box(0, 0, "LOAD files", "every row once"),
            Box(0, 1, "change files", "I, U, D"),
            Box(1, 0.5, "last line", "of every key", True),
            Box(2, 0.5, "without D", "the table of now"),
        ],
        [Arrow(0, 2), Arrow(1, 2), Arrow(2, 3)],
    ),
    # 02 · Storage
    **STORAGE,
    # 04 · Analytics
    "catalog": Sketch(
        "From a query to the files",
        "A query names a table. Athena looks it up in the Glue Data Catalog, which holds columns, types, "
        "format, place and partitions, but no data. With that it reads the files in S3, and writes the "
        "result to S3 too.",
        [
            Box(0, 0, "SELECT … FROM t"),
            Box(1, 0, "Athena", "runs the query", True),
            Box(2, 0, "files in S3", "the data"),
            Box(1, 1, "Glue Data Catalog", "columns, format, place"),
            Box(2, 1, "result in S3", "<query id>.csv"),
        ],
        [Arrow(0, 1), Arrow(1, 3, "what is t?"), Arrow(1, 2, "read"), Arrow(1, 4, "write")],
    ),
    "refusals": Sketch(
        "Where a query can go wrong",
        "A statement that cannot be parsed is refused by StartQueryExecution at once. One with unknown names "
        "or wrong types is accepted and becomes FAILED. One that reads its files with wrong types succeeds, "
        "and returns NULL.",
        [
            Box(0, 0, "syntax", "refused at once"),
            Box(1, 0, "names, types", "accepted, then FAILED"),
            Box(2, 0, "contents", "SUCCEEDED, with NULL", True),
        ],
        [Arrow(0, 1, "right"), Arrow(1, 2, "right")],
    ),
    "pruning": Sketch(
        "Partition pruning: eleven of twelve folders stay closed",
        "The filter month = 2 is compared with the catalog's partitions before any file is opened. Only the folder "
        "month=2 is read; month=1 and month=3 to 12 are not.",
        [
            Box(0, 0.5, "WHERE month = 2"),
            Box(1, 0.5, "partitions", "in the catalog"),
            Box(2, 0, "month=1/", "not opened"),
            Box(2, 1, "month=2/", "read", True),
            Box(2, 2, "month=3/ … 12/", "not opened"),
        ],
        [Arrow(0, 1), Arrow(1, 3)],
    ),
    "fan_out": Sketch(
        "Fan-out: one flight meets three readings",
        "A flight from JFK at 10:00 is joined on the hour alone. At 10:00 there are three readings, one of "
        "each airport, so the flight comes out three times. Joined on airport and hour, it meets the reading "
        "of JFK only.",
        [
            Box(0, 1, "flight", "JFK, 10:00"),
            Box(1, 0, "reading", "EWR, 10:00"),
            Box(1, 1, "reading", "JFK, 10:00", True),
            Box(1, 2, "reading", "LGA, 10:00"),
        ],
        [Arrow(0, 1, "wrong"), Arrow(0, 2, "right"), Arrow(0, 3, "wrong")],
    ),
    "parameter": Sketch(
        "Pasted text becomes SQL, a parameter stays an expression",
        "Text that is pasted into a statement is read together with it: a quote inside ends the literal, and "
        "the rest becomes SQL. A parameter is read by itself, as one expression, and put where the question mark is.",
        [
            Box(0, 0, "typed text"),
            Box(1, 0, "pasted", "into the statement"),
            Box(2, 0, "one SQL text", "quotes may end early"),
            Box(0, 1, "typed text"),
            Box(1, 1, "quotes doubled", "one literal", True),
            Box(2, 1, "fills the ?", "one expression"),
        ],
        [Arrow(0, 1), Arrow(1, 2), Arrow(3, 4), Arrow(4, 5)],
    ),
    "limits": Sketch(
        "What a workgroup adds to a query",
        "A query is sent to a workgroup. The workgroup may return an earlier result, scanning nothing. "
        "Otherwise it runs the query, and cancels it when it has scanned more than the limit. It keeps a "
        "history of all of them.",
        [
            Box(0, 0, "query"),
            Box(1, 0, "workgroup", "its settings", True),
            Box(2, 0, "earlier result", "0 bytes"),
            Box(2, 1, "run", "up to the limit"),
            Box(1, 1, "history", "45 days"),
        ],
        [Arrow(0, 1), Arrow(1, 2, "if reused"), Arrow(1, 3, "else"), Arrow(1, 4)],
    ),
    "snapshots": Sketch(
        "An Iceberg table is a list of snapshots",
        "Snapshot 1 lists file A. An insert adds file B: snapshot 2 lists A and B. A merge adds file C and a file of "
        "deletions: snapshot 3 lists A, B, C and the deletions, and is the current one. The earlier snapshots still "
        "list their files, so the table can be read as it was.",
        [
            Box(0, 0, "snapshot 1"),
            Box(1, 0, "snapshot 2"),
            Box(2, 0, "snapshot 3", "the current one", True),
            Box(0, 1, "file A"),
            Box(1, 1, "files A, B"),
            Box(2, 1, "files A, B, C", "and deletions"),
        ],
        [Arrow(0, 1, "insert"), Arrow(1, 2, "merge"), Arrow(0, 3), Arrow(1, 4), Arrow(2, 5)],
    ),
    "fetching": Sketch(
        "Three ways from a query to a frame",
        "awswrangler fetches a result in three ways: it reads the CSV that every query writes; it makes a "
        "temporary table by CTAS and reads its Parquet; or it runs UNLOAD and reads that Parquet.",
        [
            Box(0, 1, "query"),
            Box(1, 0, "CSV result", "simple, slow"),
            Box(1, 1, "CTAS", "temporary table"),
            Box(1, 2, "UNLOAD", "empty place needed", True),
            Box(2, 1, "pandas frame"),
        ],
        [Arrow(0, 1), Arrow(0, 2), Arrow(0, 3), Arrow(1, 4), Arrow(2, 4), Arrow(3, 4)],
    ),
    **SECURITY,  # 06 · Security
}
