"""What Hive and Java mean by types, SerDes, dates and patterns, for every engine that reads a Glue table."""
