"""Event source mappings: pollers that read streams and queues with the function's role, and call it with batches.

`mapping` is the configuration. `stream` follows the shards of a stream through `readers` for Kinesis and DynamoDB and
deals records out to batchers (`ordered_batcher`); `batches` gets these through the function: retries, bisection,
partial failures, what is given up. `tumbling_window` adds windows; `queue` reads SQS.
"""
