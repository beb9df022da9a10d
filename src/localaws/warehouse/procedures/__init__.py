"""Stored procedures: PL/pgSQL as Redshift has it.

parts      what a procedure is made of: blocks, loops, assignments
reading    a procedure's text as these
variables  their values, and SQL with those in the places of their names
running    does it, statement by statement, through the session

Source: Redshift database developer guide, "PL/pgSQL language reference", "Overview of stored procedures".
"""
