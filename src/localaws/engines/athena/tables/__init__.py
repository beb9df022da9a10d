"""Statements about databases, tables, views and partitions, and the Glue catalog that holds them."""
