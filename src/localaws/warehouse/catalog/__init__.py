"""What a database knows of its own objects, beyond what DuckDB knows: owners, keys, encodings, who may do what.

objects     a relation, a column, a schema, a routine
store       their rows, in the database itself, so that ROLLBACK undoes a change of them
names       which object a name in a statement means
"""
