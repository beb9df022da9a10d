"""A Redshift cluster: a process of its own, in which DuckDB answers what clients of Redshift ask.

engines.redshift ─▶ cluster ─(process)─▶ node ─▶ wire ─▶ session ─▶ statements ─▶ sql
                       ▲                   │
                       └──── talking ──────┘    what only the lab can do: objects of S3, by a role's rights

cluster     the lab's side: starts, asks and ends the process
node        the process: databases, users, who is connected
wire/       PostgreSQL's protocol
session     one client: transaction, settings
binding     names in a statement: relations with the user's rights on them, views of the system
conflicts   transactions beside one another: locks, and orders that cannot be
catalog/    what a database knows of its objects, and the views that tell of them
explaining/ EXPLAIN
procedures/ PL/pgSQL
statements/ what each kind of statement does
loading/    COPY and UNLOAD: objects of S3 as rows, and back
external/   tables of the Glue catalog, read where they lie
sql/        Redshift's SQL as DuckDB's; contexts says what a statement means to a session
"""
