"""The processes in which DuckDB runs, for a stranger's SQL may take for ever, or all memory, in one function's call.

pool ─▶ forker ─┬▶ worker     pool: in the lab; forker: forks workers, watches their memory, ends them;
                └▶ worker     worker: one DuckDB, which serves one query at a time
"""
