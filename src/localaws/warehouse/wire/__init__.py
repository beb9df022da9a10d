"""PostgreSQL's wire protocol, as Redshift speaks it.

serving ─▶ messages ─▶ types     serving: a client's connection; messages: their bytes; types: values.
"""
