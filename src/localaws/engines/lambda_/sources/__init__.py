"""Event source mappings: pollers that read streams and queues with the function's role, and call it with batches.

`mapping` is the configuration. `stream` polls the shards that `localaws.shards` follows, makes of records what a
function is given (`readings`) and deals them out to batchers (`ordered_batcher`); `batches` gets these through the
function: retries, bisection, partial failures, what is given up. `tumbling_window` adds windows; `queue` reads SQS.
"""
