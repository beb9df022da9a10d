"""A local AWS that does the real work: moto behind a signed gateway, with engines where moto only pretends.

Start it with ``python -m localaws --dir .lab``; it writes ``lab.json`` (endpoint and keys) into that
directory once it answers. Any AWS SDK or CLI that is given the endpoint and the keys can then use it.
"""

__version__ = "0.1.0"

from localaws import timekeeping  # noqa: F401 - before anything imports moto
