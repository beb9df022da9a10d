"""A table's objects as rows, and rows as objects: the formats and SerDes that Athena reads and writes."""
