"""What Hive and Java mean by dates and types, for every engine that reads a Glue table."""
