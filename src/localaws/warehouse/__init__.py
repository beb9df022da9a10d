"""A Redshift cluster: a process of its own, in which DuckDB answers what clients of Redshift ask.

engines.redshift ─▶ cluster ─(process)─▶ node ─▶ wire ─▶ session ─▶ statements ─▶ sql
                       ▲                   │
                       └──── talking ──────┘    what only the lab can do: objects of S3, by a role's rights

cluster     the lab's side: starts, asks and ends the process
node        the process: databases, users, who is connected
wire/       PostgreSQL's protocol
session     one client: transaction, settings
statements/ what each kind of statement does
sql/        Redshift's SQL as DuckDB's; contexts says what a statement means to a session
"""
